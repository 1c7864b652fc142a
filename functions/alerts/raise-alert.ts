import type { DisputeGraded } from '#shared/domain/dispute/dispute-events.ts';
import { commitOf, type Event } from '#shared/domain/event.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import { noAlerts, raiseAlert } from '#shared/domain/performance/alert.ts';
import { newStake, stakeAfter } from '#shared/domain/performance/stake.ts';
import type { AlertStore } from '#shared/domain/ports/alert-store.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';

export interface RaisePorts {
  readonly alerts: AlertStore;
  readonly reference: Reference;
  readonly clock: Clock;
  /** UUIDv5 over its parts. */
  readonly id: Digest['id'];
}

/**
 * Calls the performance department when a dispute gets another level than before, and keeps the open alert where the
 * dispute stands (G-10), under the policy that graded it; in the same transaction, what the dispute puts at stake under
 * its new grade (S-21). Repeats and late gradings lead to the same alerts and stake.
 */
export function raiseAlertOf(event: Event<DisputeGraded>, ports: RaisePorts): Promise<void> {
  const { alerts, reference, clock, id } = ports;
  // Of a first grading nothing is known yet; where that is wrong, the transaction is refused and the next try reads.
  let isFirst = event.data.previousLevel === undefined;
  return untilCommitted(async () => {
    const { disputeId } = event.data.dispute;
    const policy = await reference.policy(event.policyVersion);
    const calendar = await reference.calendar(policy.calendar.id, policy.calendar.version);
    const known = isFirst ? {} : await alerts.loadWithStake(disputeId);
    isFirst = false;
    const before = known.alerts ?? noAlerts(disputeId);
    const stakeBefore = known.stake ?? newStake(disputeId);
    const { alerts: decided, events } = raiseAlert(before, event, policy, calendar, id);
    const atStake = stakeAfter(stakeBefore, event, policy);
    if (decided === before && atStake === stakeBefore) return;
    const after = decided === before ? before : { ...decided, version: before.version + 1 };
    const stake = atStake === stakeBefore ? undefined : { ...atStake, version: stakeBefore.version + 1 };
    const cause = { causationId: event.id, correlationId: event.correlationId, by: 'interlock.performance' };
    const aggregateId = id('alerts', disputeId);
    const commit = commitOf(aggregateId, after.version, events, clock.now(), cause, id);
    await alerts.save(before, after, { commit: events.length > 0 ? commit : undefined, stake });
  });
}
