import type { EventBus, PublishedEvent } from '#shared/domain/ports/event-bus.ts';

/** A bus that keeps what was published, in that order, as the JSON that consumers get. */
export interface MemoryEventBus extends EventBus {
  readonly published: readonly PublishedEvent[];
}

export function memoryEventBus(): MemoryEventBus {
  const published: PublishedEvent[] = [];
  return {
    published,
    async publish(events) {
      published.push(...events.map((event) => ({ ...event, detail: JSON.parse(JSON.stringify(event.detail)) })));
    },
  };
}
