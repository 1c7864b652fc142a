import { StakeItem } from '../contracts/items/stake-item.ts';
import { type Stake, shownStake } from '../domain/performance/stake.ts';
import type { StakeStore } from '../domain/ports/stake-store.ts';
import type { Item, Tables, Write } from '../domain/ports/tables.ts';
import { allItems } from './pages.ts';

/** Where a stake stands. */
export const stakeKeys = {
  stake: (disputeId: string) => ({ pk: `STAKE#${disputeId}`, sk: 'STATE' }),
  list: (department: string) => `STAKES#${department}`,
} as const;

/** Stakes in the scorecards table: one item per dispute, on its department's list while it is shown. */
export function stakeStore(tables: Tables): StakeStore {
  return {
    async load(disputeId) {
      const item = await tables.get('scorecards', stakeKeys.stake(disputeId));
      return item && stakeOf(item);
    },
    async loadMany(disputeIds) {
      const items = await tables.getMany('scorecards', disputeIds.map(stakeKeys.stake));
      return items.flatMap((item) => (item ? [stakeOf(item)] : []));
    },
    save: (stake) => tables.write([stakeWrite(stake)]),
    async shown(department) {
      const query = { table: 'scorecards', index: 'byList', partition: stakeKeys.list(department) } as const;
      const items = await allItems(tables, query);
      return items.flatMap((item) => shownStake(stakeOf(item)) ?? []);
    },
  };
}

/** The stake under the version before it, for a transaction that moves it along with something else. */
export function stakeWrite(stake: Stake): Write {
  const { disputeId, version } = stake;
  const shown = shownStake(stake);
  const list = shown && { listPartition: stakeKeys.list(shown.department), listSort: disputeId };
  return {
    table: 'scorecards',
    put: { ...stakeKeys.stake(disputeId), kind: 'stake', version, state: stake, ...list },
    if: version === 1 ? { absent: true } : { attribute: 'version', equals: version - 1 },
  };
}

function stakeOf(item: Item): Stake {
  return StakeItem.parse(item).state;
}
