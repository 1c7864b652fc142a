import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { contentHash, newHash } from '#shared/adapters/digest.ts';
import { csvLines } from '#shared/adapters/score-snapshot.ts';
import { FrozenRowV1, ManifestV1 } from '#shared/contracts/score-export.v1.ts';
import { firstDifference } from '#shared/domain/exports/compare-rows.ts';
import { differingControl, newTally } from '#shared/domain/exports/controls.ts';
import { rendered } from '#shared/domain/exports/formats.ts';
import { type Manifest, manifestLine } from '#shared/domain/exports/manifest.ts';
import { rowFault } from '#shared/domain/exports/recompute-row.ts';
import { cursorOf, type ScoreExport, type Written } from '#shared/domain/exports/score-export.ts';
import type { FrozenRow } from '#shared/domain/exports/score-row.ts';
import { MANIFEST } from '#shared/domain/exports/snapshot.ts';
import { leftOut } from '#shared/domain/exports/whole-writes.ts';
import { inOrder } from '#shared/domain/in-order.ts';
import type { ExportStore } from '#shared/domain/ports/export-store.ts';
import type { Files } from '#shared/domain/ports/files.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { SealStore } from '#shared/domain/ports/seal-store.ts';
import { readScores, type StoredScores } from './read-scores.ts';

export interface VerifyExportPorts {
  readonly exports: ExportStore;
  readonly files: Files;
  readonly seals: SealStore;
  readonly reference: Reference;
}

export interface VerifyExportOptions {
  readonly file: string;
  /** For a table whose name does not say it. */
  readonly id?: string;
  /** A manifest that somebody stored; the export's own is checked against it. */
  readonly manifest?: string;
  /** Whether the file is one page of the export. */
  readonly page?: boolean;
}

/** What was found wrong first. */
export class NotAsExported extends Error {
  override readonly name = 'NotAsExported';
}

/** Cards that are read at a time. */
const CARDS_AT_ONCE = 16;

/** A text of more does not fit into one of JavaScript's. */
const MOST_BYTES = 500_000_000;

type Ready = Extract<ScoreExport['progress'], { state: 'ready' }>;

/**
 * Checks an export's file against its manifest, the manifest against the export's state, all stored parts against the
 * manifest, every row against its card up to the row's head, and the month's other cards: whoever has entries has a row
 * (X-2).
 *
 * @returns what was checked, in sentences
 * @throws NotAsExported naming the first difference
 * @throws RangeError when the file or export cannot be found or names none
 */
export async function verifyExport(options: VerifyExportOptions, ports: VerifyExportPorts): Promise<readonly string[]> {
  const bytes = readGiven(options.file);
  const scores = inFile(options.file, () => readScores(basename(options.file), bytes));
  const exportId = options.id ?? scores.exportId;
  if (exportId === undefined) throw new RangeError('the name of the file does not say its export; give it with --id');
  const found = await ports.exports.load(exportId);
  if (found?.progress.state !== 'ready') throw new RangeError(`there is no export ${exportId} that was written here`);
  const frozen = found.progress;
  if (frozen.about.exportId !== exportId || frozen.about.period !== found.period)
    throw new NotAsExported(`the state of the export: it names ${found.period}, and what was written another`);
  const manifest = await checkedManifest(frozen, options.manifest, ports.files);
  const rows = await checkedSnapshot(frozen, manifest, ports.files);
  for (const file of manifest.files) await refuseOther(`${frozen.folder}/${file.name}`, file, ports.files);
  const isPage = options.page === true || scores.next !== undefined;
  checkFile(options.file, scores, manifest, isPage);
  if (isPage) await checkPage(options.file, bytes, scores, rows, manifest);
  else await checkBytes(options.file, bytes, scores, { frozen, manifest }, ports.files);
  await checkLedger(rows, ports);
  await checkOthers(rows, manifest, ports);
  const { controls } = manifest;
  return [
    `export ${exportId} of ${manifest.period} as of ${manifest.asOf}`,
    `the manifest is the one that was written; the snapshot and its files (${manifest.files.length}) are unchanged`,
    isPage
      ? `the file is a page of it: ${scores.rows.length} of its ${controls.rows} rows, none changed, missing or repeated`
      : `the file is all of it: ${controls.rows} rows, results ${controls.sumResult}, adjustments ${controls.sumAdjustments}`,
    `every one of the ${controls.rows} rows follows from the sealed entries of its card up to its head`,
    `no card of ${manifest.period} with entries from before the export is without a row`,
  ];
}

/** The export's manifest, when its bytes are those that the state names, and says what the state says. */
async function checkedManifest(frozen: Ready, given: string | undefined, files: Files): Promise<Manifest> {
  const key = `${frozen.folder}/${MANIFEST}`;
  const bytes = await refuseOther(key, frozen.manifest, files);
  const manifest = inFile(key, () => ManifestV1.parse(JSON.parse(new TextDecoder().decode(bytes))));
  if (given !== undefined) checkKept(given, manifest, frozen);
  const { exportId, period, asOf, versions } = manifest;
  const about = { exportId, period, asOf, versions };
  if (contentHash(about) !== contentHash(frozen.about)) throw new NotAsExported(`${key}: is about another export`);
  const control = differingControl(manifest.controls, frozen.controls);
  if (control !== undefined) throw new NotAsExported(`${key}: in its controls ${control}`);
  if (contentHash(manifest.files) !== contentHash(frozen.files))
    throw new NotAsExported(`${key}: names other files than the state of the export`);
  if (contentHash(manifest.chunks.map(({ sha256 }) => sha256)) !== contentHash(frozen.parts))
    throw new NotAsExported(`${key}: names other parts of the snapshot than the state of the export`);
  return manifest;
}

/** A manifest that somebody kept: as the file that is linked, or as the document in the answer about the export. */
function checkKept(given: string, manifest: Manifest, frozen: Ready): void {
  const bytes = readGiven(given);
  if (hashOf(bytes) === frozen.manifest.sha256) return;
  const kept = inFile(given, () => contentHash(JSON.parse(new TextDecoder().decode(bytes))));
  if (kept !== contentHash(manifest))
    throw new NotAsExported(`${given}: is not the export's manifest, whose SHA-256 is ${frozen.manifest.sha256}`);
}

/** The rows of the snapshot, when each part, each row and the controls are what the manifest says. */
async function checkedSnapshot({ folder }: Ready, manifest: Manifest, files: Files): Promise<readonly FrozenRow[]> {
  const rows: FrozenRow[] = [];
  for (const chunk of manifest.chunks) {
    const bytes = await refuseOther(`${folder}/${chunk.name}`, chunk, files);
    const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -1);
    rows.push(...inFile(chunk.name, () => lines.map((line) => FrozenRowV1.parse(JSON.parse(line)))));
  }
  const lines = rows.map((row) => manifestLine(row, contentHash));
  const difference = firstDifference(manifest.lines, lines, true);
  if (difference !== undefined) throw new NotAsExported(`the snapshot: ${difference}`);
  const tally = newTally(newHash);
  for (const row of rows) tally.add(row);
  const control = differingControl(manifest.controls, tally.controls());
  if (control !== undefined) throw new NotAsExported(`the manifest: of its controls ${control}, which the rows say`);
  return rows;
}

function checkFile(file: string, scores: StoredScores, manifest: Manifest, isPage: boolean): void {
  const difference = firstDifference(manifest.lines, scores.rows, !isPage);
  const hint = isPage ? '' : '; a single page of an export is checked with --page';
  if (difference !== undefined) throw new NotAsExported(`${file}: ${difference}${hint}`);
  const control = scores.controls && differingControl(scores.controls, manifest.controls);
  if (control !== undefined) throw new NotAsExported(`${file}: of its controls ${control}, which the manifest says`);
}

/**
 * A page is what would be answered for its rows: the same bytes, the next page named after its last row, and none named
 * where that is the last row of all.
 */
async function checkPage(
  file: string,
  bytes: Uint8Array,
  { format, rows: seen, next }: StoredScores,
  rows: readonly FrozenRow[],
  { exportId, controls, lines }: Manifest,
): Promise<void> {
  if (seen.length === 0 && rows.length > 0) throw new NotAsExported(`${file}: has no rows`);
  const start = lines.findIndex(({ subject }) => subject === seen[0]?.subject);
  const end = Math.max(start, 0) + seen.length;
  const expected = end < rows.length ? cursorOf(exportId, end) : undefined;
  if (format !== 'csv' && next !== expected)
    throw new NotAsExported(
      `${file}: ends with ${seen.at(-1)?.subject}, so that ${expected ?? 'nothing'} is next, and it names ${next ?? 'nothing'}`,
    );
  async function* batches() {
    yield rows.slice(Math.max(start, 0), end);
  }
  const around = { exportId, controls, ...(expected !== undefined && { next: expected }) };
  let text = '';
  for await (const part of rendered(format, around, batches(), csvLines)) text += part;
  refuseOtherBytes(file, bytes, new TextEncoder().encode(text), 'the page that was answered');
}

/** Rows can be right and the file still be another: by one byte between them. */
async function checkBytes(
  file: string,
  bytes: Uint8Array,
  { format }: StoredScores,
  { frozen, manifest }: { readonly frozen: Ready; readonly manifest: Manifest },
  files: Files,
): Promise<void> {
  const written = manifest.files.find((each) => each.format === format);
  if (!written) throw new NotAsExported(`the manifest names no file in the format ${format}`);
  if (hashOf(bytes) === written.sha256) return;
  const stored = await files.read(`${frozen.folder}/${written.name}`);
  refuseOtherBytes(file, bytes, stored ?? new Uint8Array(), 'the file that was written');
}

/** @throws NotAsExported naming the first line that differs */
function refuseOtherBytes(file: string, bytes: Uint8Array, expected: Uint8Array, what: string): void {
  if (hashOf(bytes) === hashOf(expected)) return;
  const [one, other] = [linesIn(bytes), linesIn(expected)];
  const different = one.findIndex((text, index) => text !== other[index]);
  const line = different < 0 ? one.length : different + 1;
  throw new NotAsExported(`${file}: has other bytes than ${what}, from line ${line} on`);
}

async function checkLedger(rows: readonly FrozenRow[], { seals, reference }: VerifyExportPorts): Promise<void> {
  const faults = inOrder(rows, CARDS_AT_ONCE, async (frozen) => {
    const { subjectId, period, policyVersion } = frozen.row;
    const [stored, policy] = await Promise.all([seals.card(subjectId, period), reference.policy(policyVersion)]);
    return { subjectId, fault: rowFault(frozen, stored, policy, contentHash) };
  });
  for await (const { subjectId, fault } of faults)
    if (fault !== undefined) throw new NotAsExported(`the ledger, on the card of ${subjectId}: ${fault}`);
}

/** Whoever has entries from before the export has a row in it, whatever the export's own files say of each other. */
async function checkOthers(rows: readonly FrozenRow[], { period, asOf }: Manifest, { seals }: VerifyExportPorts) {
  const known = new Set(rows.map(({ row }) => row.subjectId));
  for await (const page of seals.heads(period)) {
    const others = page.filter(({ subject }) => !known.has(subject));
    const cards = inOrder(others, CARDS_AT_ONCE, async ({ subject }) => ({
      subject,
      left: leftOut((await seals.card(subject, period)).entries, [], { asOf }),
    }));
    for await (const { subject, left } of cards)
      if (left)
        throw new NotAsExported(
          `the ledger, on the card of ${subject}: the entry ${left.entryId} stood there before the export began, and there is no row`,
        );
  }
}

/** A stored file's bytes. @throws NotAsExported when they are not what was written */
async function refuseOther(key: string, written: Written, files: Files): Promise<Uint8Array> {
  const bytes = await files.read(key);
  if (!bytes) throw new NotAsExported(`${key}: is gone`);
  if (bytes.byteLength !== written.bytes || hashOf(bytes) !== written.sha256)
    throw new NotAsExported(`${key}: was changed: its SHA-256 is ${hashOf(bytes)}, and was ${written.sha256}`);
  return bytes;
}

/** @throws RangeError for a path at which no file can be read, and for a file that is too large */
function readGiven(file: string): Uint8Array {
  try {
    const { size } = statSync(file);
    if (size > MOST_BYTES) throw new RangeError(`it has ${size} bytes, and ${MOST_BYTES} can be checked at a time`);
    return readFileSync(file);
  } catch (error) {
    throw new RangeError(`${file} cannot be read: ${String(error)}`);
  }
}

/** A file that cannot be read as an export is not as it was exported. */
function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new NotAsExported(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function linesIn(bytes: Uint8Array): readonly string[] {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).split('\n');
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
