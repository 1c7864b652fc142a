import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { sumCells } from '#shared/domain/insights/count-events.ts';
import { type CountersByMonth, differencesBetween, withEvents } from '#shared/domain/insights/recount.ts';
import { enveloped, header, total } from '../insights/events.ts';

const none: CountersByMonth = new Map();
const closed = (month: string, type: string) =>
  enveloped({ type: 'DisputeClosed.v1', data: { dispute: header({ month, type }), closedBy: 'E-602' } }, 'd', 1, 0);
const pending = enveloped(
  {
    type: 'EntriesPending.v1',
    data: {
      dispute: header({ month: '2026-11' }),
      groupId: 'g',
      basis: 'determination',
      entries: ['e'],
      totals: [total(-150, { period: '2026-12' })],
      windowEndsAt: '2026-11-25T10:00:00Z',
    },
  },
  's',
  1,
  0,
);

describe('recounting the events of the commits (R-3)', () => {
  test('each event counts in its month, department and type', () => {
    const counters = withEvents(none, [closed('2026-11', 'a'), closed('2026-10', 'a'), closed('2026-11', 'a')]);
    expect([...counters.keys()].sort()).toEqual(['2026-10', '2026-11']);
    expect(counters.get('2026-11')).toEqual([{ department: 'logistics', type: 'a', counters: { closed: 2 } }]);
  });

  test('points count in the period of the entry', () => {
    expect(withEvents(none, [pending]).get('2026-12')).toEqual([
      { department: 'logistics', type: 'late-delivery', counters: { 'points.pending': -150 } },
    ]);
  });

  test('an event that moves no counter changes nothing', () => {
    expect(withEvents(none, [])).toEqual(none);
  });

  propertyTest.prop([
    fc.array(fc.record({ month: fc.constantFrom('2026-10', '2026-11'), type: fc.constantFrom('a', 'b') })),
    fc.nat(20),
  ])('any order and any batches come to the same', (said, cut) => {
    const events = said.map(({ month, type }) => closed(month, type));
    const at = Math.min(cut, events.length);
    const batches = withEvents(withEvents(none, events.slice(at).reverse()), events.slice(0, at));
    expect(differencesBetween(batches, withEvents(none, events))).toEqual([]);
  });
});

describe('comparing stored counters with recounted ones', () => {
  const cell = (type: string, counters: Record<string, number>) => ({ department: 'logistics', type, counters });
  const stored = (...cells: ReturnType<typeof cell>[]): CountersByMonth => new Map([['2026-11', sumCells(cells)]]);

  test.each([
    {
      title: 'equal ones differ nowhere',
      a: stored(cell('a', { opened: 1 })),
      b: stored(cell('a', { opened: 1 })),
      at: [],
    },
    {
      title: 'one that stands too low is named with both figures',
      a: stored(cell('a', { opened: 1, closed: 1 })),
      b: stored(cell('a', { opened: 3, closed: 1 })),
      at: ['2026-11 a opened 1 3'],
    },
    {
      title: 'one that is missing stands at 0, on either side',
      a: stored(cell('a', { opened: 1 })),
      b: stored(cell('b', { opened: 2 })),
      at: ['2026-11 a opened 1 0', '2026-11 b opened 0 2'],
    },
    { title: 'a month that is not stored', a: none, b: stored(cell('a', { opened: 1 })), at: ['2026-11 a opened 0 1'] },
    {
      title: 'a month that no commit knows',
      a: stored(cell('a', { opened: 1 })),
      b: none,
      at: ['2026-11 a opened 1 0'],
    },
    {
      title: 'the differences of a cell stand in the order of their names',
      a: stored(cell('a', { opened: 1, closed: 1 })),
      b: none,
      at: ['2026-11 a closed 1 0', '2026-11 a opened 1 0'],
    },
  ])('$title', ({ a, b, at }) => {
    const found = differencesBetween(a, b);
    expect(
      found.map(({ month, type, name, ...each }) => `${month} ${type} ${name} ${each.stored} ${each.recounted}`),
    ).toEqual(at);
    expect(found.every(({ department }) => department === 'logistics')).toBe(true);
  });
});
