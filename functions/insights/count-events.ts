import type { DisputeEvent } from '#shared/domain/dispute/dispute-events.ts';
import type { Event } from '#shared/domain/event.ts';
import { countersOf } from '#shared/domain/insights/count-events.ts';
import type { PerformanceEvent } from '#shared/domain/performance/performance-events.ts';
import type { CounterStore } from '#shared/domain/ports/counter-store.ts';

/**
 * Counts one batch of events, each exactly once whatever is redelivered and in whatever batches. Events that move
 * no counter are marked as counted all the same, so that a missing commit can be told from a silent one.
 *
 * @throws WriteRefused when others counted the same commits at the same time for too long; a repeat is safe
 */
export async function countEvents(
  events: readonly Event<DisputeEvent | PerformanceEvent>[],
  counters: CounterStore,
): Promise<void> {
  await counters.count(
    events.map((event) => ({
      eventId: event.id,
      aggregateId: event.aggregateId,
      aggregateVersion: event.aggregateVersion,
      increments: countersOf(event),
    })),
  );
}
