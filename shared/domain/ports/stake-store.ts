import type { ShownStake, Stake } from '../performance/stake.ts';

/** What disputes put at stake (S-21). */
export interface StakeStore {
  /** Reads its own writes. */
  load(disputeId: string): Promise<Stake | undefined>;
  /** Those of several disputes; what is not known is left out. */
  loadMany(disputeIds: readonly string[]): Promise<readonly Stake[]>;
  /**
   * Writes a stake under the version before it.
   * @throws WriteRefused when another write came in between
   */
  save(stake: Stake): Promise<void>;
  /** All stakes shown on a department's card. Eventually consistent. */
  shown(department: string): Promise<readonly ShownStake[]>;
}
