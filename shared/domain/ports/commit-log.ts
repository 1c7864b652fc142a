import type { Commit } from '../event.ts';
import type { Hour } from '../insights/hour.ts';

/** A record that stands where a commit should, and is none. */
export interface UnreadableCommit {
  /** Where it stands: its partition and its sort key. */
  readonly key: string;
  /** What is wrong with it, without what it holds. */
  readonly why: string;
}

/** Some records of the log: the commits, and what could not be read as one. */
export interface LoggedCommits {
  readonly commits: readonly Commit[];
  readonly unreadable: readonly UnreadableCommit[];
}

/** The commits of one gear by the hour in which they were recorded. */
export interface CommitLog {
  /**
   * All commits of an hour, some at a time. Eventually consistent: of the last moments some may be missing. One that
   * cannot be read keeps no other back.
   */
  recordedIn(hour: Hour): AsyncIterable<LoggedCommits>;
}
