import * as z from 'zod';

// A time that cannot be read stops the check of its windows' order, which would only repeat the complaint.
const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, {
  error: 'must be a time of day, HH:MM from 00:00 to 23:59',
  abort: true,
});
const EndOfWindow = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, {
  error: 'must be a time of day, HH:MM from 00:00 to 24:00',
  abort: true,
});

/** Wall-clock windows of one day, in order and apart; one may start where the one before it ends. */
const Windows = z.array(z.tuple([TimeOfDay, EndOfWindow])).superRefine((windows, context) => {
  let before = '00:00';
  for (const [index, [from, to]] of windows.entries()) {
    if (from >= to) {
      context.addIssue({ code: 'custom', path: [index], message: `must end after it starts, got ${from} to ${to}` });
    }
    if (from < before) {
      context.addIssue({
        code: 'custom',
        path: [index],
        message: `must not start before ${before}, where the window before it ends`,
      });
    }
    before = to;
  }
});

const RealDay = z.iso.date();

/** A record by day whose every key is a day that exists. */
function byDay<Value extends z.ZodType>(value: Value) {
  return z.record(z.string(), value).superRefine((days, context) => {
    for (const day of Object.keys(days)) {
      if (!RealDay.safeParse(day).success) {
        context.addIssue({ code: 'custom', path: [day], message: 'must be a day that exists, YYYY-MM-DD' });
      }
    }
  });
}

/** IANA names only: an offset such as `+08:00` is no zone, it knows no DST. */
function isTimeZone(zone: string): boolean {
  if (!/^[A-Z]/i.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}

/** The document of one version of a working calendar (C-12, P-1). Every refusal names the path and the reason. */
export const WorkingCalendarSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens'),
  version: z.int().min(1),
  timeZone: z.string().refine(isTimeZone, 'must be an IANA time zone such as Asia/Shanghai'),
  week: z.strictObject({
    mon: Windows,
    tue: Windows,
    wed: Windows,
    thu: Windows,
    fri: Windows,
    sat: Windows,
    sun: Windows,
  }),
  /** Days off, by name. */
  holidays: byDay(z.string().min(1)),
  /** Make-up working days (調休); one that is a holiday too is worked. */
  workdays: byDay(
    z.strictObject({
      name: z.string().min(1),
      windows: Windows.refine((windows) => windows.length > 0, 'must have a window: a make-up day is worked'),
    }),
  ),
});
