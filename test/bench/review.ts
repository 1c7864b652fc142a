import { type GatheringPorts, gatherInputs } from '#functions/reviews/gather-inputs.ts';
import { contentHash } from '#shared/adapters/digest.ts';
import { memoryFiles } from '#shared/adapters/memory-files.ts';
import { reviewStores } from '#shared/adapters/review-stores.ts';
import { NOTHING_RECEIVED } from '#shared/domain/intake/reconciliation.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import { freshTables, localClient } from '#test/support/dynamodb-local-tables.ts';
import { noEngineBecause, startEngine } from '#test/support/dynoxide.ts';
import { ZONE } from '#test/support/sample.ts';
import { alternated, middle } from './alternated.ts';
import type { Bench, Measurement } from './measurement.ts';
import { CELLS, NOW, PERIOD, type Seeded, seeded } from './review-seed.ts';

const DISPUTES = [10_000, 1_000_000] as const;
/** As counters are kept (`counter-store.ts`). */
const SHARDS = 8;
const ROUNDS = { before: 2, counted: 9 } as const;
/** The same time, as far as so many rounds can tell on a machine that does other things. */
const SAME_TIMES = 1.5;

/** What a review reads and how long it takes to gather it, after few and after very many disputes. */
export const review: Measurement = {
  name: 'review',
  async run(bench: Bench) {
    if (noEngineBecause) return bench.say(`left out: ${noEngineBecause}`);
    const engine = await startEngine();
    const client = localClient(engine.endpoint);
    try {
      const houses: House[] = [];
      for (const disputes of DISPUTES) {
        const names = ['cases', 'scorecards', 'improvement', 'reference'] as const;
        const { tables } = await freshTables(client, `review-${disputes}-${Date.now()}`, names);
        houses.push(houseOn(tables, await seeded(tables, disputes)));
      }
      await compare(bench, houses);
    } finally {
      client.destroy();
      await engine.stop();
    }
  },
};

/** Reviews over the same tables: of counters and tallies alone, and of everything that a review reads. */
interface House extends Seeded {
  readonly counted: () => Promise<void>;
  readonly whole: () => Promise<void>;
  /** Items of counters that the last one read of the month itself. */
  readonly cells: () => number;
}

function houseOn(tables: Tables, facts: Seeded): House {
  let cells = 0;
  const counting: Tables = {
    ...tables,
    async query(query) {
      const page = await tables.query(query);
      if (query.table === 'improvement' && query.partition.startsWith(`COUNTERS#${PERIOD}`)) cells += page.items.length;
      return page;
    },
  };
  const stores = { ...reviewStores(counting, memoryFiles(), contentHash), clock: { now: () => NOW } };
  const whole: GatheringPorts = { ...stores, zone: ZONE };
  const nothing = { entries: async () => [], tally: async () => NOTHING_RECEIVED };
  const gathering = (ports: GatheringPorts) => async () => {
    cells = 0;
    const inputs = await gatherInputs(PERIOD, ports);
    if (typeof inputs === 'string') throw new Error(`no review: ${inputs}`);
    if (inputs.cells.length !== CELLS) throw new Error(`${inputs.cells.length} cells, and ${CELLS} were seeded`);
  };
  return {
    ...facts,
    counted: gathering({ ...whole, ledger: nothing, intake: nothing }),
    whole: gathering(whole),
    cells: () => cells,
  };
}

async function compare({ add, say }: Bench, houses: readonly House[]): Promise<void> {
  for (const { disputes, entries, arrivals } of houses)
    say(`${disputes} disputes a month: ${entries} entries on the month's cards, ${arrivals} arrivals not tallied yet`);
  const took = await alternated(
    houses.flatMap(({ counted, whole }) => [counted, whole]),
    ROUNDS,
  );
  for (const [at, { disputes, cells }] of houses.entries()) {
    const after = `after ${disputes} disputes`;
    add({ what: `${after}, counters and tallies gathered`, value: middle(took[2 * at] ?? []), unit: 'ms' });
    add({ what: `${after}, with entries gathered`, value: middle(took[2 * at + 1] ?? []), unit: 'ms' });
    add({ what: `${after}, counters read`, value: cells(), unit: 'items', target: { atMost: CELLS * SHARDS } });
  }
  const [few = [], fewWhole = [], many = [], manyWhole = []] = took;
  const target = { atMost: SAME_TIMES };
  const times = (of: readonly number[], than: readonly number[]) => middle(of) / middle(than);
  add({ what: 'time, a hundred times the disputes', value: times(many, few), unit: 'times', target });
  const value = times(manyWhole, fewWhole);
  add({ what: 'time, a hundred times the disputes and entries', value, unit: 'times', target });
}
