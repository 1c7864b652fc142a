import { type Day, dayOfNumber, epochSeconds } from '../calendar/civil-date.ts';
import { SECONDS_PER_DAY } from '../calendar/zone-offset.ts';
import type { Tally } from './reconciliation.ts';

/**
 * How long after its day an arrival can still be written or change by itself, and one day more: the intake queues and
 * their dead letters keep a message for 14 days.
 */
const LATE_DAYS = 15;
/** Days that one run tallies at most; the next one goes on. */
const MOST_DAYS = 100;

/** One finished day as it stood when it was tallied, source by source. */
export interface DayTally {
  readonly day: Day;
  /** When its arrivals were read, in seconds since 1970: of two tallies the later one stands. */
  readonly asOf: number;
  /** Only sources from which something arrived. */
  readonly sources: readonly (Tally & { readonly source: string })[];
}

/** How far the tallies go. */
export interface TallyState {
  readonly asOf: number;
  /** The first day that was ever tallied. */
  readonly since: Day;
  /** The last one; all between them are. */
  readonly until: Day;
  /** Those of which an arrival is in flight or among the dead messages, and so may change at any time. */
  readonly open: readonly Day[];
}

/**
 * The finished days that have to be tallied (again): those that can still change, those with open arrivals, and those
 * that earlier runs missed, the oldest first.
 *
 * @param today not finished, and therefore not tallied
 */
export function daysToTally(state: TallyState | undefined, today: Day): readonly Day[] {
  const yesterday = plusDays(today, -1);
  if (!state) return daysBetween(plusDays(today, -LATE_DAYS), yesterday);
  const changing = daysBetween(plusDays(state.until, 1 - LATE_DAYS), yesterday);
  const days = changing.filter((day) => day >= state.since).slice(0, MOST_DAYS);
  return [...new Set([...state.open, ...days])].sort();
}

/** The state after these days were tallied; undefined while none ever was. */
export function afterTally(
  before: TallyState | undefined,
  tallies: readonly DayTally[],
  asOf: number,
): TallyState | undefined {
  const days = tallies.map(({ day }) => day);
  const known = [...(before ? [before.since, before.until] : []), ...days].sort();
  const [since, until] = [known[0], known.at(-1)];
  if (since === undefined || until === undefined) return undefined;
  const untouched = before ? before.open.filter((day) => !days.includes(day)) : [];
  const open = tallies.filter(isOpen).map(({ day }) => day);
  return { asOf, since, until, open: [...untouched, ...open].sort() };
}

/** The day that many days after another. */
export function plusDays(day: Day, days: number): Day {
  return dayOfNumber(epochSeconds(`${day}T00:00:00Z`) / SECONDS_PER_DAY + days);
}

/** All days from one to another, both inclusive; none when the first is later. */
export function daysBetween(from: Day, to: Day): readonly Day[] {
  const days: Day[] = [];
  for (let day = from; day <= to; day = plusDays(day, 1)) days.push(day);
  return days;
}

function isOpen({ sources }: DayTally): boolean {
  return sources.some(({ inFlight, deadLettered }) => inFlight > 0 || deadLettered > 0);
}
