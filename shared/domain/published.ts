import type { Event, EventBody } from './event.ts';
import type { PublishedEvent } from './ports/event-bus.ts';

/** An event of a commit as it goes onto the bus, whoever publishes it and however often: always the same. */
export function published(source: string, event: Event<EventBody>): PublishedEvent {
  return { source, detailType: event.type, detail: event, time: event.occurredAt };
}
