import { problem, type Reply } from '#shared/contracts/api/request.ts';
import { CONTENT_TYPES, type Format, fileNameOf, rendered } from '#shared/domain/exports/formats.ts';
import { cursorOf, readCursor, type ScoreExport } from '#shared/domain/exports/score-export.ts';
import { firstRows, type SnapshotPorts, snapshotRows } from '#shared/domain/exports/snapshot.ts';
import type { ExportStore } from '#shared/domain/ports/export-store.ts';
import { UnknownCursor } from '#shared/domain/ports/tables.ts';

export type ReadyExport = Extract<ScoreExport['progress'], { state: 'ready' }>;

/** A place in a snapshot: after so many of its rows. */
export interface Place {
  readonly export: ReadyExport;
  readonly from: number;
}

/** What one answer may have. API Gateway and Lambda carry 6 MB, of which the quotes of a text in JSON take some. */
export const ANSWER_BYTES = 5_000_000;

/**
 * The place that a cursor names, whatever came since.
 * @param period that the caller names beside it, which must be the export's
 * @throws UnknownCursor for a place that no export has
 */
export async function pageAt(
  cursor: string,
  period: string | undefined,
  { exports }: { readonly exports: ExportStore },
): Promise<Place | { readonly refused: string }> {
  const named = readCursor(cursor);
  const progress = named && (await exports.load(named.exportId))?.progress;
  if (progress?.state !== 'ready' || named === undefined || named.from >= progress.controls.rows)
    throw new UnknownCursor('cursor is not one that a page of this list gave');
  const { about } = progress;
  if (period !== undefined && period !== about.period)
    return { refused: `is not ${about.period}, which the cursor names` };
  return { export: progress, from: named.from };
}

/**
 * An export from a place on, all of it or so many rows, in one answer.
 * @throws ChangedSnapshot when the snapshot is not what was frozen
 * @returns 413 with the route for long ones when the answer would be over {@link ANSWER_BYTES}; never a part of it
 */
export async function scoresReply(
  { export: frozen, from }: Place,
  { format, limit }: { readonly format: Format; readonly limit?: number | undefined },
  ports: SnapshotPorts,
): Promise<Reply> {
  const { about, controls } = frozen;
  const { exportId, period } = about;
  const end = Math.min(controls.rows, from + (limit ?? controls.rows));
  const next = end < controls.rows ? cursorOf(exportId, end) : undefined;
  const rows = firstRows(snapshotRows(frozen, from, ports), end - from);
  const around = { exportId, controls, ...(next !== undefined && { next }) };
  let body = '';
  for await (const part of rendered(format, around, rows, ports.csv)) {
    body += part;
    if (Buffer.byteLength(body) > ANSWER_BYTES) return tooLarge(beyond(limit), exportId);
  }
  const query = new URLSearchParams({
    cursor: next ?? '',
    format,
    ...(limit !== undefined && { limit: String(limit) }),
  });
  return {
    status: 200,
    body,
    headers: {
      'content-type': CONTENT_TYPES[format],
      'content-disposition': `attachment; filename="${fileNameOf(period, exportId, format)}"`,
      'interlock-export': exportId,
      ...(next !== undefined && { link: `</exports/scores?${query}>; rel="next"` }),
    },
  };
}

/** @param exportId of the export that stands already, and whose files `GET /exports/{exportId}` links */
export function tooLarge(why: string, exportId?: string): Reply {
  const written = exportId === undefined ? '' : ` This one is written already: GET /exports/${exportId} has its links.`;
  const detail = `${why} POST /exports writes an export of any length and GET /exports/{exportId} links its files.${written}`;
  return problem(413, { detail, job: 'POST /exports', ...(exportId !== undefined && { exportId }) });
}

function beyond(limit: number | undefined): string {
  const what = limit === undefined ? 'The export' : `A page of ${limit} rows`;
  return `${what} has over ${ANSWER_BYTES} bytes, which is more than one answer has; a smaller limit gives pages.`;
}
