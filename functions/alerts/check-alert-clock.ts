import type { DueMessage } from '#shared/contracts/messages/due-message.ts';
import { commitOf } from '#shared/domain/event.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import { checkAlertClock } from '#shared/domain/performance/alert.ts';
import type { AlertStore } from '#shared/domain/ports/alert-store.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';

export interface AlertClockPorts {
  readonly alerts: AlertStore;
  readonly clock: Clock;
  /** UUIDv5 over its parts. */
  readonly id: Digest['id'];
}

/**
 * Looks at a dispute's alerts when one falls due: still open after the deadline's second is a breach at that second,
 * recorded once (C-1, C-10). Too early, too late or again changes nothing.
 */
export function checkAlert(due: DueMessage, { alerts, clock, id }: AlertClockPorts): Promise<void> {
  return untilCommitted(async () => {
    const disputeId = due.pk.replace(/^ALERTS#/, '');
    const before = await alerts.load(disputeId);
    if (!before) return;
    const now = clock.now();
    const { alerts: decided, events } = checkAlertClock(before, now);
    if (events.length === 0) return;
    const after = { ...decided, version: before.version + 1 };
    const causationId = id('clock', 'C-1', disputeId);
    const cause = { causationId, correlationId: causationId, by: 'interlock.clocks' };
    const aggregateId = id('alerts', disputeId);
    await alerts.save(before, after, { commit: commitOf(aggregateId, after.version, events, now, cause, id) });
  });
}
