import type { DisputeEvent } from '#shared/domain/dispute/dispute-events.ts';
import type { Event } from '#shared/domain/event.ts';
import { countersOf } from '#shared/domain/insights/count-events.ts';
import type { IntakeEvent } from '#shared/domain/intake/intake-events.ts';
import type { PerformanceEvent } from '#shared/domain/performance/performance-events.ts';
import type { CounterStore } from '#shared/domain/ports/counter-store.ts';

/** What can be counted: everything that is said on the bus. */
export type Countable = Event<IntakeEvent | DisputeEvent | PerformanceEvent>;

/**
 * Counts one batch of messages, each event exactly once whatever is redelivered and in whatever batches. Events
 * that move no counter are marked as counted all the same, so that a missing commit can be told from a silent one.
 *
 * @returns the messages that have to come again: none, a batch counts as a whole
 * @throws WriteRefused when others counted the same commits at the same time for too long; a repeat is safe
 */
export async function countBatch(
  batch: readonly { readonly message: Countable }[],
  counters: CounterStore,
): Promise<readonly string[]> {
  await counters.count(
    batch.map(({ message }) => ({
      eventId: message.id,
      aggregateId: message.aggregateId,
      aggregateVersion: message.aggregateVersion,
      increments: countersOf(message),
    })),
  );
  return [];
}
