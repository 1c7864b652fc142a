import { type Actor, actorId } from '../access/roles.ts';
import { type Day, type Instant, type Month, monthIn, type TimeZone } from '../calendar/civil-date.ts';
import type { Subject, SubjectKind } from '../policy/directory.ts';
import { type Policy, policyInForce } from '../policy/policy.ts';
import type { Entry, EntryStatus } from './entry.ts';
import type { ShownStake } from './stake.ts';

/** Roles that see every card; the others see their own, or their department's (T-1). */
const SEES_ALL = ['performance', 'leading', 'oversight', 'hr', 'executive'] as const;

/** One subject's month (section 7). Points are hundredths. */
export interface Card {
  readonly subject: { readonly kind: SubjectKind; readonly id: string; readonly name: string };
  readonly period: Month;
  readonly base: number;
  /** Sum of the posted point entries. */
  readonly adjustments: number;
  /** Sum of the pending ones. */
  readonly pendingPoints: number;
  /** `base` and `adjustments`, never below 0. */
  readonly result: number;
  readonly band: string;
  readonly status: 'provisional' | 'final';
  readonly atStake?: AtStake;
  readonly policyVersion: number;
  readonly asOf: Instant;
}

/** What open disputes may cost a department this month, for those who may see it (S-21). */
export interface AtStake {
  readonly disputes: number;
  readonly points: number;
  /** How many of them are determined and await their notice. */
  readonly awaitingNotice: number;
}

/**
 * A subject's card out of its entries: only what is posted counts (section 7, S-13).
 *
 * @param policy the version that the card's base and bands come from
 */
export function cardOf(
  { kind, id, name }: Pick<Subject, 'kind' | 'id' | 'name'>,
  period: Month,
  entries: readonly (Entry & { readonly status: EntryStatus })[],
  policy: Policy,
  asOf: Instant,
): Card {
  const sum = (status: EntryStatus) =>
    entries.reduce((total, entry) => total + (entry.status === status ? (entry.points ?? 0) : 0), 0);
  const { cardBase, bands } = policy.points;
  const adjustments = sum('posted');
  const result = Math.max(0, cardBase + adjustments);
  return {
    subject: { kind, id, name },
    period,
    base: cardBase,
    adjustments,
    pendingPoints: sum('pending'),
    result,
    band: bandOf(result, bands),
    status: 'provisional',
    policyVersion: policy.version,
    asOf,
  };
}

/**
 * The version that a month's card shows: the one in force on the month's last day, or today while it runs; undefined
 * for a month that no policy reaches.
 */
export function cardPolicy(policies: readonly Policy[], period: Month, today: Day): Policy | undefined {
  const last = `${period}-31`;
  const day = last < today ? last : today;
  return policies.some(({ effectiveFrom }) => effectiveFrom <= day) ? policyInForce(policies, day) : undefined;
}

/** The sum of a department's shown stakes. */
export function atStakeOf(stakes: readonly ShownStake[]): AtStake {
  return {
    disputes: stakes.length,
    points: stakes.reduce((sum, { points }) => sum + points, 0),
    awaitingNotice: stakes.filter(({ phase }) => phase === 'determined').length,
  };
}

/**
 * Whether an actor may see a subject's cards (T-1): an employee or partner their own, a head those of their department,
 * some roles all. To anybody else the card does not exist.
 */
export function maySeeCard(actor: Actor, subject: Subject): boolean {
  if (SEES_ALL.some((role) => actor.roles.includes(role))) return true;
  if (actor.roles.includes('head') && actor.department !== undefined && subject.department === actor.department)
    return true;
  if (actor.roles.includes('employee') && subject.kind === 'employee' && subject.id === actor.employee) return true;
  return actor.roles.includes('partner') && subject.kind === 'partner' && subject.id === actorId(actor);
}

/** Whether a card shows its department's stakes to this actor: only the department's own, of the running month (S-21). */
export function showsStakes(actor: Actor, subject: Subject, period: Month, now: Instant, zone: TimeZone): boolean {
  if (subject.kind !== 'department' || period !== monthIn(zone, now)) return false;
  if (actor.roles.includes('performance') || actor.roles.includes('executive')) return true;
  return actor.roles.includes('head') && actor.department === subject.id;
}

function bandOf(result: number, bands: Policy['points']['bands']): string {
  const [best] = bands.filter(({ from }) => from <= result).sort((a, b) => b.from - a.from);
  if (!best) throw new RangeError(`the policy has no band for a result of ${result} hundredths`);
  return best.id;
}
