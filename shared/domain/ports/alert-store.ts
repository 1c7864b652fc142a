import type { Commit } from '../event.ts';
import type { Alert, AlertState, Alerts } from '../performance/alert.ts';
import type { Stake } from '../performance/stake.ts';

/** Alerts, decided upon per dispute and found by their own id (G-10). */
export interface AlertStore {
  /** Reads its own writes. */
  load(disputeId: string): Promise<Alerts | undefined>;
  /** As `load`, with what the dispute puts at stake, in one read. */
  loadWithStake(disputeId: string): Promise<{ readonly alerts?: Alerts; readonly stake?: Stake }>;
  /** The dispute that an alert belongs to. */
  disputeOf(alertId: string): Promise<string | undefined>;
  /**
   * Writes one decision: `after`, a version above `before` unless it is the very same, with its commit where it tells
   * something, and the stake where that moved; all or nothing.
   * @throws WriteRefused when another decision came in between
   */
  save(before: Alerts, after: Alerts, beside: { readonly commit?: Commit; readonly stake?: Stake }): Promise<void>;
  /** The alerts of one state, soonest due first. Eventually consistent. */
  list(
    state: AlertState,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly items: readonly Alert[]; readonly next?: string }>;
}
