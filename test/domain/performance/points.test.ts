import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Share } from '#shared/domain/dispute/dispute.ts';
import { byRecording, type Entry, movesNothing, oppositeOf, totalsOf } from '#shared/domain/performance/entry.ts';
import { recompute } from '#shared/domain/performance/explanation.ts';
import {
  attitudeInputs,
  baseOf,
  effectOf,
  pointsText,
  satisfactionInputs,
  shareInputs,
  splitBase,
} from '#shared/domain/performance/points.ts';
import type { CatalogueEffect, Policy, Rating } from '#shared/domain/policy/policy.ts';
import { SHARES } from '#test/performance/scored-events.ts';
import { POLICY } from '#test/support/sample.ts';

const direct = (subject: string, bp: number): Share => ({ kind: 'direct', subject, bp });

const wholeBase = (got: number) => `a base must be a whole number of hundredths of at least 0, got ${got}`;
const wholeShares = (got: number) => `shares must be whole and add up to 10000 bp, got ${got}`;

const withCatalogue = (...catalogue: CatalogueEffect[]): Policy => ({
  ...POLICY,
  points: { ...POLICY.points, catalogue },
});

describe('splitting the base by share (S-5)', () => {
  it.each([
    { title: '60/30/10 on level 2', base: 1000, shares: SHARES, points: [-600, -300, -100] },
    { title: 'one holder bears it all', base: 2000, shares: [direct('E-1', 10_000)], points: [-2000] },
    {
      title: 'the odd hundredth goes to the lower id',
      base: 1000,
      shares: [direct('E-3', 3333), direct('E-1', 3334), direct('E-2', 3333)],
      points: [-333, -334, -333],
    },
    {
      title: 'the largest remainder comes before the lower id',
      base: 1,
      shares: [direct('E-1', 4999), direct('E-2', 5001)],
      points: [0, -1],
    },
    {
      title: 'the largest remainder comes before the largest share',
      base: 10,
      shares: [direct('E-1', 6400), direct('E-2', 3600)],
      points: [-6, -4],
    },
    {
      title: 'equal remainders go to the lower id',
      base: 5,
      shares: [direct('E-1', 5000), direct('E-2', 5000)],
      points: [-3, -2],
    },
    {
      title: 'equal remainders go to the lower id, whatever the order',
      base: 5,
      shares: [direct('E-2', 5000), direct('E-1', 5000)],
      points: [-2, -3],
    },
    {
      title: 'one subject in two layers: the layer that comes first in the alphabet',
      base: 5,
      shares: [
        { kind: 'management', subject: 'E-1', bp: 5000 },
        { kind: 'direct', subject: 'E-1', bp: 5000 },
      ] satisfies Share[],
      points: [-2, -3],
    },
    { title: 'a base of 0 costs nothing', base: 0, shares: SHARES, points: [0, 0, 0] },
  ])('$title', ({ base, shares, points }) => {
    expect(splitBase(base, shares)).toEqual(points);
  });

  it.each([
    { title: 'a negative base', base: -1, shares: SHARES, why: wholeBase(-1) },
    { title: 'a fraction', base: 0.5, shares: SHARES, why: wholeBase(0.5) },
    { title: 'a base too large to be split exactly', base: 2 ** 50, shares: SHARES, why: wholeBase(2 ** 50) },
    { title: 'shares of less than the whole', base: 1000, shares: [direct('E-1', 9_999)], why: wholeShares(9_999) },
    {
      title: 'a negative share',
      base: 1000,
      shares: [direct('E-1', 10_001), direct('E-2', -1)],
      why: wholeShares(10_000),
    },
    {
      title: 'a fraction of a share',
      base: 1000,
      shares: [direct('E-1', 0.5), direct('E-2', 9999.5)],
      why: wholeShares(10_000),
    },
  ])('refuses $title', ({ base, shares, why }) => {
    expect(() => splitBase(base, shares)).toThrow(new RangeError(why));
  });

  it('takes a share of nothing, which costs nothing', () => {
    expect(splitBase(1000, [direct('E-1', 10_000), direct('E-2', 0)])).toEqual([-1000, 0]);
  });

  const anyShares = fc
    .uniqueArray(fc.integer({ min: 1, max: 9_999 }), { maxLength: 19 })
    .map((cuts) => [0, ...cuts.toSorted((a, b) => a - b), 10_000])
    .map((cuts) => cuts.slice(1).map((cut, index) => direct(`E-${index}`, cut - (cuts[index] ?? 0))));

  test.prop([fc.integer({ min: 0, max: 1_000_000 }), anyShares])(
    'always adds up to exactly the base',
    (base, shares) => {
      expect(splitBase(base, shares).reduce((sum, points) => sum + points, 0) + base).toBe(0);
    },
  );

  test.prop([fc.integer({ min: 0, max: 1_000_000 }), anyShares])(
    'is never a hundredth or more away from the exact share',
    (base, shares) => {
      for (const [index, points] of splitBase(base, shares).entries()) {
        expect(Math.abs(-points - (base * (shares[index]?.bp ?? 0)) / 10_000)).toBeLessThan(1);
      }
    },
  );

  test.prop([fc.integer({ min: 0, max: 1_000_000 }), anyShares])(
    'does not depend on the order of the shares',
    (base, shares) => {
      expect(splitBase(base, shares.toReversed())).toEqual(splitBase(base, shares).toReversed());
    },
  );
});

describe('the criteria catalogue (S-5)', () => {
  const unasked: Share = { kind: 'direct', subject: 'E-204', bp: 6000, causeCode: 'left-unasked' };
  const overflow: Share = { kind: 'management', subject: 'E-201', bp: 4000, causeCode: 'overflow' };
  const policy = withCatalogue(
    { causeCode: 'left-unasked', kind: 'direct', effect: { points: -500 } },
    { causeCode: 'overflow', kind: 'management', effect: { percentBp: -1000 } },
  );

  it('takes the place of the base where it names cause code and layer', () => {
    const shares = [unasked, overflow];
    expect(shares.map((share) => effectOf(shareInputs(share, 2, shares, policy)))).toEqual([
      { points: -500 },
      { percentBp: -1000 },
    ]);
  });

  it('leaves the base to the other layers of a cause code', () => {
    const shares = [unasked, { ...overflow, causeCode: 'left-unasked' }];
    expect(shares.map((share) => effectOf(shareInputs(share, 2, shares, policy)))).toEqual([
      { points: -500 },
      { points: -400 },
    ]);
  });
});

describe('ratings (S-1, S-2)', () => {
  it.each([
    ['very-satisfied', 200],
    ['satisfied', 0],
    ['neutral', 0],
    ['dissatisfied', -500],
  ] satisfies [Rating, number][])('%s moves %i hundredths for the department', (value, points) => {
    expect(effectOf(satisfactionInputs(value, POLICY))).toEqual({ points });
  });

  it.each([
    ['dissatisfied', 'service-attitude', -300],
    ['very-satisfied', 'service-attitude', 0],
    ['dissatisfied', 'late-delivery', 0],
  ] satisfies [Rating, string, number][])('%s about %s moves %i hundredths for the employee', (value, type, points) => {
    expect(effectOf(attitudeInputs(value, type, POLICY))).toEqual({ points });
  });
});

describe('working a point out again (S-19)', () => {
  it('gives the effect that was taken back with the other sign', () => {
    expect(recompute({ rule: 'reversal', reversed: { points: -600 } })).toEqual({ points: 600 });
    expect(recompute({ rule: 'reversal', reversed: { points: 0 } })).toEqual({ points: 0 });
    expect(oppositeOf({ percentBp: -1000 })).toEqual({ percentBp: 1000 });
  });

  it('takes the holder’s own layer where they hold two', () => {
    const shares: readonly Share[] = [
      { kind: 'direct', subject: 'E-201', bp: 6000 },
      { kind: 'management', subject: 'E-201', bp: 4000 },
    ];
    expect(shares.map((share) => recompute(shareInputs(share, 2, shares, POLICY)))).toEqual([
      { points: -600 },
      { points: -400 },
    ]);
  });

  it('needs nothing but what is recorded: level, base, shares, rounding and holder', () => {
    expect(SHARES.map((share) => shareInputs(share, 2, SHARES, POLICY))[0]).toEqual({
      rule: 'S-5',
      by: 'base',
      level: 2,
      base: 1000,
      shares: SHARES,
      rounding: 'largest-remainder',
      holder: { subject: 'E-204', kind: 'direct' },
    });
  });

  it('refuses inputs in which the holder has no share', () => {
    const inputs = shareInputs({ kind: 'direct', subject: 'E-999', bp: 1 }, 2, SHARES, POLICY);
    expect(() => recompute(inputs)).toThrow('E-999 holds no direct share');
  });
});

it('each level costs the base of the policy (S-5)', () => {
  expect(([1, 2, 3] as const).map((level) => baseOf(level, POLICY))).toEqual([2000, 1000, 500]);
});

it.each([
  [-600, '-6.00'],
  [0, '0.00'],
  [-5, '-0.05'],
  [10_000, '100.00'],
  [200, '2.00'],
])('%i hundredths read %s', (points, text) => {
  expect(pointsText(points)).toBe(text);
});

it('an effect of zero moves nothing, in points or in percent', () => {
  expect([{ points: 0 }, { percentBp: 0 }, { points: 1 }, { percentBp: -1 }].map(movesNothing)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it('entries stand in the order of their recording, those of one second in that of their ids', () => {
  const recorded = (entryId: string, recordedAt: string) => ({ entryId, recordedAt }) as Entry;
  const inOrder = [
    recorded('b', '2026-11-20T00:00:00Z'),
    recorded('a', '2026-11-20T00:00:01Z'),
    recorded('c', '2026-11-20T00:00:01Z'),
    recorded('d', '2026-11-20T00:00:01Z'),
  ];
  expect(inOrder.toSorted(byRecording)).toEqual(inOrder);
  expect(inOrder.toReversed().toSorted(byRecording)).toEqual(inOrder);
});

it('totals sum points and percent per card and rule', () => {
  const line = { entryId: 'e', subject: { kind: 'employee', id: 'E-1' }, period: '2026-11', rule: 'S-5' } as const;
  const totals = totalsOf([
    { ...line, effect: { points: -100 } },
    { ...line, effect: { percentBp: -1000 } },
    { ...line, effect: { points: -50 } },
    { ...line, effect: { percentBp: -500 } },
    { ...line, period: '2026-12', department: 'logistics', effect: { points: -1 } },
  ]);
  expect(totals).toEqual([
    { subject: line.subject, period: '2026-11', rule: 'S-5', points: -150, percentBp: -1500 },
    { subject: line.subject, department: 'logistics', period: '2026-12', rule: 'S-5', points: -1 },
  ]);
});
