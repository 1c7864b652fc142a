import type { Commit } from '../event.ts';

/** What the performance gear knows of filings: one record each, never changed (I-11). */
export interface FilingStore {
  /** Puts the record of a dispute's filing; a record that is there stays as it is. */
  learn(disputeId: string, commit: Commit): Promise<'learned' | 'known'>;
}
