import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { type Countable, countBatch } from '#functions/insights/count-events.ts';
import { counterStore } from '#shared/adapters/counter-store.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import type { DisputeEvent } from '#shared/domain/dispute/dispute-events.ts';
import { type CounterCell, countersOf, sumCells } from '#shared/domain/insights/count-events.ts';
import type { PerformanceEvent } from '#shared/domain/performance/performance-events.ts';
import type { CounterStore } from '#shared/domain/ports/counter-store.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import { enveloped, header, total } from './events.ts';

type Said = Countable;

async function countEvents(events: readonly Said[], counters: CounterStore): Promise<void> {
  await countBatch(
    events.map((message) => ({ message })),
    counters,
  );
}
const MONTHS = ['2026-10', '2026-11', '2026-12'] as const;

const anyHeader = fc
  .record({
    month: fc.constantFrom(...MONTHS),
    department: fc.constantFrom('logistics', 'service', 'product'),
    type: fc.constantFrom('late-delivery', 'other'),
  })
  .map(header);
const anyTotal = fc
  .record({
    points: fc.integer({ min: -1000, max: 1000 }),
    department: fc.constantFrom('logistics', 'service', undefined),
    period: fc.constantFrom(...MONTHS),
  })
  .map(({ points, ...parts }) => total(points, parts));
const anyEvent: fc.Arbitrary<DisputeEvent | PerformanceEvent> = fc.oneof(
  anyHeader.map((dispute) => ({ type: 'DisputeClosed.v1' as const, data: { dispute, closedBy: 'E-602' } })),
  fc.tuple(anyHeader, fc.boolean()).map(([dispute, inTime]) => ({
    type: 'DisputeFiled.v1' as const,
    data: { dispute, automatic: false, dueAt: '2026-11-20T02:31:00Z', inTime },
  })),
  fc.tuple(anyHeader, fc.array(anyTotal, { maxLength: 12 })).map(([dispute, totals]) => ({
    type: 'EntriesPending.v1' as const,
    data: { dispute, groupId: 'g', basis: 'determination' as const, entries: ['e'], totals },
  })),
);
/** Commits of up to four events each. */
const anyCommits = fc
  .array(fc.array(anyEvent, { minLength: 1, maxLength: 4 }), { maxLength: 30 })
  .map((commits) =>
    commits.map((events, commit) =>
      events.map((event, index) => enveloped(event, `dispute-${commit % 7}`, Math.floor(commit / 7) + 1, index)),
    ),
  );
/** The same events in any order, some several times, cut into batches. */
const anyDelivery = anyCommits.chain((commits) => {
  const events = commits.flat();
  const repeats = events.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...events), { maxLength: 40 });
  return repeats
    .chain((again) => fc.shuffledSubarray([...events, ...again], { minLength: events.length + again.length }))
    .chain((all) =>
      fc.tuple(fc.constant(all), fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 20 })),
    )
    .map(([all, sizes]) => ({ events, batches: cut(all, sizes) }));
});

function cut<T>(all: readonly T[], sizes: readonly number[]): readonly T[][] {
  const batches: T[][] = [];
  for (let from = 0, turn = 0; from < all.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    batches.push(all.slice(from, from + size));
    from += size;
  }
  return batches;
}

async function allCounters(tables: Tables): Promise<readonly (readonly CounterCell[])[]> {
  return await Promise.all(MONTHS.map((month) => counterStore(tables).counters(month)));
}

/** The counters of one clean pass, added up without any store. */
function cleanPass(events: readonly Said[]): readonly (readonly CounterCell[])[] {
  const increments = events.flatMap(countersOf);
  return MONTHS.map((month) =>
    sumCells(
      increments
        .filter((increment) => increment.month === month)
        .map(({ department, type, name, by }) => ({ department, type, counters: { [name]: by } })),
    ),
  );
}

describe('counting exactly once (R-9)', () => {
  propertyTest.prop([anyDelivery])(
    'any batches, order and repeats give the counters of one clean pass',
    async ({ events, batches }) => {
      const tables = memoryTables();
      for (const batch of batches) await countEvents(batch, counterStore(tables));
      expect(await allCounters(tables)).toEqual(cleanPass(events));
    },
  );

  propertyTest.prop([anyDelivery])(
    'also when all batches are counted at the same time',
    async ({ events, batches }) => {
      const tables = memoryTables();
      const open = [...batches];
      while (open.length > 0) {
        const answers = await Promise.allSettled(open.map((batch) => countEvents(batch, counterStore(tables))));
        for (const index of [...answers.keys()].reverse()) {
          if (answers[index]?.status === 'fulfilled') open.splice(index, 1);
        }
      }
      expect(await allCounters(tables)).toEqual(cleanPass(events));
    },
  );

  propertyTest.prop([anyDelivery, fc.integer({ min: 1, max: 12 }), fc.boolean()])(
    'also when a batch dies before or after any of its writes and comes again',
    async ({ events, batches }, every, before) => {
      const tables = memoryTables();
      let writes = 0;
      const dying: Tables = {
        ...tables,
        async write(list) {
          writes += 1;
          const dies = writes % every === 0;
          if (dies && before) throw new Error('died before the write');
          await tables.write(list);
          if (dies) throw new Error('died after the write');
        },
      };
      for (const batch of batches) {
        await countEvents(batch, counterStore(dying)).catch(() => countEvents(batch, counterStore(tables)));
      }
      expect(await allCounters(tables)).toEqual(cleanPass(events));
    },
  );
});

describe('the cost of counting (architecture section 3)', () => {
  const opened = (commit: number, department = 'logistics') =>
    enveloped(
      { type: 'DisputeClosed.v1', data: { dispute: header({ department }), closedBy: 'E-602' } },
      `dispute-${commit}`,
      1,
      0,
    );

  async function writesFor(events: readonly Said[]): Promise<readonly number[]> {
    const tables = memoryTables();
    const sizes: number[] = [];
    const measured: Tables = {
      ...tables,
      async write(list) {
        sizes.push(list.length);
        await tables.write(list);
      },
    };
    await countEvents(events, counterStore(measured));
    return sizes;
  }

  test('ten commits of one department and type are one transaction: ten marks and one counter item', async () => {
    expect(await writesFor(Array.from({ length: 10 }, (_, commit) => opened(commit)))).toEqual([11]);
  });

  test('an event that moves no counter is marked all the same', async () => {
    const silent = enveloped(
      {
        type: 'EntriesPending.v1',
        data: { dispute: header(), groupId: 'g', basis: 'rating', entries: [], totals: [] },
      },
      'group',
      1,
      0,
    );
    expect(await writesFor([silent])).toEqual([1]);
  });

  test('a batch of over 100 items takes several transactions, none over 100', async () => {
    const sizes = await writesFor(Array.from({ length: 120 }, (_, commit) => opened(commit, `department-${commit}`)));
    expect(sizes.length).toBe(3);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
  });

  test('what is counted already costs no write', async () => {
    const tables = memoryTables();
    await countEvents([opened(1)], counterStore(tables));
    const before = tables.stream('improvement').length;
    await countEvents([opened(1), opened(1)], counterStore(tables));
    expect(tables.stream('improvement').length).toBe(before);
  });

  test('hot counters are spread: many batches write to several items', async () => {
    const tables = memoryTables();
    for (let commit = 0; commit < 60; commit += 1) await countEvents([opened(commit)], counterStore(tables));
    const counters = tables.dump().improvement.filter(({ pk }) => pk.startsWith('COUNTERS#'));
    expect(counters.length).toBe(8);
    expect(await counterStore(tables).counters('2026-11')).toEqual([
      { department: 'logistics', type: 'late-delivery', counters: { closed: 60 } },
    ]);
  });

  test('a month of which nothing was counted has no cells', async () => {
    expect(await counterStore(memoryTables()).counters('2020-01')).toEqual([]);
  });
});
