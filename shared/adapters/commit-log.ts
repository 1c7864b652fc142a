import type { CommitLog } from '../domain/ports/commit-log.ts';
import type { TableName, Tables } from '../domain/ports/tables.ts';
import { partitionsOfHour } from './commit-item.ts';
import { readCommits } from './read-commits.ts';

/**
 * The commits of one table by the index of hours, which answers with their keys; the items are read by these.
 *
 * @param pageSize commits that are held at once
 */
export function commitLog(tables: Tables, table: TableName, pageSize = 100): CommitLog {
  return {
    async *recordedIn(hour) {
      for (const partition of partitionsOfHour(hour)) {
        let cursor: string | undefined;
        do {
          const page = await tables.query({ table, index: 'byHour', partition, limit: pageSize, cursor });
          const items = await tables.getMany(table, page.items);
          if (items.length > 0) yield readCommits(page.items, items);
          cursor = page.next;
        } while (cursor !== undefined);
      }
    },
  };
}
