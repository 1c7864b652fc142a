import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Cells, cfpbMapping, columnsOf, mapRow } from '#infra/cli/replay/mapping.ts';
import { readCsv } from '#infra/cli/replay/read-csv.ts';
import { ReportV1 } from '#shared/contracts/report.v1.ts';
import { PLAIN_SOURCES, RELEASED_POLICIES } from '#shared/policy/released.ts';

const COMPLAINTS = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'complaints', 'cfpb-6664.csv');
const missing = existsSync(COMPLAINTS) ? undefined : 'the complaint file is not beside this checkout';
const tree = new Set(
  RELEASED_POLICIES['policy-1'].categories.flatMap(({ id, types }) => types.map((type) => `${id}/${type.id}`)),
);

/** A line of an export in our own words. */
function complaint(given: Cells = {}): Cells {
  return {
    ...Object.fromEntries(columnsOf(cfpbMapping).map((column) => [column, ''])),
    'Complaint ID': '77001',
    'Date received': '2020-03-06',
    Product: 'Mortgage',
    Issue: 'Trouble during payment process',
    Company: 'A BANK OF OURS',
    State: 'NC',
    'Submitted via': 'Web',
    ...given,
  };
}

function reportOf(given: Cells = {}, source?: string) {
  const mapped = mapRow(complaint(given), cfpbMapping, source);
  if ('faults' in mapped) throw new Error(JSON.stringify(mapped.faults));
  return mapped;
}

describe('the mapping of the complaint export', () => {
  test('every type that it gives stands in the tree of policy 1, every source is one of ours', () => {
    const types = [...cfpbMapping.types, cfpbMapping.otherwise].map(({ category, type }) => `${category}/${type}`);
    expect(types.filter((type) => !tree.has(type))).toEqual([]);
    const sources = PLAIN_SOURCES.map(({ source }) => source);
    expect(Object.values(cfpbMapping.source.values).filter((source) => !sources.includes(source))).toEqual([]);
  });

  test('a complaint with words becomes a report of the contract, and a day stays a day', () => {
    const { source, report } = reportOf({ 'Consumer complaint narrative': ' They lost\nmy payment. ' });
    expect(source).toBe('web');
    expect(report).toEqual({
      externalId: '77001',
      occurredAt: '2020-03-06',
      text: 'They lost\nmy payment.',
      language: 'en',
      category: 'service',
      type: 'loan-servicing',
      product: 'Mortgage',
      region: 'NC',
      attributes: {
        company: 'A BANK OF OURS',
        product: 'Mortgage',
        issue: 'Trouble during payment process',
        submittedVia: 'Web',
      },
    });
  });

  test.each([
    ['Web', 'web'],
    ['Referral', 'web'],
    ['Phone', 'phone'],
    ['Postal mail', 'letter'],
    ['Fax', 'letter'],
    ['Email', 'email'],
  ])('%s came in through %s', (via, source) => {
    expect(reportOf({ 'Submitted via': via }).source).toBe(source);
  });

  test.each([
    ['Debt collection', 'Communication tactics', 'Frequent or repeated calls', 'service/debt-collection'],
    [
      'Debt collection',
      'Communication tactics',
      'Used obscene, profane, or other abusive language',
      'service/service-attitude',
    ],
    ['Student loan', 'Incorrect information on your report', 'Account status incorrect', 'service/credit-report'],
    ['Checking or savings account', 'Managing an account', 'Banking errors', 'service/billing-error'],
    ['Checking or savings account', 'Managing an account', 'Cashing a check', 'service/account-management'],
    [
      'Checking or savings account',
      'Closing an account',
      'Funds not received from closed account',
      'after-sales/refund-delay',
    ],
    ['Virtual something', 'What nobody heard of', '', 'service/other'],
  ])('%s, %s, %s is %4$s', (Product, Issue, subIssue, place) => {
    const { report } = reportOf({ Product, Issue, 'Sub-issue': subIssue });
    expect(`${report.category}/${report.type}`).toBe(place);
  });

  test('a given source goes before the channel of the line, known or not', () => {
    expect(reportOf({ 'Submitted via': 'Pigeon' }, 'regulator').source).toBe('regulator');
  });

  test('a mapping may name a source for every other channel', () => {
    const mapping = { ...cfpbMapping, source: { ...cfpbMapping.source, otherwise: 'social' } };
    expect(mapRow(complaint({ 'Submitted via': 'Pigeon' }), mapping)).toMatchObject({ source: 'social' });
  });

  test('an unknown channel, a day that is none and a missing id are faults of their columns', () => {
    expect(mapRow(complaint({ 'Submitted via': 'Pigeon' }), cfpbMapping)).toMatchObject({
      faults: [{ column: 'Submitted via', message: expect.stringContaining("'Pigeon' is none of Web") }],
    });
    expect(mapRow(complaint({ 'Date received': '03/06/2020', 'Complaint ID': ' ' }), cfpbMapping)).toMatchObject({
      faults: [
        { column: 'Complaint ID', message: 'is empty' },
        { column: 'Date received', message: expect.stringContaining('YYYY-MM-DD') },
      ],
    });
  });
});

describe.skipIf(missing !== undefined)(`the real complaint file${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('every line is a report with a type of the tree, and few are other', async () => {
    const types = new Map<string, number>();
    const sources = new Map<string, number>();
    const ids = new Set<string>();
    for await (const found of readCsv(COMPLAINTS, { mapping: cfpbMapping })) {
      if ('fault' in found) throw new Error(JSON.stringify(found.fault));
      const { externalId, category, type, customer } = ReportV1.parse(JSON.parse(found.row.body));
      expect(customer).toBeUndefined();
      expect(tree).toContain(`${category}/${type}`);
      ids.add(`${found.row.source}/${externalId}`);
      types.set(String(type), (types.get(String(type)) ?? 0) + 1);
      sources.set(found.row.source, (sources.get(found.row.source) ?? 0) + 1);
    }
    expect(ids.size).toBe(6_664);
    expect(Object.fromEntries(sources)).toEqual({ web: 5_780, phone: 499, letter: 383, email: 2 });
    expect(Object.fromEntries(types)).toEqual({
      'credit-report': 3_426,
      'debt-collection': 1_227,
      'loan-servicing': 658,
      'account-management': 453,
      'tariff-dispute': 193,
      'unauthorised-transaction': 163,
      privacy: 113,
      'refund-delay': 110,
      'billing-error': 98,
      other: 79,
      'misleading-promotion': 58,
      'contract-terms': 56,
      'service-attitude': 30,
    });
  });
});
