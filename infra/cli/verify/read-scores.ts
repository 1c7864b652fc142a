import { parse } from 'csv-parse/sync';
import * as z from 'zod';
import { contentHash } from '#shared/adapters/digest.ts';
import { ControlsV1, ScoreRowV1 } from '#shared/contracts/score-export.v1.ts';
import type { SeenRow } from '#shared/domain/exports/compare-rows.ts';
import type { Controls } from '#shared/domain/exports/controls.ts';
import type { Format } from '#shared/domain/exports/formats.ts';
import { COLUMNS, fieldsOfCells } from '#shared/domain/exports/table-cells.ts';

/** An export as somebody stored it, or a page of it. */
export interface StoredScores {
  readonly format: Format;
  /** Undefined for a table whose name does not say it. */
  readonly exportId?: string;
  readonly rows: readonly SeenRow[];
  /** A table has none in it. */
  readonly controls?: Controls;
  /** The further page that it names: then this is not the whole export. */
  readonly next?: string;
}

const Around = z.strictObject({ exportId: z.uuid(), controls: ControlsV1, next: z.string().optional() });
const CsvRecords = z.array(z.object({ record: z.array(z.string()), info: z.object({ lines: z.int() }) }));
const ID_IN_NAME = /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/;

/**
 * Reads an export's file by what stands in it, whatever it is called; of a table the id comes from its name.
 * @throws RangeError naming the first line that is no row
 */
export function readScores(name: string, bytes: Uint8Array): StoredScores {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  if (text.startsWith('{"exportId":') && text.includes('"rows":[')) return readJson(text);
  if (text.startsWith('{')) return readNdjson(text);
  return { ...readCsv(text), ...idIn(name) };
}

/** One row to a line, as it was written; a file that another program wrote anew is read as a whole. */
function readJson(text: string): StoredScores {
  const lines = text.split('\n');
  const end = lines.findLastIndex((line) => line.startsWith('],"controls":'));
  if (end < 0) throw new RangeError('the end of the file is missing: its last line holds the controls');
  if (lines.length !== end + 2 || lines[end + 1] !== '')
    throw new RangeError(`line ${end + 2} stands after the end of the file`);
  const rows = lines.slice(1, end).map((line, index) => rowIn(line.replace(/,$/, ''), index + 2));
  const around = aroundIn(`${lines[0]?.replace(/,?"rows":\[$/, '')},${lines[end]?.slice(2)}`, end + 1);
  return { format: 'json', rows, ...around };
}

function readNdjson(text: string): StoredScores {
  const lines = text.split('\n').slice(0, -1);
  const last = lines.pop();
  if (last === undefined) throw new RangeError('the file has no line that ends');
  const around = aroundIn(last, lines.length + 1);
  return { format: 'ndjson', rows: lines.map((line, index) => rowIn(line, index + 1)), ...around };
}

function readCsv(text: string): StoredScores {
  if (!text.endsWith('\r\n')) throw new RangeError('the last line of the table does not end');
  const records = CsvRecords.parse(parse(text, { bom: true, record_delimiter: '\r\n', info: true }));
  const [header, ...others] = records;
  if (header?.record.join() !== COLUMNS.join()) throw new RangeError(`line 1 is not ${COLUMNS.join()}`);
  const rows = others.map(({ record, info }) => seen(() => fieldsOfCells(record), info.lines));
  return { format: 'csv', rows };
}

function idIn(name: string): Pick<StoredScores, 'exportId'> {
  const exportId = ID_IN_NAME.exec(name)?.[1];
  return exportId === undefined ? {} : { exportId };
}

function aroundIn(line: string, number: number): Pick<StoredScores, 'exportId' | 'controls' | 'next'> {
  try {
    const { exportId, controls, next } = Around.parse(JSON.parse(line));
    return { exportId, controls, ...(next !== undefined && { next }) };
  } catch {
    throw new RangeError(`line ${number} does not hold the controls`);
  }
}

function rowIn(line: string, number: number): SeenRow {
  return seen(() => JSON.parse(line), number);
}

function seen(read: () => unknown, line: number): SeenRow {
  try {
    const row = ScoreRowV1.parse(read());
    return { subject: row.subjectId, hash: contentHash(row) };
  } catch (error) {
    const why = error instanceof z.ZodError ? error.issues[0]?.path.join('.') : String(error);
    throw new RangeError(`line ${line} is no row: ${why}`);
  }
}
