import type { Allowance } from '../policy/policy.ts';
import {
  type Day,
  dayNumberAt,
  dayOfNumber,
  epochSeconds,
  type Instant,
  instantOf,
  type TimeZone,
} from './civil-date.ts';
import { firstInstantOfDay, instantAtWall, SECONDS_PER_DAY } from './zone-offset.ts';

/** A window of local wall-clock time, `['09:00', '12:00']`; the end is exclusive, `24:00` is allowed as an end. */
export type Window = readonly [from: string, to: string];
export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** One version of the hours in which a company works (C-12). */
export interface WorkingCalendar {
  readonly id: string;
  readonly version: number;
  readonly timeZone: TimeZone;
  readonly week: Readonly<Record<Weekday, readonly Window[]>>;
  /** Days off, by name. A make-up day wins over a holiday. */
  readonly holidays: Readonly<Record<Day, string>>;
  /** Make-up working days (調休): worked with these windows whatever the weekday. */
  readonly workdays: Readonly<Record<Day, { readonly name: string; readonly windows: readonly Window[] }>>;
}

/** An open stretch, in whole seconds since 1970-01-01T00:00:00Z; the end is exclusive. */
type OpenSpan = readonly [from: number, to: number];

/** Weekday of 1970-01-01 first, so that a day's number finds its weekday. */
const WEEKDAYS: readonly Weekday[] = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed'];
/** A search without a single working second ends here, after two years. */
const SEARCH_DAYS = 731;
/** Days kept per calendar; more are worked out again. */
const KEPT_DAYS = 8_192;

const daysByCalendar = new WeakMap<WorkingCalendar, Map<number, readonly OpenSpan[]>>();

/**
 * When an allowance that starts to count at an instant is used up (section 4).
 *
 * Elapsed seconds count around the clock. Working seconds count inside the calendar's windows only: the deadline is the
 * first instant by which they have all been counted, so a count that ends with a window ends at that window's end. Of
 * working days the starting local day does not count; the deadline is the end of the Nth one's last window. A day is a
 * working day when at least one second of it is inside a window.
 *
 * Windows are wall-clock times. Across a DST change their real seconds count; an end in the hour shown twice is its
 * first showing, an end in the hour left out is moved on by the jump.
 *
 * @throws RangeError when the allowance is not a whole number of at least 0 (working days: 1), or when the calendar has
 *   no working time for two years
 * @see spec rules C-1, C-4, C-8, C-12
 */
export function deadline(calendar: WorkingCalendar, startedAt: Instant, allowance: Allowance): Instant {
  const start = epochSeconds(startedAt);
  if ('elapsedSeconds' in allowance) {
    return instantOf(start + wholeNumber('elapsedSeconds', allowance.elapsedSeconds, 0));
  }
  if ('workingSeconds' in allowance) {
    return instantOf(afterWorkingSeconds(calendar, start, wholeNumber('workingSeconds', allowance.workingSeconds, 0)));
  }
  return instantOf(afterWorkingDays(calendar, start, wholeNumber('workingDays', allowance.workingDays, 1)));
}

/**
 * Seconds between two instants that count on a calendar; `always` is the 24/7 calendar. 0 when `to` is not after `from`.
 * @see spec rule C-12
 */
export function countedSeconds(calendar: WorkingCalendar | 'always', from: Instant, to: Instant): number {
  const start = epochSeconds(from);
  const end = epochSeconds(to);
  if (end <= start) return 0;
  if (calendar === 'always') return end - start;
  const zone = calendar.timeZone;
  let counted = 0;
  for (let day = dayNumberAt(zone, start); firstInstantOfDay(zone, day) < end; day += 1) {
    for (const [opens, closes] of openSpans(calendar, day)) {
      counted += Math.max(0, Math.min(closes, end) - Math.max(opens, start));
    }
  }
  return counted;
}

/** Whether an act comes after its deadline; at the deadline's second it is in time (section 4). */
export function isLate(actAt: Instant, deadlineAt: Instant): boolean {
  return epochSeconds(actAt) > epochSeconds(deadlineAt);
}

function wholeNumber(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be a whole number of at least ${least}, got ${value}`);
}

function afterWorkingSeconds(calendar: WorkingCalendar, start: number, allowed: number): number {
  let left = allowed;
  let day = dayNumberAt(calendar.timeZone, start);
  while (left > 0) {
    day = workingDayFrom(calendar, day);
    for (const [opens, closes] of openSpans(calendar, day)) {
      const begins = Math.max(opens, start);
      const available = Math.max(0, closes - begins);
      if (left <= available) return begins + left;
      left -= available;
    }
    day += 1;
  }
  return start;
}

function afterWorkingDays(calendar: WorkingCalendar, start: number, allowed: number): number {
  let day = dayNumberAt(calendar.timeZone, start);
  for (let counted = 0; counted < allowed; counted += 1) day = workingDayFrom(calendar, day + 1);
  return Math.max(...openSpans(calendar, day).map(([, closes]) => closes));
}

/** The first working day from a day on, both in days since 1970-01-01. */
function workingDayFrom(calendar: WorkingCalendar, first: number): number {
  for (let day = first; day < first + SEARCH_DAYS; day += 1) {
    if (openSpans(calendar, day).length > 0) return day;
  }
  throw new RangeError(
    `calendar ${calendar.id} version ${calendar.version} has no working time within 2 years from ${dayOfNumber(first)}`,
  );
}

/** The open stretches of a local day, in order and apart from each other. */
function openSpans(calendar: WorkingCalendar, dayNumber: number): readonly OpenSpan[] {
  let days = daysByCalendar.get(calendar);
  if (!days) {
    days = new Map();
    daysByCalendar.set(calendar, days);
  }
  let spans = days.get(dayNumber);
  if (!spans) {
    spans = resolveWindows(calendar, dayNumber);
    if (days.size >= KEPT_DAYS) days.clear();
    days.set(dayNumber, spans);
  }
  return spans;
}

/**
 * Puts a day's windows on the time line. They are cut to the day's own instants and joined where a DST jump pushes one
 * into the next, so that no second counts twice; a window that the jump turns inside out is empty.
 */
function resolveWindows(calendar: WorkingCalendar, dayNumber: number): readonly OpenSpan[] {
  const zone = calendar.timeZone;
  const windows = windowsOn(calendar, dayNumber);
  if (windows.length === 0) return [];
  const dayStarts = firstInstantOfDay(zone, dayNumber);
  const dayEnds = firstInstantOfDay(zone, dayNumber + 1);
  const at = (time: string) => instantAtWall(zone, dayNumber * SECONDS_PER_DAY + secondOfDay(time));
  const spans = windows
    .map(([from, to]): OpenSpan => [Math.max(at(from), dayStarts), Math.min(at(to), dayEnds)])
    .filter(([opens, closes]) => opens < closes)
    .sort(([a], [b]) => a - b);
  const joined: [from: number, to: number][] = [];
  for (const [opens, closes] of spans) {
    const last = joined.at(-1);
    if (last && opens <= last[1]) last[1] = Math.max(last[1], closes);
    else joined.push([opens, closes]);
  }
  return joined;
}

/** A make-up day wins over a holiday, a holiday over the weekday. */
function windowsOn(calendar: WorkingCalendar, dayNumber: number): readonly Window[] {
  const day = dayOfNumber(dayNumber);
  const makeUpDay = calendar.workdays[day];
  if (makeUpDay) return makeUpDay.windows;
  if (calendar.holidays[day] !== undefined) return [];
  return calendar.week[WEEKDAYS[((dayNumber % 7) + 7) % 7] as Weekday];
}

/** Seconds from 00:00 to `HH:MM`. */
function secondOfDay(time: string): number {
  return Number(time.slice(0, 2)) * 3600 + Number(time.slice(3, 5)) * 60;
}
