import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { BrokenFile, type FileFault, type Found } from './file-lines.ts';
import type { Mapping } from './mapping.ts';
import { readCsv } from './read-csv.ts';
import { readNdjson } from './read-ndjson.ts';

/** A file that can be replayed, and how it is read. */
export interface ReplayFile {
  readonly path: string;
  readonly format: 'csv' | 'ndjson';
  /** Goes before the source of every row. */
  readonly source?: string;
  readonly mapping: Mapping;
}

/** What a first reading of the whole file found. */
export interface CheckedFile {
  /** SHA-256 of the content, in hexadecimal digits. */
  readonly digest: string;
  readonly rows: number;
  readonly faults: number;
  /** How many rows each source has. */
  readonly sources: ReadonlyMap<string, number>;
}

/**
 * The format by the file's name.
 * @throws RangeError when it is no file, or its name says neither
 */
export async function formatOf(path: string): Promise<ReplayFile['format']> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new RangeError(`${path} is no file`);
  if (/\.csv$/i.test(path)) return 'csv';
  if (/\.(?:ndjson|jsonl)$/i.test(path)) return 'ndjson';
  throw new RangeError(
    `${path} is named neither .csv (a complaint export) nor .ndjson or .jsonl (one report per line)`,
  );
}

/**
 * The rows and faults of a file, in its order and in bounded memory.
 * @throws BrokenFile, with the file's name, when it cannot be read to its end
 */
export async function* readRows(file: ReplayFile, hash?: ReturnType<typeof createHash>): AsyncGenerator<Found> {
  const { path, format, source, mapping } = file;
  try {
    yield* format === 'csv' ? readCsv(path, { mapping, source, hash }) : readNdjson(path, { source, hash });
  } catch (error) {
    throw error instanceof BrokenFile ? new BrokenFile(error.fault, path) : error;
  }
}

/**
 * Reads a file once before anything of it is sent.
 *
 * @param tell hears of every fault, in the order of the file
 * @throws BrokenFile when the file cannot be read to its end
 */
export async function checkFile(file: ReplayFile, tell: (fault: FileFault) => void): Promise<CheckedFile> {
  const hash = createHash('sha256');
  const sources = new Map<string, number>();
  let rows = 0;
  let faults = 0;
  for await (const found of readRows(file, hash)) {
    if ('fault' in found) {
      faults += 1;
      tell(found.fault);
      continue;
    }
    rows += 1;
    sources.set(found.row.source, (sources.get(found.row.source) ?? 0) + 1);
  }
  return { digest: hash.digest('hex'), rows, faults, sources };
}
