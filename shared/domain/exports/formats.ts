import type { Controls } from './controls.ts';
import type { RowBatches } from './score-row.ts';
import { COLUMNS, cellsOf } from './table-cells.ts';

export const FORMATS = ['json', 'ndjson', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
};

/** Lines of a table as RFC 4180 has them, each with its line end. */
export type CsvLines = (records: readonly (readonly string[])[]) => string;

/** What stands around the rows of an export or of a page of it. */
export interface Around {
  readonly exportId: string;
  /** Of the whole export, on its pages too. */
  readonly controls: Controls;
  /** Cursor of the page after; absent on the last. */
  readonly next?: string;
}

/** Tells a spreadsheet that the file is UTF-8: without it, Excel reads Chinese as the machine's own code page. */
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * An export or a page of it in one format, some rows at a time (X-1). Whole exports are the same bytes whenever they are
 * made of the same rows.
 */
export function rendered(format: Format, around: Around, batches: RowBatches, csv: CsvLines): AsyncIterable<string> {
  switch (format) {
    case 'json':
      return inJson(around, batches);
    case 'ndjson':
      return inNdjson(around, batches);
    case 'csv':
      return inCsv(batches, csv);
  }
}

/** The name under which somebody stores an export. */
export function fileNameOf(period: string, exportId: string, format: Format): string {
  return `interlock-scores-${period}-${exportId}.${format}`;
}

async function* inJson({ exportId, controls, next }: Around, batches: RowBatches): AsyncIterable<string> {
  yield `{"exportId":${JSON.stringify(exportId)},"rows":[`;
  let between = '\n';
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    yield between + batch.map(({ row }) => JSON.stringify(row)).join(',\n');
    between = ',\n';
  }
  yield `\n],"controls":${JSON.stringify(controls)}${next === undefined ? '' : `,"next":${JSON.stringify(next)}`}}\n`;
}

async function* inNdjson(around: Around, batches: RowBatches): AsyncIterable<string> {
  for await (const batch of batches) yield batch.map(({ row }) => `${JSON.stringify(row)}\n`).join('');
  const { exportId, controls, next } = around;
  yield `${JSON.stringify({ exportId, controls, next })}\n`;
}

async function* inCsv(batches: RowBatches, csv: CsvLines): AsyncIterable<string> {
  yield BYTE_ORDER_MARK + csv([COLUMNS]);
  for await (const batch of batches) yield csv(batch.map(({ row }) => cellsOf(row)));
}
