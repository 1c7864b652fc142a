import { fc } from '@fast-check/vitest';
import { beforeAll, describe, expect, test } from 'vitest';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import type { Condition, IndexName, Item, Key, Tables, Write } from '#shared/domain/ports/tables.ts';
import { INDEXES, WriteRefused } from '#shared/domain/ports/tables.ts';

const SEQUENCES = 200;
const SEED = 20_261_122;
const TABLES = ['cases', 'scorecards'] as const;
const PKS = ['p', 'é'] as const;
const SKS = ['a', '\uffff', '\u{1f600}'] as const;
const INDEX_NAMES: readonly IndexName[] = ['byDue', 'byList', 'byHour'];

const anyKey = fc.record({ pk: fc.constantFrom(...PKS), sk: fc.constantFrom(...SKS) });
const anyNumber = fc.integer({ min: -3, max: 3 });
const anyIndexText = fc.option(fc.constantFrom('x', 'y', 'é', '～'), { nil: undefined });
/** `n` and `m` hold numbers only, so that adding to them is never a mistake; `v` holds anything. */
const anyAttributes = fc.record(
  {
    n: anyNumber,
    m: anyNumber,
    v: fc.oneof(
      anyNumber,
      fc.string({ unit: 'grapheme', maxLength: 3 }),
      fc.constant(null),
      fc.array(fc.boolean(), { maxLength: 2 }),
    ),
    duePartition: anyIndexText,
    dueAt: anyIndexText,
    listPartition: anyIndexText,
    listSort: anyIndexText,
    hourPartition: anyIndexText,
    hourSort: anyIndexText,
  },
  { requiredKeys: [] },
);
const anyCondition: fc.Arbitrary<Condition> = fc.oneof(
  fc.constant({ absent: true as const }),
  fc.record({ attribute: fc.constantFrom('n', 'v'), equals: fc.oneof(anyNumber, fc.constantFrom('', 'x')) }),
  fc.record({ attribute: fc.constantFrom('n', 'm', 'v'), absentOrBelow: anyNumber }),
);
const anyTable = fc.constantFrom(...TABLES);
const maybeCondition = fc.option(anyCondition, { nil: undefined, freq: 2 });
const anyPut = fc
  .tuple(anyTable, anyKey, anyAttributes, maybeCondition)
  .map(([table, key, attributes, condition]): Write => ({ table, put: { ...attributes, ...key }, if: condition }));
const anyUpdate = fc
  .tuple(anyTable, anyKey, anyAttributes, fc.dictionary(fc.constantFrom('n', 'm'), anyNumber), maybeCondition)
  .chain(([table, update, set, add, condition]) =>
    fc
      .subarray(['n', 'm', 'v', 'dueAt', 'listPartition'])
      .map((remove): Write => ({ table, update, set, add, remove, if: condition })),
  );
const anyWrite: fc.Arbitrary<Write> = fc.oneof(
  { weight: 3, arbitrary: anyPut },
  { weight: 4, arbitrary: anyUpdate.map(withoutClashes) },
  { weight: 1, arbitrary: fc.record({ table: anyTable, check: anyKey, if: anyCondition }) },
  { weight: 2, arbitrary: fc.record({ table: anyTable, remove: anyKey, if: maybeCondition }) },
);
const anySequence = fc.array(fc.array(anyWrite, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 10 });

/** What is added to is not set, and what is set is not removed; the clash itself is one of the mistakes tested elsewhere. */
function withoutClashes(write: Write): Write {
  if (!('update' in write)) return write;
  const add = write.add ?? {};
  const set = Object.fromEntries(Object.entries(write.set ?? {}).filter(([name]) => !(name in add)));
  return { ...write, set, remove: write.remove?.filter((name) => !(name in add) && set[name] === undefined) };
}

/**
 * Proves that the tables do what those in memory do, over random sequences of writes.
 *
 * @param open gives empty tables `cases` and `scorecards`
 */
export function describeSameAsMemory(version: string, open: () => Promise<Tables>): void {
  describe(`tables in memory and ${version}`, () => {
    let tables: Tables;
    beforeAll(async () => {
      tables = await open();
    });

    test(`answer alike and hold the same after ${SEQUENCES} random sequences of writes`, {
      timeout: 300_000,
    }, async () => {
      let sequences = 0;
      await fc.assert(
        fc.asyncProperty(anySequence, async (sequence) => {
          const memory = memoryTables();
          const own = inNamespace(tables, `${++sequences}/`);
          for (const writes of sequence) expect(await outcomeOf(own, writes)).toEqual(await outcomeOf(memory, writes));
          expect(await contentsOf(own)).toEqual(await contentsOf(memory));
        }),
        { seed: SEED, numRuns: SEQUENCES },
      );
    });
  });
}

async function outcomeOf(tables: Pick<Tables, 'write'>, writes: readonly Write[]): Promise<string> {
  try {
    await tables.write(writes);
    return 'written';
  } catch (error) {
    if (error instanceof WriteRefused) return `refused: ${error.failed.join()}`;
    if (error instanceof RangeError) return 'RangeError';
    throw error;
  }
}

/** Every item that a sequence can have written, and the indexes in their order (ties in any). */
async function contentsOf(tables: Pick<Tables, 'getMany' | 'query'>): Promise<unknown> {
  const keys = PKS.flatMap((pk) => SKS.map((sk) => ({ pk, sk })));
  const contents: Record<string, unknown> = {};
  for (const table of TABLES) {
    contents[table] = await tables.getMany(table, keys);
    for (const index of INDEX_NAMES) {
      for (const partition of ['x', 'y', 'é', '～']) {
        const { items } = await tables.query({ table, index, partition });
        const { sort } = INDEXES[index];
        const name = [table, index, partition].join();
        contents[name] = items.map((item) => item[sort]);
        contents[`${name} items`] = new Set(items.map((item) => JSON.stringify([item.pk, item.sk])));
      }
    }
  }
  return contents;
}

/** The same tables, with partitions that no other sequence uses, so that they need not be emptied in between. */
function inNamespace(tables: Tables, prefix: string): Pick<Tables, 'getMany' | 'query' | 'write'> {
  const into = ({ pk, sk }: Key): Key => ({ pk: prefix + pk, sk });
  const indexed = (attributes: Readonly<Record<string, unknown>> | undefined) =>
    Object.fromEntries(
      Object.entries(attributes ?? {}).map(([name, value]) => [
        name,
        name.endsWith('Partition') && value !== undefined ? `${prefix}${value}` : value,
      ]),
    );
  const out = (item: Item): Item => {
    const back = Object.entries(item).map(([name, value]) => [
      name,
      typeof value === 'string' && (name === 'pk' || name.endsWith('Partition')) ? value.slice(prefix.length) : value,
    ]);
    return { ...Object.fromEntries(back), pk: item.pk.slice(prefix.length), sk: item.sk };
  };
  return {
    write: (writes) =>
      tables.write(
        writes.map((write): Write => {
          if ('put' in write) return { ...write, put: { ...indexed(write.put), ...into(write.put) } };
          if ('update' in write) return { ...write, update: into(write.update), set: indexed(write.set) };
          return 'check' in write ? { ...write, check: into(write.check) } : { ...write, remove: into(write.remove) };
        }),
      ),
    getMany: async (table, keys) => (await tables.getMany(table, keys.map(into))).map((item) => item && out(item)),
    query: async (query) => {
      const page = await tables.query({ ...query, partition: prefix + query.partition });
      return { ...page, items: page.items.map(out) };
    },
  };
}
