import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  dayIn,
  dayNumberAt,
  dayOfNumber,
  epochSeconds,
  instantOf,
  monthIn,
  plusSeconds,
  secondsBetween,
  startOfDay,
} from '#shared/domain/calendar/civil-date.ts';
import {
  countedSeconds,
  deadline,
  isLate,
  type Window,
  type WorkingCalendar,
} from '#shared/domain/calendar/working-calendar.ts';
import { offsetSeconds } from '#shared/domain/calendar/zone-offset.ts';
import { WorkingCalendarSchema } from '#shared/policy/calendars/calendar-schema.ts';

const cn: WorkingCalendar = WorkingCalendarSchema.parse(
  JSON.parse(readFileSync(new URL('../../shared/policy/calendars/cn-1.json', import.meta.url), 'utf8')),
);

const closed: WorkingCalendar['week'] = { mon: [], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] };

/** A calendar that is closed but for what the test names. */
function calendar(facts: Partial<WorkingCalendar>): WorkingCalendar {
  return { id: 'test', version: 1, timeZone: 'UTC', week: closed, holidays: {}, workdays: {}, ...facts };
}

/** A calendar with these windows on every weekday. */
function daily(timeZone: string, ...windows: Window[]): WorkingCalendar {
  const week = { mon: windows, tue: windows, wed: windows, thu: windows, fri: windows, sat: windows, sun: windows };
  return calendar({ timeZone, week });
}

const HOUR = 3_600;
const DAY = 86_400;
/** Local time in mainland China, which is always eight hours ahead. */
const inChina = (local: string) => instantOf(epochSeconds(`${local}+08:00`));

describe('elapsed time (24/7)', () => {
  test('counts every second, over nights, weekends and DST', () => {
    const berlin = daily('Europe/Berlin', ['09:00', '17:00']);
    expect(deadline(berlin, '2026-03-28T23:30:00Z', { elapsedSeconds: 48 * HOUR })).toBe('2026-03-30T23:30:00Z');
  });

  test('of zero seconds ends where it starts', () => {
    expect(deadline(cn, '2026-10-03T00:00:00Z', { elapsedSeconds: 0 })).toBe('2026-10-03T00:00:00Z');
  });
});

describe('working hours on the calendar of mainland China (C-4, C-12)', () => {
  test.each([
    { title: 'inside a window it counts at once', start: '2026-11-16T10:00:00', hours: 1, due: '2026-11-16T11:00:00' },
    { title: 'lunch does not count', start: '2026-11-16T11:30:00', hours: 1, due: '2026-11-16T13:30:00' },
    {
      title: 'a start in the lunch break counts from its end',
      start: '2026-11-16T12:20:00',
      hours: 1,
      due: '2026-11-16T14:00:00',
    },
    {
      title: 'a start before work counts from the first window',
      start: '2026-11-16T03:00:00',
      hours: 1,
      due: '2026-11-16T10:00:00',
    },
    {
      title: 'a count that ends with the morning ends at noon, not after lunch',
      start: '2026-11-16T11:00:00',
      hours: 1,
      due: '2026-11-16T12:00:00',
    },
    {
      title: 'a count that ends with the day ends at 18:00, not on the next morning',
      start: '2026-11-16T17:00:00',
      hours: 1,
      due: '2026-11-16T18:00:00',
    },
    {
      title: 'a start at the closing second counts from the next window',
      start: '2026-11-16T18:00:00',
      hours: 1,
      due: '2026-11-17T10:00:00',
    },
    { title: 'the night does not count', start: '2026-11-16T17:59:59', hours: 1, due: '2026-11-17T09:59:59' },
    { title: 'the weekend does not count', start: '2026-11-20T17:30:00', hours: 1, due: '2026-11-23T09:30:00' },
    { title: 'a golden week does not count', start: '2026-09-30T17:30:00', hours: 1, due: '2026-10-08T09:30:00' },
    { title: 'a make-up Saturday counts', start: '2026-10-09T17:30:00', hours: 1, due: '2026-10-10T09:30:00' },
    { title: 'a make-up Sunday counts', start: '2026-09-19T12:00:00', hours: 1, due: '2026-09-20T10:00:00' },
    { title: 'sixteen hours are two office days', start: '2026-11-16T09:00:00', hours: 16, due: '2026-11-17T18:00:00' },
  ])('$title', ({ start, hours, due }) => {
    expect(deadline(cn, inChina(start), { workingSeconds: hours * HOUR })).toBe(inChina(due));
    expect(countedSeconds(cn, inChina(start), inChina(due))).toBe(hours * HOUR);
  });

  test('of zero seconds are over at once, even at night', () => {
    expect(deadline(cn, '2026-11-16T20:00:00Z', { workingSeconds: 0 })).toBe('2026-11-16T20:00:00Z');
  });
});

describe('working days on the calendar of mainland China (C-8, C-12)', () => {
  test.each([
    {
      title: 'Monday 10:00 + 3 is Thursday 18:00:00',
      start: '2026-11-16T10:00:00',
      days: 3,
      due: '2026-11-19T18:00:00',
    },
    {
      title: 'the first second of Monday + 3 is Thursday too',
      start: '2026-11-16T00:00:00',
      days: 3,
      due: '2026-11-19T18:00:00',
    },
    {
      title: 'the last second of Monday + 3 is Thursday too',
      start: '2026-11-16T23:59:59',
      days: 3,
      due: '2026-11-19T18:00:00',
    },
    {
      title: 'a start on Saturday does not count as a day',
      start: '2026-11-21T10:00:00',
      days: 1,
      due: '2026-11-23T18:00:00',
    },
    { title: 'Thursday + 3 passes the weekend', start: '2026-11-19T10:00:00', days: 3, due: '2026-11-24T18:00:00' },
    {
      title: 'the day before National Day 2026 + 3 ends on the make-up Saturday',
      start: '2026-09-30T10:00:00',
      days: 3,
      due: '2026-10-10T18:00:00',
    },
    {
      title: 'before Spring Festival 2026 + 1 is the Saturday made up for it',
      start: '2026-02-13T10:00:00',
      days: 1,
      due: '2026-02-14T18:00:00',
    },
    {
      title: 'from that Saturday + 1 the nine days off are passed',
      start: '2026-02-14T10:00:00',
      days: 1,
      due: '2026-02-24T18:00:00',
    },
    {
      title: 'National Day 2025 with Mid-autumn, Sunday before and Saturday after made up',
      start: '2025-09-26T10:00:00',
      days: 5,
      due: '2025-10-10T18:00:00',
    },
    {
      title: 'and the next is the make-up Saturday',
      start: '2025-09-26T10:00:00',
      days: 6,
      due: '2025-10-11T18:00:00',
    },
    {
      title: 'the prolonged Spring Festival of 2020',
      start: '2020-01-23T10:00:00',
      days: 1,
      due: '2020-02-03T18:00:00',
    },
  ])('$title', ({ start, days, due }) => {
    expect(deadline(cn, inChina(start), { workingDays: days })).toBe(inChina(due));
  });
});

describe('odd calendars (C-12)', () => {
  test('a make-up day inside a holiday is worked, with its own windows', () => {
    const week = { ...closed, mon: [['09:00', '17:00']] } as const satisfies WorkingCalendar['week'];
    const odd = calendar({
      week,
      holidays: { '2026-10-03': 'holiday', '2026-10-05': 'holiday' },
      workdays: {
        '2026-10-03': {
          name: 'make-up Saturday',
          windows: [
            ['10:00', '11:00'],
            ['12:00', '13:30'],
          ],
        },
      },
    });
    expect(deadline(odd, '2026-10-01T00:00:00Z', { workingDays: 1 })).toBe('2026-10-03T13:30:00Z');
    expect(deadline(odd, '2026-10-01T00:00:00Z', { workingDays: 2 })).toBe('2026-10-12T17:00:00Z');
    expect(countedSeconds(odd, '2026-10-01T00:00:00Z', '2026-10-12T00:00:00Z')).toBe(2.5 * HOUR);
  });

  test('where only Tuesday is open, three working days are three weeks', () => {
    const tuesdays = calendar({ week: { ...closed, tue: [['22:00', '24:00']] } });
    expect(deadline(tuesdays, '2026-11-17T23:00:00Z', { workingDays: 3 })).toBe('2026-12-09T00:00:00Z');
    expect(deadline(tuesdays, '2026-11-17T23:00:00Z', { workingSeconds: 2 * HOUR })).toBe('2026-11-24T23:00:00Z');
  });

  test('a window until 24:00 joins one from 00:00, and its day ends there', () => {
    const always = daily('UTC', ['00:00', '24:00']);
    expect(deadline(always, '2026-11-17T23:00:00Z', { workingSeconds: HOUR })).toBe('2026-11-18T00:00:00Z');
    expect(deadline(always, '2026-11-17T23:00:00Z', { workingSeconds: HOUR + 1 })).toBe('2026-11-18T00:00:01Z');
    expect(deadline(always, '2026-11-17T23:00:00Z', { workingDays: 1 })).toBe('2026-11-19T00:00:00Z');
  });

  test('windows count in the order of the day, however they are listed', () => {
    const listed = daily('UTC', ['13:00', '14:00'], ['09:00', '10:00'], ['11:00', '12:00']);
    expect(deadline(listed, '2026-11-16T08:00:00Z', { workingSeconds: HOUR })).toBe('2026-11-16T10:00:00Z');
    expect(deadline(listed, '2026-11-16T08:00:00Z', { workingSeconds: 2 * HOUR })).toBe('2026-11-16T12:00:00Z');
    expect(countedSeconds(listed, '2026-11-16T09:30:00Z', '2026-11-16T13:15:00Z')).toBe(1.75 * HOUR);
  });

  test('weekdays before 1970 are right', () => {
    const mondays = calendar({ week: { ...closed, mon: [['09:00', '10:00']] } });
    expect(deadline(mondays, '1969-07-20T20:17:40Z', { workingDays: 1 })).toBe('1969-07-21T10:00:00Z');
  });

  test('without any working time there is no deadline, and it says so', () => {
    const never = calendar({ id: 'never', version: 7 });
    const message = 'calendar never version 7 has no working time within 2 years from 2026-11-16';
    expect(() => deadline(never, '2026-11-16T10:00:00Z', { workingSeconds: 1 })).toThrow(new RangeError(message));
    expect(() => deadline(never, '2026-11-15T10:00:00Z', { workingDays: 1 })).toThrow(new RangeError(message));
    expect(countedSeconds(never, '2026-11-16T10:00:00Z', '2036-11-16T10:00:00Z')).toBe(0);
  });

  test('a working day almost two years away is found, one further away is not', () => {
    const workday = { name: 'the only one', windows: [['09:00', '10:00']] } as const;
    const near = calendar({ workdays: { '2028-11-15': workday } });
    const far = calendar({ workdays: { '2028-11-16': workday } });
    expect(deadline(near, '2026-11-16T10:00:00Z', { workingSeconds: HOUR })).toBe('2028-11-15T10:00:00Z');
    expect(() => deadline(far, '2026-11-16T10:00:00Z', { workingSeconds: HOUR })).toThrow(RangeError);
  });

  test('thirty years are counted day by day without losing a second', () => {
    const always = daily('Europe/Berlin', ['00:00', '24:00']);
    const seconds = secondsBetween('2000-01-01T12:34:56Z', '2030-01-01T00:00:01Z');
    expect(countedSeconds(always, '2000-01-01T12:34:56Z', '2030-01-01T00:00:01Z')).toBe(seconds);
    expect(deadline(always, '2000-01-01T12:34:56Z', { workingSeconds: seconds })).toBe('2030-01-01T00:00:01Z');
  });
});

describe('nights and days on which the clocks change (C-12)', () => {
  const nights = (zone: string) => daily(zone, ['00:00', '06:00']);
  test.each([
    {
      title: 'Berlin in spring: the night has five hours',
      on: nights('Europe/Berlin'),
      from: '2026-03-28T23:00:00Z',
      to: '2026-03-29T04:00:00Z',
      hours: 5,
    },
    {
      title: 'Berlin in autumn: the night has seven',
      on: nights('Europe/Berlin'),
      from: '2026-10-24T22:00:00Z',
      to: '2026-10-25T05:00:00Z',
      hours: 7,
    },
    {
      title: 'New York in spring',
      on: nights('America/New_York'),
      from: '2026-03-08T05:00:00Z',
      to: '2026-03-08T10:00:00Z',
      hours: 5,
    },
    {
      title: 'New York in autumn',
      on: nights('America/New_York'),
      from: '2026-11-01T04:00:00Z',
      to: '2026-11-01T11:00:00Z',
      hours: 7,
    },
    {
      title: 'Lord Howe in spring: its clocks move by half an hour',
      on: nights('Australia/Lord_Howe'),
      from: '2026-10-03T13:30:00Z',
      to: '2026-10-03T19:00:00Z',
      hours: 5.5,
    },
    {
      title: 'Lord Howe in autumn',
      on: nights('Australia/Lord_Howe'),
      from: '2026-04-04T13:00:00Z',
      to: '2026-04-04T19:30:00Z',
      hours: 6.5,
    },
    {
      title: 'Beirut in spring, where midnight is left out',
      on: nights('Asia/Beirut'),
      from: '2026-03-28T22:00:00Z',
      to: '2026-03-29T03:00:00Z',
      hours: 5,
    },
    {
      title: "a late shift across Berlin's change",
      on: daily('Europe/Berlin', ['01:30', '03:30']),
      from: '2026-10-24T23:30:00Z',
      to: '2026-10-25T02:30:00Z',
      hours: 3,
    },
  ])('$title', ({ on, from, to, hours }) => {
    const wide = [plusSeconds(from, -HOUR), plusSeconds(to, HOUR)] as const;
    expect(countedSeconds(on, ...wide)).toBe(hours * HOUR);
    expect(deadline(on, wide[0], { workingSeconds: hours * HOUR })).toBe(to);
    expect(deadline(on, wide[0], { workingSeconds: 1 })).toBe(plusSeconds(from, 1));
  });

  test.each([
    {
      title: 'a window that starts in the hour left out is moved on by it',
      windows: [['02:15', '10:00']],
      from: '2026-03-29T01:15:00Z',
      hours: 6.75,
    },
    {
      title: 'a window within the hour left out is worked an hour later',
      windows: [['02:15', '02:45']],
      from: '2026-03-29T01:15:00Z',
      hours: 0.5,
    },
    {
      title: 'a window pushed into the next one does not count twice',
      windows: [
        ['02:00', '02:45'],
        ['03:00', '04:00'],
      ],
      from: '2026-03-29T01:00:00Z',
      hours: 1,
    },
    {
      title: 'a window pushed past the end of the next one swallows it',
      windows: [
        ['02:00', '02:45'],
        ['03:00', '03:15'],
      ],
      from: '2026-03-29T01:00:00Z',
      hours: 0.75,
    },
    {
      title: 'a window turned inside out is empty, the next one counts',
      windows: [
        ['02:30', '03:15'],
        ['05:00', '06:00'],
      ],
      from: '2026-03-29T03:00:00Z',
      hours: 1,
    },
  ] as const)('Berlin in spring: $title', ({ windows, from, hours }) => {
    const on = calendar({ timeZone: 'Europe/Berlin', week: { ...closed, sun: windows } });
    expect(countedSeconds(on, '2026-03-28T00:00:00Z', '2026-03-30T00:00:00Z')).toBe(hours * HOUR);
    expect(deadline(on, '2026-03-28T00:00:00Z', { workingSeconds: 1 })).toBe(plusSeconds(from, 1));
  });

  test.each([
    { title: 'an end in the hour shown twice is its first showing', windows: [['01:00', '02:30']], hours: 1.5 },
    { title: 'a start in the hour shown twice is its first showing', windows: [['02:30', '04:00']], hours: 2.5 },
  ] as const)('Berlin in autumn: $title', ({ windows, hours }) => {
    const on = calendar({ timeZone: 'Europe/Berlin', week: { ...closed, sun: windows } });
    expect(countedSeconds(on, '2026-10-24T00:00:00Z', '2026-10-26T00:00:00Z')).toBe(hours * HOUR);
  });

  test('a working day whose only window is turned inside out is none', () => {
    const on = calendar({ timeZone: 'Europe/Berlin', week: { ...closed, sun: [['02:30', '03:15']] } });
    expect(deadline(on, '2026-03-28T12:00:00Z', { workingDays: 1 })).toBe('2026-04-05T01:15:00Z');
  });

  test("a day that begins twice, as in St John's in 2010, counts from its first midnight", () => {
    // First midnight at 02:30 UTC; one minute later the clocks go back to 23:01 of the day before.
    expect(countedSeconds(nights('America/St_Johns'), '2010-11-07T02:00:00Z', '2010-11-07T03:00:00Z')).toBe(HOUR / 2);
  });

  test('the Friday that Apia left out in 2011 is no working day', () => {
    const apia = daily('Pacific/Apia', ['09:00', '17:00']);
    // Thursday the 29th, ten hours behind UTC; Saturday the 31st, fourteen ahead.
    const thursday = '2011-12-29T20:00:00Z';
    expect(dayIn('Pacific/Apia', thursday)).toBe('2011-12-29');
    expect(deadline(apia, thursday, { workingDays: 1 })).toBe('2011-12-31T03:00:00Z');
    expect(deadline(apia, thursday, { workingSeconds: 8 * HOUR })).toBe('2011-12-30T20:00:00Z');
    expect(countedSeconds(apia, '2011-12-29T10:00:00Z', '2011-12-31T10:00:00Z')).toBe(16 * HOUR);
    expect(startOfDay('Pacific/Apia', '2011-12-30')).toBe(startOfDay('Pacific/Apia', '2011-12-31'));
  });
});

describe('counted seconds', () => {
  test('round the clock are the seconds between', () => {
    expect(countedSeconds('always', '2026-11-16T10:00:00Z', '2026-11-17T10:00:01Z')).toBe(DAY + 1);
  });

  test.each(['always', cn] as const)('are zero when the end is not after the start', (on) => {
    expect(countedSeconds(on, '2026-11-16T04:00:00Z', '2026-11-16T04:00:00Z')).toBe(0);
    expect(countedSeconds(on, '2026-11-16T04:00:00Z', '2026-11-16T03:00:00Z')).toBe(0);
  });

  test('of a span that starts and ends outside windows are those of the windows between', () => {
    expect(countedSeconds(cn, inChina('2026-11-16T12:10:00'), inChina('2026-11-17T12:50:00'))).toBe(8 * HOUR);
  });
});

describe('being late', () => {
  test("an act at the deadline's second is in time, one second later it is late", () => {
    expect(isLate('2026-11-19T09:59:59Z', '2026-11-19T10:00:00Z')).toBe(false);
    expect(isLate('2026-11-19T10:00:00Z', '2026-11-19T10:00:00Z')).toBe(false);
    expect(isLate('2026-11-19T10:00:01Z', '2026-11-19T10:00:00Z')).toBe(true);
  });
});

describe('an allowance that cannot be counted is refused', () => {
  test.each([
    { allowance: { elapsedSeconds: -1 }, message: 'elapsedSeconds must be a whole number of at least 0, got -1' },
    { allowance: { workingSeconds: 0.5 }, message: 'workingSeconds must be a whole number of at least 0, got 0.5' },
    {
      allowance: { workingSeconds: Number.NaN },
      message: 'workingSeconds must be a whole number of at least 0, got NaN',
    },
    { allowance: { workingDays: 0 }, message: 'workingDays must be a whole number of at least 1, got 0' },
  ])('$message', ({ allowance, message }) => {
    expect(() => deadline(cn, '2026-11-16T10:00:00Z', allowance)).toThrow(new RangeError(message));
  });

  test('an unknown zone is refused', () => {
    const lost = daily('Europe/Atlantis', ['09:00', '17:00']);
    expect(() => deadline(lost, '2026-11-16T10:00:00Z', { workingSeconds: 1 })).toThrow(RangeError);
  });
});

describe('instants and days', () => {
  test('an instant is read and written to the second, a fraction cut off', () => {
    expect(epochSeconds('1970-01-02T00:00:01Z')).toBe(DAY + 1);
    expect(epochSeconds('1970-01-02T08:00:01+08:00')).toBe(DAY + 1);
    expect(instantOf(DAY + 1.999)).toBe('1970-01-02T00:00:01Z');
    expect(instantOf(-0.5)).toBe('1969-12-31T23:59:59Z');
    expect(plusSeconds('2026-02-28T23:59:59Z', 1)).toBe('2026-03-01T00:00:00Z');
    expect(secondsBetween('2026-11-16T10:00:00Z', '2026-11-16T09:59:00Z')).toBe(-60);
  });

  test.each(['', 'yesterday', '2026-11-16', '2026-11-16T10:00:00', '2026-13-16T10:00:00Z'])(
    '"%s" is no instant',
    (text) => {
      expect(() => epochSeconds(text)).toThrow(
        new RangeError(`expected an instant such as 2026-11-20T02:31:00Z, got ${text}`),
      );
    },
  );

  test('years that an instant cannot name are refused', () => {
    expect(instantOf(epochSeconds('9999-12-31T23:59:59Z'))).toBe('9999-12-31T23:59:59Z');
    expect(() => instantOf(epochSeconds('9999-12-31T23:59:59Z') + 1)).toThrow(
      'expected a time in the years 0000 to 9999, got +010000-01-01T00:00:00.000Z',
    );
    expect(() => deadline(cn, '9999-12-31T00:00:00Z', { elapsedSeconds: 2 * DAY })).toThrow(RangeError);
  });

  test('a local day and month are those of the zone', () => {
    expect(dayIn('Asia/Shanghai', '2026-10-31T15:59:59Z')).toBe('2026-10-31');
    expect(dayIn('Asia/Shanghai', '2026-10-31T16:00:00Z')).toBe('2026-11-01');
    expect(monthIn('Asia/Shanghai', '2026-10-31T16:00:00Z')).toBe('2026-11');
    expect(dayOfNumber(dayNumberAt('America/New_York', epochSeconds('1969-12-31T12:00:00Z')))).toBe('1969-12-31');
  });

  test('a local day starts at midnight, or at the jump that leaves midnight out', () => {
    expect(startOfDay('Asia/Shanghai', '2026-11-01')).toBe('2026-10-31T16:00:00Z');
    expect(startOfDay('Asia/Beirut', '2026-03-29')).toBe('2026-03-28T22:00:00Z');
    // In 1919 Toronto's clocks went from 23:30 to 00:30.
    expect(startOfDay('America/Toronto', '1919-03-31')).toBe('1919-03-31T04:30:00Z');
    // In 2010 those of St John's went from 00:01 back to 23:01: the first midnight counts.
    expect(startOfDay('America/St_Johns', '2010-11-07')).toBe('2010-11-07T02:30:00Z');
  });

  test('a day that does not exist has no start', () => {
    expect(() => startOfDay('UTC', '2026-02-30')).toThrow(new RangeError('expected a day that exists, got 2026-02-30'));
    expect(() => startOfDay('UTC', '2026-2-3')).toThrow(RangeError);
  });

  test('a long row of days does not change what the first one was', () => {
    const first = offsetSeconds('Europe/Berlin', 0);
    for (let day = 0; day < 9_000; day += 1) offsetSeconds('Europe/Berlin', day * DAY);
    expect(offsetSeconds('Europe/Berlin', 0)).toBe(first);
  });
});
