import { Buffer } from 'node:buffer';
import * as z from 'zod';
import {
  type Condition,
  INDEXES,
  type Item,
  type Key,
  type Page,
  type Query,
  UnknownCursor,
  type Write,
} from '../domain/ports/tables.ts';

/**
 * What both versions of `Tables` check before they touch anything, so that a mistake is the same `RangeError` in
 * memory and in DynamoDB. The figures are DynamoDB's own.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
const LIMITS = {
  partitionBytes: 2048,
  sortBytes: 1024,
  itemBytes: 409_600,
  writes: 100,
  transactionBytes: 4_194_304,
  depth: 32,
};
const DEFAULT_PAGE = 100;
const SMALLEST_NUMBER = 1e-130;

/** Orders text by its UTF-8 bytes, as DynamoDB orders sort keys; JavaScript's own order differs beyond U+D7FF. */
export function compareText(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return utf8Rank(left) - utf8Rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they come after all other code units. */
function utf8Rank(codeUnit: number): number {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x10000 : codeUnit;
}

/** The key alone, checked. @throws RangeError for empty or too long parts */
export function checkedKey(key: Key): Key {
  return { pk: keyText(key.pk, 'pk', LIMITS.partitionBytes), sk: keyText(key.sk, 'sk', LIMITS.sortBytes) };
}

function keyText(value: unknown, name: string, maxBytes: number): string {
  if (typeof value !== 'string') throw new RangeError(`${name} must be text, got ${typeof value}`);
  if (!value.isWellFormed()) throw new RangeError(`${name} holds half of a surrogate pair`);
  const bytes = Buffer.byteLength(value);
  if (bytes < 1 || bytes > maxBytes) throw new RangeError(`${name} must have 1 to ${maxBytes} bytes, got ${bytes}`);
  return value;
}

/** A copy that shares nothing with the item, without undefined attributes. @throws RangeError for what DynamoDB or JSON cannot hold */
export function copyItem(item: Item): Item {
  const copy: Item = { ...copyAttributes(item), ...checkedKey(item) };
  const bytes = itemBytes(copy);
  if (bytes > LIMITS.itemBytes) throw new RangeError(`an item may have ${LIMITS.itemBytes} bytes, got ${bytes}`);
  return copy;
}

function copyAttributes(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy = copyMap(attributes, '', 0);
  for (const { partition, sort } of Object.values(INDEXES)) {
    if (copy[partition] !== undefined) keyText(copy[partition], partition, LIMITS.partitionBytes);
    if (copy[sort] !== undefined) keyText(copy[sort], sort, LIMITS.sortBytes);
  }
  return copy;
}

function copyMap(map: object, path: string, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(map)) {
    if (value === undefined) continue;
    const here = path ? `${path}.${name}` : name;
    if (name === '' || name === '__proto__') throw new RangeError(`'${here}' is not an attribute's name`);
    if (!name.isWellFormed()) throw new RangeError(`the name of ${here} holds half of a surrogate pair`);
    copy[name] = copyValue(value, here, depth);
  }
  return copy;
}

function copyValue(value: unknown, path: string, depth: number): unknown {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      if (!value.isWellFormed()) throw new RangeError(`${path} holds half of a surrogate pair`);
      return value;
    case 'number':
      return checkedNumber(value, path);
    case 'object':
      if (value === null) return null;
      if (depth + 1 >= LIMITS.depth) throw new RangeError(`${path} is nested deeper than ${LIMITS.depth} levels`);
      if (Array.isArray(value))
        return value.map((element, i) => copyValue(element ?? null, `${path}[${i}]`, depth + 1));
      if (isPlain(value)) return copyMap(value, path, depth + 1);
      break;
    default: // Nothing else is JSON.
  }
  throw new RangeError(`${path} must be a JSON value, got ${Object.prototype.toString.call(value)}`);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function checkedNumber(value: number, path: string): number {
  const size = Math.abs(value);
  if (!(size <= Number.MAX_SAFE_INTEGER) || (size > 0 && size < SMALLEST_NUMBER))
    throw new RangeError(
      `${path} must be a number between ±${SMALLEST_NUMBER} and ±${Number.MAX_SAFE_INTEGER}, got ${value}`,
    );
  return value === 0 ? 0 : value; // JSON knows no −0.
}

/** Bytes of an item as DynamoDB counts them. */
function itemBytes(item: object): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return numberBytes(value);
  if (Array.isArray(value)) return value.reduce<number>((sum, element) => sum + 1 + valueBytes(element), 3);
  if (typeof value === 'object' && value !== null) return 3 + Object.keys(value).length + itemBytes(value);
  return 1;
}

/** Two digits a byte, and one for the exponent, and one for the sign. */
function numberBytes(value: number): number {
  const digits = (String(Math.abs(value)).split('e')[0] ?? '').replace('.', '').replace(/^0+|0+$/g, '').length;
  return 1 + Math.ceil(digits / 2) + (value < 0 ? 1 : 0);
}

/** The key of the item that a write is about. */
export function keyOfWrite(write: Write): Key {
  if ('put' in write) return write.put;
  if ('update' in write) return write.update;
  return 'check' in write ? write.check : write.remove;
}

/**
 * Copies of the writes, checked one by one and together.
 * @throws RangeError for none, over 100, two on one item, over 4 MiB, and for what an item or a key cannot hold
 */
export function checkedWrites(writes: readonly Write[]): readonly Write[] {
  if (writes.length < 1 || writes.length > LIMITS.writes)
    throw new RangeError(`one write takes 1 to ${LIMITS.writes} changes, got ${writes.length}`);
  const checked = writes.map(checkedWrite);
  const seen = new Set<string>();
  for (const write of checked) {
    const { pk, sk } = keyOfWrite(write);
    const id = JSON.stringify([write.table, pk, sk]);
    if (seen.has(id)) throw new RangeError(`two writes on one item: ${write.table} ${pk} ${sk}`);
    seen.add(id);
  }
  const bytes = checked.reduce((sum, write) => sum + writeBytes(write), 0);
  if (bytes > LIMITS.transactionBytes)
    throw new RangeError(`one write may have ${LIMITS.transactionBytes} bytes, got ${bytes}`);
  return checked;
}

function writeBytes(write: Write): number {
  if ('put' in write) return itemBytes(write.put);
  return itemBytes(keyOfWrite(write)) + ('update' in write ? itemBytes({ ...write.set, ...write.add }) : 0);
}

function checkedWrite(write: Write): Write {
  const base = { table: write.table, if: write.if && checkedCondition(write.if) };
  if ('put' in write) return { ...base, put: copyItem(write.put) };
  if ('update' in write) return { ...base, update: checkedKey(write.update), ...checkedChanges(write) };
  if ('check' in write) return { table: write.table, check: checkedKey(write.check), if: checkedCondition(write.if) };
  return { ...base, remove: checkedKey(write.remove) };
}

function checkedCondition(condition: Condition): Condition {
  if ('absent' in condition) return condition;
  if (condition.attribute === '') throw new RangeError("a condition's attribute has no name");
  const value = 'equals' in condition ? condition.equals : condition.absentOrBelow;
  copyValue(value, `the condition on ${condition.attribute}`, 0);
  return { ...condition };
}

type Changes = Pick<Extract<Write, { update: Key }>, 'add' | 'set' | 'remove'>;

function checkedChanges(write: Changes): Changes {
  const set = copyAttributes(write.set ?? {});
  const add = write.add ?? {};
  const remove = write.remove ?? [];
  for (const [name, by] of Object.entries(add))
    if (!Number.isSafeInteger(by)) throw new RangeError(`${name} must grow by a whole number, got ${by}`);
  const names = [...Object.keys(set), ...Object.keys(add), ...remove];
  if (names.length === 0) throw new RangeError('an update must change something');
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`an update may change ${twice} once only`);
  const fixed = names.find((name) => name === 'pk' || name === 'sk' || name === '');
  if (fixed !== undefined) throw new RangeError(`an update cannot change '${fixed}'`);
  const indexed = Object.keys(add).find((name) => INDEX_ATTRIBUTES.has(name));
  if (indexed !== undefined) throw new RangeError(`${indexed} must be text`);
  return { set, add: { ...add }, remove: [...remove] };
}

const INDEX_ATTRIBUTES: ReadonlySet<string> = new Set(
  Object.values(INDEXES).flatMap(({ partition, sort }) => [partition, sort]),
);

/** A query ready to run: attribute names and limits filled in, the cursor read. */
export interface CheckedQuery {
  readonly partition: { readonly attribute: string; readonly value: string };
  readonly sort: { readonly attribute: string; readonly prefix?: string; readonly from?: string; readonly to?: string };
  readonly limit: number;
  /** The key attributes of the last item of the page before. */
  readonly after?: Readonly<Record<string, string>>;
}

/** @throws RangeError for a bad limit, an empty or reversed range, and a cursor that is not of this query */
export function checkedQuery(query: Query): CheckedQuery {
  const names = query.index ? INDEXES[query.index] : { partition: 'pk', sort: 'sk' };
  const limit = query.limit ?? DEFAULT_PAGE;
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`a page's limit must be a whole number from 1, got ${limit}`);
  const value = keyText(query.partition, names.partition, LIMITS.partitionBytes);
  const checked = {
    partition: { attribute: names.partition, value },
    sort: { attribute: names.sort, ...checkedRange(query.range) },
    limit,
  };
  return query.cursor === undefined ? checked : { ...checked, after: readCursor(query.cursor, checked) };
}

function checkedRange(range: Query['range']): { prefix?: string; from?: string; to?: string } {
  if (!range) return {};
  if ('prefix' in range)
    return range.prefix === '' ? {} : { prefix: keyText(range.prefix, 'prefix', LIMITS.sortBytes) };
  const from = keyText(range.from, 'from', LIMITS.sortBytes);
  const to = keyText(range.to, 'to', LIMITS.sortBytes);
  if (compareText(from, to) > 0) throw new RangeError(`a range must not end before it starts, got ${from} to ${to}`);
  return { from, to };
}

/** Whether a sort key is one of those that the query takes. */
export function inRange(sort: string, { prefix, from, to }: CheckedQuery['sort']): boolean {
  if (prefix !== undefined) return sort.startsWith(prefix);
  return (from === undefined || compareText(sort, from) >= 0) && (to === undefined || compareText(sort, to) <= 0);
}

/** The page, given one item more than its limit where there are more. */
export function pageOf(found: readonly Item[], query: CheckedQuery): Page {
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  return last && found.length > items.length ? { items, next: writeCursor(last, query) } : { items };
}

function writeCursor(last: Item, query: CheckedQuery): string {
  const names = cursorAttributes(query);
  return Buffer.from(JSON.stringify(Object.fromEntries(names.map((name) => [name, last[name]])))).toString('base64url');
}

function readCursor(cursor: string, query: Omit<CheckedQuery, 'after'>): Readonly<Record<string, string>> {
  const names = cursorAttributes(query);
  const shape = z.strictObject(Object.fromEntries(names.map((name) => [name, z.string().min(1)])));
  const after = shape.safeParse(jsonIn(cursor)).data;
  if (!after) throw new UnknownCursor('cursor is not one that a page of this list gave');
  if (
    after[query.partition.attribute] !== query.partition.value ||
    !inRange(after[query.sort.attribute] ?? '', query.sort)
  )
    throw new UnknownCursor('cursor belongs to another list');
  return after;
}

function cursorAttributes({ partition, sort }: Omit<CheckedQuery, 'after'>): readonly string[] {
  return [...new Set(['pk', 'sk', partition.attribute, sort.attribute])];
}

function jsonIn(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
