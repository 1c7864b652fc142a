// Writes cn-1.json from what the chinese-days package publishes. Run by hand, never by the system:
//   npx node shared/policy/calendars/make-cn-calendar.ts && npx biome format --write shared/policy/calendars/cn-1.json
import { writeFileSync } from 'node:fs';
import published from 'chinese-days/dist/chinese-days.json' with { type: 'json' };
import type { Window, WorkingCalendar } from '../../domain/calendar/working-calendar.ts';

/** The years of version 1: from the first one backtests may reach back to, to the last one published when it was made. */
export const CN_1_YEARS = { first: 2015, last: 2026 } as const;

const OFFICE_HOURS: readonly Window[] = [
  ['09:00', '12:00'],
  ['13:00', '18:00'],
];

/** Calendar `cn` version 1: mainland China's office week, published holidays and make-up days (C-12). */
export function cnCalendar(): WorkingCalendar {
  const workdays = daysOf(published.workdays).map(
    ([day, name]) => [day, { name: `${name} 调休`, windows: OFFICE_HOURS }] as const,
  );
  return {
    id: 'cn',
    version: 1,
    timeZone: 'Asia/Shanghai',
    week: {
      mon: OFFICE_HOURS,
      tue: OFFICE_HOURS,
      wed: OFFICE_HOURS,
      thu: OFFICE_HOURS,
      fri: OFFICE_HOURS,
      sat: [],
      sun: [],
    },
    holidays: Object.fromEntries(daysOf(published.holidays)),
    workdays: Object.fromEntries(workdays),
  };
}

/** Days of the covered years in order, named in English and Chinese; the package appends a count of days that is dropped. */
function daysOf(days: Readonly<Record<string, string>>): [day: string, name: string][] {
  return Object.entries(days)
    .filter(([day]) => Number(day.slice(0, 4)) >= CN_1_YEARS.first && Number(day.slice(0, 4)) <= CN_1_YEARS.last)
    .map(([day, name]): [string, string] => [day, name.split(',').slice(0, 2).join(' ')])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

if (import.meta.main) {
  writeFileSync(new URL('cn-1.json', import.meta.url), `${JSON.stringify(cnCalendar(), null, 2)}\n`);
}
