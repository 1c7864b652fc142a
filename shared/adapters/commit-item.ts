import type { Commit } from '../domain/event.ts';
import { type Hour, hourOf } from '../domain/insights/hour.ts';
import type { Item, TableName, Write } from '../domain/ports/tables.ts';
import { shardOf } from './shard.ts';

/** Index partitions of every hour, so that a busy hour is no hot one. A smaller number would hide what stands in the others. */
const HOUR_PARTITIONS = 4;

/** Sort key of a version's commit; versions sort as text. */
export function commitSortKey(version: number): string {
  return `COMMIT#${String(version).padStart(10, '0')}`;
}

/** An entry that a commit wrote, and the hash of all its fields (S-20). */
export interface Wrote {
  readonly entryId: string;
  readonly hash: string;
}

/**
 * The commit item of one decision, beside its aggregate's state. The stream carries items of this kind to the
 * publisher; they are the timeline and the audit, and are only ever added (architecture section 3). The index of hours
 * tells which there are.
 *
 * @param wrote the entries of the ledger that stand in the same transaction
 */
export function commitWrite(table: TableName, pk: string, commit: Commit, wrote?: readonly Wrote[]): Write {
  return { table, put: commitItem(pk, commit, wrote), if: { absent: true } };
}

/** A commit as it is stored, and nothing else with it. */
export function commitItem(pk: string, commit: Commit, wrote?: readonly Wrote[]): Item {
  const { aggregateId, aggregateVersion, recordedAt } = commit;
  const sk = commitSortKey(aggregateVersion);
  const hourPartition = partitionOf(hourOf(recordedAt), shardOf(aggregateId, HOUR_PARTITIONS));
  const hourSort = `${recordedAt}#${aggregateId}#${sk}`;
  return { pk, sk, kind: 'commit', commit, ...(wrote && { wrote }), hourPartition, hourSort };
}

/** The index partitions in which the commits of an hour stand. */
export function partitionsOfHour(hour: Hour): readonly string[] {
  return Array.from({ length: HOUR_PARTITIONS }, (_, shard) => partitionOf(hour, shard));
}

function partitionOf(hour: Hour, shard: number): string {
  return `${hour}#${shard}`;
}
