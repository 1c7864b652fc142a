import type { Month } from '../calendar/civil-date.ts';
import { type CounterCell, countersOf, sumCells } from './count-events.ts';

type Countable = Parameters<typeof countersOf>[0];

/** The counters of some months, as {@link sumCells} leaves each. */
export type CountersByMonth = ReadonlyMap<Month, readonly CounterCell[]>;

/** One counter that does not stand where the commits say. */
export interface CounterDifference {
  readonly month: Month;
  readonly department: string;
  readonly type: string;
  readonly name: string;
  readonly stored: number;
  readonly recounted: number;
}

/**
 * The counters with what some more events add. Order and batches do not matter; an event that is given twice
 * counts twice, so commits are read once each.
 */
export function withEvents(counters: CountersByMonth, events: readonly Countable[]): CountersByMonth {
  const all = new Map(counters);
  for (const [month, increments] of Map.groupBy(events.flatMap(countersOf), (increment) => increment.month)) {
    const cells = increments.map(({ department, type, name, by }) => ({ department, type, counters: { [name]: by } }));
    all.set(month, sumCells([...(all.get(month) ?? []), ...cells]));
  }
  return all;
}

/** Every counter that differs, in the order of month, department, type and name; a missing one stands at 0. */
export function differencesBetween(stored: CountersByMonth, recounted: CountersByMonth): readonly CounterDifference[] {
  const months = [...new Set([...stored.keys(), ...recounted.keys()])].sort();
  return months.flatMap((month) => differencesIn(month, stored.get(month) ?? [], recounted.get(month) ?? []));
}

function differencesIn(
  month: Month,
  stored: readonly CounterCell[],
  recounted: readonly CounterCell[],
): readonly CounterDifference[] {
  const missing = recounted.map((cell) => ({ ...cell, counters: negated(cell.counters) }));
  return sumCells([...stored, ...missing]).flatMap(({ department, type, counters }) =>
    Object.keys(counters)
      .sort()
      .map((name) => {
        const at = (cells: readonly CounterCell[]) =>
          cells.find((cell) => cell.department === department && cell.type === type)?.counters[name] ?? 0;
        return { month, department, type, name, stored: at(stored), recounted: at(recounted) };
      }),
  );
}

function negated(counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).map(([name, at]) => [name, -at]));
}
