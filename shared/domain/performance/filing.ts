import { type Instant, secondsBetween } from '../calendar/civil-date.ts';
import type { DisputeFiled } from '../dispute/dispute-events.ts';
import type { Decided, Event } from '../event.ts';
import type { Policy } from '../policy/policy.ts';
import type { FilingLearned } from './performance-events.ts';

/**
 * Measures how long a filing took to be known to the performance and the responsible department (I-11). A clock that
 * runs behind the one that filed counts as no time at all.
 *
 * @param policy the version that the dispute follows (P-2)
 */
export function learnOf(filing: Event<DisputeFiled>, policy: Policy, now: Instant): Decided<FilingLearned> {
  const seconds = Math.max(0, secondsBetween(filing.occurredAt, now));
  const inTime = seconds <= policy.intake.syncSeconds;
  const data = { dispute: filing.data.dispute, filedAt: filing.occurredAt, seconds, inTime };
  return { type: 'FilingLearned.v1', policyVersion: filing.policyVersion, data };
}
