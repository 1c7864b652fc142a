import type { Actor } from '../access/roles.ts';
import type { Instant, TimeZone } from '../calendar/civil-date.ts';
import type { WorkingCalendar } from '../calendar/working-calendar.ts';
import type { Directory } from '../policy/directory.ts';
import type { Policy } from '../policy/policy.ts';

/** Everything that a decision depends on besides the dispute and the command. */
export interface DecisionContext {
  readonly actor: Actor;
  readonly now: Instant;
  readonly zone: TimeZone;
  readonly directory: Directory;
  /** The version that the dispute follows: in force at receipt (P-2). */
  readonly policy: Policy;
  readonly calendar: WorkingCalendar;
  /** The version in force now: a determination is made on it (P-2). */
  readonly currentPolicy: Policy;
  /** The version of the last determination, which notice, window and points follow; the receipt's where there is none. */
  readonly determinationPolicy: Policy;
  readonly determinationCalendar: WorkingCalendar;
  /** UUIDv5 over its parts. */
  readonly id: (...parts: string[]) => string;
}
