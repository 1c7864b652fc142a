import type { Controls } from './controls.ts';
import type { About, Frozen, Written } from './score-export.ts';
import type { FrozenRow, RowBatches, RowHead } from './score-row.ts';

/** What proves an export: what it holds, and the hashes of every file, every row and every card's head. */
export interface Manifest extends About {
  readonly controls: Controls;
  readonly files: Frozen['files'];
  /** The snapshot itself, in parts of so many rows, by their names in the export's folder. */
  readonly chunks: readonly (Written & { readonly name: string; readonly rows: number })[];
  /** One per row, in their order. */
  readonly lines: readonly ManifestLine[];
}

export interface ManifestLine {
  readonly subject: string;
  /** SHA-256 of the row's canonical JSON (RFC 8785): the same in every format. */
  readonly hash: string;
  readonly head: RowHead | null;
}

/** The line of a manifest about one row. */
export function manifestLine({ row, head }: FrozenRow, contentHash: (value: unknown) => string): ManifestLine {
  return { subject: row.subjectId, hash: contentHash(row), head };
}

/** A manifest as JSON, some rows at a time. */
export async function* manifestText(
  manifest: Omit<Manifest, 'lines'>,
  batches: RowBatches,
  contentHash: (value: unknown) => string,
): AsyncIterable<string> {
  const { exportId, period, asOf, versions, controls, files, chunks } = manifest;
  yield `${JSON.stringify({ exportId, period, asOf, versions, controls, files, chunks }).slice(0, -1)},"lines":[`;
  let between = '\n';
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    yield between + batch.map((frozen) => JSON.stringify(manifestLine(frozen, contentHash))).join(',\n');
    between = ',\n';
  }
  yield '\n]}\n';
}
