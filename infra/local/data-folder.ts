import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Of the files in the folder; another number when a release reads them in another way. */
const FORMAT = 4;
const MARK = 'interlock-data.json';
/** Stands while the folder is emptied: who is ended in between goes on with it at the next start. */
const EMPTYING = 'emptying';

/**
 * Opens the folder that holds everything this machine keeps, for this process alone. The database is durable over
 * `kill -9` of the process at any moment.
 *
 * @throws RangeError when the folder is another instance's at this moment, of another version, holds something else, or
 *   cannot be made
 */
export function openDataFolder(folder: string): DatabaseSync {
  claim(folder);
  const store = lockedStore(folder);
  if (!existsSync(join(folder, EMPTYING))) return store;
  store.close();
  emptyDataFolder(folder);
  return lockedStore(folder);
}

/** Makes the folder ours, or sees that it is. */
function claim(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new RangeError(`${folder} cannot be the data folder (${String(error)}): choose another one (--data DIR)`);
  }
  const mark = join(folder, MARK);
  if (!existsSync(mark)) {
    if (readdirSync(folder).some((name) => name !== `${MARK}.new`))
      throw new RangeError(
        `${folder} holds files that are not Interlock's: choose an empty or new folder (--data DIR)`,
      );
    writeFileSync(`${mark}.new`, JSON.stringify({ format: FORMAT }));
    renameSync(`${mark}.new`, mark);
  }
  const format = /^\{"format":(\d+)\}$/.exec(readFileSync(mark, 'utf8'))?.[1] ?? `(unreadable in ${MARK})`;
  if (format !== String(FORMAT))
    throw new RangeError(
      `the data in ${folder} have format ${format}, and this version reads format ${FORMAT}: start with another folder (--data DIR), or remove this one to begin anew`,
    );
}

function lockedStore(folder: string): DatabaseSync {
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
  writeFileSync(join(folder, EMPTYING), '');
  for (const name of readdirSync(folder)) {
    if (name !== MARK && name !== EMPTYING) rmSync(join(folder, name), { recursive: true, force: true });
  }
  rmSync(join(folder, EMPTYING));
}
