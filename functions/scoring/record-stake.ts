import { untilCommitted } from '#shared/domain/lost-race.ts';
import { newStake, type StakeEvent, stakeAfter } from '#shared/domain/performance/stake.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { StakeStore } from '#shared/domain/ports/stake-store.ts';

export interface StakePorts {
  readonly stakes: StakeStore;
  readonly reference: Reference;
}

/** Keeps what a dispute puts at stake up to date (S-21); repeats and late events lead to the same stake. */
export function recordStake(event: StakeEvent, { stakes, reference }: StakePorts): Promise<void> {
  return untilCommitted(async () => {
    const { disputeId } = event.data.dispute;
    const policy = await reference.policy(event.policyVersion);
    const before = (await stakes.load(disputeId)) ?? newStake(disputeId);
    const after = stakeAfter(before, event, policy);
    if (after !== before) await stakes.save({ ...after, version: before.version + 1 });
  });
}
