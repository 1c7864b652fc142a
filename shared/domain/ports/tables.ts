/**
 * The one door to stored items. Stores are written once on top of it; in memory and in DynamoDB it behaves alike
 * (`test/adapters/tables.spec.ts` proves it), so the simulation runs the very keys, conditions and items of production.
 */
export interface Tables {
  /** Strongly consistent read of one item. */
  get(table: TableName, key: Key): Promise<Item | undefined>;
  /** Strongly consistent reads in any number; the answer's order is that of the keys, with `undefined` for what is missing. */
  getMany(table: TableName, keys: readonly Key[]): Promise<readonly (Item | undefined)[]>;
  /** One page of a partition, or of what an index has of its partition, in sort key order. */
  query(query: Query): Promise<Page>;
  /**
   * All writes or none, at most 100; a single write costs half of a transaction.
   * @throws WriteRefused when a condition does not hold, naming which
   * @throws RangeError for no writes, over 100, or two on one item
   */
  write(writes: readonly Write[]): Promise<void>;
}

export type TableName = 'cases' | 'scorecards' | 'improvement' | 'reference' | 'customers';
export interface Key {
  readonly pk: string;
  readonly sk: string;
}
/** Attributes are JSON values (undefined ones are left out); `tags` sets are arrays of distinct strings. */
export type Item = Key & Readonly<Record<string, unknown>>;

export interface Query {
  readonly table: TableName;
  /** @default the table itself. Indexes are eventually consistent. */
  readonly index?: IndexName;
  /** Value of the partition key (`pk`, or the index's). */
  readonly partition: string;
  /** Sort keys to take: those that start with `prefix`, or from `from` to `to`, both inclusive. */
  readonly range?: { readonly prefix: string } | { readonly from: string; readonly to: string };
  readonly descending?: boolean;
  /** @default 100 */
  readonly limit?: number;
  /** From an earlier page's `next`. */
  readonly cursor?: string;
}
export interface Page {
  readonly items: readonly Item[];
  /** Opaque; absent on the last page. */
  readonly next?: string;
}

/**
 * Indexes, the same on every table that has them. Each has its own partition and sort attribute; items without both are
 * not in it. An index answers with the item's key, these two and what it carries besides: a write that changes nothing
 * of these costs nothing in the index.
 */
export const INDEXES = {
  /** What falls due when, in 16 partitions. */
  byDue: { partition: 'duePartition', sort: 'dueAt', carries: ['dueKind'] },
  byList: { partition: 'listPartition', sort: 'listSort', carries: [] },
  /** Which commits an hour has, in 4 partitions of every hour. */
  byHour: { partition: 'hourPartition', sort: 'hourSort', carries: [] },
} as const satisfies Readonly<Record<string, { partition: string; sort: string; carries: readonly string[] }>>;
export type IndexName = keyof typeof INDEXES;

/** Conditions in the few forms that the write path needs. */
export type Condition =
  | { readonly absent: true }
  /** The item is there and the attribute equals the value. */
  | { readonly attribute: string; readonly equals: string | number }
  /** The item or attribute is missing, or the attribute is a smaller number. */
  | { readonly attribute: string; readonly absentOrBelow: number };

export type Write =
  | { readonly table: TableName; readonly put: Item; readonly if?: Condition }
  /** Adds numbers to attributes (missing ones start at 0) and creates the item where it is missing; sets `set` as they are. */
  | {
      readonly table: TableName;
      readonly update: Key;
      readonly add?: Readonly<Record<string, number>>;
      readonly set?: Readonly<Record<string, unknown>>;
      readonly remove?: readonly string[];
      readonly if?: Condition;
    }
  | { readonly table: TableName; readonly check: Key; readonly if: Condition }
  | { readonly table: TableName; readonly remove: Key; readonly if?: Condition };

/** A cursor that no page of this list gave: the caller's mistake. */
export class UnknownCursor extends RangeError {
  override readonly name = 'UnknownCursor';
}

/** A transaction was refused because conditions did not hold; nothing was written. */
export class WriteRefused extends Error {
  override readonly name = 'WriteRefused';
  /** Positions in the list of writes whose conditions failed; empty when another transaction held an item. */
  readonly failed: readonly number[];
  constructor(failed: readonly number[]) {
    super(
      failed.length ? `the conditions of writes ${failed.join(', ')} do not hold` : 'another transaction holds an item',
    );
    this.failed = failed;
  }
}
