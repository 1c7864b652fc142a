import type { ContentHash, NewHash } from '../ports/digest.ts';
import type { Files } from '../ports/files.ts';
import { newTally } from './controls.ts';
import { CONTENT_TYPES, type CsvLines, FORMATS, fileNameOf, rendered } from './formats.ts';
import { type Manifest, manifestText } from './manifest.ts';
import type { About, Frozen, Written } from './score-export.ts';
import type { FrozenRow, RowBatches } from './score-row.ts';

/** Rows that are held at a time, and that one part of a snapshot has. */
const CHUNK_ROWS = 2_000;
export const MANIFEST = 'manifest.json';
const ROWS_TYPE = CONTENT_TYPES.ndjson;

export interface SnapshotPorts {
  readonly files: Files;
  readonly csv: CsvLines;
  readonly newHash: NewHash;
  readonly contentHash: ContentHash;
  /** A row out of its line of a snapshot. @throws Error when it is none */
  readonly readRow: (line: string) => FrozenRow;
}

/**
 * Writes an export in bounded memory, however many rows it has: first the snapshot in parts, then from it
 * every format, at last the manifest. Until the answer is kept somewhere nothing names these files; a try that ends
 * before leaves them to nobody, and the next one writes into a folder of its own.
 *
 * @param rows sorted by kind and id, each with its head
 */
export async function writeSnapshot(
  about: About,
  folder: string,
  rows: AsyncIterable<FrozenRow>,
  ports: SnapshotPorts,
): Promise<Frozen> {
  const write = (name: string, type: string, parts: AsyncIterable<string>) =>
    writeHashed(`${folder}/${name}`, type, parts, ports);
  const tally = newTally(ports.newHash);
  const chunks: Manifest['chunks'][number][] = [];
  for await (const batch of inBatches(rows, CHUNK_ROWS)) {
    for (const row of batch) tally.add(row);
    const name = chunkName(chunks.length);
    chunks.push({ name, rows: batch.length, ...(await write(name, ROWS_TYPE, linesOf(batch))) });
  }
  const controls = tally.controls();
  const snapshot = () => snapshotRows(folder, controls.rows, 0, ports);
  const files: Frozen['files'][number][] = [];
  for (const format of FORMATS) {
    const name = fileNameOf(about.period, about.exportId, format);
    const text = rendered(format, { exportId: about.exportId, controls }, snapshot(), ports.csv);
    files.push({ format, name, ...(await write(name, CONTENT_TYPES[format], text)) });
  }
  const text = manifestText({ ...about, controls, files, chunks }, snapshot(), ports.contentHash);
  const manifest = await write(MANIFEST, CONTENT_TYPES.json, text);
  return { about, controls, folder, files, manifest };
}

/**
 * The rows of a snapshot from one on, some at a time.
 * @param rows how many it has
 * @param from how many to leave out
 * @throws Error naming the part that is not there or has fewer rows than it should
 */
export async function* snapshotRows(
  folder: string,
  rows: number,
  from: number,
  { files, readRow }: Pick<SnapshotPorts, 'files' | 'readRow'>,
): RowBatches {
  for (let chunk = Math.floor(from / CHUNK_ROWS); chunk * CHUNK_ROWS < rows; chunk += 1) {
    const start = chunk * CHUNK_ROWS;
    const key = `${folder}/${chunkName(chunk)}`;
    const bytes = await files.read(key);
    const lines = bytes ? new TextDecoder().decode(bytes).split('\n').slice(0, -1) : [];
    const expected = Math.min(CHUNK_ROWS, rows - start);
    if (lines.length !== expected) throw new Error(`${key} must have ${expected} rows, and has ${lines.length}`);
    yield lines.slice(Math.max(0, from - start)).map(readRow);
  }
}

/** At most so many rows of them, counted over all batches. */
export async function* firstRows(batches: RowBatches, most: number): RowBatches {
  let left = most;
  for await (const batch of batches) {
    yield batch.slice(0, left);
    left -= batch.length;
    if (left <= 0) return;
  }
}

async function writeHashed(
  key: string,
  type: string,
  parts: AsyncIterable<string>,
  { files, newHash }: Pick<SnapshotPorts, 'files' | 'newHash'>,
): Promise<Written> {
  const hash = newHash();
  let bytes = 0;
  const encoder = new TextEncoder();
  async function* counted(): AsyncIterable<string> {
    for await (const part of parts) {
      hash.add(part);
      bytes += encoder.encode(part).length;
      yield part;
    }
  }
  await files.write(key, type, counted());
  return { bytes, sha256: hash.hex() };
}

function chunkName(index: number): string {
  return `rows/${String(index + 1).padStart(6, '0')}.ndjson`;
}

async function* linesOf(batch: readonly FrozenRow[]): AsyncIterable<string> {
  yield batch.map((frozen) => `${JSON.stringify(frozen)}\n`).join('');
}

async function* inBatches(rows: AsyncIterable<FrozenRow>, size: number): RowBatches {
  let batch: FrozenRow[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
