import type { Hash } from 'node:crypto';
import * as z from 'zod';
import { Slug } from '#shared/contracts/shapes.ts';
import { chunksOf, type FileFault, type Found, firstNotUtf8, LONGEST_BYTES, linesOf } from './file-lines.ts';

export interface NdjsonReading {
  /** Goes before the source that a line names. */
  readonly source?: string;
  /** Takes in every byte that is read. */
  readonly hash?: Hash;
}

/** All that is looked at here: whether a report is right is the door's to say. */
const Line = z.looseObject({ source: Slug.optional() });

/**
 * Reads reports, one JSON object per line, each with its `source` unless one is given. A line that cannot be sent
 * (not UTF-8, no JSON object, no source, longer than {@link LONGEST_BYTES}) is a fault; the lines behind it stand for
 * themselves. Blank lines are no rows. A line without `source` goes out as its bytes are.
 */
export async function* readNdjson(path: string, { source, hash }: NdjsonReading): AsyncGenerator<Found> {
  let index = 0;
  for await (const { line, bytes } of linesOf(chunksOf(path, hash))) {
    if (bytes === undefined) {
      yield { fault: { line, message: `is longer than ${LONGEST_BYTES} bytes` } };
      continue;
    }
    const column = firstNotUtf8(bytes);
    if (column !== undefined) {
      yield { fault: { line, column, message: 'is not UTF-8' } };
      continue;
    }
    const text = bytes.toString('utf8').trim();
    if (text === '') continue;
    const read = readLine(text, line, source);
    if ('message' in read) {
      yield { fault: read };
      continue;
    }
    yield { row: { index, line, ...read } };
    index += 1;
  }
}

function readLine(text: string, line: number, given?: string): { source: string; body: string } | FileFault {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { line, message: 'is not JSON' };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { line, message: 'is no JSON object' };
  const parsed = Line.safeParse(json);
  if (!parsed.success) return { line, column: 'source', message: parsed.error.issues[0]?.message ?? 'is no source' };
  const source = given ?? parsed.data.source;
  if (source === undefined) {
    return { line, column: 'source', message: 'is missing; --source gives it to all rows' };
  }
  if (!Object.hasOwn(json, 'source')) return { source, body: text };
  // Every other key stays, also one that a schema's copy would drop.
  const kept = Object.entries(json).filter(([key]) => key !== 'source');
  return { source, body: JSON.stringify(Object.fromEntries(kept)) };
}
