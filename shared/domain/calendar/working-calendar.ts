import type { Day, TimeZone } from './civil-date.ts';

/** A window of local wall-clock time, `['09:00', '12:00']`; the end is exclusive, `24:00` is allowed as an end. */
export type Window = readonly [from: string, to: string];
export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** One version of the hours in which a company works (C-12). */
export interface WorkingCalendar {
  readonly id: string;
  readonly version: number;
  readonly timeZone: TimeZone;
  readonly week: Readonly<Record<Weekday, readonly Window[]>>;
  /** Days off, by name. A make-up day wins over a holiday. */
  readonly holidays: Readonly<Record<Day, string>>;
  /** Make-up working days (調休): worked with these windows whatever the weekday. */
  readonly workdays: Readonly<Record<Day, { readonly name: string; readonly windows: readonly Window[] }>>;
}
