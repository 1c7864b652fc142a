import { BlockList, isIP } from 'node:net';
import type { JsonObject } from './cloud.ts';

/** What patterns test: the leaves of an event. */
type Leaf = string | number | boolean | null;
type Test = (value: Leaf) => boolean;
type Matcher = (event: unknown) => boolean;

/** AWS refuses a wildcard as too complex by a measure that it does not publish; its own example of one has six stars. */
const MOST_STARS = 5;

/**
 * EventBridge's event patterns, which filters of event source mappings use too.
 *
 * @param pattern the pattern, or its JSON text
 * @returns whether an event matches; an event may be of any shape
 * @throws RangeError naming the path and what is wrong there, for what EventBridge refuses
 */
export function compilePattern(pattern: unknown): Matcher {
  let parsed = pattern;
  try {
    if (typeof pattern === 'string') parsed = JSON.parse(pattern);
  } catch (error) {
    throw new RangeError(`event pattern: not JSON: ${String(error)}`);
  }
  return matcherOf(parsed, '');
}

function refuse(at: string, expected: string, got: unknown): never {
  throw new RangeError(`event pattern${at && `, ${at}`}: expected ${expected}, got ${JSON.stringify(got)}`);
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isLeaf = (value: unknown): value is Leaf => value === null || !['object', 'undefined'].includes(typeof value);

/** An array stands for any of its elements. */
const elementsOf = (value: unknown): readonly unknown[] => [value].flat(Number.POSITIVE_INFINITY);

/** All keys of the pattern in one object; of an array, in the same element. */
function matcherOf(pattern: unknown, path: string): Matcher {
  if (!isObject(pattern)) refuse(path, 'an object or a list of values', pattern);
  const conditions = Object.entries(pattern).map(([key, value]) => conditionOf(key, value, path));
  if (conditions.length === 0) refuse(path, 'at least one key', pattern);
  return (event) => {
    const objects = elementsOf(event).filter(isObject);
    // Where there is no object, a key may still be asked to be absent.
    return (objects.length > 0 ? objects : [{}]).some((object) => conditions.every((holds) => holds(object)));
  };
}

function conditionOf(key: string, value: unknown, path: string): (object: JsonObject) => boolean {
  const dot = key.indexOf('.');
  // A key with dots in it and nested keys are the same path.
  if (dot > 0) return conditionOf(key.slice(0, dot), { [key.slice(dot + 1)]: value }, path);
  const at = path ? `${path}.${key}` : key;
  if (key === '$or') {
    if (!Array.isArray(value) || value.length < 2) refuse(at, 'a list of at least two objects', value);
    const choices = value.map((choice) => matcherOf(choice, path));
    return (object) => choices.some((matches) => matches(object));
  }
  const matches = Array.isArray(value) ? leafMatcher(value, at) : matcherOf(value, at);
  return (object) => matches(childOf(object, key));
}

function childOf(object: JsonObject, key: string): unknown {
  if (Object.hasOwn(object, key)) return object[key];
  const below = Object.entries(object).filter(([name]) => name.startsWith(`${key}.`));
  if (below.length > 0) return Object.fromEntries(below.map(([name, value]) => [name.slice(key.length + 1), value]));
}

function leafMatcher(values: readonly unknown[], at: string): Matcher {
  if (values.length === 0) refuse(at, 'at least one value', values);
  const tests = values.map((value) => testOf(value, at));
  const mayBeAbsent = values.some((value) => isObject(value) && value.exists === false);
  return (event) => {
    const leaves = elementsOf(event).filter(isLeaf);
    return leaves.length === 0 ? mayBeAbsent : leaves.some((leaf) => tests.some((test) => test(leaf)));
  };
}

function testOf(wanted: unknown, path: string): Test {
  if (isLeaf(wanted)) return (value) => value === wanted;
  const [operator, operand] = onlyEntry(wanted, path);
  const at = `${path} ${operator}`;
  const testFor = OPERATORS.get(operator);
  if (testFor) return testFor(operand, at);
  if (!/^(prefix|suffix)$/.test(operator) || !isObject(operand)) return textTest(operator, operand, at);
  const [folding, text] = onlyEntry(operand, at);
  if (folding !== 'equals-ignore-case') refuse(at, 'equals-ignore-case', folding);
  return textTest(operator, text, at, folded);
}

/** Those beside the tests of a text. */
const OPERATORS = new Map<string, (operand: unknown, at: string) => Test>([
  ['exists', (operand, at) => (typeof operand === 'boolean' ? () => operand : refuse(at, 'true or false', operand))],
  ['numeric', numeric],
  ['cidr', cidr],
  ['anything-but', anythingBut],
]);

function onlyEntry(value: unknown, at: string): [string, unknown] {
  const [only, ...more] = isObject(value) ? Object.entries(value) : [];
  return only && more.length === 0 ? only : refuse(at, 'a value or one operator', value);
}

/** Case as Unicode folds it, without regard to the language of the machine. */
const folded = (text: string) => text.toUpperCase().toLowerCase();

/** Each gives the test of a text for its operand. */
const TEXT_OPERATORS = new Map<string, (wanted: string, at: string) => (value: string) => boolean>([
  ['prefix', (wanted) => (value) => value.startsWith(wanted)],
  ['suffix', (wanted) => (value) => value.endsWith(wanted)],
  ['equals-ignore-case', (wanted) => (value) => folded(value) === folded(wanted)],
  ['wildcard', wildcard],
]);

function textTest(operator: string, wanted: unknown, at: string, fold = (text: string) => text): Test {
  const testFor = TEXT_OPERATORS.get(operator) ?? refuse(at, 'a known operator', operator);
  const test = typeof wanted === 'string' ? testFor(fold(wanted), at) : refuse(at, 'a text', wanted);
  return (value) => typeof value === 'string' && test(fold(value));
}

/** `*` stands for any characters, `\*` and `\\` for themselves. */
function wildcard(pattern: string, at: string): (value: string) => boolean {
  const tokens = pattern.match(/\\[\s\S]?|\*+|[^\\*]+/g) ?? [];
  if (tokens.some((token) => /^(\\[^*\\]?|\*\*+)$/.test(token)))
    refuse(at, 'single stars, and \\ before * or \\ only', pattern);
  if (tokens.filter((token) => token === '*').length > MOST_STARS) refuse(at, `at most ${MOST_STARS} stars`, pattern);
  const escaped = (text: string) => text.replace(/[$()*+./?[\\\]^{|}-]/g, '\\$&');
  const parts = tokens.map((token) => (token === '*' ? '.*' : escaped(token.replace('\\', ''))));
  const whole = new RegExp(`^${parts.join('')}$`, 's');
  return (value) => whole.test(value);
}

const COMPARISONS = new Map<unknown, (value: number, bound: number) => boolean>([
  ['=', (value, bound) => value === bound],
  ['<', (value, bound) => value < bound],
  ['<=', (value, bound) => value <= bound],
  ['>', (value, bound) => value > bound],
  ['>=', (value, bound) => value >= bound],
]);

/** One comparison, or a lower and then an upper bound: `[">", 0, "<=", 5]`. */
function numeric(operand: unknown, at: string): Test {
  const parts: readonly unknown[] = Array.isArray(operand) ? operand : [];
  const [sign, low, below = '<=', high = Number.POSITIVE_INFINITY] = parts;
  const [first, second] = [COMPARISONS.get(sign), COMPARISONS.get(below)];
  const isRange = /^>=?$/.test(String(sign)) && /^<=?$/.test(String(below)) && Number(low) < Number(high);
  const isKnown = parts.length === 2 || (parts.length === 4 && isRange);
  if (!isKnown || !first || !second || typeof low !== 'number' || typeof high !== 'number')
    refuse(at, 'a comparison or a range', operand);
  return (value) => typeof value === 'number' && first(value, low) && second(value, high);
}

/** `10.0.0.0/24`, `2001:db8::/32` */
function cidr(operand: unknown, at: string): Test {
  const [address = '', bits = ''] = String(operand).split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const block = new BlockList();
  try {
    block.addSubnet(address, Number.parseInt(bits, 10), family);
  } catch {
    refuse(at, 'a block of addresses', operand);
  }
  return (value) => typeof value === 'string' && block.check(value, family);
}

/** Anything that is there but these values, or but the texts that an operator describes. */
function anythingBut(operand: unknown, at: string): Test {
  const [operator, excluded] = isObject(operand) ? onlyEntry(operand, at) : [undefined, operand];
  const values: readonly unknown[] = Array.isArray(excluded) ? excluded : [excluded];
  const all = (type: string) => values.length > 0 && values.every((value) => typeof value === type);
  if (!all('string') && !all('number')) refuse(at, 'texts only or numbers only', operand);
  if (/^(prefix|suffix)$/.test(operator ?? '') && values.includes('')) refuse(at, 'no empty text', operand);
  const tests = values.map((value) => (operator === undefined ? testOf(value, at) : textTest(operator, value, at)));
  return (value) => !tests.some((test) => test(value));
}
