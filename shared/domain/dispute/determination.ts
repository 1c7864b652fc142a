import { actorId } from '../access/roles.ts';
import type { Directory } from '../policy/directory.ts';
import type { Policy } from '../policy/policy.ts';
import type { Fault, Refusal } from '../refusal.ts';
import { departmentOf, isActiveAt } from './classify.ts';
import type { DecisionContext } from './decision-context.ts';
import type { Dispute, Share, Validity } from './dispute.ts';

/** One whole dispute, in basis points. */
export const WHOLE_DISPUTE_BP = 10_000;

/** Whether a validity moves points: unfounded disputes and external causes move none (D-3). */
export function movesPoints(validity: Validity): boolean {
  return validity === 'valid' || validity === 'partly-valid';
}

/**
 * What is wrong with the shares of a determination: their number, their sum, their subjects, a systemic cause without
 * a system share (D-3).
 */
export function shareFaults(
  dispute: Dispute,
  validity: Validity,
  shares: readonly Share[],
  policy: Policy,
  context: Pick<DecisionContext, 'directory' | 'now' | 'zone'>,
): Fault[] {
  if (!movesPoints(validity)) {
    return shares.length === 0 ? [] : [{ path: 'shares', message: `none when the dispute is ${validity} (D-3)` }];
  }
  const { maxShares } = policy.determination;
  const faults: Fault[] = [];
  if (shares.length < 1 || shares.length > maxShares) {
    faults.push({ path: 'shares', message: `1 to ${maxShares} shares, got ${shares.length} (D-3)` });
  }
  const sum = shares.reduce((total, share) => total + share.bp, 0);
  if (sum !== WHOLE_DISPUTE_BP)
    faults.push({ path: 'shares', message: `must add up to ${WHOLE_DISPUTE_BP} bp, got ${sum} (D-3)` });
  const seen = new Set<string>();
  for (const [index, share] of shares.entries()) {
    if (!isActiveAt(share.subject, context.directory, context.now, context.zone)) {
      faults.push({ path: `shares.${index}.subject`, message: `no active subject ${share.subject} in the directory` });
    }
    if (seen.has(`${share.kind} ${share.subject}`)) {
      faults.push({ path: `shares.${index}`, message: `${share.subject} holds a ${share.kind} share already` });
    }
    seen.add(`${share.kind} ${share.subject}`);
  }
  if (dispute.causeReport?.branches.includes('system') && !shares.some((share) => share.kind === 'system')) {
    faults.push({ path: 'shares', message: 'the causes are systemic: a system share is needed (D-3)' });
  }
  return faults;
}

/**
 * Separation (D-4): who decides (on shares, on a finding without any, or on a waiver) never was of the investigation,
 * and decides neither on themselves nor on their own department: who holds a share, also of the
 * determination that stands, and whom the dispute was filed against. Who cannot be told from them because nobody knows them as an employee may decide for the leading
 * group only.
 *
 * @returns the refusal, or undefined when this person may decide
 */
export function separationRefusal(dispute: Dispute, shares: readonly Share[], context: Decider): Refusal | undefined {
  const { actor, directory } = context;
  const decider = actorId(actor);
  const refuse = (detail: string): Refusal => ({ refused: 'person', rule: 'D-4', detail });
  if (directory.get(decider)?.kind !== 'employee' && !actor.roles.includes('leading')) {
    return refuse(`${decider} is not known as an employee, so that nobody can tell whether they may decide`);
  }
  if (dispute.investigators.includes(decider)) {
    return refuse(`${decider} was in the investigation of this dispute and cannot decide on it`);
  }
  if (concernedPeople(dispute, shares).includes(decider)) return refuse(`${decider} cannot decide on themselves`);
  const departments = concernedDepartments(dispute, shares, directory);
  const own = directory.get(decider)?.department ?? actor.department;
  if (own !== undefined && departments.has(own)) {
    return refuse(`${decider} cannot decide on their own department ${own}`);
  }
  return undefined;
}

/**
 * The performance department determines; where it or its people are concerned, or all of them investigated, the leading
 * group does (D-3, D-4).
 *
 * @returns the refusal, or undefined when this person's role may determine
 */
export function performanceRefusal(dispute: Dispute, shares: readonly Share[], context: Decider): Refusal | undefined {
  const { actor, directory } = context;
  const refuse = (detail: string): Refusal => ({ refused: 'person', rule: 'D-4', detail });
  if (concernedDepartments(dispute, shares, directory).has('performance')) {
    const leading = actor.roles.includes('leading');
    return leading ? undefined : refuse('the performance department is concerned: the leading group determines');
  }
  if (actor.roles.includes('performance')) return undefined;
  const able = [...directory.values()].some(
    ({ kind, id, department }) =>
      kind === 'employee' && department === 'performance' && !dispute.investigators.includes(id),
  );
  return able || !actor.roles.includes('leading') ? refuse('the performance department determines (D-3)') : undefined;
}

type Decider = Pick<DecisionContext, 'actor' | 'directory'>;

function concernedPeople(dispute: Dispute, shares: readonly Share[]): string[] {
  const standing = dispute.determination?.shares ?? [];
  const holders = [...shares, ...standing].map(({ subject }) => subject);
  return dispute.employee === undefined ? holders : [...holders, dispute.employee];
}

/** The departments of the share holders, also of those of a determination that stands, of the employee whom the report names, and the preliminary one. */
function concernedDepartments(
  dispute: Dispute,
  shares: readonly Share[],
  directory: Directory,
): Set<string | undefined> {
  const people = concernedPeople(dispute, shares).map((subject) => departmentOf(subject, directory));
  return new Set([dispute.department, ...people]);
}

/**
 * The department that a determination points to: largest sum of shares with its people's, ties to the lower id; the
 * preliminary one where no department holds a share (S-13).
 */
export function responsibleDepartment(dispute: Dispute, shares: readonly Share[], directory: Directory): string {
  const sums = new Map<string, number>();
  for (const share of shares) {
    const department = departmentOf(share.subject, directory);
    if (department !== undefined) sums.set(department, (sums.get(department) ?? 0) + share.bp);
  }
  const [largest] = [...sums].sort(([a, sumA], [b, sumB]) => sumB - sumA || (a < b ? -1 : 1));
  return largest?.[0] ?? dispute.department;
}
