import type { Commit } from '../domain/event.ts';
import type { TableName, Write } from '../domain/ports/tables.ts';

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
 * publisher; they are the timeline and the audit, and are only ever added (architecture section 3).
 *
 * @param wrote the entries of the ledger that stand in the same transaction
 */
export function commitWrite(table: TableName, pk: string, commit: Commit, wrote?: readonly Wrote[]): Write {
  return {
    table,
    put: { pk, sk: commitSortKey(commit.aggregateVersion), kind: 'commit', commit, ...(wrote && { wrote }) },
    if: { absent: true },
  };
}
