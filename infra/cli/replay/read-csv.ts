import type { Hash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import * as z from 'zod';
import { BrokenFile, chunksOf, type Found, firstNotUtf8, LineCounter, LONGEST_BYTES, linesOf } from './file-lines.ts';
import { columnsOf, type Mapping, mapRow } from './mapping.ts';

/** What the library gives for each record; `bytes` is the offset behind it. */
const ReadRecord = z.object({
  info: z.object({ bytes: z.int() }),
  record: z.record(z.string(), z.string()),
});

export interface CsvReading {
  readonly mapping: Mapping;
  /** Overrides the mapping's source. */
  readonly source?: string;
  /** Takes in every byte that is read. */
  readonly hash?: Hash;
}

/**
 * Reads an export as reports, in bounded memory: UTF-8 with or without byte order mark, a header line, quoted cells
 * over any number of lines. A row that the mapping cannot take is a fault of its line.
 *
 * @throws BrokenFile for another encoding, missing columns, or a record that is no CSV; nothing behind it can be trusted
 */
export async function* readCsv(path: string, { mapping, source, hash }: CsvReading): AsyncGenerator<Found> {
  const lines = new LineCounter();
  /** Where the first record begins, and where the one begins that the library reads now, ahead of what it hands out. */
  let begin = 0;
  let reading = 0;
  const parser = parse({
    bom: true,
    info: true,
    // Cells lose their blanks anyway; with this, a line of nothing else is an empty one.
    ltrim: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_BYTES,
    columns: (header: string[]) => {
      begin = parser.info.bytes;
      reading = begin;
      return checkedHeader(header, mapping);
    },
    on_record: (item: unknown, { bytes }) => {
      reading = bytes;
      return item;
    },
  });
  // Its errors come out where the parser is read.
  pipeline(Readable.from(checkedChunks(path, lines, hash)), parser, () => {});
  let index = 0;
  let end = 0;
  try {
    for await (const item of parser) {
      const { info, record } = ReadRecord.parse(item);
      const line = lines.lineFrom(Math.max(begin, end));
      end = info.bytes;
      const mapped = mapRow(record, mapping, source);
      if ('faults' in mapped) for (const fault of mapped.faults) yield { fault: { line, ...fault } };
      else yield { row: { index, line, source: mapped.source, body: JSON.stringify(mapped.report) } };
      index += 1;
    }
  } catch (error) {
    throw error instanceof CsvError ? brokenRecord(error, lines.lineFrom(reading)) : error;
  }
  if (begin === 0) throw new BrokenFile({ line: 1, message: 'the file has no header line' });
}

/** The header as it stands; every column that the mapping reads must be there, once. */
function checkedHeader(header: readonly string[], mapping: Mapping): string[] {
  const missing = columnsOf(mapping).filter((column) => !header.includes(column));
  if (missing.length > 0) {
    const found = header.map((column) => column.slice(0, 60)).join(', ');
    const message = `column ${missing.join(', ')} is missing; the header line has ${found.slice(0, 500)}`;
    throw new BrokenFile({ line: 1, message });
  }
  const twice = header.find((column, at) => header.indexOf(column) !== at);
  if (twice !== undefined) throw new BrokenFile({ line: 1, column: twice, message: 'the column stands twice' });
  return [...header];
}

/** What the library calls wrong, without its line numbers, which count a quoted CRLF twice. */
function brokenRecord(error: CsvError, line: number): BrokenFile {
  const { column } = z.object({ column: z.union([z.string(), z.int()]).nullish() }).parse({ column: error.column });
  const message = error.message.replaceAll(/,? (?:on|at) line \d+/g, '').slice(0, 300);
  return new BrokenFile({ line, column: column ?? undefined, message });
}

/** The chunks, as long as they are UTF-8. */
async function* checkedChunks(path: string, lines: LineCounter, hash?: Hash): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const check = (bytes?: Buffer) => {
    try {
      decoder.decode(bytes, { stream: bytes !== undefined });
      return true;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return false;
    }
  };
  for await (const chunk of chunksOf(path, hash)) {
    if (!check(chunk)) throw await notUtf8(path);
    lines.feed(chunk);
    yield chunk;
  }
  if (!check()) throw await notUtf8(path);
}

/** Looks through the file again for the place; a file of another encoding is met seldom. */
async function notUtf8(path: string): Promise<BrokenFile> {
  const message = 'is not UTF-8; save the file as UTF-8';
  for await (const { line, bytes } of linesOf(chunksOf(path))) {
    if (bytes === undefined) return new BrokenFile({ line, message });
    const column = firstNotUtf8(bytes);
    if (column !== undefined) return new BrokenFile({ line, column, message });
  }
  return new BrokenFile({ line: 1, message });
}
