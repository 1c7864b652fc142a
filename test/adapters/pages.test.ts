import { expect, test } from 'vitest';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { allItems, listed, pagesOf } from '#shared/adapters/pages.ts';
import type { Item, Tables } from '#shared/domain/ports/tables.ts';

const LIST = { table: 'cases', partition: 'OPEN' } as const;
const item = (sk: string, more: object = {}): Item => ({
  pk: 'P',
  sk,
  listPartition: 'OPEN',
  listSort: sk,
  state: { of: sk },
  ...more,
});

async function tablesWith(items: readonly Item[]): Promise<Tables> {
  const tables = memoryTables();
  await tables.write(items.map((put) => ({ table: 'cases', put })));
  return tables;
}

test('a list has whole items, in its order', async () => {
  const tables = await tablesWith([item('b'), item('a')]);
  expect(await listed(tables, LIST)).toEqual({ items: [item('a'), item('b')], next: undefined });
});

test('what left the list, changed or went away after the index was read is as it stands now', async () => {
  const tables = await tablesWith(['a', 'b', 'c', 'd'].map((sk) => item(sk)));
  const changing: Tables = {
    ...tables,
    async query(query) {
      const page = await tables.query(query);
      await tables.write([
        { table: 'cases', put: item('a', { listPartition: 'CLOSED' }) },
        { table: 'cases', put: item('b', { state: { of: 'later' } }) },
        { table: 'cases', remove: item('c') },
      ]);
      return page;
    },
  };
  expect((await listed(changing, LIST)).items).toEqual([item('b', { state: { of: 'later' } }), item('d')]);
});

test('all pages come, one after the other, also those of which nothing is left', async () => {
  const sks = ['a', 'b', 'c', 'd', 'e'];
  const tables = await tablesWith(sks.map((sk) => item(sk)));
  const query = { ...LIST, index: 'byList', limit: 2 } as const;
  const pages: string[][] = [];
  for await (const page of pagesOf(tables, query)) pages.push(page.map(({ sk }) => sk));
  expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  const forgetful: Tables = {
    ...tables,
    getMany: async (table, keys) => {
      const items = await tables.getMany(table, keys);
      return items.map((each) => (each && each.sk < 'e' ? undefined : each));
    },
  };
  expect(await allItems(forgetful, query)).toEqual([item('e')]);
});
