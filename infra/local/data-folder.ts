import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';

/** Of the files in the folder; another number when a release reads them in another way. */
const FORMAT = 1;
const MARK = 'interlock-data.json';
const Mark = z.object({ format: z.number().int() });

/**
 * Opens the folder that holds everything this machine keeps, for this process alone. The database is durable over
 * `kill -9` of the process at any moment.
 *
 * @throws RangeError when the folder is another instance's at this moment, of another version, or holds something else
 */
export function openDataFolder(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true });
  const mark = join(folder, MARK);
  if (existsSync(mark)) {
    const { format } = Mark.parse(JSON.parse(readFileSync(mark, 'utf8')));
    if (format !== FORMAT)
      throw new RangeError(
        `the data in ${folder} have format ${format}, and this version reads format ${FORMAT}: start with another folder (--data DIR), or remove this one to begin anew`,
      );
  } else if (readdirSync(folder).length > 0) {
    throw new RangeError(`${folder} holds files that are not Interlock's: choose an empty or new folder (--data DIR)`);
  } else writeFileSync(mark, JSON.stringify({ format: FORMAT }));
  const store = new DatabaseSync(join(folder, 'machine.db'), { timeout: 0 });
  try {
    store.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal');
    store.exec('begin immediate; commit'); // Takes the lock now; the system's kernel gives it back whatever ends us.
  } catch (error) {
    store.close();
    if (!String(error).includes('locked')) throw error;
    throw new RangeError(
      `another instance runs on the data in ${folder}: stop it, or choose another folder (--data DIR)`,
    );
  }
  return store;
}

/** Removes everything in the folder that a start made; the folder stays ours. */
export function emptyDataFolder(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name !== MARK) rmSync(join(folder, name), { recursive: true, force: true });
  }
}
