import { untilCommitted } from '../domain/lost-race.ts';
import { type Tables, type Write, WriteRefused } from '../domain/ports/tables.ts';

/**
 * Puts in one transaction, each under the condition that nothing is there; somebody who was faster with one of them is
 * as good. Who only holds an item at this moment may put nothing, so then it is tried again.
 */
export function writeMissing(tables: Tables, writes: readonly Write[]): Promise<void> {
  return untilCommitted(async () => {
    try {
      await tables.write(writes);
    } catch (error) {
      if (!(error instanceof WriteRefused) || error.failed.length === 0) throw error;
      const missing = writes.filter((_, index) => !error.failed.includes(index));
      if (missing.length > 0) await tables.write(missing);
    }
  });
}
