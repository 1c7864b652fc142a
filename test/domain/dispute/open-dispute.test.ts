import { describe, expect, test } from 'vitest';
import type { Opening } from '#shared/domain/dispute/open-dispute.ts';
import { isRefusal } from '#shared/domain/refusal.ts';
import { dispute, id, open, opening } from '#test/support/disputes.ts';

const types = (change: Partial<Opening>) => {
  const opened = open(change);
  if (isRefusal(opened)) throw new Error(opened.detail);
  return opened.commit.events.map((event) => event.type);
};

describe('opening a dispute (G-1, G-2, I-9)', () => {
  test('a complete report is opened, graded and filed in one decision', () => {
    expect(types({})).toEqual(['DisputeOpened.v1', 'DisputeGraded.v1', 'DisputeFiled.v1']);
    expect(dispute()).toMatchObject({
      status: 'filed',
      responsibility: 'open',
      version: 1,
      awaiting: [],
      month: '2026-11',
      calendar: { id: 'cn', version: 1 },
      reports: [opening().receiptId],
      filingBreached: false,
    });
  });

  test('its events stand in envelopes whose ids derive from dispute, version and place', () => {
    const first = open();
    const again = open();
    expect(first).toEqual(again);
    if (isRefusal(first)) throw new Error(first.detail);
    const commitId = id('commit', first.dispute.disputeId, '1');
    expect(first.commit.commitId).toBe(commitId);
    expect(first.commit.events.map((event) => event.id)).toEqual(['0', '1', '2'].map((place) => id(commitId, place)));
    expect(first.commit.events[0]).toMatchObject({
      aggregateVersion: 1,
      aggregateId: first.dispute.disputeId,
      policyVersion: 1,
      occurredAt: '2026-11-20T02:31:00Z',
    });
  });

  test.each([
    { title: 'without demand', change: { has: { customer: true, text: true, demand: false } }, awaiting: ['demand'] },
    {
      title: 'without customer',
      change: { has: { customer: false, text: true, demand: true } },
      awaiting: ['customer'],
    },
    {
      title: 'with text but no place in the tree',
      change: { category: undefined, type: undefined },
      awaiting: ['type'],
    },
    {
      title: 'with nothing but a category',
      change: { type: undefined, has: { customer: false, text: false, demand: false } },
      awaiting: ['customer', 'details', 'demand'],
    },
  ])('a report $title waits as received, graded all the same', ({ change, awaiting }) => {
    expect(types(change)).toEqual(['DisputeOpened.v1', 'DisputeGraded.v1']);
    expect(dispute(change)).toMatchObject({ status: 'received', awaiting, grade: { level: 3 } });
  });

  test('a type alone counts as details, and as a place in the tree', () => {
    const alone = { category: undefined, type: 'billing-error', has: { customer: true, text: false, demand: true } };
    expect(dispute(alone).awaiting).toEqual([]);
    expect(dispute({ has: { customer: true, text: false, demand: true } }).awaiting).toEqual([]);
  });

  test.each([
    { title: 'both', change: {}, place: ['logistics', 'late-delivery', 'logistics'] },
    {
      title: 'a type alone',
      change: { category: undefined, type: 'billing-error' },
      place: ['service', 'billing-error', 'service'],
    },
    { title: 'a category alone', change: { type: undefined }, place: ['logistics', 'other', 'logistics'] },
    { title: 'neither', change: { category: undefined, type: undefined }, place: ['service', 'other', 'service'] },
    {
      title: 'a department of its own',
      change: { department: 'product' },
      place: ['logistics', 'late-delivery', 'product'],
    },
  ])('a report that names $title gets its place and preliminary department', ({ change, place }) => {
    const { category, type, department } = dispute(change);
    expect([category, type, department]).toEqual(place);
  });

  test.each([
    {
      title: 'an unknown category',
      change: { category: 'weather' },
      path: 'category',
      message: /product, service, logistics/,
    },
    {
      title: 'an unknown type',
      change: { type: 'rain' },
      path: 'type',
      message: /unknown in logistics; one of .*late-delivery/,
    },
    {
      title: 'an unknown type alone',
      change: { category: undefined, type: 'rain' },
      path: 'type',
      message: /late-delivery/,
    },
    {
      title: 'a type of another category',
      change: { type: 'billing-error' },
      path: 'type',
      message: /unknown in logistics/,
    },
    {
      title: '"other" of no category',
      change: { category: undefined, type: 'other' },
      path: 'category',
      message: /needed beside/,
    },
    {
      title: 'an unknown department',
      change: { department: 'sales' },
      path: 'department',
      message: /no department sales/,
    },
    { title: 'an unknown employee', change: { employee: 'E-999' }, path: 'employee', message: /no employee E-999/ },
    { title: 'an unknown partner', change: { partner: 'P-99' }, path: 'partner', message: /no partner P-99/ },
    {
      title: 'a department as an employee',
      change: { employee: 'logistics' },
      path: 'employee',
      message: /is known as department/,
    },
  ])('a report with $title is refused with the path (G-1)', ({ change, path, message }) => {
    const answer = open(change);
    expect(answer).toMatchObject({
      refused: 'input',
      rule: 'G-1',
      faults: [{ path, message: expect.stringMatching(message) }],
    });
  });

  test('everything unknown is named at once', () => {
    const answer = open({ type: 'rain', employee: 'E-999', partner: 'P-99' });
    expect(isRefusal(answer) && answer.refused === 'input' && answer.faults.map(({ path }) => path)).toEqual([
      'type',
      'employee',
      'partner',
    ]);
  });

  test.each([
    { title: 'inside a window', receivedAt: '2026-11-20T02:31:00Z', dueAt: '2026-11-20T03:31:00Z' },
    { title: 'before lunch, counted on after it', receivedAt: '2026-11-20T03:45:00Z', dueAt: '2026-11-20T05:45:00Z' },
    {
      title: 'on a Friday night, counted from Monday morning',
      receivedAt: '2026-11-20T12:00:00Z',
      dueAt: '2026-11-23T02:00:00Z',
    },
  ])('filing is due one working hour after receipt $title (C-4)', ({ receivedAt, dueAt }) => {
    expect(dispute({ receivedAt }).filingDueAt).toBe(dueAt);
  });

  test('an automatic filing by a worker that came late is a breach at the deadline', () => {
    const opened = open({}, '2026-11-20T03:31:01Z');
    if (isRefusal(opened)) throw new Error(opened.detail);
    const [, , breach, filed] = opened.commit.events;
    expect(breach).toMatchObject({
      type: 'ClockBreached.v1',
      occurredAt: '2026-11-20T03:31:00Z',
      data: { clock: 'C-4' },
    });
    expect(filed).toMatchObject({ type: 'DisputeFiled.v1', data: { automatic: true, inTime: false } });
    expect(opened.dispute).toMatchObject({ status: 'filed', filingBreached: true });
  });

  test("at the deadline's second it is in time", () => {
    const opened = open({}, '2026-11-20T03:31:00Z');
    expect(!isRefusal(opened) && opened.commit.events.at(-1)?.data).toMatchObject({ inTime: true });
  });

  test("the month is that of the first report in the organisation's zone (R-3)", () => {
    expect(dispute({ occurredAt: '2026-10-31T16:00:00Z' }).month).toBe('2026-11');
    expect(dispute({ occurredAt: '2026-10-31T15:59:59Z' }).month).toBe('2026-10');
  });
});
