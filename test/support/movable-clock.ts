import { type Instant, plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';

/** A clock that stands still until it is moved. */
export interface MovableClock extends Clock {
  advance(seconds: number): Instant;
  set(instant: Instant): void;
}

export function movableClock(start: Instant): MovableClock {
  let current = start;
  return {
    now: () => current,
    advance(seconds) {
      current = plusSeconds(current, seconds);
      return current;
    },
    set(instant) {
      current = instant;
    },
  };
}
