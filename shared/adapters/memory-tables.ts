import {
  type Condition,
  INDEXES,
  type IndexName,
  type Item,
  type Key,
  type Query,
  type TableName,
  type Tables,
  type Write,
  WriteRefused,
} from '../domain/ports/tables.ts';
import {
  checkedKey,
  checkedQuery,
  checkedWrites,
  compareText,
  copyItem,
  inRange,
  keyOfWrite,
  pageOf,
} from './tables-input.ts';

/** One changed item, as a DynamoDB stream with new and old images tells it. A write that changes nothing tells nothing. */
export interface StreamRecord {
  readonly table: TableName;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly keys: Key;
  readonly newImage?: Item;
  readonly oldImage?: Item;
}

/** `Tables` in memory, and what only a simulation may look at. */
export interface MemoryTables extends Tables {
  /** Every change of one table since the start, in commit order. The list grows: remember how far you read. */
  stream(table: TableName): readonly StreamRecord[];
  /** Calls the listener after each write with its changes, before `write` answers; the result ends it. */
  onCommit(listener: (records: readonly StreamRecord[]) => void): () => void;
  /** Copies of all items, in key order. */
  dump(): Record<TableName, Item[]>;
}

const TABLE_NAMES = [
  'cases',
  'scorecards',
  'improvement',
  'reference',
  'customers',
] as const satisfies readonly TableName[];

/**
 * DynamoDB's semantics in memory: conditions, all or nothing, indexes, byte-wise order, pages, streams and limits.
 * Every call takes effect at once and alone, so a caller sees races only between its own awaits. Indexes are never
 * behind here; in DynamoDB they may be for some milliseconds.
 *
 * @param options.tables the tables that exist; any other is a RangeError, as for a function without its grant
 */
export function memoryTables(options: { readonly tables?: readonly TableName[] } = {}): MemoryTables {
  const stores = new Map((options.tables ?? TABLE_NAMES).map((name) => [name, memoryTable()]));
  const streams = new Map<TableName, StreamRecord[]>();
  const listeners = new Set<(records: readonly StreamRecord[]) => void>();
  const store = (name: TableName) => {
    const found = stores.get(name);
    if (!found) throw new RangeError(`the table ${name} is not one of this function's tables`);
    return found;
  };
  const streamOf = (name: TableName) => listIn(streams, name);

  return {
    async get(table, key) {
      return copyOf(store(table).get(checkedKey(key)));
    },
    async getMany(table, keys) {
      const rows = store(table);
      return keys.map((key) => copyOf(rows.get(checkedKey(key))));
    },
    async query(query) {
      const checked = checkedQuery(query);
      const found = store(query.table).find(query, checked).map(copyItem);
      return pageOf(query.index ? found.map(carriedBy(query.index)) : found, checked);
    },
    async write(writes) {
      const changes = changesOf(checkedWrites(writes), (table, key) => store(table).get(key));
      const records = changes.filter(isChange).map(recordOf);
      for (const { table, key, before, after } of changes) store(table).replace(key, before, after);
      for (const record of records) streamOf(record.table).push(record);
      for (const listener of listeners) listener(records);
    },
    stream: streamOf,
    onCommit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dump() {
      const items = (name: TableName) => (stores.get(name)?.all() ?? []).map(copyItem);
      const [cases, scorecards, improvement, reference, customers] = TABLE_NAMES;
      return {
        cases: items(cases),
        scorecards: items(scorecards),
        improvement: items(improvement),
        reference: items(reference),
        customers: items(customers),
      };
    },
  };
}

/** What an index has of an item. */
function carriedBy(index: IndexName): (item: Item) => Item {
  const { partition, sort, carries } = INDEXES[index];
  const names: readonly string[] = [partition, sort, ...carries];
  return ({ pk, sk, ...rest }) => ({
    pk,
    sk,
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => names.includes(name))),
  });
}

/** The list under a key, made where it is missing. */
function listIn<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function copyOf(item: Item | undefined): Item | undefined {
  return item && copyItem(item);
}

interface Change {
  readonly table: TableName;
  readonly key: Key;
  readonly before?: Item;
  readonly after?: Item;
}

/** What the writes would do, decided before anything is done. @throws WriteRefused @throws RangeError */
function changesOf(
  writes: readonly Write[],
  current: (table: TableName, key: Key) => Item | undefined,
): readonly Change[] {
  const found = writes.map((write) => ({ write, before: current(write.table, keyOfWrite(write)) }));
  const failed = found.flatMap(({ write, before }, i) => (write.if && !holds(write.if, before) ? [i] : []));
  if (failed.length > 0) throw new WriteRefused(failed);
  return found.map(({ write, before }) => {
    const key = checkedKey(keyOfWrite(write));
    return { table: write.table, key, before, after: afterOf(write, before) };
  });
}

function holds(condition: Condition, item: Item | undefined): boolean {
  if ('absent' in condition) return item === undefined;
  const value = item?.[condition.attribute];
  if ('equals' in condition) return value === condition.equals;
  return value === undefined || (typeof value === 'number' && value < condition.absentOrBelow);
}

function afterOf(write: Write, before: Item | undefined): Item | undefined {
  if ('put' in write) return write.put;
  if ('check' in write) return before;
  if (!('update' in write)) return undefined;
  const after: Record<string, unknown> = { ...before, ...write.set };
  for (const name of write.remove ?? []) delete after[name];
  for (const [name, by] of Object.entries(write.add ?? {})) after[name] = sumOf(name, before?.[name] ?? 0, by);
  return copyItem({ ...after, ...write.update });
}

function sumOf(name: string, start: unknown, by: number): number {
  const sum = typeof start === 'number' ? start + by : Number.NaN;
  if (!Number.isSafeInteger(sum))
    throw new RangeError(`${name} must be a whole number to grow by ${by}, got ${JSON.stringify(start)}`);
  return sum;
}

function isChange({ before, after }: Change): boolean {
  return before !== after && !(before && after && sameJson(before, after));
}

function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const other = new Map(Object.entries(b));
  const entries = Object.entries(a);
  return (
    entries.length === other.size &&
    entries.every(([name, value]) => other.has(name) && sameJson(value, other.get(name)))
  );
}

function recordOf({ table, key, before, after }: Change): StreamRecord {
  const images = { newImage: copyOf(after), oldImage: copyOf(before) };
  return { table, eventName: before ? (after ? 'MODIFY' : 'REMOVE') : 'INSERT', keys: key, ...images };
}

/** One table: its items, and each index as a list of rows per partition in sort order. */
function memoryTable() {
  const rows = sortedRows('pk', 'sk');
  const indexes = {
    byDue: sortedRows(INDEXES.byDue.partition, INDEXES.byDue.sort),
    byList: sortedRows(INDEXES.byList.partition, INDEXES.byList.sort),
    byHour: sortedRows(INDEXES.byHour.partition, INDEXES.byHour.sort),
  } satisfies Record<IndexName, unknown>;
  const items = new Map<string, Item>();
  const idOf = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);
  return {
    get: (key: Key) => items.get(idOf(key)),
    /** One item more than the limit, where there are more. */
    find: (query: Query, checked: ReturnType<typeof checkedQuery>) =>
      (query.index ? indexes[query.index] : rows).find(checked, query.descending === true),
    replace(key: Key, before: Item | undefined, after: Item | undefined) {
      for (const list of [rows, ...Object.values(indexes)]) {
        if (before) list.remove(before);
        if (after) list.add(after);
      }
      if (after) items.set(idOf(key), after);
      else items.delete(idOf(key));
    },
    all: () => [...items.values()].sort((a, b) => compareText(a.pk, b.pk) || compareText(a.sk, b.sk)),
  };
}

/** Items by partition, in the order of one sort attribute, then of their keys. Items without both attributes are left out. */
function sortedRows(partitionName: string, sortName: string) {
  const partitions = new Map<string, Item[]>();
  const textOf = (item: Readonly<Record<string, unknown>>, name: string) => {
    const value = item[name];
    return typeof value === 'string' ? value : '';
  };
  const compare = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>) =>
    compareText(textOf(a, sortName), textOf(b, sortName)) ||
    compareText(textOf(a, 'pk'), textOf(b, 'pk')) ||
    compareText(textOf(a, 'sk'), textOf(b, 'sk'));
  /** Where the first row stands that does not come before `item`. */
  const placeIn = (rows: readonly Item[], item: Item) => {
    let low = 0;
    for (let high = rows.length; low < high; ) {
      const middle = (low + high) >> 1;
      const row = rows[middle];
      if (row && compare(row, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const rowsOf = (item: Item) =>
    item[partitionName] === undefined || item[sortName] === undefined
      ? undefined
      : listIn(partitions, textOf(item, partitionName));
  return {
    add(item: Item) {
      const rows = rowsOf(item);
      rows?.splice(placeIn(rows, item), 0, item);
    },
    remove(item: Item) {
      const rows = rowsOf(item);
      rows?.splice(placeIn(rows, item), 1);
    },
    find({ partition, sort, limit, after }: ReturnType<typeof checkedQuery>, descending: boolean): readonly Item[] {
      const wanted = (partitions.get(partition.value) ?? []).filter(
        (row) =>
          inRange(textOf(row, sortName), sort) &&
          (!after || (descending ? compare(row, after) < 0 : compare(row, after) > 0)),
      );
      return (descending ? wanted.reverse() : wanted).slice(0, limit + 1);
    },
  };
}
