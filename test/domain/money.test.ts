import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { startOfDay } from '#shared/domain/calendar/civil-date.ts';
import {
  compareDecimals,
  convert,
  groupThousands,
  inPolicyCurrency,
  isOver,
  printAmount,
  printDecimal,
  times,
} from '#shared/domain/money.ts';
import type { ExchangeRate, Policy } from '#shared/domain/policy/policy.ts';
import { RELEASED_POLICIES } from '#shared/policy/released.ts';

const zone = 'Asia/Shanghai';
const noon = '2026-06-15T04:00:00Z';

function policyWith(rates: readonly ExchangeRate[]): Policy {
  const policy = RELEASED_POLICIES['policy-1'];
  return { ...policy, money: { ...policy.money, rates } };
}
const policy = policyWith([
  { currency: 'USD', from: '2026-01-01', rate: '7.0000' },
  { currency: 'USD', from: '2025-01-01', rate: '7.2000' },
  { currency: 'USD', from: '2026-07-01', rate: '7.0001' },
  { currency: 'JPY', from: '2025-01-01', rate: '0.05' },
  { currency: 'KWD', from: '2025-01-01', rate: '20.5' },
  { currency: 'XXX', from: '2025-01-01', rate: '1' },
]);

describe('whether an amount is over a threshold (G-2)', () => {
  test.each([
    {
      title: 'exactly the threshold is not over',
      minor: 50_000_000,
      currency: 'CNY',
      over: false,
      converted: '500000.00',
    },
    { title: 'one minor unit more is over', minor: 50_000_001, currency: 'CNY', over: true, converted: '500000.01' },
    {
      title: 'one minor unit less is not over',
      minor: 49_999_999,
      currency: 'CNY',
      over: false,
      converted: '499999.99',
    },
    { title: 'nothing is not over', minor: 0, currency: 'CNY', over: false, converted: '0.00' },
    { title: 'yen have no minor unit', minor: 10_000_000, currency: 'JPY', over: false, converted: '500000.00' },
    { title: 'one yen more is over', minor: 10_000_001, currency: 'JPY', over: true, converted: '500000.05' },
    { title: 'dinars have a thousand fils', minor: 24_390_243, currency: 'KWD', over: false, converted: '499999.9815' },
    { title: 'a fils more is over', minor: 24_390_244, currency: 'KWD', over: true, converted: '500000.002' },
  ])('$title', ({ minor, currency, over, converted }) => {
    expect(isOver({ minor, currency }, 50_000_000, noon, zone, policy)).toEqual({ over, converted });
  });

  test('an excess beyond every printed float is still over', () => {
    const tiny = policyWith([{ currency: 'USD', from: '2025-01-01', rate: '1.000000000001' }]);
    expect(isOver({ minor: 50_000_000, currency: 'USD' }, 50_000_000, noon, zone, tiny)).toEqual({
      over: true,
      converted: '500000.0000005',
    });
  });

  test.each([
    { title: 'a currency without rate', currency: 'CHF', on: noon },
    { title: 'a currency without known minor digits, though it has a rate', currency: 'XXX', on: noon },
    { title: 'a currency whose rates all begin later', currency: 'USD', on: '2024-12-31T15:59:59Z' },
  ])('$title has no rate', ({ currency, on }) => {
    expect(isOver({ minor: 1, currency }, 1, on, zone, policy)).toEqual({ noRate: currency });
  });
});

describe('which rate counts (G-2)', () => {
  test.each([
    { title: 'the one in force on the day', on: startOfDay(zone, '2026-07-01'), zone, rate: '7.0001' },
    {
      title: 'the day is the local one: a second before its midnight the old one counts',
      on: '2026-06-30T15:59:59Z',
      zone,
      rate: '7.0000',
    },
    {
      title: 'the same instant is another day in another zone',
      on: '2026-06-30T16:00:00Z',
      zone: 'UTC',
      rate: '7.0000',
    },
    { title: 'the latest before, where none begins that day', on: '2025-12-31T15:59:59Z', zone, rate: '7.2000' },
    { title: 'the latest, long after the table ends', on: '2030-01-01T00:00:00Z', zone, rate: '7.0001' },
  ])('$title', ({ on, zone: where, rate }) => {
    expect(convert({ minor: 100, currency: 'USD' }, on, where, policy)).toMatchObject({ rate: { rate } });
  });

  test('does not depend on the order of the table', () => {
    const turned = policyWith([...policy.money.rates].reverse());
    const amount = { minor: 123, currency: 'USD' };
    expect(convert(amount, noon, zone, turned)).toEqual(convert(amount, noon, zone, policy));
  });

  test("the policy's own currency needs none", () => {
    expect(convert({ minor: 5_800, currency: 'CNY' }, noon, zone, policy)).toEqual({
      given: '58.00',
      value: { units: 5_800n, scale: 2 },
      converted: '58.00',
    });
  });

  test('a conversion says what was given, what it is worth and by which rate', () => {
    expect(convert({ minor: 1_500, currency: 'KWD' }, noon, zone, policy)).toEqual({
      given: '1.500',
      value: { units: 307_500n, scale: 4 },
      converted: '30.75',
      rate: { currency: 'KWD', from: '2025-01-01', rate: '20.5' },
    });
  });
});

describe('an amount that is no amount', () => {
  test.each([[-1], [0.5], [Number.NaN], [2 ** 53]])('%s minor units are refused, naming what came', (minor) => {
    expect(() => convert({ minor, currency: 'CNY' }, noon, zone, policy)).toThrow(
      new RangeError(`an amount is a whole number of at least 0 minor units, got ${minor}`),
    );
  });

  test('a policy whose own currency has no minor digits is refused', () => {
    const broken = { ...policy, money: { ...policy.money, currency: 'ZZZ' } };
    expect(() => inPolicyCurrency(1, broken)).toThrow(new RangeError("the policy's currency ZZZ has no minor digits"));
  });
});

describe('amounts in words', () => {
  test.each([
    { minor: 5_800, currency: 'CNY', text: '58.00' },
    { minor: 5, currency: 'CNY', text: '0.05' },
    { minor: 0, currency: 'CNY', text: '0.00' },
    { minor: 1_200, currency: 'JPY', text: '1200' },
    { minor: 0, currency: 'JPY', text: '0' },
    { minor: 1_500, currency: 'KWD', text: '1.500' },
    { minor: 1, currency: 'XXX', text: undefined },
  ])('$minor minor units of $currency are printed as $text', ({ minor, currency, text }) => {
    expect(printAmount({ minor, currency }, policy)).toBe(text);
  });

  test.each([
    { units: 2_654_175n, scale: 4, text: '265.4175' },
    { units: 2_654_100n, scale: 4, text: '265.41' },
    { units: 2_600_000n, scale: 4, text: '260.00' },
    { units: 26n, scale: 0, text: '26.00' },
    { units: 26n, scale: 1, text: '2.60' },
    { units: 7n, scale: 5, text: '0.00007' },
  ])('$units of scale $scale are exactly $text', ({ units, scale, text }) => {
    expect(printDecimal({ units, scale }, 2)).toBe(text);
  });

  test.each([
    ['0', '0'],
    ['999.99', '999.99'],
    ['1000', '1,000'],
    ['100000.00', '100,000.00'],
    ['1234567.1234567', '1,234,567.1234567'],
  ])('%s reads %s', (text, grouped) => {
    expect(groupThousands(text)).toBe(grouped);
  });
});

const anyDecimal = fc.record({
  units: fc.bigInt({ min: 0n, max: 10n ** 20n }),
  scale: fc.integer({ min: 0, max: 12 }),
});
const anyMinor = fc.nat({ max: Number.MAX_SAFE_INTEGER });

describe('exactness', () => {
  property.prop([anyDecimal, anyDecimal])('decimals compare like the fractions that they are', (a, b) => {
    const left = a.units * 10n ** BigInt(12 - a.scale);
    const right = b.units * 10n ** BigInt(12 - b.scale);
    expect(Math.sign(compareDecimals(a, b))).toBe(left < right ? -1 : left > right ? 1 : 0);
  });

  property.prop([anyDecimal, fc.integer({ min: 0, max: 6 })])('printing loses nothing', (value, digits) => {
    const text = printDecimal(value, digits);
    const [whole = '', places = ''] = text.split('.');
    expect(compareDecimals({ units: BigInt(whole + places), scale: places.length }, value)).toBe(0);
    expect(places.length).toBeGreaterThanOrEqual(digits);
  });

  property.prop([anyDecimal, anyDecimal])('a product is exact and has no order', (a, b) => {
    expect(times(a, b)).toEqual({ units: a.units * b.units, scale: a.scale + b.scale });
    expect(times(a, b)).toEqual(times(b, a));
  });

  property.prop([anyMinor, anyMinor, fc.constantFrom('CNY', 'USD', 'JPY', 'KWD')])(
    'over means exactly that amount × rate is more than the threshold, as fractions',
    (minor, threshold, currency) => {
      const [rateUnits, scale] = { CNY: [1n, 2], USD: [70_000n, 6], JPY: [5n, 2], KWD: [205n, 4] }[currency] as [
        bigint,
        number,
      ];
      const expected = BigInt(minor) * rateUnits * 100n > BigInt(threshold) * 10n ** BigInt(scale);
      expect(isOver({ minor, currency }, threshold, noon, zone, policy)).toMatchObject({ over: expected });
    },
  );
});
