import { StakeItem } from '../contracts/items/stake-item.ts';
import { isShown, type Stake, type StakeGrading } from '../domain/performance/stake.ts';
import type { StakeStore } from '../domain/ports/stake-store.ts';
import type { Item, Tables } from '../domain/ports/tables.ts';

const stakeKeys = {
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
    async save(stake) {
      const { disputeId, version } = stake;
      const list = isShown(stake) && { listPartition: stakeKeys.list(stake.grading.department), listSort: disputeId };
      await tables.write([
        {
          table: 'scorecards',
          put: { ...stakeKeys.stake(disputeId), kind: 'stake', version, state: stake, ...list },
          if: version === 1 ? { absent: true } : { attribute: 'version', equals: version - 1 },
        },
      ]);
    },
    async shown(department) {
      const stakes: (Stake & { readonly grading: StakeGrading })[] = [];
      let cursor: string | undefined;
      do {
        const partition = stakeKeys.list(department);
        const page = await tables.query({ table: 'scorecards', index: 'byList', partition, cursor });
        stakes.push(...page.items.map(stakeOf).filter(isShown));
        cursor = page.next;
      } while (cursor !== undefined);
      return stakes;
    },
  };
}

function stakeOf(item: Item): Stake {
  return StakeItem.parse(item).state;
}
