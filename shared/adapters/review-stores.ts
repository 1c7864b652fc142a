import type { ContentHash } from '../domain/ports/digest.ts';
import type { Files } from '../domain/ports/files.ts';
import type { Tables } from '../domain/ports/tables.ts';
import { systemClock } from './clock.ts';
import { counterStore } from './counter-store.ts';
import { intakeStore } from './intake-store.ts';
import { ledgerStore } from './ledger-store.ts';
import { referenceStore } from './reference-store.ts';
import { reviewStore } from './review-store.ts';
import { tallyStore } from './tally-store.ts';

/** Everything that a review reads, and where its runs stand: the same for a run by hand and for that of the schedule. */
export function reviewStores(tables: Tables, files: Files, hash: ContentHash) {
  return {
    counters: counterStore(tables),
    tallies: tallyStore(tables),
    intake: intakeStore(tables),
    ledger: ledgerStore(tables),
    reference: referenceStore(tables, systemClock),
    reviews: reviewStore(tables, files, hash),
    clock: systemClock,
    hash,
  };
}
