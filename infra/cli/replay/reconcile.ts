import { setTimeout as sleep } from 'node:timers/promises';
import { NOTHING_RECEIVED, sumOf } from '#shared/domain/intake/reconciliation.ts';
import { Stopped } from './exchange.ts';
import type { DayTally } from './running-system.ts';
import { figure } from './words.ts';

/** The figures of one source or of all, over some days. */
export type Figures = DayTally['total'];
/** What arrived over some days, by source. */
export interface Reconciled {
  readonly sources: ReadonlyMap<string, Figures>;
  readonly total: Figures;
}

const COLUMNS: readonly (readonly [keyof Figures, string])[] = [
  ['received', 'received'],
  ['opened', 'opened'],
  ['joined', 'joined'],
  ['duplicate', 'duplicate'],
  ['rejected', 'rejected'],
  ['deadLettered', 'dead-lettered'],
  ['inFlight', 'in flight'],
  ['awaitingCompletion', 'awaiting completion'],
];
const DAY_MS = 86_400_000;

/** How long reports may stay in flight, in milliseconds. */
export interface Settling {
  /** Without any change of the figures. A message that a crashed function held is handed out again after minutes. */
  readonly stillMs: number;
  readonly everyMs: number;
  /** How long receipts are read where more came to nothing than the door refused. */
  readonly lookMs: number;
}
export const SETTLING: Settling = { stillMs: 600_000, everyMs: 1_000, lookMs: 120_000 };

/** The local day of an instant in milliseconds since 1970: `2026-11-20`. */
export function dayAt(zone: string, milliseconds: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' }).format(milliseconds);
}

/** Every day from the first to the last, both included. */
export function daysBetween(first: string, last: string): readonly string[] {
  const count = Math.max(0, Math.round((Date.parse(last) - Date.parse(first)) / DAY_MS)) + 1;
  return Array.from({ length: count }, (_, at) => new Date(Date.parse(first) + at * DAY_MS).toISOString().slice(0, 10));
}

export interface Reconciling {
  /** The first arrival day of this replay. */
  readonly firstDay: string;
  /** So many arrivals the system has answered; fewer are not all. */
  readonly atLeast: number;
  /** Today in the organisation's zone, by the system's time. */
  readonly today: () => Promise<string>;
  readonly read: (day: string) => Promise<DayTally>;
  readonly settling: Settling;
  readonly signal: AbortSignal;
  /** Hears how many are still in flight. */
  readonly waiting: (inFlight: number) => void;
}

/**
 * Reads the arrivals of all days since the replay began until nothing is in flight and the books balance (I-7);
 * counters may lag some seconds. Days that have settled are not read again.
 *
 * @returns what stands; also when it no longer changes although reports are in flight
 */
export async function reconcile(reconciling: Reconciling): Promise<Reconciled> {
  const { firstDay, atLeast, today, read, settling, signal, waiting } = reconciling;
  const settled = new Map<string, DayTally>();
  let before = '';
  let changedAt = performance.now();
  for (;;) {
    signal.throwIfAborted();
    const last = await today();
    const tallies: DayTally[] = [];
    for (const day of daysBetween(firstDay, last)) {
      const tally = settled.get(day) ?? (await read(day));
      if (day !== last && tally.total.inFlight === 0) settled.set(day, tally);
      tallies.push(tally);
    }
    const stands = summed(tallies);
    const complete = stands.total.inFlight === 0 && stands.total.received >= atLeast;
    if (complete && imbalances(stands).length === 0) return stands;
    const now = JSON.stringify(tallies);
    if (now !== before) changedAt = performance.now();
    else if (performance.now() - changedAt >= settling.stillMs) return stands;
    before = now;
    waiting(stands.total.inFlight);
    await sleep(settling.everyMs, undefined, { signal });
  }
}

/** One line per figure that does not add up. */
export function imbalances({ sources, total }: Reconciled): readonly string[] {
  const rows: [string, Figures][] = [...sources, ['total', total]];
  const unbalanced = rows.flatMap(([name, figures]) => {
    const sum = outcomesOf(figures);
    return sum === figures.received ? [] : [`${name}: received ${figures.received}, but the outcomes add up to ${sum}`];
  });
  const off = COLUMNS.flatMap(([key, title]) => {
    const sum = [...sources.values()].reduce((before, figures) => before + figures[key], 0);
    return sum === total[key] ? [] : [`total: ${title} ${total[key]}, but the sources add up to ${sum}`];
  });
  return [...unbalanced, ...off];
}

function outcomesOf({ opened, joined, duplicate, rejected, deadLettered, inFlight }: Figures): number {
  return opened + joined + duplicate + rejected + deadLettered + inFlight;
}

/** Several days as one. */
export function summed(tallies: readonly DayTally[]): Reconciled {
  const [first] = tallies;
  if (!first) throw new Stopped('there is no day to reconcile');
  const sources = new Map<string, Figures>();
  for (const { source, ...figures } of tallies.flatMap((tally) => tally.sources)) {
    sources.set(source, sumOf(sources.get(source) ?? NOTHING_RECEIVED, figures));
  }
  return { sources, total: tallies.map(({ total }) => total).reduce(sumOf) };
}

/** The figures as a table, one line per source and the total last. */
export function tableOf({ sources, total }: Reconciled): string {
  const rows = [
    ['source', ...COLUMNS.map(([, title]) => title)],
    ...[...sources, ['total', total] as const].map(([name, figures]) => [
      name,
      ...COLUMNS.map(([key]) => figure(figures[key])),
    ]),
  ];
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  return rows
    .map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))))
    .map((row) => row.join('  '))
    .join('\n');
}
