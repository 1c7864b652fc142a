import type { DatabaseSync } from 'node:sqlite';

/** All that the work writes, or nothing of it; nobody else writes meanwhile, for the work does not wait for anything. */
export function inTransaction<T>(store: DatabaseSync, work: () => T): T {
  store.exec('begin immediate');
  try {
    const result = work();
    store.exec('commit');
    return result;
  } catch (error) {
    store.exec('rollback');
    throw error;
  }
}
