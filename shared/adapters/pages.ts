import type { Item, Page, Query, Tables } from '../domain/ports/tables.ts';

/** A query without where to go on. */
type WholeQuery = Omit<Query, 'cursor'>;

/** The pages of a query, one after the other; only one is held. Those of a list have whole items. */
export async function* pagesOf(tables: Tables, query: WholeQuery): AsyncGenerator<readonly Item[]> {
  let cursor: string | undefined;
  do {
    const asked = { ...query, cursor };
    const page = query.index === 'byList' ? await listed(tables, asked) : await tables.query(asked);
    yield page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}

/** All items of a query; those of a list are whole. */
export async function allItems(tables: Tables, query: WholeQuery): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const page of pagesOf(tables, query)) items.push(...page);
  return items;
}

/**
 * One page of a list, with its items as they stand now; the index has their keys alone. An item that has left the list
 * since is not in it: a page may be shorter than its limit, and empty, although more follow.
 */
export async function listed(tables: Tables, query: Omit<Query, 'index'>): Promise<Page> {
  const { items: keys, next } = await tables.query({ ...query, index: 'byList' });
  const items = await tables.getMany(query.table, keys);
  const isListed = (item: Item | undefined): item is Item => item?.listPartition === query.partition;
  return { items: items.filter(isListed), next };
}
