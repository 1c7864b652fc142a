import type { Instant } from '../calendar/civil-date.ts';
import type { Entry } from './entry.ts';
import type { EntryTotal } from './performance-events.ts';
import type { Head, Seal } from './seal.ts';

/** What a commit says of a posting group that it wrote to. */
export interface ToldGroup {
  readonly groupId: string;
  readonly word: 'pending' | 'posted' | 'void';
  /** Ids of those that the commit wrote. */
  readonly entries: readonly string[];
  readonly totals: readonly EntryTotal[];
  readonly reversals: readonly EntryTotal[];
}

/** As much of a commit of scoring as the ledger can be held against. */
export interface LedgerCommit {
  readonly commitId: string;
  readonly recordedAt: Instant;
  readonly wrote: readonly { readonly entryId: string; readonly hash: string }[];
  readonly groups: readonly ToldGroup[];
}

/**
 * One stored item of the ledger as it is verified: by what its key says it is, with the hash of what stands there. What
 * cannot be read, or holds more or less than its kind does, has a fault instead of a meaning.
 */
export type LedgerRecord = { readonly partition: string; readonly fault?: string } & (
  | { readonly is: 'entry'; readonly entryId: string; readonly hash: string; readonly entry?: Entry }
  | { readonly is: 'seal'; readonly sortKey: string; readonly seal?: Seal }
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

/** What stands on one card. */
export interface BookedCard {
  readonly entries: ReadonlyMap<string, BookedEntry>;
  /** Faults by the id in the key. */
  readonly unreadable: ReadonlyMap<string, string>;
  readonly seals: readonly Seal[];
  readonly head?: Head;
  /** Of the chain, and of what is no part of a card. */
  readonly faults: readonly string[];
}

/** Commits by their sort key, by the partition of their dispute. */
export type BookedCommits = ReadonlyMap<string, ReadonlyMap<string, LedgerCommit>>;

/** Ranks of differences at one place. */
export const RANK = { chain: 1, sealed: 2, committed: 3, item: 4, sum: 5 } as const;

/** What stands in the ledger. Whatever was written before a read began is read. */
export interface LedgerReader {
  /** All of it, in any order, while it is written to. */
  all(): AsyncIterable<LedgerRecord>;
  /** Of one partition what has a sort key that begins so, in the order of these keys. */
  partition(partition: string, prefix: string): AsyncIterable<LedgerRecord>;
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
  /** Whose chain or commits it was concluded from: what was written while the ledger was read looks different afterwards. */
  readonly partitions: readonly string[];
}
