import type { Instant } from '../calendar/civil-date.ts';

/** Where use cases take the time from, so that tests and the simulation can move it. */
export interface Clock {
  /** The current second. */
  now(): Instant;
}
