import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { InHouseMessageV1, occurredAtInstant, ReportV1 } from '#shared/contracts/report.v1.ts';

const report = { externalId: 'call-1', occurredAt: '2026-11-20T02:31:00Z', type: 'late-delivery' };
/** Paths at which a report is refused. */
const faults = (value: unknown) => ReportV1.safeParse(value).error?.issues.map(({ path }) => path.join('.')) ?? [];

describe('what a report has to say', () => {
  test.each([
    { title: 'a type is enough', change: {}, paths: [] },
    { title: 'a text is enough', change: { type: undefined, text: '晚到五天' }, paths: [] },
    { title: 'neither text nor type is not', change: { type: undefined }, paths: ['text'] },
    { title: 'an external id is needed', change: { externalId: undefined }, paths: ['externalId'] },
    { title: 'when it happened is needed', change: { occurredAt: undefined }, paths: ['occurredAt'] },
    { title: 'a blank text says nothing', change: { text: ' \n\t' }, paths: ['text'] },
  ])('$title', ({ change, paths }) => {
    expect(faults({ ...report, ...change })).toEqual(paths);
  });
});

describe('what is refused with its path', () => {
  test.each([
    { title: 'a number where text belongs', change: { text: 7 }, path: 'text' },
    { title: 'an unknown field', change: { colour: 'red' }, path: '' },
    { title: 'an unknown field of the customer', change: { customer: { age: 40 } }, path: 'customer' },
    { title: 'a negative amount', change: { amount: { minor: -1, currency: 'CNY' } }, path: 'amount.minor' },
    { title: 'an amount with a fraction', change: { amount: { minor: 0.5, currency: 'CNY' } }, path: 'amount.minor' },
    {
      title: 'an amount beyond exact numbers',
      change: { amount: { minor: 2 ** 53, currency: 'CNY' } },
      path: 'amount.minor',
    },
    {
      title: 'a currency in small letters',
      change: { amount: { minor: 1, currency: 'cny' } },
      path: 'amount.currency',
    },
    { title: 'an unknown threat', change: { facts: { threat: 'boycott' } }, path: 'facts.threat' },
    { title: 'an unknown tier', change: { customer: { tier: 'gold' } }, path: 'customer.tier' },
    { title: 'a nested attribute', change: { attributes: { a: { b: 1 } } }, path: 'attributes.a' },
    { title: 'an empty external id', change: { externalId: '' }, path: 'externalId' },
    { title: 'an external id over two lines', change: { externalId: 'a\nb' }, path: 'externalId' },
    { title: 'a text that is too long', change: { text: 'x'.repeat(100_001) }, path: 'text' },
    { title: 'a NUL in a text', change: { text: 'a\0b' }, path: 'text' },
    { title: 'half a character in a text', change: { text: 'a\ud83d' }, path: 'text' },
    { title: 'half a character in an attribute', change: { attributes: { a: '\udc00' } }, path: 'attributes.a' },
    {
      title: 'a half character as name of an attribute',
      change: { attributes: { '\udc00': 'a' } },
      path: 'attributes.\udc00',
    },
  ])('$title', ({ change, path }) => {
    expect(new Set(faults({ ...report, ...change }))).toEqual(new Set([path]));
  });

  test('an attribute that JavaScript would hide', () => {
    const hidden: unknown = JSON.parse('{"__proto__":"x"}');
    expect(faults({ ...report, attributes: hidden })).toEqual(['attributes']);
  });

  test('more than 50 attributes', () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));
    expect(faults({ ...report, attributes: many(50) })).toEqual([]);
    expect(faults({ ...report, attributes: many(51) })).toEqual(['attributes']);
  });
});

describe('when it happened', () => {
  test.each([
    { given: '2026-11-20T02:31:00Z', kept: '2026-11-20T02:31:00Z' },
    { given: '2026-11-20T10:31:00+08:00', kept: '2026-11-20T02:31:00Z' },
    { given: '2026-11-20T02:31:00.999Z', kept: '2026-11-20T02:31:00Z' },
    { given: '2026-11-20T00:00:00-00:30', kept: '2026-11-20T00:30:00Z' },
    { given: '2026-11-20', kept: '2026-11-20' },
  ])('$given is kept as $kept, so that one moment is one content', ({ given, kept }) => {
    expect(ReportV1.parse({ ...report, occurredAt: given }).occurredAt).toBe(kept);
  });

  test.each([
    '2026-11-20T02:31:00',
    '2026-11-20T02:31Z',
    '2026-11-20 02:31:00Z',
    '2026-02-30',
    '2026-11-31T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '20261120',
    'yesterday',
    '',
    1_795_141_860,
    '0000-01-01T00:00:00+14:00',
    '9999-12-31T23:59:59-12:00',
  ])('%s is neither RFC 3339 with offset nor a day', (occurredAt) => {
    expect(faults({ ...report, occurredAt })).toEqual(['occurredAt']);
  });

  test("a day without time is 00:00 in the organisation's zone (I-5)", () => {
    expect(occurredAtInstant('2026-11-20', 'Asia/Shanghai')).toBe('2026-11-19T16:00:00Z');
    expect(occurredAtInstant('2026-11-20T02:31:00Z', 'Asia/Shanghai')).toBe('2026-11-20T02:31:00Z');
  });

  property.prop(
    [
      fc.date({ min: new Date('0002-01-01'), max: new Date('9998-01-01'), noInvalidDate: true }),
      fc.integer({ min: -839, max: 839 }),
    ],
    { seed: 3 },
  )('any instant is the same second in any offset', (date, minutes) => {
    const offset = `${minutes < 0 ? '-' : '+'}${String(Math.trunc(Math.abs(minutes) / 60)).padStart(2, '0')}:${String(Math.abs(minutes) % 60).padStart(2, '0')}`;
    const local = new Date(date.getTime() + minutes * 60_000).toISOString().replace('Z', offset);
    const parsed = ReportV1.parse({ ...report, occurredAt: local });
    expect(parsed.occurredAt).toBe(`${date.toISOString().slice(0, 19)}Z`);
    expect(ReportV1.parse(parsed)).toEqual(parsed);
  });
});

test('an in-house message names its source, and is a report otherwise (I-2)', () => {
  expect(InHouseMessageV1.safeParse({ ...report, source: 'letter' }).success).toBe(true);
  expect(InHouseMessageV1.safeParse(report).success).toBe(false);
  expect(InHouseMessageV1.safeParse({ source: 'letter', ...report, type: undefined }).success).toBe(false);
});
