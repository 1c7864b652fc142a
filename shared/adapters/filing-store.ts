import type { FilingStore } from '../domain/ports/filing-store.ts';
import type { Tables } from '../domain/ports/tables.ts';
import { commitWrite } from './commit-item.ts';
import { writeMissing } from './write-missing.ts';

/** Filings in the scorecards table: `FILING#<dispute>` with its one commit, which is all that there is to know. */
export function filingStore(tables: Tables): FilingStore {
  return {
    learn: (filings) =>
      writeMissing(
        tables,
        filings.map(({ disputeId, commit }) => commitWrite('scorecards', `FILING#${disputeId}`, commit)),
      ),
  };
}
