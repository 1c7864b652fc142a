import type { CommitLog } from '../domain/ports/commit-log.ts';
import type { TableName, Tables } from '../domain/ports/tables.ts';
import { partitionsOfHour } from './commit-item.ts';
import { pagesOf } from './pages.ts';
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
        const query = { table, index: 'byHour', partition, limit: pageSize } as const;
        for await (const keys of pagesOf(tables, query)) {
          const items = await tables.getMany(table, keys);
          if (items.length > 0) yield readCommits(keys, items);
        }
      }
    },
  };
}
