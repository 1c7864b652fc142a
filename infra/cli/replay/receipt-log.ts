import { appendFileSync, createReadStream, mkdirSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';

/** A row that the door took, and the receipt it gave. */
export interface TakenRow {
  readonly line: number;
  readonly source: string;
  readonly receiptId: string;
}

/** The rows that the door took, in the order of the file. They stand on disk, since a file has any number of them. */
export interface ReceiptLog {
  add(row: TakenRow): void;
  /** Writes what was added. @returns how many bytes stand now */
  flush(): number;
}

const Line = z.tuple([z.int(), z.string(), z.string()]);

/** Where the receipts stand of the replay whose state stands at this path. */
export function receiptsPath(state: string): string {
  return state.replace(/\.json$/, '.receipts');
}

/** How many bytes stand there. */
export function receiptBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Goes on behind the first so many bytes; what stands behind them was written just before a replay was killed. */
export function receiptLog(path: string, length: number): ReceiptLog {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, '');
  truncateSync(path, length);
  let bytes = length;
  let held: string[] = [];
  return {
    add({ line, source, receiptId }) {
      held.push(`${JSON.stringify([line, source, receiptId])}\n`);
    },
    flush() {
      const text = held.join('');
      held = [];
      appendFileSync(path, text);
      bytes += Buffer.byteLength(text);
      return bytes;
    },
  };
}

/** What was written, row by row. */
export async function* receiptsIn(path: string): AsyncGenerator<TakenRow, undefined> {
  for await (const text of createInterface({ input: createReadStream(path) })) {
    const [line, source, receiptId] = Line.parse(JSON.parse(text));
    yield { line, source, receiptId };
  }
  return undefined;
}
