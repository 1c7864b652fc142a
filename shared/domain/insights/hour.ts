import { epochSeconds, type Instant, instantOf, plusSeconds } from '../calendar/civil-date.ts';

/** One hour in UTC: `2026-11-22T11`. Sorts as text. */
export type Hour = string;

const SECONDS = 3600;

/** The hour in which an instant lies. */
export function hourOf(instant: Instant): Hour {
  return instantOf(epochSeconds(instant)).slice(0, 13);
}

/** The first second of an hour. */
export function startOf(hour: Hour): Instant {
  return `${hour}:00:00Z`;
}

/** Whether it is the last one of a day in UTC. */
export function endsDay(hour: Hour): boolean {
  return hour.endsWith('T23');
}

/** The hour that many hours later; earlier where the number is negative. */
export function hoursAfter(hour: Hour, hours: number): Hour {
  return hourOf(plusSeconds(startOf(hour), hours * SECONDS));
}

/** Every hour from one up to another, without that one itself; none where it does not come later. */
export function hoursBetween(from: Hour, until: Hour): readonly Hour[] {
  const count = (epochSeconds(startOf(until)) - epochSeconds(startOf(from))) / SECONDS;
  return Array.from({ length: Math.max(0, count) }, (_, index) => hoursAfter(from, index));
}
