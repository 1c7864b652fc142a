import type { FilingStore } from '../domain/ports/filing-store.ts';
import { type Tables, WriteRefused } from '../domain/ports/tables.ts';
import { commitWrite } from './commit-item.ts';

/** Filings in the scorecards table: `FILING#<dispute>` with its one commit, which is all that there is to know. */
export function filingStore(tables: Tables): FilingStore {
  return {
    async learn(disputeId, commit) {
      try {
        await tables.write([commitWrite('scorecards', `FILING#${disputeId}`, commit)]);
        return 'learned';
      } catch (error) {
        if (error instanceof WriteRefused && error.failed.length > 0) return 'known';
        throw error;
      }
    },
  };
}
