import { endResponsibility } from '#shared/domain/dispute/decide.ts';
import { evolveAll } from '#shared/domain/dispute/evolve.ts';
import { commitOf, type Event } from '#shared/domain/event.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import type { EntriesPosted, EntriesVoided } from '#shared/domain/performance/performance-events.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';
import type { DisputeStore } from '#shared/domain/ports/dispute-store.ts';

export interface FinishPorts {
  readonly disputes: DisputeStore;
  readonly clock: Clock;
  readonly id: Digest['id'];
}

/**
 * Makes a dispute final when performance says that its points are posted or void (section 5). Word of another
 * determination than the one noticed last, or word that came before, changes nothing.
 *
 * @throws RangeError when the dispute is unknown: the message goes back to its queue
 */
export function finishResponsibility(event: Event<EntriesPosted | EntriesVoided>, ports: FinishPorts): Promise<void> {
  return untilCommitted(async () => {
    const { disputeId } = event.data.dispute;
    const dispute = await ports.disputes.load(disputeId);
    if (!dispute) throw new RangeError(`no dispute ${disputeId} for ${event.type} ${event.id}`);
    const { determinationId } = event.data;
    if (determinationId === undefined) return;
    const because = event.type === 'EntriesPosted.v1' ? 'posted' : 'voided';
    const events = endResponsibility(dispute, { determinationId, because });
    if (events.length === 0) return;
    const now = ports.clock.now();
    const cause = { causationId: event.id, correlationId: event.correlationId, by: 'interlock.performance' };
    const next = evolveAll(dispute, events, now);
    await ports.disputes.save(next, commitOf(disputeId, next.version, events, now, cause, ports.id));
  });
}
