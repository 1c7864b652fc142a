import type { DueMessage } from '#shared/contracts/messages/due-message.ts';
import { checkFilingClock } from '#shared/domain/dispute/decide.ts';
import { evolveAll } from '#shared/domain/dispute/evolve.ts';
import { commitOf } from '#shared/domain/event.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';
import type { DisputeStore } from '#shared/domain/ports/dispute-store.ts';

export interface FilingClockPorts {
  readonly disputes: DisputeStore;
  readonly clock: Clock;
  readonly id: Digest['id'];
}

/**
 * Looks at a dispute whose filing falls due: still received after the deadline's second is a breach at that second,
 * recorded once (C-4, C-10).
 */
export function checkFiling(due: DueMessage, ports: FilingClockPorts): Promise<void> {
  return untilCommitted(async () => {
    const disputeId = due.pk.replace(/^DISPUTE#/, '');
    const dispute = await ports.disputes.load(disputeId);
    const now = ports.clock.now();
    const events = dispute ? checkFilingClock(dispute, now) : [];
    if (!dispute || events.length === 0) return;
    const id = ports.id('clock', 'C-4', disputeId);
    const next = evolveAll(dispute, events, now);
    const cause = { causationId: id, correlationId: id, by: 'interlock.clocks' };
    await ports.disputes.save(next, commitOf(disputeId, next.version, events, now, cause, ports.id));
  });
}
