import * as z from 'zod';
import type { Day, Month } from '../domain/calendar/civil-date.ts';
import type { DayTally, TallyState } from '../domain/intake/tally-days.ts';
import { type Key, type Tables, type Write, WriteRefused } from '../domain/ports/tables.ts';
import type { TallyStore } from '../domain/ports/tally-store.ts';

const keys = {
  month: (month: Month) => `TALLY#${month}`,
  day: (day: Day): Key => ({ pk: keys.month(day.slice(0, 7)), sk: day }),
  state: { pk: 'TALLIES', sk: 'STATE' },
} as const;

/** Tallies in the cases table, `TALLY#<month>` / `<day>` with all sources of the day, and how far they go. */
export function tallyStore(tables: Tables): TallyStore {
  return {
    async state() {
      const item = await tables.get('cases', keys.state);
      return item && StateItem.parse(item);
    },
    async keep(days, state) {
      for (const day of days) await putUnlessLater(tables, { ...keys.day(day.day), kind: 'tally', ...day });
      await putUnlessLater(tables, { ...keys.state, kind: 'tallies', ...state });
    },
    async ofMonth(month) {
      const { items } = await tables.query({ table: 'cases', partition: keys.month(month) });
      return items.map((item) => DayItem.parse(item));
    },
  };
}

async function putUnlessLater(tables: Tables, put: Extract<Write, { put: unknown }>['put']): Promise<void> {
  const asOf = z.object({ asOf: z.int() }).parse(put).asOf;
  try {
    await tables.write([{ table: 'cases', put, if: { attribute: 'asOf', absentOrBelow: asOf } }]);
  } catch (error) {
    if (!(error instanceof WriteRefused)) throw error;
  }
}

const Count = z.int().nonnegative();
const DayItem = z.object({
  day: z.string(),
  asOf: z.int(),
  sources: z.array(
    z.object({
      source: z.string(),
      received: Count,
      opened: Count,
      joined: Count,
      duplicate: Count,
      rejected: Count,
      deadLettered: Count,
      inFlight: Count,
      awaitingCompletion: Count,
    }),
  ),
}) satisfies z.ZodType<DayTally>;
const StateItem = z.object({
  asOf: z.int(),
  since: z.string(),
  until: z.string(),
  open: z.array(z.string()),
}) satisfies z.ZodType<TallyState>;
