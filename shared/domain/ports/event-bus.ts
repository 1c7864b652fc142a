import type { Instant } from '../calendar/civil-date.ts';

/** One event as it goes onto the bus. */
export interface PublishedEvent {
  /** The gear that publishes it. */
  readonly source: string;
  /** Name and version of its contract: `DisputeGraded.v1`. */
  readonly detailType: string;
  /** The envelope with its data; a JSON object. */
  readonly detail: unknown;
  /** @default when the bus takes it */
  readonly time?: Instant;
}

/** The one bus between the gears. It promises neither order nor once. */
export interface EventBus {
  /**
   * Puts all events on the bus. After a failure some may be there: publish all again, consumers ignore repeats.
   * @throws Error naming how many the bus refused, and the first reason
   * @throws RangeError for an event that is no JSON object or too large for the bus
   */
  publish(events: readonly PublishedEvent[]): Promise<void>;
}
