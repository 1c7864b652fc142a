import type { Month } from '../calendar/civil-date.ts';
import type { CounterCell, Increment } from '../insights/count-events.ts';

/** What one event adds to the counters, and which commit it stands in. */
export interface CountedEvent {
  readonly eventId: string;
  readonly aggregateId: string;
  readonly aggregateVersion: number;
  readonly increments: readonly Increment[];
}

/** A commit by its place in its aggregate's history. */
export type CommitPlace = Pick<CountedEvent, 'aggregateId' | 'aggregateVersion'>;

/** The cockpit's and the reviews' counters (R-9). */
export interface CounterStore {
  /**
   * Adds what these events add, each event exactly once, however often it comes and in whatever company: the counters
   * change in one transaction with the marks of what was counted. Large batches take several transactions; each is whole.
   *
   * @throws WriteRefused when others held the same marks for too long; a repeat then adds what is missing
   */
  count(events: readonly CountedEvent[]): Promise<void>;
  /** The ids of all events of these commits that count already. */
  counted(commits: readonly CommitPlace[]): Promise<ReadonlySet<string>>;
  /** All counters of a month, one cell per department and type, in the order of both. */
  counters(month: Month): Promise<readonly CounterCell[]>;
}
