import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import chineseDays from 'chinese-days';
import { describe, expect, test } from 'vitest';
import type { WorkingCalendar } from '#shared/domain/calendar/working-calendar.ts';
import { WorkingCalendarSchema } from '#shared/policy/calendars/calendar-schema.ts';
import { CN_1_YEARS, cnCalendar } from '#shared/policy/calendars/make-cn-calendar.ts';

const folder = new URL('../../shared/policy/calendars/', import.meta.url);

function read(file: string): { text: string; calendar: WorkingCalendar } {
  const text = readFileSync(new URL(file, folder), 'utf8');
  return { text, calendar: WorkingCalendarSchema.parse(JSON.parse(text)) };
}

/** Every day of the years, as text. */
function daysOfYears(first: number, last: number): string[] {
  const days: string[] = [];
  for (let at = Date.UTC(first, 0, 1); at < Date.UTC(last + 1, 0, 1); at += 86_400_000) {
    days.push(new Date(at).toISOString().slice(0, 10));
  }
  return days;
}

describe('published calendars (C-12, P-1)', () => {
  test.each([{ file: 'cn-1.json', sha256: 'cd1b3e9c689fe1fc96b06a42ce5aec9bb783248445e6345f50d8c64057297f7b' }])(
    '$file is valid and has not changed since it was published',
    ({ file, sha256 }) => {
      const { text, calendar } = read(file);
      expect(`${calendar.id}-${calendar.version}.json`).toBe(file);
      expect(createHash('sha256').update(text).digest('hex')).toBe(sha256);
    },
  );

  test('cn version 1 is what the script makes of the package', () => {
    expect(read('cn-1.json').calendar).toEqual(cnCalendar());
  });

  test('on every day of 2015 to 2026 cn version 1 works exactly when the package says that mainland China works', () => {
    const { calendar } = read('cn-1.json');
    const days = daysOfYears(CN_1_YEARS.first, CN_1_YEARS.last);
    expect(days).toHaveLength(4_383);
    const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
    const different = days.filter((day) => {
      const detail = chineseDays.getDayDetail(day);
      const weekday = weekdays[new Date(day).getUTCDay()] ?? 'sun';
      const makeUp = calendar.workdays[day];
      const holiday = calendar.holidays[day];
      const works = makeUp ? true : holiday === undefined && calendar.week[weekday].length > 0;
      const name = makeUp?.name ?? holiday;
      const published = detail.name.includes(',') ? detail.name.split(',').slice(0, 2).join(' ') : undefined;
      return works !== detail.work || name !== (makeUp && published ? `${published} 调休` : published);
    });
    expect(different).toEqual([]);
  });

  test('the package publishes no year after those of cn version 1; a further year asks for a further version', () => {
    const next = daysOfYears(CN_1_YEARS.last + 1, CN_1_YEARS.last + 2);
    expect(next.filter((day) => chineseDays.getDayDetail(day).name.includes(','))).toEqual([]);
  });

  test('make-up days of cn version 1 have the windows of an office day', () => {
    const { calendar } = read('cn-1.json');
    expect(Object.keys(calendar.workdays)).toHaveLength(
      daysOfYears(2015, 2026).filter((day) => calendar.workdays[day] !== undefined).length,
    );
    for (const { windows } of Object.values(calendar.workdays)) expect(windows).toEqual(calendar.week.mon);
  });
});

const valid = {
  id: 'test',
  version: 1,
  timeZone: 'Europe/Berlin',
  week: { mon: [['09:00', '24:00']], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] },
  holidays: { '2024-02-29': 'leap day' },
  workdays: { '2026-10-10': { name: 'make-up day', windows: [['09:00', '12:00']] } },
};

const withWindows = (...mon: string[][]) => ({ ...valid, week: { ...valid.week, mon } });

describe('a calendar document (C-12, P-1)', () => {
  test('is taken when it is whole', () => {
    expect(WorkingCalendarSchema.parse(valid)).toEqual(valid);
  });

  test('may have windows that touch', () => {
    expect(WorkingCalendarSchema.safeParse(withWindows(['09:00', '12:00'], ['12:00', '18:00'])).success).toBe(true);
  });

  test.each([
    {
      title: 'a window that ends before it starts',
      document: withWindows(['12:00', '09:00']),
      path: 'week.mon.0',
      reason: 'must end after it starts, got 12:00 to 09:00',
    },
    {
      title: 'an empty window',
      document: withWindows(['09:00', '09:00']),
      path: 'week.mon.0',
      reason: 'must end after it starts, got 09:00 to 09:00',
    },
    {
      title: 'windows that overlap',
      document: withWindows(['09:00', '12:00'], ['11:59', '18:00']),
      path: 'week.mon.1',
      reason: 'must not start before 12:00, where the window before it ends',
    },
    {
      title: 'windows out of order',
      document: withWindows(['13:00', '18:00'], ['09:00', '12:00']),
      path: 'week.mon.1',
      reason: 'must not start before 18:00, where the window before it ends',
    },
    {
      title: 'an hour without its zero',
      document: withWindows(['9:00', '12:00']),
      path: 'week.mon.0.0',
      reason: 'must be a time of day, HH:MM from 00:00 to 23:59',
    },
    {
      title: 'a window that starts at 24:00',
      document: withWindows(['24:00', '24:00']),
      path: 'week.mon.0.0',
      reason: 'must be a time of day, HH:MM from 00:00 to 23:59',
    },
    {
      title: 'a window that ends after 24:00',
      document: withWindows(['09:00', '24:01']),
      path: 'week.mon.0.1',
      reason: 'must be a time of day, HH:MM from 00:00 to 24:00',
    },
    {
      title: 'a zone that nobody knows',
      document: { ...valid, timeZone: 'Europe/Atlantis' },
      path: 'timeZone',
      reason: 'must be an IANA time zone such as Asia/Shanghai',
    },
    {
      title: 'an offset for a zone',
      document: { ...valid, timeZone: '+08:00' },
      path: 'timeZone',
      reason: 'must be an IANA time zone such as Asia/Shanghai',
    },
    {
      title: 'a holiday on a day that does not exist',
      document: { ...valid, holidays: { '2026-02-29': 'none' } },
      path: 'holidays.2026-02-29',
      reason: 'must be a day that exists, YYYY-MM-DD',
    },
    {
      title: 'a make-up day on a day that does not exist',
      document: { ...valid, workdays: { '2026-13-01': valid.workdays['2026-10-10'] } },
      path: 'workdays.2026-13-01',
      reason: 'must be a day that exists, YYYY-MM-DD',
    },
    {
      title: 'a make-up day without windows',
      document: { ...valid, workdays: { '2026-10-10': { name: 'make-up day', windows: [] } } },
      path: 'workdays.2026-10-10.windows',
      reason: 'must have a window: a make-up day is worked',
    },
    {
      title: 'an id with a capital',
      document: { ...valid, id: 'CN' },
      path: 'id',
      reason: 'must be lower-case letters, digits and hyphens',
    },
    {
      title: 'version 0',
      document: { ...valid, version: 0 },
      path: 'version',
      reason: 'Too small: expected number to be >=1',
    },
    {
      title: 'an unknown field',
      document: { ...valid, hoildays: {} },
      path: '',
      reason: 'Unrecognized key: "hoildays"',
    },
    {
      title: 'an unknown weekday',
      document: { ...valid, week: { ...valid.week, day8: [] } },
      path: 'week',
      reason: 'Unrecognized key: "day8"',
    },
  ])('is refused for $title, with path and reason', ({ document, path, reason }) => {
    const parsed = WorkingCalendarSchema.safeParse(document);
    expect(parsed.error?.issues.map((issue) => [issue.path.join('.'), issue.message])).toEqual([[path, reason]]);
  });

  test('is refused when a weekday is missing', () => {
    const { sun: _, ...week } = valid.week;
    expect(WorkingCalendarSchema.safeParse({ ...valid, week }).error?.issues[0]?.path).toEqual(['week', 'sun']);
  });
});
