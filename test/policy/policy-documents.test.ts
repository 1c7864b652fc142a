import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import canonicalize from 'canonicalize';
import { describe, expect, test } from 'vitest';
import { missingReferences } from '#shared/policy/load-policy.ts';
import { PLAIN_SOURCES, RELEASED_POLICIES, SAMPLE_ORGANISATION } from '#shared/policy/released.ts';

const folder = new URL('../../shared/policy/', import.meta.url);
const policy = RELEASED_POLICIES['policy-1'];
const fast = RELEASED_POLICIES.fast;

/** Hash of a file's canonical JSON (RFC 8785): layout may change, content may not. */
function contentHash(file: string): string {
  const document: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  return createHash('sha256')
    .update(canonicalize(document) ?? '')
    .digest('hex');
}

describe('released documents never change (P-1)', () => {
  const released: Record<string, string> = {
    'policies/policy-1.json': '3e4529a24ad5a1e81500c5b3a36951617afe878ad6829abf8ce16c8ec7c923c5',
    'policies/policy-fast.json': 'e0ce72dbe851f90b8d22885cc8eb2b8d6514d354e096e26201f9cc42ccac4521',
    'calendars/cn-1.json': 'a6de9b62c6a656f1a66256093e1f6188ac78f598b2f9c42cbcdfde6fae852e98',
  };

  test.each(Object.entries(released))('%s has the content that was released', (file, hash) => {
    expect(contentHash(file)).toBe(hash);
  });

  test('every policy and calendar file is pinned', () => {
    const files = ['policies', 'calendars'].flatMap((kind) =>
      readdirSync(new URL(`${kind}/`, folder))
        .filter((file) => file.endsWith('.json'))
        .map((file) => `${kind}/${file}`),
    );
    expect(files.sort()).toEqual(Object.keys(released).sort());
  });
});

describe('policy version 1', () => {
  test('holds the numbers of the rule book', () => {
    const { intake, grading, clocks, investigation, determination, points } = policy;
    expect(intake).toEqual({
      maxBodyBytes: 262_144,
      maxDepth: 32,
      signatureToleranceSeconds: 300,
      aheadSeconds: 300,
      secretOverlapSeconds: 86_400,
      activeSecrets: 2,
      secretCacheSeconds: 60,
      unclassified: { category: 'service', type: 'other' },
      syncSeconds: 300,
    });
    expect(grading).toEqual({
      lossOver: { '1': 50_000_000, '2': 10_000_000 },
      reachFrom: 100_000,
      regulatorChannels: ['regulator'],
    });
    const same = <T>(allowance: T) => ({ '1': allowance, '2': allowance, '3': allowance });
    expect(clocks).toEqual({
      'C-1': { '1': { elapsedSeconds: 600 }, '2': { elapsedSeconds: 1_800 }, '3': { elapsedSeconds: 7_200 } },
      'C-4': same({ workingSeconds: 3_600 }),
      'C-5': same({ elapsedSeconds: 172_800 }),
      'C-8': same({ workingDays: 3 }),
    });
    expect(investigation).toEqual({
      jointLevels: [1],
      jointLossOver: 10_000_000,
      team: ['disputes', 'performance'],
      teamLevel1: ['legal'],
    });
    expect(determination).toEqual({ maxShares: 20 });
    expect(points).toMatchObject({
      cardBase: 10_000,
      satisfaction: { 'very-satisfied': 200, satisfied: 0, neutral: 0, dissatisfied: -500 },
      attitude: { types: ['service-attitude'], indicator: 'service-attitude', dissatisfied: -300 },
      base: { '1': 2_000, '2': 1_000, '3': 500 },
      catalogue: [],
      bonus: { introductionYear: 1, linkedShareBp: [0, 1_000, 3_000], rateBp: { excellent: 2_000, below: -1_500 } },
    });
    expect(policy.exports).toEqual({ linkSeconds: 3_600 });
    expect(policy.review).toEqual({ frequentOverBp: 1_000 });
    expect(points.bands.map(({ id, from }) => [id, from])).toEqual([
      ['excellent', 9_000],
      ['good', 8_000],
      ['qualified', 7_000],
      ['below', 0],
    ]);
  });

  test('has the four categories, each with a type other', () => {
    expect(policy.categories.map(({ id }) => id)).toEqual(['product', 'service', 'logistics', 'after-sales']);
    expect(policy.categories.every(({ types }) => types.some(({ id }) => id === 'other'))).toBe(true);
  });

  test.each([
    ['late-delivery', 'logistics', ['on-time-delivery']],
    ['service-attitude', 'service', ['service-satisfaction', 'service-attitude']],
    ['tariff-dispute', 'service', ['clarity-of-explanation']],
    ['network-fault', 'service', ['maintenance-timeliness']],
    ['refund-delay', 'after-sales', ['refund-timeliness']],
  ])('%s goes to %s and is mapped to %s (W-3)', (id, department, indicators) => {
    const type = policy.categories.flatMap(({ types }) => types).find((candidate) => candidate.id === id);
    expect(type).toMatchObject({ department, indicators });
  });

  test('every type but other is mapped to an indicator, and every indicator is used', () => {
    const types = policy.categories.flatMap((category) => category.types);
    expect(types.filter(({ id, indicators }) => (id === 'other') !== (indicators.length === 0))).toEqual([]);
    const used = new Set(types.flatMap(({ indicators }) => indicators));
    expect(policy.indicators.map(({ id }) => id).filter((id) => !used.has(id))).toEqual([]);
  });

  test.each([
    ['CNY', 2],
    ['JPY', 0],
    ['KRW', 0],
    ['KWD', 3],
    ['BHD', 3],
    ['TWD', 2],
    ['CLF', 4],
  ])('%s has %s digits in its minor unit, as ISO 4217 says', (currency, digits) => {
    expect(policy.money.minorDigits[currency]).toBe(digits);
  });

  test.each([['USD'], ['EUR'], ['GBP'], ['JPY'], ['HKD'], ['TWD'], ['KWD'], ['KRW'], ['SGD'], ['AUD']])(
    '%s has a rate for every day since the policy began',
    (currency) => {
      const days = policy.money.rates.filter((rate) => rate.currency === currency).map(({ from }) => from);
      expect(days).toContain(policy.effectiveFrom);
      expect(days.length).toBeGreaterThan(2);
    },
  );

  test('every rule that the code cites has its text', () => {
    const root = new URL('../../', import.meta.url);
    const cited = ['shared/domain/', 'functions/'].flatMap((part) =>
      readdirSync(new URL(part, root), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .flatMap((file) => [...readFileSync(new URL(part + file, root), 'utf8').matchAll(/rule: '([A-Z]-[^']+)'/g)])
        .map(([, rule]) => rule),
    );
    expect(cited).toContain('G-2.1a');
    expect(cited.filter((rule) => !(String(rule) in policy.rules))).toEqual([]);
  });

  test('every name is written in both Chinese scripts, none in the wrong one', () => {
    const names = [
      ...policy.categories.flatMap(({ name, types }) => [name, ...types.map((type) => type.name)]),
      ...policy.indicators.map(({ name }) => name),
      ...policy.points.bands.map(({ name }) => name),
      ...Object.values(policy.rules),
    ];
    const traditionalOnly =
      /[產務後與題級門時實記錄糾紛處責認調單費網戶輿導監問訴訟給點領組聯個為險維護達準據響運輸貨損壞遺絕優無須還過進發動]/;
    const simplifiedOnly =
      /[产务后与题级门时实记录纠纷处责认调单费网户舆导监问诉讼给点领组联个为险维护达准据响运输货损坏遗绝优无须还过进发动]/;
    for (const name of names) {
      expect(name['zh-Hans']).not.toMatch(traditionalOnly);
      expect(name['zh-Hant']).not.toMatch(simplifiedOnly);
    }
  });
});

test('the policy fast differs from policy 1 in its name, C-1 and C-8, and in nothing else', () => {
  const same = <T>(allowance: T) => ({ '1': allowance, '2': allowance, '3': allowance });
  expect(fast).toEqual({
    ...policy,
    name: 'fast',
    clocks: { ...policy.clocks, 'C-1': same({ elapsedSeconds: 5 }), 'C-8': same({ elapsedSeconds: 20 }) },
  });
});

describe('the sample organisation', () => {
  const byKind = (kind: string) => SAMPLE_ORGANISATION.filter((subject) => subject.kind === kind);

  test('has its eight departments with their heads', () => {
    expect(byKind('department').map(({ id, head }) => [id, head])).toEqual([
      ['logistics', 'E-201'],
      ['product', 'E-301'],
      ['service', 'E-401'],
      ['after-sales', 'E-501'],
      ['disputes', 'E-601'],
      ['performance', 'E-701'],
      ['legal', 'E-801'],
      ['hr', 'E-901'],
    ]);
  });

  test('has their people and two partners, all active since 2015', () => {
    expect(byKind('employee').map(({ id, department }) => `${department} ${id}`)).toEqual([
      ...['logistics E-201', 'logistics E-202', 'logistics E-203', 'logistics E-204', 'product E-301', 'product E-302'],
      ...['service E-401', 'service E-402', 'service E-403', 'after-sales E-501', 'after-sales E-502'],
      ...['disputes E-601', 'disputes E-602', 'disputes E-603'],
      ...['performance E-701', 'performance E-702', 'performance E-703', 'legal E-801', 'hr E-901'],
    ]);
    expect(byKind('partner').map(({ id }) => id)).toEqual(['P-07', 'P-11']);
    expect(new Set(SAMPLE_ORGANISATION.map(({ activeFrom }) => activeFrom))).toEqual(new Set(['2015-01-01']));
  });

  test('a department belongs to itself, a partner to none', () => {
    expect(byKind('department').every(({ id, department }) => department === id)).toBe(true);
    expect(byKind('partner').every(({ department }) => department === undefined)).toBe(true);
  });

  test.each(Object.entries(RELEASED_POLICIES))('has every department that the policy %s names', (_name, released) => {
    expect(missingReferences(released, SAMPLE_ORGANISATION, [{ id: 'cn', version: 1 }])).toEqual([]);
  });
});

test('the seven plain sources are one per channel, without a principal', () => {
  const channels = ['phone', 'chat', 'email', 'social', 'letter', 'web', 'regulator'];
  expect(PLAIN_SOURCES).toEqual(
    channels.map((channel) => ({ source: channel, channel, adapter: 'plain', scheme: 'standard-webhooks' })),
  );
});
