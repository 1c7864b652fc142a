import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { compilePattern } from '#infra/local/event-pattern.ts';

/** Cases of other implementations with the outcomes of AWS's own matcher, where they lie beside the project. */
const VECTORS = '../shared/data/event-patterns.json';
const Vector = z.object({
  name: z.string(),
  pattern: z.unknown().optional(),
  pattern_raw: z.string().optional(),
  event: z.unknown().optional(),
  event_raw: z.string().optional(),
  matches: z.boolean().nullable(),
  error: z.literal(true).optional(),
});

describe.skipIf(!existsSync(VECTORS))(`the cases of ${VECTORS}, which must be there`, () => {
  const vectors = existsSync(VECTORS) ? z.array(Vector).parse(JSON.parse(readFileSync(VECTORS, 'utf8'))) : [];

  test('are all decided as AWS decides them', () => {
    const outcomes = vectors.map((vector) => [vector.name, outcomeOf(vector)]);
    expect(vectors.length).toBeGreaterThan(200);
    expect(outcomes).toEqual(vectors.map(({ name, error, matches }) => [name, error ? 'refused' : matches]));
  });
});

function outcomeOf(vector: z.infer<typeof Vector>): boolean | 'refused' {
  const event: unknown = vector.event_raw === undefined ? vector.event : JSON.parse(vector.event_raw);
  try {
    return compilePattern(vector.pattern_raw ?? vector.pattern)(event);
  } catch (error) {
    if (error instanceof RangeError) return 'refused';
    throw error;
  }
}

describe('a pattern matches', () => {
  test.each([
    {
      title: 'one of several values',
      pattern: { a: ['x', 1, null] },
      yes: [{ a: 'x' }, { a: 1 }, { a: null }],
      no: [{ a: '1' }, {}],
    },
    {
      title: 'a numeric range, never a text',
      pattern: { a: [{ numeric: ['>', 0, '<=', 5] }] },
      yes: [{ a: 5 }],
      no: [{ a: 0 }, { a: '3' }],
    },
    {
      title: 'a start whatever its case',
      pattern: { a: [{ prefix: { 'equals-ignore-case': 'EventB' } }] },
      yes: [{ a: 'eVENTBUS' }],
      no: [{ a: 'bus' }],
    },
    { title: 'an end', pattern: { a: [{ suffix: '.png' }] }, yes: [{ a: 'x.png' }], no: [{ a: 'x.PNG' }, { a: 1 }] },
    {
      title: 'what is there and something else',
      pattern: { a: [{ 'anything-but': ['x', 'y'] }] },
      yes: [{ a: 'z' }, { a: null }],
      no: [{ a: 'x' }, {}],
    },
    {
      title: 'what is not such a path',
      pattern: { a: [{ 'anything-but': { wildcard: ['*/x/*', '*.tmp'] } }] },
      yes: [{ a: 'x' }],
      no: [{ a: 'a/x/b' }, { a: 'b.tmp' }],
    },
    {
      title: 'a leaf that exists, not a branch',
      pattern: { a: [{ exists: true }] },
      yes: [{ a: null }],
      no: [{ a: { b: 1 } }, { a: [] }, {}],
    },
    {
      title: 'a leaf that is missing, or a value',
      pattern: { a: [{ exists: false }, 'x'] },
      yes: [{}, { a: { b: 1 } }, { a: 'x' }],
      no: [{ a: 'y' }],
    },
    {
      title: 'a block of addresses',
      pattern: { a: [{ cidr: '10.0.0.0/24' }, { cidr: '2001:db8::/32' }] },
      yes: [{ a: '10.0.0.9' }, { a: '2001:0db8::1' }],
      no: [{ a: '10.0.1.9' }, { a: 'x' }],
    },
    {
      title: 'stars, and a star itself',
      pattern: { a: [{ wildcard: 'a*c' }, { wildcard: '\\*.\\\\' }] },
      yes: [{ a: 'a.b\nc' }, { a: '*.\\' }],
      no: [{ a: 'a' }, { a: 'x.\\' }],
    },
    {
      title: 'one of two branches, and what stands beside them',
      pattern: { s: ['x'], $or: [{ a: [1] }, { b: { c: [2] } }] },
      yes: [
        { s: 'x', a: 1 },
        { s: 'x', b: { c: 2 } },
      ],
      no: [{ a: 1 }, { s: 'x', a: 2 }],
    },
    {
      title: 'within one element of an array of objects',
      pattern: { d: { a: [1], b: [2] } },
      yes: [{ d: [{ a: 3 }, { a: 1, b: 2 }] }],
      no: [{ d: [{ a: 1 }, { b: 2 }] }],
    },
    {
      title: 'in arrays within arrays',
      pattern: { d: { e: { a: [1], b: [2] } } },
      yes: [{ d: [{ e: [{}, { a: 1, b: 2 }] }] }],
      no: [{ d: [{ e: [{ a: 1 }] }, { e: [{ b: 2 }] }] }],
    },
    {
      title: 'any of the plain values of an array',
      pattern: { tags: ['x'], kind: ['y'] },
      yes: [{ tags: ['w', ['x']], kind: 'y' }],
      no: [{ tags: ['w'], kind: 'y' }],
    },
    {
      title: 'a record of a stream',
      pattern: { dynamodb: { NewImage: { kind: { S: [{ prefix: 'A' }] } } } },
      yes: [{ dynamodb: { NewImage: { kind: { S: 'AB' } } } }],
      no: [{ dynamodb: {} }, null, 'x'],
    },
    { title: 'as JSON text too', pattern: '{"a":["x"]}', yes: [{ a: 'x' }], no: [{ a: 'y' }] },
  ])('$title', ({ pattern, yes, no }) => {
    const matches = compilePattern(pattern);
    expect([...yes, ...no].map((event) => matches(event))).toEqual([...yes.map(() => true), ...no.map(() => false)]);
  });
});

describe('a pattern is refused, with the place named,', () => {
  test.each([
    [
      'a value outside a list',
      { a: { b: 'x' } },
      'event pattern, a.b: expected an object or a list of values, got "x"',
    ],
    ['nothing', {}, 'event pattern: expected at least one key'],
    ['an empty list', { a: [] }, 'event pattern, a: expected at least one value'],
    ['an operator nobody knows', { a: [{ like: 'x' }] }, 'event pattern, a like: expected a known operator'],
    ['what every object has', { a: [{ toString: 'x' }] }, 'event pattern, a toString: expected a known operator'],
    [
      'two operators in one',
      { a: [{ prefix: 'x', suffix: 'y' }] },
      'event pattern, a: expected a value or one operator',
    ],
    ['a range upside down', { a: [{ numeric: ['>', 5, '<', 1] }] }, 'event pattern, a numeric: expected a comparison'],
    ['a range with the upper end first', { a: [{ numeric: ['<', 5, '>', 1] }] }, 'event pattern, a numeric: expected'],
    ['an address without its block', { a: [{ cidr: '10.0.0.1' }] }, 'event pattern, a cidr: expected a block'],
    [
      'texts mixed with numbers',
      { a: [{ 'anything-but': ['x', 1] }] },
      'event pattern, a anything-but: expected texts only',
    ],
    ['two stars in a row', { a: [{ wildcard: 'a**' }] }, 'event pattern, a wildcard: expected single stars'],
    ['a backslash before a letter', { a: [{ wildcard: '\\a' }] }, 'event pattern, a wildcard: expected single stars'],
    ['an $or of one', { $or: [{ a: [1] }] }, 'event pattern, $or: expected a list of at least two objects'],
    ['what is no JSON', '{', 'event pattern: not JSON'],
  ])('for %s', (_, pattern, message) => {
    expect(() => compilePattern(pattern)).toThrow(RangeError);
    expect(() => compilePattern(pattern)).toThrow(message);
  });
});

test('many arrays of which the last does not match are decided at once', () => {
  const many = Array.from({ length: 2_000 }, () => 'x');
  const matches = compilePattern({ a: ['x'], b: ['x'], c: ['x'], d: ['y'] });
  expect(matches({ a: many, b: many, c: many, d: many })).toBe(false);
});
