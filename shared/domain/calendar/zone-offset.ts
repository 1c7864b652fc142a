// Its functions alone: what cold starts read is a quarter of what the classes around them take.
import { fromEpochMilliseconds, toZonedDateTimeISO } from 'temporal-polyfill/fns/Instant';
import { offsetNanoseconds } from 'temporal-polyfill/fns/ZonedDateTime';

export const SECONDS_PER_DAY = 86_400;
/** Offsets of this many days are kept per zone; more are looked up again. Keeps hostile dates from filling memory. */
const KEPT_DAYS = 8_192;

/** What a zone's clocks do on one day of UTC: `before` until the second `changesAt`, from then on `after`. */
interface DayOfOffsets {
  readonly before: number;
  readonly changesAt: number;
  readonly after: number;
}

const offsetsByZone = new Map<string, Map<number, DayOfOffsets>>();

/**
 * Seconds by which a zone's wall clock is ahead of UTC at an instant.
 *
 * The time zone data are asked once per zone and day of UTC, so that grading and counting many disputes does not wait
 * for them. No zone changes its clocks more than once on one day of UTC (a test looks at all of them).
 *
 * @param zone an IANA name
 * @param epochSeconds whole seconds since 1970-01-01T00:00:00Z
 * @throws RangeError when the zone is unknown
 */
export function offsetSeconds(zone: string, epochSeconds: number): number {
  const utcDay = Math.floor(epochSeconds / SECONDS_PER_DAY);
  const { before, changesAt, after } = offsetsOn(zone, utcDay);
  return epochSeconds < changesAt ? before : after;
}

/**
 * The instant at which a zone's wall clock shows a local time, as Temporal's `compatible` resolves it: of a time shown
 * twice the first, a time that the clock jumps over as if it had not jumped.
 *
 * @param zone an IANA name
 * @param wallSeconds the local time as if it were UTC, in whole seconds since 1970-01-01T00:00:00Z
 * @returns whole seconds since 1970-01-01T00:00:00Z
 */
export function instantAtWall(zone: string, wallSeconds: number): number {
  return firstShown(zone, wallSeconds) ?? wallSeconds - offsetsAround(zone, wallSeconds).earlier;
}

/**
 * The first instant of a local day: its 00:00, or the jump that removes it. A day that a zone leaves out altogether
 * (Pacific/Apia, 2011-12-30) starts together with the next one.
 *
 * @param zone an IANA name
 * @param dayNumber the local day, in days since 1970-01-01
 * @returns whole seconds since 1970-01-01T00:00:00Z
 */
export function firstInstantOfDay(zone: string, dayNumber: number): number {
  const midnight = dayNumber * SECONDS_PER_DAY;
  const { earlier, later } = offsetsAround(zone, midnight);
  return (
    firstShown(zone, midnight) ??
    firstChange(midnight - later, midnight - earlier, (second) => offsetSeconds(zone, second))
  );
}

/** The first instant at which the clock shows this local time, or undefined when it jumps over it. */
function firstShown(zone: string, wallSeconds: number): number | undefined {
  const { earlier, later } = offsetsAround(zone, wallSeconds);
  return [wallSeconds - earlier, wallSeconds - later]
    .sort((a, b) => a - b)
    .find((second) => second + offsetSeconds(zone, second) === wallSeconds);
}

/** The offsets a day before and a day after a local time: the only ones under which a clock can show it. */
function offsetsAround(zone: string, wallSeconds: number): { earlier: number; later: number } {
  return {
    earlier: offsetSeconds(zone, wallSeconds - SECONDS_PER_DAY),
    later: offsetSeconds(zone, wallSeconds + SECONDS_PER_DAY),
  };
}

function offsetsOn(zone: string, utcDay: number): DayOfOffsets {
  let days = offsetsByZone.get(zone);
  if (!days) {
    days = new Map();
    offsetsByZone.set(zone, days);
  }
  let offsets = days.get(utcDay);
  if (!offsets) {
    offsets = readOffsets(zone, utcDay);
    if (days.size >= KEPT_DAYS) days.clear();
    days.set(utcDay, offsets);
  }
  return offsets;
}

function readOffsets(zone: string, utcDay: number): DayOfOffsets {
  const read = (second: number) =>
    offsetNanoseconds(toZonedDateTimeISO(fromEpochMilliseconds(second * 1000), zone)) / 1e9;
  const start = utcDay * SECONDS_PER_DAY;
  const end = start + SECONDS_PER_DAY;
  const before = read(start);
  const after = read(end);
  return { before, after, changesAt: before === after ? end : firstChange(start, end, read) };
}

/** The second at which `read` leaves the value that it has at `from`; it changes once, and has changed at `to`. */
function firstChange(from: number, to: number, read: (second: number) => number): number {
  const value = read(from);
  let same = from;
  let changed = to;
  while (changed - same > 1) {
    const middle = Math.floor((same + changed) / 2);
    if (read(middle) === value) same = middle;
    else changed = middle;
  }
  return changed;
}
