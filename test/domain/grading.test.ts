import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { GradedFacts } from '#shared/domain/grading/grade.ts';
import { gradeDispute } from '#shared/domain/grading/grade-dispute.ts';
import type { Money, Policy } from '#shared/domain/policy/policy.ts';
import { RELEASED_POLICIES } from '#shared/policy/released.ts';

const zone = 'Asia/Shanghai';
const at = '2026-11-20T02:31:05Z';
const policy: Policy = {
  ...RELEASED_POLICIES['policy-1'],
  money: {
    ...RELEASED_POLICIES['policy-1'].money,
    rates: [
      { currency: 'USD', from: '2026-01-01', rate: '7.05' },
      { currency: 'USD', from: '2026-11-20', rate: '7.10' },
      { currency: 'JPY', from: '2026-01-01', rate: '0.05' },
      { currency: 'KWD', from: '2026-01-01', rate: '20' },
    ],
  },
};

interface Given {
  readonly facts?: Partial<GradedFacts['facts']>;
  readonly publicOpinion?: Partial<GradedFacts['publicOpinion']>;
  readonly amount?: Money;
  readonly channel?: GradedFacts['channel'];
  readonly occurredAt?: string;
}

/** An ordinary report by phone of which nothing grave is known. */
function factsOf({ facts, publicOpinion, ...given }: Given = {}): GradedFacts {
  return {
    facts: { personalSafety: false, hazard: false, leaving: false, interrupted: false, threat: 'none', ...facts },
    publicOpinion: { reach: 0, media: false, regulator: false, ...publicOpinion },
    channel: 'phone',
    occurredAt: '2026-11-20T02:31:00Z',
    ...given,
  };
}
const grade = (given: Given = {}) => gradeDispute(factsOf(given), policy, zone, at);
const rules = (given: Given) => grade(given).reasons.map(({ rule }) => rule);
const cny = (minor: number): Money => ({ minor, currency: 'CNY' });

describe('the level of a dispute (G-2)', () => {
  test.each<{ title: string; given: Given; level: number; colour: string; rules: string[] }>([
    { title: 'nothing grave', given: {}, level: 3, colour: 'blue', rules: ['G-2.3'] },
    {
      title: 'a loss of exactly 100,000.00',
      given: { amount: cny(10_000_000) },
      level: 3,
      colour: 'blue',
      rules: ['G-2.3'],
    },
    {
      title: 'a loss of 100,000.01',
      given: { amount: cny(10_000_001) },
      level: 2,
      colour: 'yellow',
      rules: ['G-2.2a'],
    },
    {
      title: 'a loss of exactly 500,000.00',
      given: { amount: cny(50_000_000) },
      level: 2,
      colour: 'yellow',
      rules: ['G-2.2a'],
    },
    { title: 'a loss of 500,000.01', given: { amount: cny(50_000_001) }, level: 1, colour: 'red', rules: ['G-2.1a'] },
    {
      title: 'a reach of 99,999',
      given: { publicOpinion: { reach: 99_999 } },
      level: 3,
      colour: 'blue',
      rules: ['G-2.3'],
    },
    {
      title: 'a reach of 100,000',
      given: { publicOpinion: { reach: 100_000 } },
      level: 1,
      colour: 'red',
      rules: ['G-2.1b'],
    },
    { title: 'the media', given: { publicOpinion: { media: true } }, level: 1, colour: 'red', rules: ['G-2.1b'] },
    {
      title: "a regulator's inquiry",
      given: { publicOpinion: { regulator: true } },
      level: 1,
      colour: 'red',
      rules: ['G-2.1b'],
    },
    { title: "the regulator's channel", given: { channel: 'regulator' }, level: 1, colour: 'red', rules: ['G-2.1b'] },
    {
      title: 'personal safety',
      given: { facts: { personalSafety: true } },
      level: 1,
      colour: 'red',
      rules: ['G-2.1c'],
    },
    { title: 'a latent hazard', given: { facts: { hazard: true } }, level: 1, colour: 'red', rules: ['G-2.1c'] },
    {
      title: 'a customer about to leave',
      given: { facts: { leaving: true } },
      level: 2,
      colour: 'yellow',
      rules: ['G-2.2b'],
    },
    {
      title: 'an interruption',
      given: { facts: { interrupted: true } },
      level: 2,
      colour: 'yellow',
      rules: ['G-2.2c'],
    },
    {
      title: 'a threatened regulator',
      given: { facts: { threat: 'regulator' } },
      level: 2,
      colour: 'yellow',
      rules: ['G-2.2d'],
    },
    {
      title: 'a threatened lawsuit',
      given: { facts: { threat: 'lawsuit' } },
      level: 2,
      colour: 'yellow',
      rules: ['G-2.2d'],
    },
    {
      title: 'a threatened exposure',
      given: { facts: { threat: 'media' } },
      level: 2,
      colour: 'yellow',
      rules: ['G-2.2d'],
    },
  ])('$title: level $level by $rules', ({ given, ...expected }) => {
    const { level, colour, reasons } = grade(given);
    expect({ level, colour, rules: reasons.map(({ rule }) => rule) }).toEqual({
      level: expected.level,
      colour: expected.colour,
      rules: expected.rules,
    });
  });

  test.each<{ title: string; amount: Money; level: number }>([
    { title: '10,000,000 yen are exactly 500,000.00', amount: { minor: 10_000_000, currency: 'JPY' }, level: 2 },
    { title: '10,000,001 yen are over', amount: { minor: 10_000_001, currency: 'JPY' }, level: 1 },
    { title: '25,000.000 dinars are exactly 500,000.00', amount: { minor: 25_000_000, currency: 'KWD' }, level: 2 },
    { title: '25,000.001 dinars are over', amount: { minor: 25_000_001, currency: 'KWD' }, level: 1 },
  ])('$title', ({ amount, level }) => {
    expect(grade({ amount }).level).toBe(level);
  });

  test.each([
    { occurredAt: '2026-11-19T15:59:59Z', level: 3 },
    { occurredAt: '2026-11-19T16:00:00Z', level: 2 },
  ])(
    '14,180.00 USD that occurred at $occurredAt go by the rate of the local day: level $level',
    ({ occurredAt, level }) => {
      expect(grade({ amount: { minor: 1_418_000, currency: 'USD' }, occurredAt }).level).toBe(level);
    },
  );

  test('every rule met at the level is a reason, those of a lesser level are not', () => {
    const facts = { leaving: true, interrupted: true, threat: 'media' } as const;
    expect(rules({ facts, amount: cny(20_000_000) })).toEqual(['G-2.2a', 'G-2.2b', 'G-2.2c', 'G-2.2d']);
    expect(rules({ facts: { ...facts, hazard: true }, amount: cny(60_000_000), channel: 'regulator' })).toEqual([
      'G-2.1a',
      'G-2.1b',
      'G-2.1c',
    ]);
  });

  test('the grade says by which policy version and when', () => {
    expect(grade()).toMatchObject({ policyVersion: 1, gradedAt: at });
  });
});

describe('reasons with the values that met them (G-3)', () => {
  test('a loss in the currency of the policy', () => {
    expect(grade({ amount: cny(15_000_000) }).reasons).toEqual([
      {
        rule: 'G-2.2a',
        values: { amount: '150000.00', currency: 'CNY', converted: '150000.00', over: '100000.00' },
        text: 'loss of 150,000.00 CNY is over 100,000.00 CNY',
      },
    ]);
  });

  test('a loss in another currency names its rate', () => {
    expect(grade({ amount: { minor: 2_000_000, currency: 'USD' } }).reasons).toEqual([
      {
        rule: 'G-2.2a',
        values: {
          amount: '20000.00',
          currency: 'USD',
          converted: '142000.00',
          rate: '7.10',
          rateFrom: '2026-11-20',
          over: '100000.00',
        },
        text: 'loss of 20,000.00 USD (142,000.00 CNY at 7.10 from 2026-11-20 on) is over 100,000.00 CNY',
      },
    ]);
  });

  test.each<{ title: string; given: Given; text: string }>([
    {
      title: 'a reach',
      given: { publicOpinion: { reach: 120_000 } },
      text: 'a reach of 120,000, where 100,000 is enough',
    },
    { title: 'the media', given: { publicOpinion: { media: true } }, text: 'the media report it' },
    { title: 'an inquiry', given: { publicOpinion: { regulator: true } }, text: 'a regulator inquires' },
    { title: 'the channel', given: { channel: 'regulator' }, text: 'the channel regulator implies an inquiry' },
    {
      title: 'all of them',
      given: { publicOpinion: { reach: 100_000, media: true, regulator: true }, channel: 'regulator' },
      text: 'a reach of 100,000, where 100,000 is enough; the media report it; a regulator inquires; the channel regulator implies an inquiry',
    },
  ])('public opinion: $title', ({ given, text }) => {
    const { publicOpinion, channel } = factsOf(given);
    expect(grade(given).reasons).toEqual([
      {
        rule: 'G-2.1b',
        values: { ...publicOpinion, reachFrom: 100_000, channel },
        text: `major public opinion: ${text}`,
      },
    ]);
  });

  test.each<{ facts: Given['facts']; rule: string; values: object; text: string }>([
    {
      facts: { personalSafety: true },
      rule: 'G-2.1c',
      values: { personalSafety: true, hazard: false },
      text: 'it touches personal safety',
    },
    {
      facts: { hazard: true },
      rule: 'G-2.1c',
      values: { personalSafety: false, hazard: true },
      text: 'it touches a latent hazard',
    },
    {
      facts: { personalSafety: true, hazard: true },
      rule: 'G-2.1c',
      values: { personalSafety: true, hazard: true },
      text: 'it touches personal safety and a latent hazard',
    },
    { facts: { leaving: true }, rule: 'G-2.2b', values: { leaving: true }, text: 'the customer is about to leave' },
    {
      facts: { interrupted: true },
      rule: 'G-2.2c',
      values: { interrupted: true },
      text: 'the service is interrupted or the product unusable',
    },
    {
      facts: { threat: 'lawsuit' },
      rule: 'G-2.2d',
      values: { threat: 'lawsuit' },
      text: 'the customer threatens with: lawsuit',
    },
    { facts: {}, rule: 'G-2.3', values: {}, text: 'ordinary: no rule of level 1 or 2 is met' },
  ])('$rule: $text', ({ facts = {}, rule, values, text }) => {
    expect(grade({ facts }).reasons).toEqual([{ rule, values, text }]);
  });
});

describe('the nearest miss (G-3)', () => {
  test.each<{ title: string; given: Given; miss: object | undefined }>([
    {
      title: 'a small amount misses level 2',
      given: { amount: cny(5_800) },
      miss: {
        rule: 'G-2.2a',
        level: 2,
        have: '58.00',
        need: '100000.00',
        text: 'amount 58.00 of 100,000.00 needed for level 2',
      },
    },
    {
      title: 'another currency is shown beside what it is worth',
      given: { amount: { minor: 1_000_000, currency: 'USD' } },
      miss: {
        rule: 'G-2.2a',
        level: 2,
        have: '71000.00',
        need: '100000.00',
        text: 'amount 71,000.00 (10,000.00 USD) of 100,000.00 needed for level 2',
      },
    },
    {
      title: 'at level 2 only level 1 can be missed',
      given: { amount: cny(15_000_000) },
      miss: {
        rule: 'G-2.1a',
        level: 1,
        have: '150000.00',
        need: '500000.00',
        text: 'amount 150,000.00 of 500,000.00 needed for level 1',
      },
    },
    {
      title: 'a reach that came closer than the amount',
      given: { amount: cny(4_999_999), publicOpinion: { reach: 50_000 } },
      miss: {
        rule: 'G-2.1b',
        level: 1,
        have: '50000',
        need: '100000',
        text: 'reach 50,000 of 100,000 needed for level 1',
      },
    },
    {
      title: 'an amount that came closer than the reach by one minor unit',
      given: { amount: cny(5_000_001), publicOpinion: { reach: 50_000 } },
      miss: {
        rule: 'G-2.2a',
        level: 2,
        have: '50000.01',
        need: '100000.00',
        text: 'amount 50,000.01 of 100,000.00 needed for level 2',
      },
    },
    {
      title: 'a tie goes to the graver level',
      given: { amount: cny(5_000_000), publicOpinion: { reach: 50_000 } },
      miss: {
        rule: 'G-2.1b',
        level: 1,
        have: '50000',
        need: '100000',
        text: 'reach 50,000 of 100,000 needed for level 1',
      },
    },
    {
      title: 'a tie within a level goes to the lower rule id',
      given: { amount: cny(25_000_000), publicOpinion: { reach: 50_000 } },
      miss: {
        rule: 'G-2.1a',
        level: 1,
        have: '250000.00',
        need: '500000.00',
        text: 'amount 250,000.00 of 500,000.00 needed for level 1',
      },
    },
    {
      title: 'an unknown amount has no distance, the reach has',
      given: {},
      miss: { rule: 'G-2.1b', level: 1, have: '0', need: '100000', text: 'reach 0 of 100,000 needed for level 1' },
    },
    { title: 'level 1 misses nothing', given: { facts: { hazard: true }, amount: cny(1) }, miss: undefined },
  ])('$title', ({ given, miss }) => {
    expect(grade(given).nearestMiss).toEqual(miss);
  });

  test('is absent, not undefined, at level 1', () => {
    expect(grade({ facts: { hazard: true } })).not.toHaveProperty('nearestMiss');
  });
});

describe('a loss that cannot be converted (G-2)', () => {
  test.each([
    { title: 'a currency without rate', amount: { minor: 1, currency: 'CHF' }, occurredAt: at },
    { title: 'an unknown currency', amount: { minor: 1, currency: 'XXX' }, occurredAt: at },
    {
      title: 'a currency whose rates begin later',
      amount: { minor: 1, currency: 'USD' },
      occurredAt: '2025-12-31T15:59:59Z',
    },
  ])('$title leaves the loss rules unanswered, and the dispute is graded by the others', ({ amount, occurredAt }) => {
    const reason = `no rate for ${amount.currency}`;
    const unanswered = [
      { rule: 'G-2.1a', reason },
      { rule: 'G-2.2a', reason },
    ];
    expect(grade({ amount, occurredAt })).toMatchObject({
      level: 3,
      notEvaluable: unanswered,
      nearestMiss: { rule: 'G-2.1b' },
    });
    expect(grade({ amount, occurredAt, facts: { leaving: true } })).toMatchObject({
      level: 2,
      notEvaluable: unanswered,
    });
  });

  test.each<{ given: Given }>([{ given: {} }, { given: { amount: cny(60_000_000) } }])(
    'nothing is unanswered for $given',
    ({ given }) => {
      expect(grade(given).notEvaluable).toEqual([]);
    },
  );
});

test('thresholds, in rules and in words, are those of the policy', () => {
  const strict: Policy = {
    ...policy,
    version: 7,
    grading: { lossOver: { '1': 300, '2': 200 }, reachFrom: 5, regulatorChannels: ['web'] },
  };
  const graded = (given: Given) => gradeDispute(factsOf(given), strict, zone, at);
  expect(graded({ amount: cny(201) })).toMatchObject({
    level: 2,
    policyVersion: 7,
    reasons: [{ text: 'loss of 2.01 CNY is over 2.00 CNY' }],
    nearestMiss: { text: 'amount 2.01 of 3.00 needed for level 1' },
  });
  expect(graded({ publicOpinion: { reach: 5 } }).reasons[0]?.text).toBe(
    'major public opinion: a reach of 5, where 5 is enough',
  );
  expect(graded({ channel: 'regulator' }).level).toBe(3);
  expect(graded({ channel: 'web' }).level).toBe(1);
});

const anyAmount = fc.record({
  minor: fc.oneof(fc.nat({ max: 100_000_000 }), fc.constantFrom(10_000_000, 10_000_001, 50_000_000, 50_000_001)),
  currency: fc.constantFrom('CNY', 'USD', 'JPY', 'KWD', 'CHF'),
});
const anyFacts: fc.Arbitrary<GradedFacts> = fc.record({
  facts: fc.record({
    personalSafety: fc.boolean(),
    hazard: fc.boolean(),
    leaving: fc.boolean(),
    interrupted: fc.boolean(),
    threat: fc.constantFrom('none', 'regulator', 'lawsuit', 'media'),
  }),
  publicOpinion: fc.record({ reach: fc.nat({ max: 200_000 }), media: fc.boolean(), regulator: fc.boolean() }),
  amount: fc.option(anyAmount, { nil: undefined }),
  channel: fc.constantFrom('phone', 'chat', 'email', 'social', 'letter', 'web', 'regulator'),
  occurredAt: fc.constant(at),
});

/** Facts made graver in one respect, or left as they are. */
const ADDITIONS: readonly ((facts: GradedFacts) => GradedFacts)[] = [
  (given) => ({ ...given, facts: { ...given.facts, personalSafety: true } }),
  (given) => ({ ...given, facts: { ...given.facts, hazard: true } }),
  (given) => ({ ...given, facts: { ...given.facts, leaving: true } }),
  (given) => ({ ...given, facts: { ...given.facts, interrupted: true } }),
  (given) => ({
    ...given,
    facts: { ...given.facts, threat: given.facts.threat === 'none' ? 'media' : given.facts.threat },
  }),
  (given) => ({ ...given, publicOpinion: { ...given.publicOpinion, media: true } }),
  (given) => ({ ...given, publicOpinion: { ...given.publicOpinion, regulator: true } }),
  (given) => ({ ...given, publicOpinion: { ...given.publicOpinion, reach: given.publicOpinion.reach + 50_000 } }),
  (given) => ({ ...given, channel: 'regulator' }),
  ({ amount, ...given }) => ({
    ...given,
    amount: { minor: (amount?.minor ?? 0) + 10_000_000, currency: amount?.currency ?? 'CNY' },
  }),
];

describe('grading in general', () => {
  property.prop([anyFacts, fc.constantFrom(...ADDITIONS)])(
    'a further fact never makes a dispute less grave',
    (given, add) => {
      expect(gradeDispute(add(given), policy, zone, at).level).toBeLessThanOrEqual(
        gradeDispute(given, policy, zone, at).level,
      );
    },
  );

  property.prop([anyFacts])('the same facts get the same grade, whenever it is given', (given) => {
    const later = '2027-01-01T00:00:00Z';
    expect(gradeDispute(structuredClone(given), policy, zone, later)).toEqual({
      ...gradeDispute(given, policy, zone, at),
      gradedAt: later,
    });
  });

  property.prop([anyFacts])(
    'reasons are of the level, and a nearest miss of a graver one that was not met',
    (given) => {
      const { level, reasons, nearestMiss } = gradeDispute(given, policy, zone, at);
      expect(reasons.length).toBeGreaterThan(0);
      for (const { rule } of reasons) expect(rule.startsWith(`G-2.${level}`)).toBe(true);
      if (level === 1) expect(nearestMiss).toBeUndefined();
      else expect(nearestMiss?.level).toBeLessThan(level);
    },
  );
});
