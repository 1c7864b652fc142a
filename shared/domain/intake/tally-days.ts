import { type Day, dayOfNumber, epochSeconds } from '../calendar/civil-date.ts';
import { SECONDS_PER_DAY } from '../calendar/zone-offset.ts';
import type { Tally } from './reconciliation.ts';

/**
 * How long after its day an arrival can still be written or change by itself, and one day more: the intake queues and
 * their dead letters keep a message for 14 days.
 */
const LATE_DAYS = 15;
/** Days that one run tallies at most, besides open ones; the next one goes on. The first one begins so far back. */
const MOST_DAYS = 93;

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
  /** The first day that was tallied. */
  readonly since: Day;
  /** The last one; all between them are. */
  readonly until: Day;
  /** Those of which an arrival is in flight or among the dead messages, and so may change at any time. */
  readonly open: readonly Day[];
}

/**
 * The finished days that have to be tallied (again): those that can still change, those with open arrivals, and those
 * that earlier runs missed. The first run comes the night after an environment was made and begins a quarter before.
 *
 * @param today not finished, and therefore not tallied
 * @param floor the first day on which anything can have arrived
 */
export function daysToTally(state: TallyState | undefined, today: Day, floor: Day): readonly Day[] {
  const first = plusDays(today, -MOST_DAYS);
  const since = state?.since ?? (first < floor ? floor : first);
  const changing = state ? plusDays(state.until, 1 - LATE_DAYS) : since;
  const newest = daysBetween(changing, plusDays(today, -1))
    .filter((day) => day >= since)
    .slice(0, MOST_DAYS);
  return [...new Set([...(state?.open ?? []), ...newest])].sort();
}

/** Days of which an arrival was in flight or among the dead messages when they were tallied: it may be neither by now. */
export function isOpen({ sources }: DayTally): boolean {
  return sources.some(({ inFlight, deadLettered }) => inFlight > 0 || deadLettered > 0);
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
