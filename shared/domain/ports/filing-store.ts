import type { Commit } from '../event.ts';

/** What the performance gear knows of filings: one record each, never changed (I-11). */
export interface FilingStore {
  /** Puts the records of disputes' filings, at most 100, in one transaction; a record that is there stays as it is. */
  learn(filings: readonly { readonly disputeId: string; readonly commit: Commit }[]): Promise<void>;
}
