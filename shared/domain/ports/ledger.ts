import type { Month } from '../calendar/civil-date.ts';
import type { Commit } from '../event.ts';
import type { Entry } from '../performance/entry.ts';
import type { Scoring } from '../performance/scoring.ts';

/** Entries on cards, which are only ever added, and what scoring remembers of each dispute. No update, no delete. */
export interface Ledger {
  /** Reads its own writes. */
  scoring(disputeId: string): Promise<Scoring | undefined>;
  /**
   * Writes one decision: the scoring under the version before it, its entries and its commit; all or nothing (S-12).
   * @param commit absent when nothing was decided: an event waits for its turn or moves nothing
   * @throws WriteRefused when another decision came in between
   */
  save(scoring: Scoring, entries: readonly Entry[], commit?: Commit): Promise<void>;
  /** All entries of one card, oldest first. */
  entries(subject: string, period: Month): Promise<readonly Entry[]>;
}
