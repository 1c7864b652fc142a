import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { check } from '#shared/policy/faults.ts';
import { loadPolicy, missingReferences } from '#shared/policy/load-policy.ts';
import { OrganisationSchema } from '#shared/policy/organisation-schema.ts';
import { RELEASED_POLICIES, SAMPLE_ORGANISATION } from '#shared/policy/released.ts';
import { SourcesSchema } from '#shared/policy/source-schema.ts';

const read = (file: string) => readFileSync(new URL(`../../shared/policy/${file}`, import.meta.url), 'utf8');
const text = read('policies/policy-1.json');

/** The document with the value at a dotted path replaced; a path may name a new field. */
function changed(json: string, path: string, value: unknown): unknown {
  const document: unknown = JSON.parse(json);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const holder = keys.reduce<unknown>((node, key) => Reflect.get(Object(node), key), document);
  Reflect.set(Object(holder), last, value);
  return document;
}
function faultsOf(...changes: readonly (readonly [path: string, value: unknown])[]) {
  const document = changes.reduce((json, [path, value]) => JSON.stringify(changed(json, path, value)), text);
  const answer = loadPolicy(document);
  return 'faults' in answer ? answer.faults : [];
}

const type = { id: 'x', name: { en: 'X', 'zh-Hant': '甲', 'zh-Hans': '甲' }, department: 'service', indicators: [] };
const band = (id: string, from: number) => ({ id, name: type.name, from });

describe('loading a policy (P-1)', () => {
  test('a whole document is read as it stands', () => {
    expect(loadPolicy(text)).toEqual({ value: RELEASED_POLICIES['policy-1'] });
  });

  test('text that is no JSON is one fault', () => {
    const answer = loadPolicy('{ "version": 1');
    expect(answer).toEqual({ faults: [{ path: '', message: expect.stringMatching(/^is not JSON: /) }] });
  });

  test('every fault is listed with its path and reason', () => {
    expect(faultsOf(['version', 0], ['intake.maxDepth', 1.5], ['surprise', true], ['points.base.4', 1])).toEqual([
      { path: 'version', message: 'must be more than 0' },
      { path: 'intake.maxDepth', message: 'must be a whole number' },
      { path: 'points.base.4', message: 'is not a field of this document' },
      { path: 'surprise', message: 'is not a field of this document' },
    ]);
  });

  const tree: [string, string, unknown, string][] = [
    ['a category twice', 'categories.1.id', 'product', 'repeats product'],
    ['a type twice, in another category', 'categories.1.types.0.id', 'defective', 'repeats defective'],
    ['a type mapped to an unknown indicator', 'categories.0.types.0.indicators.0', 'luck', 'luck is no indicator'],
    ['an empty name', 'categories.0.name.zh-Hant', ' ', 'must have a text'],
    ['an indicator twice', 'indicators.1.id', 'on-time-delivery', 'repeats on-time-delivery'],
    ['no category', 'categories', [], 'must hold at least one category'],
    [
      'an id with a capital',
      'categories.0.types.0.department',
      'Product',
      'must be lower-case letters, digits and hyphens',
    ],
    ['an unknown category for the unclassified', 'intake.unclassified.category', 'misc', 'misc is no category'],
    [
      'a type of another category for the unclassified',
      'intake.unclassified.type',
      'defective',
      'defective is no type of the category service',
    ],
  ];
  const money: [string, string, unknown, string][] = [
    ['a rate of nothing', 'money.rates.0.rate', '0.000', 'must be more than 0'],
    ['a rate below nothing', 'money.rates.0.rate', '-1', 'must be a decimal as text, such as "7.0524"'],
    ['a rate with an exponent', 'money.rates.0.rate', '1e3', 'must be a decimal as text, such as "7.0524"'],
    ['a day that does not exist', 'money.rates.0.from', '2015-02-29', 'must be a day that exists, YYYY-MM-DD'],
    [
      'a rate of the policy’s own currency',
      'money.rates.0.currency',
      'CNY',
      "is the policy's own currency, which needs no rate",
    ],
    ['a rate of a currency without minor digits', 'money.rates.0.currency', 'XXX', 'XXX has no minorDigits'],
    ['an own currency without minor digits', 'money.currency', 'XXX', 'XXX has no minorDigits'],
    ['a minor unit of five digits', 'money.minorDigits.CNY', 5, 'must be from 0 to 4'],
    [
      'a currency in small letters',
      'money.rates.0.currency',
      'usd',
      'must be a currency code of three capital letters',
    ],
  ];
  const rest: [string, string, unknown, string][] = [
    [
      'a loss of level 1 that is not over that of level 2',
      'grading.lossOver.1',
      10_000_000,
      'must be more than the loss of level 2',
    ],
    ['a clock that allows nothing', 'clocks.C-1.1.elapsedSeconds', 0, 'must be more than 0'],
    [
      'a clock with two allowances',
      'clocks.C-8.3',
      { workingDays: 1, elapsedSeconds: 1 },
      'must be one of elapsedSeconds, workingSeconds and workingDays, a whole number of more than 0',
    ],
    ['a first day that does not exist', 'effectiveFrom', '2015-13-01', 'must be a day that exists, YYYY-MM-DD'],
    ['a fourth level', 'investigation.jointLevels.0', 4, 'must be level 1, 2 or 3'],
    ['no bands', 'points.bands', [], 'must hold at least one band'],
    ['an attitude type outside the tree', 'points.attitude.types.0', 'mood', 'mood is no type of the tree'],
    ['an attitude indicator that is none', 'points.attitude.indicator', 'mood', 'mood is no indicator'],
    [
      'points that are no whole hundredths',
      'points.satisfaction.dissatisfied',
      -0.5,
      'must be a whole number of hundredths',
    ],
  ];

  test.each([...tree, ...money, ...rest])('%s is refused', (_title, path, value, message) => {
    expect(faultsOf([path, value])).toContainEqual({ path, message });
  });

  test('a rule that decisions cite needs its text', () => {
    const { 'G-2.1a': _left, ...rules } = RELEASED_POLICIES['policy-1'].rules;
    expect(faultsOf(['rules', rules])).toEqual([
      { path: 'rules.G-2.1a', message: 'is cited by decisions and needs a text' },
    ]);
  });

  test('a text under no rule id is refused', () => {
    const rules = { ...RELEASED_POLICIES['policy-1'].rules, rule: type.name };
    expect(faultsOf(['rules', rules])).toMatchObject([{ path: 'rules.rule' }]);
  });

  test('a category without a type other is refused', () => {
    expect(faultsOf(['categories.3.types', [type]])).toEqual([
      { path: 'categories.3.types', message: 'must have a type other (G-1)' },
    ]);
  });

  test('a second type other in one category is refused', () => {
    const other = { ...type, id: 'other' };
    expect(faultsOf(['categories.3.types', [other, other]])).toEqual([
      { path: 'categories.3.types.1.id', message: 'repeats other of after-sales' },
    ]);
  });

  test('two rates of one currency from one day are refused', () => {
    const rate = { currency: 'USD', from: '2026-01-01', rate: '7' };
    expect(faultsOf(['money.rates', [rate, { ...rate, from: '2026-01-02' }, { ...rate, rate: '8' }]])).toEqual([
      { path: 'money.rates.2', message: 'repeats USD from 2026-01-01' },
    ]);
  });

  test('bands go from the best down to one that starts at 0', () => {
    const message = "must be more than the next band's 8000";
    const bands = [band('a', 8_000), band('b', 8_000), band('b', 10)];
    expect(faultsOf(['points.bands', bands], ['points.bonus.rateBp', { a: 2_000 }])).toEqual([
      { path: 'points.bands.2.id', message: 'repeats b' },
      { path: 'points.bands.0.from', message },
      { path: 'points.bands.2.from', message: 'must be 0 in the last band' },
    ]);
  });

  test('the bonus has a linked share for a year at least, and rates for bands that there are (S-18)', () => {
    const faults = faultsOf(
      ['points.bonus.linkedShareBp', []],
      ['points.bonus.introductionYear', 0],
      ['exports.linkSeconds', 604_801],
    );
    expect(faults).toEqual([
      { path: 'points.bonus.introductionYear', message: 'must be more than 0' },
      { path: 'points.bonus.linkedShareBp', message: 'must hold at least the first year' },
      { path: 'exports.linkSeconds', message: 'must be at most 604800' },
    ]);
    expect(faultsOf(['points.bonus.rateBp.splendid', 100])).toEqual([
      { path: 'points.bonus.rateBp.splendid', message: 'splendid is no band' },
    ]);
  });

  test('the catalogue names each cause and layer once, with points or a percentage', () => {
    const effect = { causeCode: 'courier-absent', kind: 'direct', effect: { points: -500 } };
    expect(
      faultsOf(['points.catalogue', [effect, { ...effect, kind: 'management', effect: { percentBp: -1_000 } }]]),
    ).toEqual([]);
    expect(faultsOf(['points.catalogue', [effect, effect]])).toEqual([
      { path: 'points.catalogue.1', message: 'repeats courier-absent direct' },
    ]);
    expect(faultsOf(['points.catalogue', [{ ...effect, effect: {} }]])).toEqual([
      { path: 'points.catalogue.0.effect', message: 'must be points or percentBp, a whole number of hundredths' },
    ]);
  });
});

describe('what a policy names outside itself (P-1)', () => {
  const policy = RELEASED_POLICIES['policy-1'];

  test('departments that the organisation lacks, and a calendar that is not there, are listed', () => {
    const subjects = SAMPLE_ORGANISATION.filter(({ id }) => !['logistics', 'performance', 'legal'].includes(id));
    const faults = missingReferences(policy, subjects, [
      { id: 'cn', version: 2 },
      { id: 'tw', version: 1 },
    ]);
    const missing = (path: string, department: string) => ({
      path,
      message: `${department} is no department of the organisation`,
    });
    expect(faults).toEqual([
      ...[0, 1, 2, 3, 4].map((index) => missing(`categories.2.types.${index}.department`, 'logistics')),
      missing('investigation.team.1', 'performance'),
      missing('investigation.teamLevel1.0', 'legal'),
      { path: 'calendar', message: 'the calendar cn has no version 1' },
    ]);
  });

  test('an employee with a department’s id does not stand in for it', () => {
    const subjects = SAMPLE_ORGANISATION.map((subject) =>
      subject.id === 'legal' ? { ...subject, kind: 'employee' as const } : subject,
    );
    expect(missingReferences(policy, subjects, [{ id: 'cn', version: 1 }])).toMatchObject([
      { path: 'investigation.teamLevel1.0' },
    ]);
  });
});

describe('an organisation’s file', () => {
  const sample = read('organisation/sample.json');
  test.each<[string, string, unknown, string]>([
    ['an id twice, over the kinds', 'partners.0.id', 'E-201', 'repeats E-201'],
    ['a head who works elsewhere', 'departments.0.head', 'E-301', 'E-301 is no employee of logistics'],
    ['a head who is nobody', 'departments.0.head', 'E-999', 'E-999 is no employee of logistics'],
    ['an employee of no department', 'employees.1.department', 'moon', 'moon is no department'],
    ['an end before the beginning', 'employees.1.activeTo', '2014-12-31', 'must not be before 2015-01-01'],
    ['a day that does not exist', 'partners.1.activeFrom', '2015-04-31', 'must be a day that exists, YYYY-MM-DD'],
    ['an id with a blank', 'partners.1.id', 'P 11', 'must be letters, digits and hyphens'],
    ['an empty name', 'partners.1.name', '', 'must have a text'],
    ['an unknown field', 'employees.0.salary', 1, 'is not a field of this document'],
  ])('%s is refused', (_title, path, value, message) => {
    expect(check(OrganisationSchema, changed(sample, path, value))).toEqual({ faults: [{ path, message }] });
  });

  test('who was active for a single day is accepted', () => {
    expect(check(OrganisationSchema, changed(sample, 'employees.1.activeTo', '2015-01-01'))).toHaveProperty('value');
  });
});

describe('a file of sources (I-1)', () => {
  const plain = read('sources/plain.json');
  test.each<[string, string, unknown, string]>([
    ['a source twice', '1.source', 'phone', 'repeats phone'],
    ['a source with a blank', '0.source', 'my phone', 'is no id: letters, digits, dot, underscore, hyphen'],
    ['an unknown field', '0.secret', 'x', 'is not a field of this document'],
  ])('%s is refused', (_title, path, value, message) => {
    expect(check(SourcesSchema, changed(plain, path, value))).toEqual({ faults: [{ path, message }] });
  });

  test.each([
    ['0.channel', 'fax'],
    ['0.adapter', 'magic'],
    ['0.scheme', 'none'],
    ['0.principal', ''],
    ['0.principal', 'AROAEXAMPLE:session'],
    ['0.active', 'yes'],
  ])('%s cannot be "%s"', (path, value) => {
    expect(check(SourcesSchema, changed(plain, path, value))).toMatchObject({ faults: [{ path }] });
  });

  test('a source may name the principal that sends for it in-house (I-2)', () => {
    expect(check(SourcesSchema, changed(plain, '0.principal', 'AROAEXAMPLE'))).toMatchObject({
      value: [{ source: 'phone', principal: 'AROAEXAMPLE' }, ...new Array(6).fill({})],
    });
  });
});
