import { BlockList, isIP } from 'node:net';

/** A leaf of an event: patterns speak of nothing else. */
type Leaf = string | number | boolean | null;
type Test = (value: Leaf) => boolean;

/** What must hold at one path: any of the tests on one of its leaves, or that it has none. */
interface Condition {
  readonly path: string;
  readonly tests: readonly Test[];
  readonly mayBeAbsent: boolean;
}

/** Which element of which array a leaf stands in, all the way up; arrays are numbered as they are met. */
type Place = ReadonlyMap<number, number>;
type Leaves = ReadonlyMap<string, readonly { readonly value: Leaf; readonly place: Place }[]>;

/** AWS refuses a pattern whose `$or`s multiply to more. */
const MOST_ALTERNATIVES = 1_000;
/** AWS refuses a wildcard as too complex by a measure that it does not publish; its own example of one has six stars. */
const MOST_STARS = 5;
/** Numeric comparison on AWS is for numbers up to here, on either side of zero. */
const LARGEST_NUMBER = 5e9;

/**
 * EventBridge's event patterns, which filters of event source mappings use too.
 *
 * @param pattern the pattern, or its JSON text
 * @returns whether an event matches; an event may be of any shape
 * @throws RangeError naming the path and what is wrong there, for what EventBridge refuses
 */
export function compilePattern(pattern: unknown): (event: unknown) => boolean {
  const alternatives = alternativesOf(typeof pattern === 'string' ? parsed(pattern) : pattern, '');
  const wanted = new Set(alternatives.flat().flatMap(({ path }) => prefixesOf(path)));
  return (event) => {
    const leaves = leavesOf(event, wanted);
    return alternatives.some((conditions) => allHold(conditions, leaves));
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RangeError(`event pattern: not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function refuse(path: string, what: string): never {
  throw new RangeError(`event pattern${path && `, ${path}`}: ${what}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `a.b.c` is wanted, so `a` and `a.b` lead there: a key with dots in it and nested keys are the same path. */
function prefixesOf(path: string): string[] {
  const keys = path.split('.');
  return keys.map((_, index) => keys.slice(0, index + 1).join('.'));
}

const joined = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);

/** The pattern with every `$or` multiplied out: one of these lists must hold as a whole. */
function alternativesOf(pattern: unknown, path: string): Condition[][] {
  if (!isObject(pattern)) refuse(path, `expected an object or a list of values, got ${JSON.stringify(pattern)}`);
  const keys = Object.entries(pattern);
  if (keys.length === 0) refuse(path, 'an empty object matches nothing');
  let alternatives: Condition[][] = [[]];
  for (const [key, value] of keys) {
    const at = joined(path, key);
    const choices =
      key === '$or'
        ? choicesOf(value, path)
        : Array.isArray(value)
          ? [[conditionOf(value, at)]]
          : alternativesOf(value, at);
    if (alternatives.length * choices.length > MOST_ALTERNATIVES)
      refuse(at, `its $or multiply to more than ${MOST_ALTERNATIVES} alternatives`);
    alternatives = alternatives.flatMap((before) => choices.map((choice) => [...before, ...choice]));
  }
  for (const conditions of alternatives) {
    const twice = conditions.find(({ path }, index) => conditions.findIndex((other) => other.path === path) !== index);
    if (twice) refuse(twice.path, 'the same path stands inside and outside of $or');
  }
  return alternatives;
}

function choicesOf(value: unknown, path: string): Condition[][] {
  if (!Array.isArray(value) || value.length < 2) refuse(joined(path, '$or'), 'expected a list of at least two objects');
  return value.flatMap((choice) => alternativesOf(choice, path));
}

function conditionOf(values: readonly unknown[], path: string): Condition {
  if (values.length === 0) refuse(path, 'an empty list matches nothing');
  const absent = (value: unknown) => isObject(value) && value.exists === false;
  return {
    path,
    tests: values.map((value) => testOf(value, path)),
    mayBeAbsent: values.some(absent),
  };
}

function testOf(wanted: unknown, path: string): Test {
  if (isLeaf(wanted)) return (value) => value === wanted;
  if (!isObject(wanted)) refuse(path, `expected a value or an operator, got ${JSON.stringify(wanted)}`);
  const [operator, operand] = onlyOperator(wanted, path);
  if (!isOperator(operator)) refuse(path, `unknown operator ${operator}`);
  return OPERATORS[operator](operand, `${path} ${operator}`);
}

function onlyOperator(wanted: Readonly<Record<string, unknown>>, at: string): [string, unknown] {
  const [only, ...more] = Object.entries(wanted);
  if (!only || more.length > 0) refuse(at, `expected one operator, got ${JSON.stringify(wanted)}`);
  return only;
}

function isLeaf(value: unknown): value is Leaf {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

/** Each gives the test for its operand. */
const OPERATORS = {
  exists(operand, at) {
    if (typeof operand !== 'boolean') refuse(at, `expected true or false, got ${JSON.stringify(operand)}`);
    return () => operand;
  },
  prefix: (operand, at) => ignoringCase(operand, at, (wanted, fold) => (value) => fold(value).startsWith(fold(wanted))),
  suffix: (operand, at) => ignoringCase(operand, at, (wanted, fold) => (value) => fold(value).endsWith(fold(wanted))),
  'equals-ignore-case': (operand, at) => equalsIgnoringCase(text(operand, at)),
  wildcard: (operand, at) => wildcard(text(operand, at), at),
  numeric,
  cidr,
  'anything-but': anythingBut,
} satisfies Record<string, (operand: unknown, at: string) => Test>;

function isOperator(name: string): name is keyof typeof OPERATORS {
  return Object.hasOwn(OPERATORS, name);
}

function text(operand: unknown, at: string): string {
  return typeof operand === 'string' ? operand : refuse(at, `expected a text, got ${JSON.stringify(operand)}`);
}

/** Case as Unicode folds it, without regard to the language of the machine. */
const folded = (value: string) => value.toUpperCase().toLowerCase();
const asItIs = (value: string) => value;

function onText(test: (value: string) => boolean): Test {
  return (value) => typeof value === 'string' && test(value);
}

function equalsIgnoringCase(wanted: string): Test {
  return onText((value) => folded(value) === folded(wanted));
}

/** A text, or `{ "equals-ignore-case": text }`. */
function ignoringCase(
  operand: unknown,
  at: string,
  test: (wanted: string, fold: (value: string) => string) => (value: string) => boolean,
): Test {
  if (!isObject(operand)) return onText(test(text(operand, at), asItIs));
  const { 'equals-ignore-case': wanted, ...more } = operand;
  if (Object.keys(more).length > 0) refuse(at, `unknown operator ${Object.keys(more).join(', ')}`);
  return onText(test(text(wanted, at), folded));
}

/** `*` stands for any characters, `\*` and `\\` for themselves. */
function wildcard(pattern: string, at: string): Test {
  const tokens = pattern.match(/\\[\s\S]?|\*|[^\\*]+/g) ?? [];
  const parts = tokens.map((token, index) => {
    if (token === '*' && tokens[index + 1] === '*') refuse(at, `two stars in a row in ${pattern}`);
    if (token === '*') return '[\\s\\S]*';
    if (!token.startsWith('\\')) return token.replace(/[$()*+./?[\\\]^{|}-]/g, '\\$&');
    if (token !== '\\*' && token !== '\\\\') refuse(at, `\\ stands before * or \\ only, got ${pattern}`);
    return token;
  });
  if (tokens.filter((token) => token === '*').length > MOST_STARS)
    refuse(at, `too complex: more than ${MOST_STARS} stars in ${pattern}`);
  const whole = new RegExp(`^${parts.join('')}$`);
  return onText((value) => whole.test(value));
}

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** One comparison, or a lower and then an upper bound: `[">", 0, "<=", 5]`. */
function numeric(operand: unknown, at: string): Test {
  const wrong = () => refuse(at, `expected a comparison or a range, got ${JSON.stringify(operand)}`);
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4)) return wrong();
  const [first, low, second, high]: unknown[] = operand;
  const compare = (sign: unknown, bound: unknown) => {
    const comparison = typeof sign === 'string' && Object.hasOwn(COMPARISONS, sign) ? COMPARISONS[sign] : undefined;
    if (!comparison || typeof bound !== 'number') return wrong();
    if (Math.abs(bound) > LARGEST_NUMBER) refuse(at, `${bound} is beyond ${LARGEST_NUMBER}`);
    return (value: number) => comparison(value, bound);
  };
  const tests = [compare(first, low)];
  if (operand.length === 4) {
    if (!/^>=?$/.test(String(first)) || !/^<=?$/.test(String(second)) || !(Number(low) < Number(high))) return wrong();
    tests.push(compare(second, high));
  }
  return (value) =>
    typeof value === 'number' && Math.abs(value) <= LARGEST_NUMBER && tests.every((test) => test(value));
}

/** `10.0.0.0/24`, `2001:db8::/32`. */
function cidr(operand: unknown, at: string): Test {
  const [address = '', bits = '', ...more] = text(operand, at).split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128))
    refuse(at, `expected a block of addresses, got ${operand}`);
  const block = new BlockList();
  block.addSubnet(address, Number(bits), version === 4 ? 'ipv4' : 'ipv6');
  return onText((value) => isIP(value) === version && block.check(value, version === 4 ? 'ipv4' : 'ipv6'));
}

/** Values, or an operator over texts; one that is there and none of them. */
function anythingBut(operand: unknown, at: string): Test {
  const tests = isObject(operand)
    ? excludedBy(operand, at)
    : valuesOf(operand, at).map((wanted) => (value: Leaf) => value === wanted);
  return (value) => !tests.some((test) => test(value));
}

function valuesOf(operand: unknown, at: string): readonly unknown[] {
  const values: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const all = (type: string) => values.every((value) => typeof value === type);
  if (values.length === 0 || !(all('string') || all('number')))
    refuse(at, `expected texts only or numbers only, got ${JSON.stringify(operand)}`);
  return values;
}

function excludedBy(operand: Readonly<Record<string, unknown>>, at: string): Test[] {
  const [operator, excluded] = onlyOperator(operand, at);
  if (!['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(operator))
    refuse(at, `cannot be asked of ${operator}`);
  return valuesOf(excluded, `${at} ${operator}`).map((value) => {
    const wanted = text(value, `${at} ${operator}`);
    if (wanted === '' && (operator === 'prefix' || operator === 'suffix'))
      refuse(`${at} ${operator}`, 'every text has the empty one');
    return testOf({ [operator]: wanted }, at);
  });
}

/** The leaves of an event at the paths that a pattern asks for, or that lead there. */
function leavesOf(event: unknown, wanted: ReadonlySet<string>): Leaves {
  const leaves = new Map<string, { value: Leaf; place: Place }[]>();
  let arrays = 0;
  const visit = (value: unknown, path: string, place: Place): void => {
    if (Array.isArray(value)) {
      const array = arrays++;
      // Only objects tie their leaves together: of plain values in an array, any one will do.
      value.forEach((element, index) => {
        visit(element, path, isObject(element) ? new Map([...place, [array, index]]) : place);
      });
    } else if (isObject(value)) {
      for (const [key, child] of Object.entries(value)) {
        const at = joined(path, key);
        if (wanted.has(at)) visit(child, at, place);
      }
    } else if (isLeaf(value)) {
      const there = leaves.get(path);
      if (there) there.push({ value, place });
      else leaves.set(path, [{ value, place }]);
    }
  };
  visit(event, '', new Map());
  return leaves;
}

/** Whether every condition has a leaf, all of them in the same element of each array that they share. */
function allHold(conditions: readonly Condition[], leaves: Leaves): boolean {
  const placesOf: ReadonlySet<Place>[] = [];
  for (const { path, tests, mayBeAbsent } of conditions) {
    const there = leaves.get(path) ?? [];
    if (there.length === 0 && mayBeAbsent) continue;
    const meeting = there.filter(({ value }) => tests.some((test) => test(value)));
    if (meeting.length === 0) return false;
    placesOf.push(new Set(meeting.map(({ place }) => place)));
  }
  const fits = (next: number, chosen: Place): boolean => {
    const places = placesOf[next];
    if (!places) return true;
    for (const place of places) {
      const together = [...place].every(([array, index]) => (chosen.get(array) ?? index) === index);
      if (together && fits(next + 1, new Map([...chosen, ...place]))) return true;
    }
    return false;
  };
  return fits(0, new Map());
}
