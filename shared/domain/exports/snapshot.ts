import type { ContentHash, NewHash } from '../ports/digest.ts';
import type { Files } from '../ports/files.ts';
import { newTally } from './controls.ts';
import { CONTENT_TYPES, type CsvLines, FORMATS, fileNameOf, rendered } from './formats.ts';
import { type Manifest, manifestText } from './manifest.ts';
import type { About, Frozen, Written } from './score-export.ts';
import { type FrozenRow, placeOf, type RowBatches } from './score-row.ts';

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

/** What was frozen does not stand any more as it was written: nothing of it is answered. */
export class ChangedSnapshot extends Error {
  override readonly name = 'ChangedSnapshot';
}

/** Where a snapshot's rows stand, and by what its parts are known again. */
export interface Snapshot extends Pick<Frozen, 'folder' | 'parts'> {
  readonly controls: Pick<Frozen['controls'], 'rows'>;
}

/**
 * Writes an export in bounded memory, however many rows it has: first the snapshot in parts, then from it
 * every format, at last the manifest. Until the answer is kept somewhere nothing names these files; a try that ends
 * before leaves them to nobody, and the next one writes into a folder of its own.
 *
 * @param rows sorted by kind and id, each with its head
 * @param corrections asked for once all rows were taken: rows that stand in the place of those of the same subject, or
 *   between the others, sorted in the same way
 */
export async function writeSnapshot(
  about: About,
  folder: string,
  rows: AsyncIterable<FrozenRow>,
  ports: SnapshotPorts,
  corrections: () => Promise<readonly FrozenRow[]> = async () => [],
): Promise<Frozen> {
  const write = (name: string, type: string, parts: AsyncIterable<string>) =>
    writeHashed(`${folder}/${name}`, type, parts, ports);
  let written = await writeParts(folder, rows, ports);
  const instead = await corrections();
  // Each part is read before it is written anew, which holds one part at a time here too.
  if (instead.length > 0) written = await writeParts(folder, merged(snapshotRows(written, 0, ports), instead), ports);
  const { controls, parts, chunks } = written;
  const snapshot = () => snapshotRows(written, 0, ports);
  const files: Frozen['files'][number][] = [];
  for (const format of FORMATS) {
    const name = fileNameOf(about.period, about.exportId, format);
    const text = rendered(format, { exportId: about.exportId, controls }, snapshot(), ports.csv);
    files.push({ format, name, ...(await write(name, CONTENT_TYPES[format], text)) });
  }
  const text = manifestText({ ...about, controls, files, chunks }, snapshot(), ports.contentHash);
  const manifest = await write(MANIFEST, CONTENT_TYPES.json, text);
  return { about, controls, folder, parts, files, manifest };
}

async function writeParts(
  folder: string,
  rows: AsyncIterable<FrozenRow>,
  ports: SnapshotPorts,
): Promise<Pick<Frozen, 'folder' | 'parts' | 'controls'> & Pick<Manifest, 'chunks'>> {
  const tally = newTally(ports.newHash);
  const chunks: Manifest['chunks'][number][] = [];
  for await (const batch of inBatches(rows, CHUNK_ROWS)) {
    for (const row of batch) tally.add(row);
    const name = chunkName(chunks.length);
    const written = await writeHashed(`${folder}/${name}`, ROWS_TYPE, linesOf(batch), ports);
    chunks.push({ name, rows: batch.length, ...written });
  }
  return { folder, parts: chunks.map(({ sha256 }) => sha256), controls: tally.controls(), chunks };
}

/** Sorted rows with others put in the place of those of the same subject, or between them. */
async function* merged(batches: RowBatches, instead: readonly FrozenRow[]): AsyncIterable<FrozenRow> {
  let next = 0;
  for await (const batch of batches) {
    for (const frozen of batch) {
      const place = placeOf(frozen);
      for (let other = instead[next]; other && placeOf(other) < place; other = instead[next]) {
        yield other;
        next += 1;
      }
      const other = instead[next];
      const same = other && placeOf(other) === place ? other : undefined;
      yield same ?? frozen;
      if (same) next += 1;
    }
  }
  yield* instead.slice(next);
}

/**
 * The rows of a snapshot from one on, some at a time, each part only when it is as it was written.
 * @param from how many to leave out
 * @throws ChangedSnapshot naming the part that is not there any more or was changed
 */
export async function* snapshotRows(
  { folder, parts, controls: { rows } }: Snapshot,
  from: number,
  { files, newHash, readRow }: Pick<SnapshotPorts, 'files' | 'newHash' | 'readRow'>,
): RowBatches {
  for (let chunk = Math.floor(from / CHUNK_ROWS); chunk * CHUNK_ROWS < rows; chunk += 1) {
    const key = `${folder}/${chunkName(chunk)}`;
    const text = unchangedText(key, await files.read(key), parts[chunk], newHash);
    const lines = text.split('\n').slice(0, -1);
    yield lines.slice(Math.max(0, from - chunk * CHUNK_ROWS)).map(readRow);
  }
}

/**
 * The text of a stored file that is as it was written.
 * @throws ChangedSnapshot naming the file that is not
 */
export function unchangedText(
  key: string,
  bytes: Uint8Array | undefined,
  sha256: string | undefined,
  newHash: NewHash,
): string {
  if (!bytes) throw new ChangedSnapshot(`${key} is gone; run: npm run verify -- export`);
  // A mark at the start is a changed byte as well, and so is what is no UTF-8: its text has another hash.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const hash = newHash();
  hash.add(text);
  if (hash.hex() !== sha256) throw new ChangedSnapshot(`${key} was changed; run: npm run verify -- export`);
  return text;
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
