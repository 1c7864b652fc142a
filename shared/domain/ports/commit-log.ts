import type { Commit } from '../event.ts';
import type { Hour } from '../insights/hour.ts';

/** The commits of one gear by the hour in which they were recorded. */
export interface CommitLog {
  /** All commits of an hour, some at a time. Eventually consistent: of the last moments some may be missing. */
  recordedIn(hour: Hour): AsyncIterable<readonly Commit[]>;
}
