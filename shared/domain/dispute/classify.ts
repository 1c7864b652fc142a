import { dayIn, type Instant, type TimeZone } from '../calendar/civil-date.ts';
import type { Directory, SubjectKind } from '../policy/directory.ts';
import { findType, type Policy } from '../policy/policy.ts';
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
  const { category, type } = parts;
  if (category === undefined && type === undefined) {
    const { category: fallback, type: fallbackType } = policy.intake.unclassified;
    return (
      place(policy, fallback, fallbackType) ?? {
        path: 'category',
        message: `policy ${policy.version} has no place for it`,
      }
    );
  }
  if (category === undefined) return placeOfTypeAlone(type ?? '', policy);
  const known = policy.categories.find((c) => c.id === category);
  if (!known) return { path: 'category', message: `unknown; one of ${policy.categories.map((c) => c.id).join(', ')}` };
  return (
    place(policy, category, type ?? 'other') ?? {
      path: 'type',
      message: `unknown in ${category}; one of ${known.types.map((t) => t.id).join(', ')}`,
    }
  );
}

function placeOfTypeAlone(type: string, policy: Policy): Classification | Fault {
  const holders = policy.categories.filter((c) => c.types.some((t) => t.id === type));
  const [only, another] = holders;
  if (only && !another) return place(policy, only.id, type) ?? { path: 'type', message: 'unknown' };
  if (only)
    return { path: 'category', message: `needed beside type ${type}; one of ${holders.map((c) => c.id).join(', ')}` };
  const known = policy.categories.flatMap((c) => c.types.map((t) => t.id)).filter((id) => id !== 'other');
  return { path: 'type', message: `unknown; one of ${known.join(', ')}` };
}

function place(policy: Policy, category: string, type: string): Classification | undefined {
  const found = findType(policy, category, type);
  return found && { category, type, department: found.department };
}

function unknownSubject(kind: SubjectKind, id: string, directory: Directory): Fault {
  const known = directory.get(id);
  return {
    path: kind,
    message: known ? `${id} is a ${known.kind}, not a ${kind}` : `no ${kind} ${id} in the directory`,
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
