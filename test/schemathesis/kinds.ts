import { ROLES } from '#shared/domain/access/roles.ts';
import type { Claims } from '#test/e2e/system.ts';

/** Who calls in one run of Schemathesis, and how much it tries. */
export interface Kind {
  readonly name: string;
  /** Undefined calls without a token, or with what Schemathesis makes up for one. */
  readonly claims?: Claims;
  /** Whether reports are signed with their source's secret. */
  readonly signs?: boolean;
  /** What it tries, as Schemathesis takes it. */
  readonly options: readonly string[];
}

const REPORTS = ['--include-path', '/intake/{source}'];
const SHALLOW = ['--phases', 'fuzzing', '--max-examples', '3'];

/** A caller with each role alone, as a person or system of the sample organisation has it. */
const BY_ROLE: readonly Kind[] = ROLES.map((role) => {
  const about: Partial<Claims> =
    role === 'integrator'
      ? { source: 'phone' }
      : role === 'partner'
        ? { sub: 'P-07' }
        : role === 'head'
          ? { employee: 'E-201', department: 'logistics' }
          : role === 'employee'
            ? { employee: 'E-204', department: 'logistics' }
            : {};
  return { name: role, claims: { sub: `any-${role}`, roles: [role], ...about }, options: SHALLOW };
});

/** Every kind of caller. The signed source comes first: later ones switch sources off and give them new secrets. */
export const KINDS: readonly Kind[] = [
  { name: 'signed source', signs: true, options: [...REPORTS, '--max-examples', '60'] },
  { name: 'unsigned source', options: [...REPORTS, '--phases', 'fuzzing', '--max-examples', '10'] },
  { name: 'nobody', options: SHALLOW },
  ...BY_ROLE,
  {
    name: 'every role at once',
    claims: { sub: 'user-E-601', employee: 'E-601', department: 'disputes', roles: ROLES },
    options: ['--exclude-path', '/intake/{source}', '--max-examples', '15'],
  },
];
