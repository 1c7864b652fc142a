import { isUtf8 } from 'node:buffer';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { printable } from './words.ts';

/** The longest line or record that is read, in bytes; four times what the door takes (I-3). */
export const LONGEST_BYTES = 1_048_576;
const LINE_FEED = 0x0a;
/** Space, tab, form feed and carriage return: what the CSV library takes for blank. */
const BLANKS: readonly number[] = [0x20, 0x09, 0x0c, 0x0d];

/** A place of the file, counted from 1, and what is wrong there. */
export interface FileFault {
  readonly line: number;
  /** A column's name, or how many characters stand before and including the place. */
  readonly column?: string | number;
  readonly message: string;
}

/** One report of the file as it goes to the door; `index` counts the rows from 0. */
export interface Row {
  readonly index: number;
  readonly line: number;
  readonly source: string;
  readonly body: string;
}

/** What a reader finds, in the order of the file. */
export type Found = { readonly row: Row } | { readonly fault: FileFault };

/** A fault after which nothing of the file can be read. */
export class BrokenFile extends Error {
  override readonly name = 'BrokenFile';
  readonly fault: FileFault;
  constructor(fault: FileFault, path?: string) {
    super(path === undefined ? placed(fault) : `${path}: ${placed(fault)}`);
    this.fault = fault;
  }
}

/** `line 3, column Issue: …`, with nothing in it that steers a terminal: columns and cells come from the file. */
export function placed({ line, column, message }: FileFault): string {
  return printable(`line ${line}${column === undefined ? '' : `, column ${column}`}: ${message}`);
}

/** The file's bytes; each chunk also goes into the hash where one is given. */
export async function* chunksOf(path: string, hash?: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path)) {
    const bytes = Buffer.from(chunk);
    hash?.update(bytes);
    yield bytes;
  }
}

/** One line without its line feed. Of a line over {@link LONGEST_BYTES}, `bytes` is missing. */
export interface ByteLine {
  readonly line: number;
  readonly bytes?: Buffer;
}

/** Splits bytes at line feeds, in bounded memory. A byte order mark at the start is left out. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<ByteLine> {
  let line = 1;
  let held: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer) => {
    length += part.length;
    if (length > LONGEST_BYTES) held = [];
    else held.push(part);
  };
  const take = (): ByteLine => {
    const taken = length > LONGEST_BYTES ? { line } : { line, bytes: withoutMark(Buffer.concat(held), line) };
    held = [];
    length = 0;
    line += 1;
    return taken;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      add(chunk.subarray(from, end));
      yield take();
      from = end + 1;
    }
    if (from < chunk.length) add(chunk.subarray(from));
  }
  if (length > 0) yield take();
}

function withoutMark(bytes: Buffer, line: number): Buffer {
  const marked = line === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return marked ? bytes.subarray(3) : bytes;
}

/** Where a line stops being UTF-8, counted in characters from 1; undefined when all of it is. */
export function firstNotUtf8(bytes: Buffer): number | undefined {
  if (isUtf8(bytes)) return undefined;
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let characters = 0;
  try {
    for (let at = 0; at < bytes.length; at += 1) {
      characters += [...decoder.decode(bytes.subarray(at, at + 1), { stream: true })].length;
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  return characters + 1;
}

/**
 * Knows on which line a byte of a stream stands, however records span lines; keeps only the lines not yet passed.
 * Bytes are asked for in ascending order.
 */
export class LineCounter {
  #read = 0;
  #passed = 0;
  #lineIsBlank = true;
  /** Of each line not yet passed: the offset behind its line feed, and whether nothing stood on it. */
  #ends: { readonly end: number; readonly blank: boolean }[] = [];

  feed(chunk: Buffer): void {
    for (const byte of chunk) {
      this.#read += 1;
      if (byte === LINE_FEED) {
        this.#ends.push({ end: this.#read, blank: this.#lineIsBlank });
        this.#lineIsBlank = true;
      } else if (!BLANKS.includes(byte)) this.#lineIsBlank = false;
    }
  }

  /** The line of what begins at or after this byte, counted from 1; blank lines before it are passed. */
  lineFrom(offset: number): number {
    const next = this.#ends.findIndex(({ end, blank }) => end > offset && !blank);
    const gone = next < 0 ? this.#ends.length : next;
    this.#ends = this.#ends.slice(gone);
    this.#passed += gone;
    return this.#passed + 1;
  }
}
