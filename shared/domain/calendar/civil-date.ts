import { Temporal } from 'temporal-polyfill';

/** A point in time, RFC 3339 in UTC with whole seconds: `2026-11-20T02:31:00Z`. Sorts as text. */
export type Instant = string;
/** A day of some time zone: `2026-11-20`. */
export type Day = string;
/** A month of some time zone: `2026-11`. */
export type Month = string;
/** An IANA time zone: `Asia/Shanghai`. */
export type TimeZone = string;

/** Whole seconds since 1970-01-01T00:00:00Z. */
export function epochSeconds(instant: Instant): number {
  return Date.parse(instant) / 1000;
}

/** The instant that many whole seconds after 1970-01-01T00:00:00Z; a fraction is cut off, never rounded up. */
export function instantOf(seconds: number): Instant {
  return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}Z`;
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
  return Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDate().toString();
}

/** The local month of an instant. */
export function monthIn(zone: TimeZone, instant: Instant): Month {
  return dayIn(zone, instant).slice(0, 7);
}

/** 00:00 of a local day, or the first moment after it where a DST change removes midnight. */
export function startOfDay(zone: TimeZone, day: Day): Instant {
  return instantOf(Temporal.PlainDate.from(day).toZonedDateTime({ timeZone: zone }).epochMilliseconds / 1000);
}
