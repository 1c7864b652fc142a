import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { NOTHING_RECEIVED } from '#shared/domain/intake/reconciliation.ts';
import { afterTally, type DayTally, daysBetween, daysToTally, plusDays } from '#shared/domain/intake/tally-days.ts';

const tally = (day: string, parts: Partial<DayTally['sources'][number]> = {}): DayTally => ({
  day,
  asOf: 7,
  sources: [{ ...NOTHING_RECEIVED, source: 'phone', received: 1, ...parts }],
});
const FLOOR = '2026-10-01';
const standing = { asOf: 5, since: '2026-10-01', until: '2026-11-20', open: [] };

describe('the days that are tallied each night (I-7, R-3)', () => {
  test('the first time the quarter before today, or those since anything can have arrived', () => {
    const days = daysToTally(undefined, '2026-11-21', '2015-01-01');
    expect(days).toHaveLength(93);
    expect([days[0], days.at(-1)]).toEqual(['2026-08-20', '2026-11-20']);
    expect(daysToTally(undefined, '2026-11-21', '2026-11-01')).toEqual(daysBetween('2026-11-01', '2026-11-20'));
  });

  test('then the same days again, as far as there is something to tally', () => {
    expect(daysToTally(standing, '2026-11-22', FLOOR)).toEqual(daysBetween('2026-11-06', '2026-11-21'));
    expect(daysToTally({ ...standing, since: '2026-11-18' }, '2026-11-21', '2026-11-18')).toEqual(
      daysBetween('2026-11-18', '2026-11-20'),
    );
  });

  test('an older day with a message in flight or put aside, until it is settled', () => {
    expect(daysToTally({ ...standing, open: ['2026-10-03'] }, '2026-11-21', FLOOR)[0]).toBe('2026-10-03');
  });

  test('what was missed while nothing ran, a quarter at a time', () => {
    const days = daysToTally(standing, '2027-12-01', FLOOR);
    expect(days).toHaveLength(93);
    expect(days[0]).toBe('2026-11-06');
  });
});

describe('how far the tallies go', () => {
  test('from the first to the last day that was ever tallied', () => {
    expect(afterTally(undefined, [tally('2026-11-20'), tally('2026-11-19')], 7)).toEqual({
      asOf: 7,
      since: '2026-11-19',
      until: '2026-11-20',
      open: [],
    });
    expect(afterTally(standing, [tally('2026-11-21')], 7)).toMatchObject({ since: '2026-10-01', until: '2026-11-21' });
    expect(afterTally(standing, [tally('2026-11-01')], 7)).toMatchObject({ until: '2026-11-20' });
  });

  test('nothing was tallied ever: there is nothing to keep', () => {
    expect(afterTally(undefined, [], 7)).toBeUndefined();
  });

  test('a day stays open while an arrival of it is, and no longer', () => {
    const before = { ...standing, open: ['2026-10-03', '2026-10-05'] };
    const tallies = [
      tally('2026-10-03'),
      tally('2026-11-02', { inFlight: 1 }),
      tally('2026-11-01', { deadLettered: 1 }),
    ];
    expect(afterTally(before, tallies, 7)?.open).toEqual(['2026-10-05', '2026-11-01', '2026-11-02']);
  });

  propertyTest.prop([fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 40 })])(
    'however irregular the nights, every day from the first on is tallied in the end',
    (gaps) => {
      let today = '2026-01-01';
      let state: Parameters<typeof daysToTally>[0];
      const tallied = new Set<string>();
      const night = () => {
        const days = daysToTally(state, today, '2025-12-01');
        for (const day of days) tallied.add(day);
        state = afterTally(
          state,
          days.map((day) => tally(day)),
          7,
        );
      };
      for (const gap of gaps) {
        night();
        today = plusDays(today, gap);
      }
      for (let turns = 0; turns < gaps.length * 4 + 4; turns += 1) night();
      expect(daysBetween('2025-12-01', plusDays(today, -1)).filter((day) => !tallied.has(day))).toEqual([]);
    },
  );
});
