import { type GatheringPorts, gatherInputs } from '#functions/reviews/gather-inputs.ts';
import { contentHash, derivedId } from '#shared/adapters/digest.ts';
import { memoryFiles } from '#shared/adapters/memory-files.ts';
import { reviewStores } from '#shared/adapters/review-stores.ts';
import type { CountedEvent } from '#shared/domain/ports/counter-store.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import { seedDirectory, subjectOf } from '#test/exports/system.ts';
import { freshTables, localClient } from '#test/support/dynamodb-local-tables.ts';
import { noEngineBecause, startEngine } from '#test/support/dynoxide.ts';
import { ZONE } from '#test/support/sample.ts';
import type { Bench, Measurement } from './measurement.ts';

const PERIOD = '2026-10';
const NOW = '2026-11-20T02:31:00Z';
const DISPUTES = [1_000, 10_000] as const;
const DEPARTMENTS = ['logistics', 'product', 'service', 'after-sales'] as const;
const TYPES = ['late-delivery', 'defective', 'service-attitude', 'refund-delay', 'network-fault'] as const;
/** As counters are kept (`counter-store.ts`). */
const SHARDS = 8;
const ROUNDS = 7;
/** Events that are counted at once; a queue brings as many. */
const BATCH = 50;
/** The same time, as far as seven rounds can tell on a machine that does other things. */
const SAME_TIMES = 1.5;

/** What a review reads and how long it takes to gather it, after few and after many disputes. */
export const review: Measurement = {
  name: 'review',
  async run(bench: Bench) {
    if (noEngineBecause) return bench.say(`left out: ${noEngineBecause}`);
    const engine = await startEngine();
    const client = localClient(engine.endpoint);
    const took: number[] = [];
    try {
      for (const disputes of DISPUTES) {
        const names = ['cases', 'scorecards', 'improvement', 'reference'] as const;
        const { tables } = await freshTables(client, `review-${disputes}-${Date.now()}`, names);
        const gathered = await gatheredAfter(disputes, tables);
        took.push(gathered.ms);
        bench.add({ what: `after ${disputes} disputes, inputs gathered`, value: gathered.ms, unit: 'ms' });
        bench.add({
          what: `after ${disputes} disputes, counters read`,
          value: gathered.cells,
          unit: 'items',
          target: { atMost: DEPARTMENTS.length * TYPES.length * SHARDS },
        });
      }
    } finally {
      client.destroy();
      await engine.stop();
    }
    const [few = Number.NaN, many = Number.NaN] = took;
    bench.add({
      what: 'time, ten times the disputes',
      value: many / few,
      unit: 'times',
      target: { atMost: SAME_TIMES },
    });
  },
};

async function gatheredAfter(
  disputes: number,
  tables: Tables,
): Promise<{ readonly ms: number; readonly cells: number }> {
  await seedDirectory(
    tables,
    DEPARTMENTS.map((department) => subjectOf(department, { kind: 'department', department })),
  );
  let cells = 0;
  const counting: Tables = {
    ...tables,
    async query(query) {
      const page = await tables.query(query);
      if (query.table === 'improvement') cells += page.items.length;
      return page;
    },
  };
  const clock = { now: () => NOW };
  const stores = { ...reviewStores(counting, memoryFiles(), contentHash), clock };
  const ports: GatheringPorts = { ...stores, zone: ZONE };
  for (let from = 0; from < disputes; from += BATCH)
    await stores.counters.count(Array.from({ length: Math.min(BATCH, disputes - from) }, (_, at) => opened(from + at)));
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    cells = 0;
    const began = performance.now();
    const inputs = await gatherInputs(PERIOD, ports);
    if (typeof inputs === 'string') throw new Error(`no review: ${inputs}`);
    if (round > 0) rounds.push(performance.now() - began); // The first one is slower than all others.
  }
  return { ms: rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN, cells };
}

/** What the counters take of one opened dispute. */
function opened(number: number): CountedEvent {
  const cell = {
    month: PERIOD,
    department: DEPARTMENTS[number % DEPARTMENTS.length] ?? DEPARTMENTS[0],
    type: TYPES[number % TYPES.length] ?? TYPES[0],
    by: 1,
  };
  return {
    eventId: derivedId('event', String(number)),
    aggregateId: derivedId('dispute', String(number)),
    aggregateVersion: 1,
    increments: ['opened', 'level.3', 'channel.web'].map((name) => ({ ...cell, name })),
  };
}
