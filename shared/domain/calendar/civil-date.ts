// biome-ignore-all lint/style/noRestrictedGlobals: the one file of the domain that may use Date, to read and write instants.
import { firstInstantOfDay, offsetSeconds, SECONDS_PER_DAY } from './zone-offset.ts';

/** A point in time, RFC 3339 in UTC with whole seconds: `2026-11-20T02:31:00Z`. Sorts as text. */
export type Instant = string;
/** A day of some time zone: `2026-11-20`. */
export type Day = string;
/** A month of some time zone: `2026-11`. */
export type Month = string;
/** An IANA time zone: `Asia/Shanghai`. */
export type TimeZone = string;

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Seconds since 1970-01-01T00:00:00Z; whole ones for an {@link Instant}. Other offsets and fractions are read as well.
 * @throws RangeError when the text is no RFC 3339 time; without an offset its meaning would hang on the machine's zone
 */
export function epochSeconds(instant: Instant): number {
  const milliseconds = RFC_3339.test(instant) ? Date.parse(instant) : Number.NaN;
  if (Number.isNaN(milliseconds)) {
    throw new RangeError(`expected an instant such as 2026-11-20T02:31:00Z, got ${instant}`);
  }
  return milliseconds / 1000;
}

/**
 * The instant that many whole seconds after 1970-01-01T00:00:00Z; a fraction is cut off, never rounded up.
 * @throws RangeError outside the years 0000 to 9999, which an instant's text cannot name
 */
export function instantOf(seconds: number): Instant {
  return `${isoText(Math.floor(seconds)).slice(0, 19)}Z`;
}

/** `instant` moved by whole seconds. */
export function plusSeconds(instant: Instant, seconds: number): Instant {
  return instantOf(epochSeconds(instant) + seconds);
}

/** Seconds from `from` to `to`; negative when `to` is earlier. */
export function secondsBetween(from: Instant, to: Instant): number {
  return epochSeconds(to) - epochSeconds(from);
}

/** The local day of an instant. */
export function dayIn(zone: TimeZone, instant: Instant): Day {
  return dayOfNumber(dayNumberAt(zone, epochSeconds(instant)));
}

/** The local month of an instant. */
export function monthIn(zone: TimeZone, instant: Instant): Month {
  return dayIn(zone, instant).slice(0, 7);
}

/**
 * 00:00 of a local day, or the first moment after it where a DST change removes midnight.
 * @throws RangeError when there is no such day
 */
export function startOfDay(zone: TimeZone, day: Day): Instant {
  const dayNumber = epochSeconds(`${day}T00:00:00Z`) / SECONDS_PER_DAY;
  if (dayOfNumber(dayNumber) !== day) throw new RangeError(`expected a day that exists, got ${day}`);
  return instantOf(firstInstantOfDay(zone, dayNumber));
}

/** The local day at that many seconds after 1970-01-01T00:00:00Z, in days since 1970-01-01. */
export function dayNumberAt(zone: TimeZone, seconds: number): number {
  return Math.floor((seconds + offsetSeconds(zone, seconds)) / SECONDS_PER_DAY);
}

/**
 * The day that many days after 1970-01-01.
 * @throws RangeError outside the years 0000 to 9999
 */
export function dayOfNumber(dayNumber: number): Day {
  return isoText(dayNumber * SECONDS_PER_DAY).slice(0, 10);
}

/** Years outside four digits have a sign in front and would be cut in the wrong place. */
function isoText(seconds: number): string {
  const text = new Date(seconds * 1000).toISOString();
  if (text.length !== 24) throw new RangeError(`expected a time in the years 0000 to 9999, got ${text}`);
  return text;
}
