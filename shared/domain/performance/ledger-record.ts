import type { Instant } from '../calendar/civil-date.ts';
import type { Entry } from './entry.ts';
import type { EntryTotal } from './performance-events.ts';
import type { Head, Seal } from './seal.ts';

/** What a commit says of a posting group that it wrote to. */
export interface ToldGroup {
  readonly groupId: string;
  readonly word: 'pending' | 'posted' | 'void';
  readonly totals: readonly EntryTotal[];
  readonly reversals: readonly EntryTotal[];
}

/** As much of a commit of scoring as the ledger can be held against. */
export interface LedgerCommit {
  readonly commitId: string;
  readonly recordedAt: Instant;
  /** The hash is missing in commits that were written before they named any. */
  readonly wrote: readonly { readonly entryId: string; readonly hash?: string }[];
  readonly groups: readonly ToldGroup[];
}

/**
 * One stored item of the ledger as it is verified: by what its key says it is, with the hash of what stands there. What
 * cannot be read, or holds more or less than its kind does, has a fault instead of a meaning.
 */
export type LedgerRecord = { readonly partition: string; readonly fault?: string } & (
  | { readonly is: 'entry'; readonly entryId: string; readonly hash: string; readonly entry?: Entry }
  | { readonly is: 'seal'; readonly seal?: Seal }
  | { readonly is: 'head'; readonly head?: Head }
  | { readonly is: 'commit'; readonly sortKey: string; readonly commit?: LedgerCommit }
  /** Something that no card holds. */
  | { readonly is: 'stranger'; readonly sortKey: string }
);

/** What is kept of an entry while the ledger is verified. */
export interface BookedEntry
  extends Pick<Entry, 'entryId' | 'groupId' | 'disputeId' | 'kind' | 'period' | 'rule' | 'reverses' | 'recordedAt'> {
  readonly partition: string;
  readonly hash: string;
  readonly subject: string;
  readonly points: number;
  readonly percentBp: number;
  readonly fault?: string;
}

/** Everything that stands in the ledger, in any order. */
export interface LedgerReader {
  all(): AsyncIterable<LedgerRecord>;
  /** One partition as it stands at this moment. */
  partition(partition: string): AsyncIterable<LedgerRecord>;
}

/** One thing that is not as it was written. */
export interface Difference {
  /** A partition or a file. */
  readonly place: string;
  /** In words. */
  readonly what: string;
  /** Of several at one place and entry the lowest comes first, being the nearest to what happened. */
  readonly rank: number;
  /** Told once for each. */
  readonly entryId?: string;
  /** What it was concluded from: an act that was under way while the ledger was read looks different afterwards. */
  readonly partitions: readonly string[];
}
