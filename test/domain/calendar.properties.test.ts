import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { dayIn, instantOf, startOfDay } from '#shared/domain/calendar/civil-date.ts';
import {
  countedSeconds,
  deadline,
  type Weekday,
  type Window,
  type WorkingCalendar,
} from '#shared/domain/calendar/working-calendar.ts';

// The calendar is compared with a slow one that shares nothing with it but the types. The slow one knows the clock
// changes of its zones by rules written down here, walks a zone's time second by second, notes which wall-clock time is
// shown at each, and counts open seconds one at a time.

const DAY = 86_400;
const HOUR = 3_600;
const MINUTE = 60;

/** From second `at` of UTC on, the zone is `offset` seconds ahead. */
type Change = readonly [at: number, offset: number];

interface Zone {
  readonly name: string;
  readonly years: readonly number[];
  /** Before the first change of the first year. */
  readonly offset: number;
  readonly changes: (year: number) => readonly Change[];
}

/** 00:00 UTC of the nth Sunday of a month (1 to 12), or of its last one. */
function sunday(year: number, month: number, nth: number | 'last'): number {
  const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay();
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const sundays = Array.from({ length: days }, (_, i) => i + 1).filter((day) => (first + day - 1) % 7 === 0);
  const day = (nth === 'last' ? sundays.at(-1) : sundays[nth - 1]) ?? Number.NaN;
  return Date.UTC(year, month - 1, day) / 1000;
}

const LATELY = [2024, 2025, 2026, 2027];

const ZONES: readonly Zone[] = [
  { name: 'UTC', years: LATELY, offset: 0, changes: () => [] },
  { name: 'Asia/Shanghai', years: LATELY, offset: 8 * HOUR, changes: () => [] },
  { name: 'Asia/Kolkata', years: LATELY, offset: 5.5 * HOUR, changes: () => [] },
  {
    name: 'Europe/Berlin',
    years: LATELY,
    offset: HOUR,
    changes: (year) => [
      [sunday(year, 3, 'last') + HOUR, 2 * HOUR],
      [sunday(year, 10, 'last') + HOUR, HOUR],
    ],
  },
  {
    name: 'America/New_York',
    years: LATELY,
    offset: -5 * HOUR,
    changes: (year) => [
      [sunday(year, 3, 2) + 7 * HOUR, -4 * HOUR],
      [sunday(year, 11, 1) + 6 * HOUR, -5 * HOUR],
    ],
  },
  {
    name: 'Australia/Lord_Howe', // half an hour
    years: LATELY,
    offset: 11 * HOUR,
    changes: (year) => [
      [sunday(year, 4, 1) - 9 * HOUR, 10.5 * HOUR],
      [sunday(year, 10, 1) - 8.5 * HOUR, 11 * HOUR],
    ],
  },
  {
    name: 'Pacific/Chatham', // quarters
    years: LATELY,
    offset: 13.75 * HOUR,
    changes: (year) => [
      [sunday(year, 4, 1) - 10 * HOUR, 12.75 * HOUR],
      [sunday(year, 9, 'last') - 10 * HOUR, 13.75 * HOUR],
    ],
  },
  {
    name: 'Asia/Beirut', // leaves midnight out, and goes from midnight back to the day before
    years: LATELY,
    offset: 2 * HOUR,
    changes: (year) => [
      [sunday(year, 3, 'last') - 2 * HOUR, 3 * HOUR],
      [sunday(year, 10, 'last') - 3 * HOUR, 2 * HOUR],
    ],
  },
  {
    name: 'America/Havana', // leaves midnight out, and shows the first hour of a day twice
    years: LATELY,
    offset: -5 * HOUR,
    changes: (year) => [
      [sunday(year, 3, 2) + 5 * HOUR, -4 * HOUR],
      [sunday(year, 11, 1) + 5 * HOUR, -5 * HOUR],
    ],
  },
  {
    name: 'America/St_Johns', // in 2010 at one minute past midnight, so that a day began twice
    years: [2010],
    offset: -3.5 * HOUR,
    changes: (year) => [
      [sunday(year, 3, 2) + 3.5 * HOUR + MINUTE, -2.5 * HOUR],
      [sunday(year, 11, 1) + 2.5 * HOUR + MINUTE, -3.5 * HOUR],
    ],
  },
  {
    name: 'Pacific/Apia', // left the 30th of December 2011 out
    years: [2011],
    offset: -10 * HOUR,
    changes: (year) => [[Date.UTC(year, 11, 30, 10) / 1000, 14 * HOUR]],
  },
];

/** A random number generator that gives the same numbers for the same seed (mulberry32). */
function seeded(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  /** A whole number from `least` to `most`. */
  const int = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    int,
    chance: (probability: number) => next() < probability,
    pick: <T>(values: readonly T[]): T => values[int(0, values.length - 1)] as T,
  };
}
type Random = ReturnType<typeof seeded>;

/** Some days of a zone, each second of which has been looked at once. Seconds and days count from the walk's own start. */
interface Walk {
  readonly zone: string;
  /** UTC second at which the walk starts, and number of its seconds. */
  readonly start: number;
  readonly length: number;
  /** Days since 1970-01-01 of the first local day; days 0 to `days` - 1 are complete. */
  readonly firstDay: number;
  readonly days: number;
  /** The local day shown at each second. */
  readonly dayAt: Int16Array;
  /** The second at which each local time is shown first; one that is jumped over is where it would have been. */
  readonly shownAt: Int32Array;
  /** First second of each day, and of the one after the last. */
  readonly dayStarts: readonly number[];
  /** Seconds at which the clocks change. */
  readonly changes: readonly number[];
}

function walk(zone: Zone, firstDay: number, days: number): Walk {
  const margin = 2 * DAY;
  const start = firstDay * DAY - margin;
  const length = days * DAY + 2 * margin;
  const years = zone.years.flatMap((year) => zone.changes(year));
  const changes = new Map(years.map(([at, offset]) => [at - start, offset]));
  let offset = years.filter(([at]) => at < start).at(-1)?.[1] ?? zone.offset;
  const dayAt = new Int16Array(length);
  const times = (days + 1) * DAY;
  const shownAt = new Int32Array(times).fill(-1);
  const note = (time: number, second: number) => {
    if (time >= 0 && time < times && shownAt[time] === -1) shownAt[time] = second;
  };
  const dayStarts: number[] = [];
  for (let second = 0; second < length; second += 1) {
    const changed = changes.get(second);
    if (changed !== undefined) {
      for (let skipped = 0; skipped < changed - offset; skipped += 1) {
        note(second + offset - margin + skipped, second + skipped);
      }
      offset = changed;
    }
    const time = second + offset - margin;
    const day = Math.floor(time / DAY);
    dayAt[second] = day;
    while (day >= dayStarts.length && dayStarts.length <= days) dayStarts.push(second);
    note(time, second);
  }
  return { zone: zone.name, start, length, firstDay, days, dayAt, shownAt, dayStarts, changes: [...changes.keys()] };
}

/** A walk of so many days around a change of the clocks, if the zone has one that fits. */
function randomWalk(random: Random, zone: Zone, days: number): Walk {
  const year = random.pick(zone.years);
  const changes = zone.changes(year);
  const day =
    changes.length > 0
      ? Math.floor(random.pick(changes)[0] / DAY)
      : random.int(0, 300) + Date.UTC(year, 0, 20) / DAY / 1000;
  return walk(zone, Math.floor(day) - random.int(1, days - 1), days);
}

const dayText = (dayNumber: number) => new Date(dayNumber * DAY * 1000).toISOString().slice(0, 10);
const minuteText = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** Up to four windows in order; many of them in the small hours, where clocks change. */
function randomWindows(random: Random): Window[] {
  const kind = random.int(0, 5);
  if (kind === 0) return [];
  if (kind === 1)
    return [
      ['09:00', '12:00'],
      ['13:00', '18:00'],
    ];
  if (kind === 2) return [['00:00', '24:00']];
  const until = random.chance(0.6) ? 300 : 1_440;
  const minutes = Array.from({ length: 2 * random.int(1, 4) }, () => {
    const minute = random.int(0, until);
    return random.chance(0.3) ? minute - (minute % 15) : minute;
  }).sort((a, b) => a - b);
  if (random.chance(0.2)) minutes[minutes.length - 1] = 1_440;
  const windows: Window[] = [];
  for (let i = 0; i < minutes.length; i += 2) {
    const [from = 0, to = 0] = minutes.slice(i, i + 2);
    if (from < to) windows.push([minuteText(from), minuteText(to)]);
  }
  return windows;
}

const WEEKDAYS: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

function randomCalendar(random: Random, over: Walk): WorkingCalendar {
  const only = random.chance(0.15) ? random.pick(WEEKDAYS) : undefined;
  const on = (weekday: Weekday) => (only === undefined || only === weekday ? randomWindows(random) : []);
  const week = {
    mon: on('mon'),
    tue: on('tue'),
    wed: on('wed'),
    thu: on('thu'),
    fri: on('fri'),
    sat: on('sat'),
    sun: on('sun'),
  };
  const holidays: Record<string, string> = {};
  const workdays: Record<string, { name: string; windows: Window[] }> = {};
  for (let day = 0; day < over.days; day += 1) {
    if (random.chance(0.15)) holidays[dayText(over.firstDay + day)] = 'holiday';
    if (random.chance(0.15))
      workdays[dayText(over.firstDay + day)] = { name: 'made up', windows: randomWindows(random) };
  }
  return { id: 'random', version: 1, timeZone: over.zone, week, holidays, workdays };
}

const minuteOf = (time: string) => Number(time.split(':')[0]) * 60 + Number(time.split(':')[1]);

/** The stretches of the walk in which a day of it is open; they may overlap. */
function openings(calendar: WorkingCalendar, over: Walk, day: number): [from: number, to: number][] {
  const text = dayText(over.firstDay + day);
  const weekday = WEEKDAYS[new Date(`${text}T00:00:00Z`).getUTCDay()] ?? 'sun';
  const windows =
    text in calendar.workdays
      ? calendar.workdays[text]?.windows
      : text in calendar.holidays
        ? []
        : calendar.week[weekday];
  return (windows ?? []).map(([from, to]) => [
    Math.max(over.shownAt[day * DAY + minuteOf(from) * MINUTE] ?? Number.NaN, over.dayStarts[day] ?? Number.NaN),
    Math.min(over.shownAt[day * DAY + minuteOf(to) * MINUTE] ?? Number.NaN, over.dayStarts[day + 1] ?? Number.NaN),
  ]);
}

/** Seconds of a walk at which something happens, one more, one less, or any. */
function randomSecond(random: Random, over: Walk, open: readonly (readonly [number, number])[]): number {
  const first = over.dayStarts[0] ?? Number.NaN;
  const last = (over.dayStarts[over.days] ?? Number.NaN) - 1;
  const kind = random.int(0, 3);
  let second = random.int(first, last);
  if (kind === 0 && open.length > 0) second = random.pick(random.pick(open)) + random.int(-1, 1);
  if (kind === 1 && over.changes.length > 0) second = random.pick(over.changes) + random.int(-2 * HOUR, 2 * HOUR);
  if (kind === 2) second = random.pick(over.dayStarts) + random.int(-1, 1);
  return Math.min(Math.max(second, first), last);
}

interface Difference {
  readonly calendar: WorkingCalendar;
  readonly from: string;
  readonly asked: unknown;
  readonly slow: unknown;
  readonly fast: unknown;
}

describe('the calendar equals a slow one that walks second by second (C-12)', () => {
  const CALENDARS = 100_000;
  test(`on ${CALENDARS} random calendars with one span of up to three hours each (seed 20261116)`, {
    timeout: 120_000,
  }, () => {
    const random = seeded(20_261_116);
    const differences: Difference[] = [];
    let calendars = 0;
    let counted = 0;
    for (let over: Walk | undefined; calendars < CALENDARS; calendars += 1) {
      if (!over || calendars % 500 === 0) over = randomWalk(random, ZONES[(calendars / 500) % ZONES.length] as Zone, 4);
      const calendar = randomCalendar(random, over);
      const stretches = [0, 1, 2, 3].flatMap((day) => openings(calendar, over as Walk, day));
      const from = randomSecond(random, over, stretches);
      const to = Math.min(from + random.int(0, 3 * HOUR), over.dayStarts[over.days] ?? Number.NaN);
      const open = openSecondsBetween(stretches, from, to);
      const start = instantOf(over.start + from);
      const seconds = countedSeconds(calendar, start, instantOf(over.start + to));
      if (seconds !== open.length)
        differences.push({ calendar, from: start, asked: to - from, slow: open.length, fast: seconds });
      if (open.length > 0) {
        const workingSeconds = random.chance(0.3) ? open.length : random.int(1, open.length);
        const due = instantOf(over.start + (open[workingSeconds - 1] ?? Number.NaN) + 1);
        const fast = deadline(calendar, start, { workingSeconds });
        if (fast !== due) differences.push({ calendar, from: start, asked: { workingSeconds }, slow: due, fast });
        counted += 1;
      }
    }
    expect(differences.slice(0, 3)).toEqual([]);
    expect(calendars).toBe(CALENDARS);
    expect(counted).toBeGreaterThan(CALENDARS / 4);
  });

  const WALKED = 1_100;
  const SPANS = 100;
  test(`on ${WALKED * SPANS} spans over days and weeks, ${SPANS} on each of ${WALKED} further random calendars (seed 314159)`, {
    timeout: 120_000,
  }, () => {
    const random = seeded(314_159);
    const differences: Difference[] = [];
    const checked = { spans: 0, workingSeconds: 0, workingDays: 0 };
    let over: Walk | undefined;
    for (let round = 0; round < WALKED; round += 1) {
      const zone = ZONES[Math.floor(round / 10) % ZONES.length] as Zone;
      if (!over || round % 10 === 0) over = randomWalk(random, zone, round % 250 === 0 ? 40 : random.int(3, 7));
      const calendar = randomCalendar(random, over);
      const slow = slowCalendar(calendar, over);
      for (let span = 0; span < SPANS; span += 1, checked.spans += 1) {
        const a = randomSecond(random, over, slow.stretches);
        const b = randomSecond(random, over, slow.stretches);
        const from = instantOf(over.start + a);
        const compare = (asked: unknown, expected: unknown, fast: unknown) => {
          if (expected !== fast) differences.push({ calendar, from, asked, slow: expected, fast });
        };
        const to = instantOf(over.start + b);
        compare({ to }, Math.max(0, slow.countedBefore(b) - slow.countedBefore(a)), countedSeconds(calendar, from, to));
        const left = slow.countedBefore(slow.end) - slow.countedBefore(a);
        if (left > 0) {
          const workingSeconds = random.int(1, left);
          compare(
            { workingSeconds },
            instantOf(over.start + slow.secondAfter(slow.countedBefore(a) + workingSeconds)),
            deadline(calendar, from, { workingSeconds }),
          );
          checked.workingSeconds += 1;
        }
        const closings = slow.closings.slice((over.dayAt[a] ?? Number.NaN) + 1).filter((closes) => closes > 0);
        if (closings.length > 0) {
          const workingDays = random.int(1, closings.length);
          compare(
            { workingDays },
            instantOf(over.start + (closings[workingDays - 1] ?? Number.NaN)),
            deadline(calendar, from, { workingDays }),
          );
          checked.workingDays += 1;
        }
      }
    }
    expect(differences.slice(0, 3)).toEqual([]);
    expect(checked.spans).toBe(WALKED * SPANS);
    expect(checked.workingSeconds).toBeGreaterThan((WALKED * SPANS) / 2);
    expect(checked.workingDays).toBeGreaterThan((WALKED * SPANS) / 3);
  });
});

/** The seconds from one to another, the last excluded, that lie in a stretch. */
function openSecondsBetween(stretches: readonly (readonly [number, number])[], from: number, to: number): number[] {
  const isOpen = new Uint8Array(to - from);
  for (const [opens, closes] of stretches) {
    for (let second = Math.max(opens, from); second < Math.min(closes, to); second += 1) isOpen[second - from] = 1;
  }
  const open: number[] = [];
  for (let second = from; second < to; second += 1) if (isOpen[second - from] === 1) open.push(second);
  return open;
}

/** Every second of a walk on one calendar, counted one by one. */
function slowCalendar(calendar: WorkingCalendar, over: Walk) {
  const open = new Uint8Array(over.length);
  const closings: number[] = [];
  const stretches: [number, number][] = [];
  for (let day = 0; day < over.days; day += 1) {
    closings[day] = 0;
    for (const [opens, closes] of openings(calendar, over, day)) {
      stretches.push([opens, closes]);
      for (let second = opens; second < closes; second += 1) {
        open[second] = 1;
        closings[day] = Math.max(closings[day] ?? 0, second + 1);
      }
    }
  }
  const before = new Int32Array(over.length + 1);
  const after = new Int32Array(over.length + 1);
  let counted = 0;
  for (let second = 0; second < over.length; second += 1) {
    if (open[second] === 1) {
      counted += 1;
      after[counted] = second + 1;
    }
    before[second + 1] = counted;
  }
  return {
    stretches,
    /** The end of each day's last window; 0 where the day has none. */
    closings,
    end: over.length,
    /** Open seconds of the walk before a second. */
    countedBefore: (second: number) => before[second] ?? Number.NaN,
    /** The second at which so many open seconds of the walk are over. */
    secondAfter: (count: number) => after[count] ?? Number.NaN,
  };
}

describe('local days equal those of Temporal', () => {
  test('around every clock change of every zone, 1990 to 2035', { timeout: 60_000 }, () => {
    const different: string[] = [];
    let changes = 0;
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      let at = Temporal.Instant.from('1990-01-01T00:00:00Z').toZonedDateTimeISO(zone);
      for (;;) {
        const next = at.getTimeZoneTransition('next');
        if (!next || next.year > 2035) break;
        changes += 1;
        for (const minutes of [-1_440, -60, -1, 0, 1, 60, 1_440]) {
          const then = next.add({ minutes });
          const instant = instantOf(then.epochMilliseconds / 1000);
          const day = then.toPlainDate().toString();
          const start = instantOf(then.startOfDay().epochMilliseconds / 1000);
          if (dayIn(zone, instant) !== day || startOfDay(zone, day) !== start) different.push(`${zone} ${instant}`);
        }
        at = next;
      }
    }
    expect(different).toEqual([]);
    expect(changes).toBeGreaterThan(10_000);
  });
});
