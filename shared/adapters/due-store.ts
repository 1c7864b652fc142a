import * as z from 'zod';
import type { Instant } from '../domain/calendar/civil-date.ts';
import { DUE_KINDS, type Due, type DueKind, type DueStore } from '../domain/ports/due-store.ts';
import type { TableName, Tables } from '../domain/ports/tables.ts';
import { pagesOf } from './pages.ts';
import { shardOf } from './shard.ts';

/** Partitions of a table's index of deadlines. A change leaves what stands in the others unseen: never lower it. */
const DUE_PARTITIONS = 16;
/** Earlier than every deadline; a key in DynamoDB cannot be empty. */
const BEGINNING: Instant = '0000-01-01T00:00:00Z';

/** The attributes that put an item into the index of deadlines; removed when nothing is due any more. */
export interface DueAttributes {
  readonly duePartition: string;
  readonly dueAt: Instant;
  readonly dueKind: DueKind;
}
/** The names of {@link DueAttributes}, for a write that removes them. */
export const DUE_ATTRIBUTE_NAMES = ['duePartition', 'dueAt', 'dueKind'] as const satisfies (keyof DueAttributes)[];

/** The attributes with which an item of partition `pk` falls due at `dueAt`. */
export function dueAttributes(table: TableName, pk: string, dueAt: Instant, kind: DueKind): DueAttributes {
  return { duePartition: duePartition(table, pk), dueAt, dueKind: kind };
}

/** The index partition of an item: one of 16, by a stable hash of its partition key. */
export function duePartition(table: TableName, pk: string): string {
  return partitionName(table, shardOf(pk, DUE_PARTITIONS));
}

/** The open deadlines of one table, in the partitions of its index. */
export function dueStore(tables: Tables, table: TableName): DueStore {
  return {
    partitions: Array.from({ length: DUE_PARTITIONS }, (_, shard) => partitionName(table, shard)),
    async *dueUntil(partition, until) {
      const query = { table, index: 'byDue', partition, range: { from: BEGINNING, to: until } } as const;
      for await (const items of pagesOf(tables, query)) if (items.length > 0) yield items.map(parseDue);
    },
  };
}

const DueItem = z.object({ pk: z.string(), dueAt: z.string(), dueKind: z.enum(DUE_KINDS) });

function parseDue(item: unknown): Due {
  const { pk, dueAt, dueKind } = DueItem.parse(item);
  return { kind: dueKind, pk, dueAt };
}

function partitionName(table: TableName, shard: number): string {
  return `DUE#${table}#${String(shard).padStart(2, '0')}`;
}
