import { instantOf } from '../domain/calendar/civil-date.ts';
import type { Clock } from '../domain/ports/clock.ts';

/** The machine's clock, cut to whole seconds. */
export const systemClock: Clock = { now: () => instantOf(Date.now() / 1000) };
