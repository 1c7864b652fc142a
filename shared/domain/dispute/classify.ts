import { dayIn, type Instant, type TimeZone } from '../calendar/civil-date.ts';
import type { Directory, SubjectKind } from '../policy/directory.ts';
import type { Policy } from '../policy/policy.ts';
import type { Fault, Refusal } from '../refusal.ts';
import type { Classification } from './dispute-events.ts';

/** What a report or a person says of where a dispute belongs; each part may be missing. */
export interface ClassificationParts {
  readonly category?: string;
  readonly type?: string;
  readonly department?: string;
  readonly employee?: string;
  readonly partner?: string;
}

/**
 * Finds a dispute's place in the tree, and its preliminary department: the named one, else the type's default (G-1, I-9).
 * A category without type takes its `other`; neither of both is the policy's unclassified type.
 *
 * @returns the place, or a refusal that names the path of everything unknown
 */
export function classify(parts: ClassificationParts, policy: Policy, directory: Directory): Classification | Refusal {
  const place = placeInTree(parts, policy);
  const faults: Fault[] = 'path' in place ? [place] : [];
  for (const kind of ['department', 'employee', 'partner'] as const) {
    const id = parts[kind];
    if (id !== undefined && directory.get(id)?.kind !== kind) faults.push(unknownSubject(kind, id, directory));
  }
  if ('path' in place || faults.length > 0) {
    return {
      refused: 'input',
      rule: 'G-1',
      detail: 'the report names what the policy or directory does not know',
      faults,
    };
  }
  return { category: place.category, type: place.type, department: parts.department ?? place.department };
}

function placeInTree(parts: ClassificationParts, policy: Policy): Classification | Fault {
  const nothing = parts.category === undefined && parts.type === undefined;
  const { category, type = 'other' }: ClassificationParts = nothing ? policy.intake.unclassified : parts;
  const categories = policy.categories.filter(({ id }) => category === undefined || id === category);
  if (categories.length === 0) {
    return { path: 'category', message: `unknown; one of ${policy.categories.map(({ id }) => id).join(', ')}` };
  }
  const places = categories.flatMap(({ id, types }) =>
    types.filter((found) => found.id === type).map(({ department }) => ({ category: id, type, department })),
  );
  const [place, another] = places;
  if (another) {
    const holders = places.map((found) => found.category).join(', ');
    return { path: 'category', message: `needed beside type ${type}; one of ${holders}` };
  }
  const known = categories.flatMap(({ types }) => types.map(({ id }) => id));
  const where = category === undefined ? '' : ` in ${category}`;
  return place ?? { path: 'type', message: `unknown${where}; one of ${[...new Set(known)].join(', ')}` };
}

function unknownSubject(kind: SubjectKind, id: string, directory: Directory): Fault {
  const known = directory.get(id);
  return {
    path: kind,
    message: known ? `${id} is known as ${known.kind}, not as ${kind}` : `no ${kind} ${id} in the directory`,
  };
}

/**
 * The department that a subject belongs to: itself, or an employee's own. A partner belongs to none.
 */
export function departmentOf(subject: string, directory: Directory): string | undefined {
  const found = directory.get(subject);
  return found?.kind === 'department' ? found.id : found?.department;
}

/** Whether a subject is known and active on the local day of an instant. */
export function isActiveAt(subject: string, directory: Directory, at: Instant, zone: TimeZone): boolean {
  const found = directory.get(subject);
  const day = dayIn(zone, at);
  return found !== undefined && found.activeFrom <= day && (found.activeTo === undefined || day <= found.activeTo);
}
