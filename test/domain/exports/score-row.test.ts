import { test as prop } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bonusFactor, hundredthsOf, scoreRow } from '#shared/domain/exports/score-row.ts';
import type { Entry } from '#shared/domain/performance/entry.ts';
import { pointsText } from '#shared/domain/performance/points.ts';
import type { Policy } from '#shared/domain/policy/policy.ts';
import { POLICY } from '#test/support/sample.ts';

const courier = {
  kind: 'employee',
  id: 'E-204',
  name: '李文濤',
  department: 'logistics',
  activeFrom: '2015-01-01',
} as const;
const AS_OF = '2026-11-20T02:31:00Z';
const entry = (change: Partial<Entry>): Entry => ({
  entryId: 'e-1',
  groupId: 'g-1',
  kind: 'points',
  subject: { kind: 'employee', id: 'E-204' },
  period: '2026-10',
  rule: 'S-5',
  points: -600,
  disputeId: 'd-1',
  basis: 'determination',
  policyVersion: 1,
  calendar: { id: 'cn', version: 1 },
  recordedAt: '2026-10-02T00:00:00Z',
  ...change,
});
const word = (change: Partial<Entry>) => {
  const { points: _, ...rest } = entry({ entryId: 'w-1', kind: 'posted', recordedAt: '2026-10-05T00:00:00Z' });
  return { ...rest, ...change };
};
const withBonus = (change: Partial<Policy['points']['bonus']>): Policy => ({
  ...POLICY,
  points: { ...POLICY.points, bonus: { ...POLICY.points.bonus, ...change } },
});

describe('a row of an export (X-1)', () => {
  test('is the card out of its entries: what is posted counts, what is pending stands beside it', () => {
    const pending = entry({ entryId: 'e-2', groupId: 'g-2', points: -300 });
    expect(scoreRow(courier, '2026-10', [word({}), pending, entry({})], POLICY, AS_OF)).toEqual({
      period: '2026-10',
      subjectType: 'employee',
      subjectId: 'E-204',
      subjectName: '李文濤',
      departmentId: 'logistics',
      base: '100.00',
      adjustments: '-6.00',
      vetoPercent: 0,
      negations: [],
      result: '94.00',
      band: 'excellent',
      bonusFactor: '1.00',
      pendingPoints: '-3.00',
      entries: 3,
      status: 'provisional',
      policyVersion: 1,
      asOf: AS_OF,
    });
  });

  test('of the words on a group the last one counts, in whatever order the entries come', () => {
    const voided = word({ entryId: 'w-2', kind: 'void', recordedAt: '2026-10-06T00:00:00Z' });
    const row = scoreRow(courier, '2026-10', [voided, word({}), entry({})], POLICY, AS_OF);
    expect(row).toMatchObject({ adjustments: '0.00', result: '100.00' });
  });

  test('of a subject without entries is the base; a partner has no department', () => {
    const { department: _, ...partner } = { ...courier, kind: 'partner' as const };
    expect(scoreRow(partner, '2026-10', [], POLICY, AS_OF)).toMatchObject({
      departmentId: '',
      result: '100.00',
      entries: 0,
    });
  });
});

describe('the bonus factor (S-18)', () => {
  test.each([
    { year: 1, band: 'excellent', factor: '1.00' },
    { year: 1, band: 'below', factor: '1.00' },
    { year: 2, band: 'excellent', factor: '1.02' },
    { year: 2, band: 'below', factor: '0.985' },
    { year: 3, band: 'excellent', factor: '1.06' },
    { year: 3, band: 'below', factor: '0.955' },
    { year: 3, band: 'good', factor: '1.00' },
    { year: 9, band: 'below', factor: '0.955' },
  ])('in year $year of introduction is $factor for $band', ({ year, band, factor }) => {
    expect(bonusFactor(band, withBonus({ introductionYear: year }))).toBe(factor);
  });

  test.each([
    { linkedShareBp: [10_000], rateBp: { below: -10_000 }, factor: '0.00' },
    { linkedShareBp: [3_333], rateBp: { below: 1_111 }, factor: '1.037' },
    { linkedShareBp: [1], rateBp: { below: 5_000 }, factor: '1.0001' },
    { linkedShareBp: [], rateBp: { below: 5_000 }, factor: '1.00' },
  ])('is exact to a basis point, half of one upwards: $factor', ({ linkedShareBp, rateBp, factor }) => {
    expect(bonusFactor('below', withBonus({ linkedShareBp, rateBp }))).toBe(factor);
  });
});

describe('points as text', () => {
  prop.prop([fc.integer({ min: -100_000_000_000, max: 100_000_000_000 })])('are read as they were written', (value) => {
    expect(hundredthsOf(pointsText(value))).toBe(value);
  });

  test.each(['1', '1.0', '+1.00', '1,00', '', '1e2', '1.000', ' 1.00'])('%j is none', (text) => {
    expect(() => hundredthsOf(text)).toThrow('points have two places');
  });
});
