import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Of the files in the folder; another number when a release reads them in another way. */
const FORMAT = 5;
const MARK = 'interlock-data.json';
/** Stands while the folder is made or emptied: who is ended in between goes on with it at the next start. */
const EMPTYING = 'emptying';
/** Ours, and the engine's. */
const DATABASES = ['machine.db', 'tables.db'] as const;
/** The application id of both from the beginning: one that was removed or emptied, and came to be anew, has none. */
const OURS = 0x494c;

/**
 * Opens the folder that holds everything this machine keeps, for this process alone. The database is durable over
 * `kill -9` of the process at any moment.
 *
 * @throws RangeError when the folder is another instance's at this moment, of another version, holds something else, or
 *   lacks one of its databases; what {@link aboutFolder} makes a sentence of when it cannot be made, read or written
 */
export function openDataFolder(folder: string): DatabaseSync {
  claim(folder);
  const store = lockedStore(folder);
  if (!existsSync(join(folder, EMPTYING))) return store;
  store.close();
  emptyDataFolder(folder);
  return lockedStore(folder);
}

/** What the system or SQLite say of the folder and its files, in a sentence; any other error as it is. */
export function aboutFolder(folder: string, error: unknown, file = ''): unknown {
  if (!(error instanceof Error)) return error;
  const path = 'path' in error ? String(error.path) : undefined;
  const isOfSystem = path !== undefined && (path.startsWith(folder) || folder.startsWith(path));
  const isOfSqlite = 'code' in error && error.code === 'ERR_SQLITE_ERROR';
  if (!isOfSystem && !isOfSqlite) return error;
  return new RangeError(
    `${folder} cannot be the data folder (${file}${error.message}): mend that, choose another one (--data DIR), or remove this one to begin anew`,
  );
}

/** Makes the folder ours, or sees that it is. */
function claim(folder: string): void {
  make(folder);
  const mark = join(folder, MARK);
  if (!existsSync(mark)) {
    if (readdirSync(folder).some((name) => ![`${MARK}.new`, EMPTYING].includes(name)))
      throw new RangeError(
        `${folder} holds files that are not Interlock's: choose an empty or new folder (--data DIR)`,
      );
    writeFileSync(join(folder, EMPTYING), '');
    writeFileSync(`${mark}.new`, JSON.stringify({ format: FORMAT }));
    renameSync(`${mark}.new`, mark);
  }
  const format = /^\{"format":(\d+)\}$/.exec(readFileSync(mark, 'utf8'))?.[1] ?? `(unreadable in ${MARK})`;
  if (format !== String(FORMAT))
    throw new RangeError(
      `the data in ${folder} have format ${format}, and this version reads format ${FORMAT}: start with another folder (--data DIR), or remove this one to begin anew`,
    );
  for (const name of ['', ...readdirSync(folder)]) accessSync(join(folder, name), constants.R_OK | constants.W_OK);
}

/** Node's own recursive way never ends in a folder that takes none, such as /proc. */
function make(folder: string): void {
  if (existsSync(folder)) return;
  make(dirname(folder));
  mkdirSync(folder);
}

function lockedStore(folder: string): DatabaseSync {
  opened(folder, 'tables.db').close(); // The engine would only end.
  return opened(
    folder,
    'machine.db',
    'pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal',
  );
}

/** Opens one of the two databases, which can be written and is the one that was made with the folder. */
function opened(folder: string, name: (typeof DATABASES)[number], settings = ''): DatabaseSync {
  const database = new DatabaseSync(join(folder, name), { timeout: 1000, open: false });
  try {
    database.open();
    database.exec(`${settings}; begin immediate; commit`); // Takes the lock now; the system's kernel gives it back whatever ends us.
    const { application_id: made } = database.prepare('pragma application_id').get() ?? {};
    if (made === OURS || existsSync(join(folder, EMPTYING))) return database;
    throw new RangeError(
      `${join(folder, name)} was removed or emptied, and the rest of the data needs it: put it back, choose another folder (--data DIR), or remove this one to begin anew`,
    );
  } catch (error) {
    if (database.isOpen) database.close();
    if (!String(error).includes('locked')) throw aboutFolder(folder, error, `${name}: `);
    throw new RangeError(
      `another instance runs on the data in ${folder}: stop it, or choose another folder (--data DIR)`,
    );
  }
}

/** Removes everything in the folder that a start made; the folder stays ours, with both databases empty. */
export function emptyDataFolder(folder: string): void {
  writeFileSync(join(folder, EMPTYING), '');
  for (const name of readdirSync(folder)) {
    if (name !== MARK && name !== EMPTYING) rmSync(join(folder, name), { recursive: true, force: true });
  }
  for (const name of DATABASES) opened(folder, name, `pragma application_id = ${OURS}`).close();
  rmSync(join(folder, EMPTYING));
}
