import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { CounterCell } from '#shared/domain/insights/count-events.ts';
import type { Entry } from '#shared/domain/performance/entry.ts';
import {
  largestFirst,
  partsOf,
  rateBp,
  SHARE_UNIT_BP,
  sum,
  WHOLE_BP,
  withShares,
} from '#shared/domain/review/parts.ts';
import { accountedFor, countedBySource, sumPoints, sumsOfCard } from '#shared/domain/review/reconcile.ts';
import { daysOf, reviewOf, TOTALS, UNKNOWN } from '#shared/domain/review/review.ts';
import { inputs, received } from './review-inputs.ts';

const review = reviewOf(inputs());

describe('the review of a month (R-3)', () => {
  test('totals count what came to each step', () => {
    expect(review.totals).toEqual({
      opened: 20,
      filed: 19,
      assigned: 9,
      investigated: 8,
      reported: 8,
      noticed: 5,
      waived: 1,
      final: 6,
      resolved: 12,
      closed: 10,
      reopened: 1,
    });
    expect(Object.keys(review.totals)).toEqual([...TOTALS]);
  });

  test('a type `other` stands under the category that it was counted under', () => {
    expect(review.categories).toMatchObject([
      {
        id: 'logistics',
        count: 19,
        shareBp: 9_500,
        name: { en: 'Logistics' },
        types: [
          { id: 'late-delivery', count: 17, shareBp: 8_500, frequent: true, name: { 'zh-Hans': '延迟送达' } },
          { id: 'damaged-goods', count: 1, shareBp: 500, frequent: false },
          { id: 'other', count: 1, category: 'logistics' },
        ],
      },
      { id: 'service', count: 1, types: [{ id: 'other', count: 1, category: 'service' }] },
    ]);
  });

  test.each([
    { title: 'exactly the share is not over it', overBp: 8_500, frequent: false },
    { title: 'a little less than the share is', overBp: 8_499, frequent: true },
  ])('$title', ({ overBp, frequent }) => {
    const { categories } = reviewOf(inputs({ frequentOverBp: overBp }));
    expect(categories[0]?.types[0]).toMatchObject({ id: 'late-delivery', frequent });
  });

  test('a category and a type that no policy names are shown by their ids, without a name', () => {
    const cells: CounterCell[] = [{ department: 'x', type: 'y', counters: { opened: 1, 'category.z': 1 } }];
    const { categories, departments } = reviewOf(inputs({ cells }));
    expect(categories).toEqual([
      {
        id: 'z',
        count: 1,
        shareBp: 10_000,
        types: [{ id: 'y', category: 'z', count: 1, shareBp: 10_000, frequent: true }],
      },
    ]);
    expect(departments[0]).not.toHaveProperty('name');
  });

  test('what is counted as opened and not yet graded is said to be unknown, so that levels add up', () => {
    const cells: CounterCell[] = [{ department: 'x', type: 'y', counters: { opened: 3, 'level.2': 1 } }];
    const { levels, categories } = reviewOf(inputs({ cells }));
    expect(levels.map(({ id, count }) => [id, count])).toEqual([
      ['1', 0],
      ['2', 1],
      ['3', 0],
      [UNKNOWN, 2],
    ]);
    expect(categories).toMatchObject([{ id: UNKNOWN, count: 3 }]);
  });

  test('levels, channels, alerts, deadlines, findings and ratings', () => {
    expect(review.levels.map(({ count }) => count)).toEqual([2, 5, 13]);
    expect(review.channels.map(({ id, count }) => [id, count])).toEqual([
      ['phone', 19],
      ['email', 1],
    ]);
    expect(review.alerts).toEqual({ raised: 18, acknowledged: 15, inTime: 12, superseded: 1, breached: 5 });
    expect(review.inTime).toEqual([
      { what: 'alerts', all: 15, inTime: 12, missed: 5, rateBp: 7_059 },
      { what: 'filings', all: 19, inTime: 15, missed: 5, rateBp: 7_500 },
      { what: 'cause-reports', all: 8, inTime: 7, missed: 1, rateBp: 8_750 },
      { what: 'filings-learned', all: 16, inTime: 16, missed: 0, rateBp: 10_000 },
    ]);
    expect(review.breaches).toEqual([
      { clock: 'C-1', count: 5 },
      { clock: 'C-4', count: 5 },
    ]);
    expect(review.determinations.map(({ count }) => count)).toEqual([5, 0, 2, 0]);
    expect(review.ratings.map(({ count }) => count)).toEqual([0, 3, 0, 1]);
  });

  test.each([
    { title: 'never acknowledged counts as missed', acknowledged: 40, inTime: 40, breached: 104, rateBp: 2_778 },
    { title: 'acknowledged late is missed once', acknowledged: 3, inTime: 1, breached: 2, rateBp: 3_333 },
    { title: 'still open within its time is neither', acknowledged: 1, inTime: 1, breached: 0, rateBp: 10_000 },
  ])('an alert that is $title', ({ acknowledged, inTime, breached, rateBp: expected }) => {
    const counters = { 'alerts.acknowledged': acknowledged, 'alerts.inTime': inTime, 'breached.C-1': breached };
    const { inTime: rates } = reviewOf(inputs({ cells: [{ department: 'x', type: 'y', counters }] }));
    expect(rates[0]).toEqual({ what: 'alerts', all: acknowledged, inTime, missed: breached, rateBp: expected });
  });

  test('missed deadlines stand in the order of their clocks', () => {
    const cells: CounterCell[] = [
      { department: 'x', type: 'y', counters: { 'breached.C-5': 1, 'breached.C-1': 2, 'breached.C-4': 3 } },
    ];
    expect(reviewOf(inputs({ cells })).breaches.map(({ clock }) => clock)).toEqual(['C-1', 'C-4', 'C-5']);
  });

  test('departments with what was done and moved, partners without one', () => {
    expect(review.departments).toMatchObject([
      { id: 'logistics', name: '物流部', count: 18, filed: 17, resolved: 12, closed: 10, breached: 10, posted: -2_500 },
      { id: 'service', count: 2, filed: 2, posted: 200, pending: 0 },
      { id: '-', count: 0, pending: -100 },
    ]);
    expect(review.departments[2]).not.toHaveProperty('name');
    expect(review.points).toEqual({ pending: -1_000, posted: -2_300, voided: -300 });
  });

  test('a department that only received reports about other months is none of the month', () => {
    const cells: CounterCell[] = [{ department: 'x', type: 'y', counters: { 'received.phone': 4 } }];
    expect(reviewOf(inputs({ cells })).departments).toEqual([]);
  });

  test('a month of nothing has no rates and no shares', () => {
    const empty = reviewOf(inputs({ cells: [], received: [], ledger: [] }));
    expect(empty.inTime[0]).toEqual({ what: 'alerts', all: 0, inTime: 0, missed: 0 });
    expect(empty).toMatchObject({ categories: [], channels: [], departments: [], statements: [] });
    expect(empty).not.toHaveProperty('provisional');
  });
});

describe('what was received in the month (I-7)', () => {
  test('by source, in sum, and on every day', () => {
    expect(review.received.sources).toMatchObject([{ source: 'phone', received: 22, opened: 20, duplicate: 1 }]);
    expect(review.received.total).toMatchObject({ received: 22, opened: 20, rejected: 1 });
    expect(review.received.days).toHaveLength(31);
    expect(review.received.days.filter((each) => each.received > 0)).toEqual([
      { day: '2026-10-02', received: 14 },
      { day: '2026-10-20', received: 8 },
    ]);
  });

  test.each([
    ['2026-02', 28],
    ['2024-02', 29],
    ['2026-04', 30],
    ['2026-12', 31],
  ])('%s has %i days', (month, days) => {
    expect(daysOf(month)).toHaveLength(days);
  });
});

describe('the statement of reconciliation (R-3, R-7)', () => {
  test('agrees line by line where everything is counted', () => {
    expect(review.statements.map(({ about, of, difference }) => [about, of, difference])).toEqual([
      ['received', 'phone', 0],
      ['counted', 'phone', 0],
      ['accounted', 'phone', 0],
      ['points.pending', '-', 0],
      ['points.pending', 'logistics', 0],
      ['points.posted', 'logistics', 0],
      ['points.posted', 'service', 0],
      ['points.voided', 'logistics', 0],
    ]);
    expect(review.provisional).toBeUndefined();
  });

  test('a dispute that was opened and is not counted makes it provisional by one', () => {
    const more = received({ day: '2026-10-21', source: 'web', received: 1, opened: 1 });
    const { statements, provisional } = reviewOf(inputs({ received: [...inputs().received, more] }));
    expect(statements).toContainEqual({ about: 'counted', of: 'web', expected: 1, found: 0, difference: 1 });
    expect(provisional).toEqual({ reports: 1, points: 0, running: false });
  });

  test.each([
    { title: 'in flight', parts: { inFlight: 2 }, reports: 2 },
    { title: 'put aside', parts: { deadLettered: 2 }, reports: 2 },
    { title: 'a duplicate', parts: { duplicate: 2 }, reports: undefined },
    { title: 'rejected', parts: { rejected: 2 }, reports: undefined },
    { title: 'joined', parts: { joined: 2 }, reports: undefined },
  ])('two reports that are $title', ({ parts, reports }) => {
    const more = received({ source: 'web', received: 2, ...parts });
    const { provisional } = reviewOf(inputs({ received: [...inputs().received, more] }));
    expect(provisional?.reports).toBe(reports);
  });

  test('reports of a later month that are not accounted for may be about this one', () => {
    const uncountedLater = [{ month: '2026-11', source: 'web', received: 9, accounted: 6 }];
    const { statements, provisional } = reviewOf(inputs({ uncountedLater }));
    expect(statements).toContainEqual({
      about: 'later',
      of: 'web',
      month: '2026-11',
      expected: 9,
      found: 6,
      difference: 3,
    });
    expect(provisional).toEqual({ reports: 3, points: 0, running: false });
  });

  test('points that the ledger does not have, or the counters, differ by what is missing', () => {
    const ledger = [...inputs().ledger.slice(0, 2), { department: 'hr', pending: 50, posted: 0, voided: 0 }];
    const { statements, provisional } = reviewOf(inputs({ ledger }));
    expect(statements.filter(({ difference }) => difference !== 0)).toEqual([
      { about: 'points.pending', of: 'hr', expected: 50, found: 0, difference: 50 },
      { about: 'points.posted', of: 'service', expected: 0, found: 200, difference: -200 },
    ]);
    expect(provisional).toEqual({ reports: 0, points: 250, running: false });
  });

  test('four dead messages of the month itself show as a line that does not agree', () => {
    const more = received({ source: 'web', received: 4, deadLettered: 4 });
    const { statements } = reviewOf(inputs({ received: [...inputs().received, more] }));
    expect(statements.filter(({ difference }) => difference !== 0)).toEqual([
      { about: 'accounted', of: 'web', expected: 4, found: 0, difference: 4 },
    ]);
  });

  test('a report that is counted while intake still has it among the dead is one that differs', () => {
    const stale = [received({ received: 20, opened: 19, deadLettered: 1 })];
    expect(reviewOf(inputs({ received: stale })).provisional).toEqual({ reports: 1, points: 0, running: false });
  });

  propertyTest.prop([
    fc.array(
      fc.record({
        source: fc.constantFrom('phone', 'web'),
        received: fc.nat(3),
        opened: fc.nat(3),
        duplicate: fc.nat(1),
        deadLettered: fc.nat(1),
      }),
      { maxLength: 3 },
    ),
    fc.nat(3),
  ])('of a month that is over, it is provisional exactly when a statement differs', (days, counted) => {
    const cells: CounterCell[] = [{ department: 'x', type: 'y', counters: { 'received.phone': counted } }];
    const own = reviewOf(inputs({ cells, received: days.map((day) => received(day)), ledger: [] }));
    expect(own.provisional !== undefined).toBe(own.statements.some(({ difference }) => difference !== 0));
  });

  test('counted without being received differs, too', () => {
    const { provisional } = reviewOf(inputs({ received: [] }));
    expect(provisional).toEqual({ reports: 20, points: 0, running: false });
  });

  test('a month that is not over is provisional whatever its figures', () => {
    expect(reviewOf(inputs({ running: true })).provisional).toEqual({ reports: 0, points: 0, running: true });
  });

  test('arrivals are accounted for by what is counted and by what opens nothing', () => {
    const tally = received({ received: 9, opened: 4, joined: 1, duplicate: 2, rejected: 1, inFlight: 1 });
    expect(accountedFor(tally, 3)).toBe(7);
    expect([...countedBySource(inputs().cells)]).toEqual([['phone', 20]]);
  });
});

describe("what a card's entries add up to", () => {
  const entry = (groupId: string, kind: Entry['kind'], points?: number, department?: string): Entry => ({
    entryId: `${groupId}-${kind}-${points}`,
    groupId,
    kind,
    subject: { kind: 'partner', id: 'P-07' },
    period: '2026-10',
    rule: 'S-5',
    disputeId: 'd',
    basis: 'determination',
    policyVersion: 1,
    calendar: { id: 'cn', version: 1 },
    recordedAt: '2026-10-02T00:00:00Z',
    ...(points !== undefined && { points }),
    ...(department !== undefined && { department }),
  });

  test('follows the last word on each group (S-13); a partner belongs to no department', () => {
    const entries = [
      entry('a', 'points', -600, 'logistics'),
      entry('a', 'posted', undefined, 'logistics'),
      entry('b', 'points', -300, 'logistics'),
      entry('c', 'points', -100, 'logistics'),
      entry('c', 'void', undefined, 'logistics'),
    ];
    expect(sumsOfCard(entries)).toEqual([{ department: 'logistics', pending: -300, posted: -600, voided: -100 }]);
    expect(sumsOfCard([entry('a', 'points', -5)])).toEqual([{ department: '-', pending: -5, posted: 0, voided: 0 }]);
  });

  test('cards add up per department, without those that moved nothing', () => {
    expect(
      sumPoints([
        { department: 'b', pending: 1, posted: 2, voided: 3 },
        { department: 'a', pending: 0, posted: 0, voided: 1 },
        { department: 'b', pending: 1, posted: 0, voided: 0 },
        { department: 'c', pending: 0, posted: 0, voided: 0 },
      ]),
    ).toEqual([
      { department: 'a', pending: 0, posted: 0, voided: 1 },
      { department: 'b', pending: 2, posted: 2, voided: 3 },
    ]);
  });
});

describe('parts of a total', () => {
  test.each([
    {
      title: 'thirds give the odd tenth of a percent to the lowest id',
      counts: { a: 1, b: 1, c: 1 },
      bp: [3_340, 3_330, 3_330],
    },
    { title: 'a negative count takes from the whole', counts: { a: 3, b: -1 }, bp: [15_000, -5_000] },
    { title: 'nothing has no shares', counts: { a: 0, b: 0 }, bp: [0, 0] },
  ])('$title', ({ counts, bp }) => {
    expect(partsOf(new Map(Object.entries(counts))).map(({ shareBp }) => shareBp)).toEqual(bp);
  });

  test('parts of a part share what it has, also where events on their way make it negative', () => {
    const shares = (counts: Record<string, number>, wholeBp: number) =>
      withShares(
        Object.entries(counts).map(([id, count]) => ({ id, count })),
        wholeBp,
      ).map(({ shareBp }) => shareBp);
    expect(shares({ a: 1, b: 1, c: 1 }, 3_340)).toEqual([1_120, 1_110, 1_110]);
    expect(shares({ a: -2, b: 1, c: 0 }, -1_000)).toEqual([-2_000, 1_000, 0]);
    expect(shares({ a: 1, b: -1 }, 0)).toEqual([0, 0]);
  });

  test('the largest come first, those of one size by their id', () => {
    const parts = partsOf(new Map(Object.entries({ b: 1, c: 2, a: 1 })));
    expect(largestFirst(parts).map(({ id }) => id)).toEqual(['c', 'a', 'b']);
    expect(largestFirst(parts.toReversed()).map(({ id }) => id)).toEqual(['c', 'a', 'b']);
  });

  test.each([
    [1, 2, 5_000],
    [1, 3, 3_333],
    [2, 3, 6_667],
    [0, 0, undefined],
  ])('%i of %i are %s basis points', (count, of, bp) => {
    expect(rateBp(count, of)).toBe(bp);
  });
});

const anyCell: fc.Arbitrary<CounterCell> = fc.record({
  department: fc.constantFrom('logistics', 'service', '-'),
  type: fc.constantFrom('late-delivery', 'other'),
  counters: fc.dictionary(
    fc.constantFrom('opened', 'category.logistics', 'category.service', 'channel.phone', 'level.1', 'level.3', 'filed'),
    fc.nat(50),
  ),
});
const anyCells = fc.uniqueArray(anyCell, {
  maxLength: 6,
  selector: ({ department, type }) => `${department}#${type}`,
});

describe('whatever the counters', () => {
  propertyTest.prop([anyCells])('types, categories, levels and departments add up to the total', (cells) => {
    const { totals, categories, levels, departments } = reviewOf(inputs({ cells }));
    const types = categories.flatMap((category) => category.types);
    for (const parts of [categories, types, levels, departments])
      expect(sum(parts.map(({ count }) => count))).toBe(totals.opened);
    for (const { count, types: own } of categories) expect(sum(own.map((type) => type.count))).toBe(count);
  });

  propertyTest.prop([anyCells])('shares add up as they are printed, types to those of their category', (cells) => {
    const { totals, categories, levels, channels, departments } = reviewOf(inputs({ cells }));
    const shares = (parts: readonly { readonly shareBp: number }[]) => sum(parts.map(({ shareBp }) => shareBp));
    for (const parts of [categories, levels, departments]) expect(shares(parts)).toBe(totals.opened > 0 ? WHOLE_BP : 0);
    for (const { shareBp, types } of categories) expect(shares(types)).toBe(shareBp);
    for (const { shareBp } of [...levels, ...channels, ...departments, ...categories.flatMap(({ types }) => types)])
      expect(shareBp % SHARE_UNIT_BP === 0).toBe(true);
  });

  propertyTest.prop([
    anyCells.chain((cells) => fc.tuple(fc.constant(cells), fc.shuffledSubarray(cells, { minLength: cells.length }))),
  ])('their order changes nothing', ([cells, shuffled]) => {
    expect(reviewOf(inputs({ cells: shuffled }))).toEqual(reviewOf(inputs({ cells })));
  });
});
