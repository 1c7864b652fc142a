import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { contentHash, newHash } from '#shared/adapters/digest.ts';
import { FrozenRowV1, ManifestV1 } from '#shared/contracts/score-export.v1.ts';
import { firstDifference } from '#shared/domain/exports/compare-rows.ts';
import { differingControl, newTally } from '#shared/domain/exports/controls.ts';
import { type Manifest, manifestLine } from '#shared/domain/exports/manifest.ts';
import { rowFault } from '#shared/domain/exports/recompute-row.ts';
import type { Frozen, Written } from '#shared/domain/exports/score-export.ts';
import type { FrozenRow } from '#shared/domain/exports/score-row.ts';
import { MANIFEST } from '#shared/domain/exports/snapshot.ts';
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

/**
 * Checks an export's file against its manifest, the manifest against the export's state, all stored parts against the
 * manifest, and every row against its card up to the row's head.
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
  const manifest = await checkedManifest(frozen, options.manifest, ports.files);
  const rows = await checkedSnapshot(frozen, manifest, ports.files);
  for (const file of manifest.files) await refuseOther(`${frozen.folder}/${file.name}`, file, ports.files);
  const isPage = options.page === true || scores.isPage;
  checkFile(options.file, scores, manifest, isPage);
  if (!isPage) await checkBytes(options.file, bytes, scores, { frozen, manifest }, ports.files);
  await checkLedger(rows, ports);
  const { controls } = manifest;
  return [
    `export ${exportId} of ${manifest.period} as of ${manifest.asOf}`,
    `the manifest is the one that was written; the snapshot and its files (${manifest.files.length}) are unchanged`,
    isPage
      ? `the file is a page of it: ${scores.rows.length} of its ${controls.rows} rows, none changed, missing or repeated`
      : `the file is all of it: ${controls.rows} rows, results ${controls.sumResult}, adjustments ${controls.sumAdjustments}`,
    `every one of the ${controls.rows} rows follows from the sealed entries of its card up to its head`,
  ];
}

/** The export's manifest, when its bytes are those that the state names, and says what the state says. */
async function checkedManifest(frozen: Frozen, given: string | undefined, files: Files): Promise<Manifest> {
  const key = `${frozen.folder}/${MANIFEST}`;
  const bytes = await refuseOther(key, frozen.manifest, files);
  if (given !== undefined && hashOf(readGiven(given)) !== frozen.manifest.sha256)
    throw new NotAsExported(`${given}: is not the export's manifest, whose SHA-256 is ${frozen.manifest.sha256}`);
  const manifest = ManifestV1.parse(JSON.parse(new TextDecoder().decode(bytes)));
  const { exportId, period, asOf, versions } = manifest;
  const about = { exportId, period, asOf, versions };
  if (contentHash(about) !== contentHash(frozen.about)) throw new NotAsExported(`${key}: is about another export`);
  const control = differingControl(manifest.controls, frozen.controls);
  if (control !== undefined) throw new NotAsExported(`${key}: in its controls ${control}`);
  return manifest;
}

/** The rows of the snapshot, when each part, each row and the controls are what the manifest says. */
async function checkedSnapshot({ folder }: Frozen, manifest: Manifest, files: Files): Promise<readonly FrozenRow[]> {
  const rows: FrozenRow[] = [];
  for (const chunk of manifest.chunks) {
    const bytes = await refuseOther(`${folder}/${chunk.name}`, chunk, files);
    const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -1);
    rows.push(...lines.map((line) => FrozenRowV1.parse(JSON.parse(line))));
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

/** Rows can be right and the file still be another: by one byte between them. */
async function checkBytes(
  file: string,
  bytes: Uint8Array,
  { format }: StoredScores,
  { frozen, manifest }: { readonly frozen: Frozen; readonly manifest: Manifest },
  files: Files,
): Promise<void> {
  const written = manifest.files.find((each) => each.format === format);
  if (!written) throw new NotAsExported(`the manifest names no file in the format ${format}`);
  if (hashOf(bytes) === written.sha256) return;
  const stored = await files.read(`${frozen.folder}/${written.name}`);
  const [one, other] = [linesIn(bytes), linesIn(stored ?? new Uint8Array())];
  const different = one.findIndex((text, index) => text !== other[index]);
  const line = different < 0 ? one.length : different + 1;
  throw new NotAsExported(`${file}: has other bytes than the file that was written, from line ${line} on`);
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

/** A stored file's bytes. @throws NotAsExported when they are not what was written */
async function refuseOther(key: string, written: Written, files: Files): Promise<Uint8Array> {
  const bytes = await files.read(key);
  if (!bytes) throw new NotAsExported(`${key}: is gone`);
  if (bytes.byteLength !== written.bytes || hashOf(bytes) !== written.sha256)
    throw new NotAsExported(`${key}: was changed: its SHA-256 is ${hashOf(bytes)}, and was ${written.sha256}`);
  return bytes;
}

/** @throws RangeError for a path at which no file can be read */
function readGiven(file: string): Uint8Array {
  try {
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
