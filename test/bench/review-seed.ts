import { counterStore } from '#shared/adapters/counter-store.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { tallyStore } from '#shared/adapters/tally-store.ts';
import { epochSeconds, type Month } from '#shared/domain/calendar/civil-date.ts';
import { IN_HOUSE } from '#shared/domain/intake/arrival.ts';
import { tallyOf } from '#shared/domain/intake/reconciliation.ts';
import { daysBetween } from '#shared/domain/intake/tally-days.ts';
import type { Tables, Write } from '#shared/domain/ports/tables.ts';
import { posted, seedDirectory, subjectOf } from '#test/exports/system.ts';
import { partOf } from './alternated.ts';

export const PERIOD = '2026-10';
/** A review is run again: two months later there are, the one finished and the other begun. */
export const NOW = '2026-12-20T03:00:00Z';
const TODAY = '2026-12-20';
/** Each with its last finished day. */
const MONTHS = [
  { month: PERIOD, last: '2026-10-31' },
  { month: '2026-11', last: '2026-11-30' },
  { month: '2026-12', last: '2026-12-19' },
] as const;
const DEPARTMENTS = ['logistics', 'product', 'service', 'after-sales'] as const;
const TYPES = ['late-delivery', 'defective', 'service-attitude', 'refund-delay', 'network-fault'] as const;
/** Cells of every month. */
export const CELLS = DEPARTMENTS.length * TYPES.length;
const SOURCES = ['phone', 'web', 'app'] as const;
const EMPLOYEES = 26;
/** Batches in which a month was counted: with so many, every cell stands in every shard, as after a million events. */
const BATCHES = 64;
/** One dispute in so many posts points, of which the ledger has two entries. */
const POSTS_ONE_IN = 50;
/** Of a month's arrivals, those of the morning that no tally has reached. */
const MORNING_ONE_IN = 300;
/** Of a transaction. */
const MOST_WRITES = 100;

/** What was written. */
export interface Seeded {
  readonly disputes: number;
  readonly entries: number;
  readonly arrivals: number;
}

/**
 * Tables as they stand after so many disputes in each of three months. Counters have as many items after a million
 * disputes as after ten thousand, so what is written is what the events sum up to and not the events: 20 cells in 8
 * shards a month, the tallies of all finished days, and a directory of 30 subjects. Entries and the arrivals of this
 * morning grow with the disputes.
 */
export async function seeded(tables: Tables, disputes: number): Promise<Seeded> {
  const departments = DEPARTMENTS.map((id) => subjectOf(id, { kind: 'department', department: id }));
  const employees = Array.from({ length: EMPLOYEES }, (_, at) =>
    subjectOf(`E-${at}`, { department: departmentOf(at) }),
  );
  await seedDirectory(tables, [...departments, ...employees]);
  for (const { month } of MONTHS) await count(tables, month, disputes);
  await tally(tables, disputes);
  const entries = await post(tables, Math.floor(disputes / POSTS_ONE_IN));
  const arrivals = Math.floor(disputes / MORNING_ONE_IN);
  await arrive(tables, arrivals);
  return { disputes, entries, arrivals };
}

function departmentOf(at: number): string {
  return DEPARTMENTS[at % DEPARTMENTS.length] ?? DEPARTMENTS[0];
}

/** The sums of a month's events, in batches that go to shards by their ids. */
async function count(tables: Tables, month: Month, disputes: number): Promise<void> {
  const cells = DEPARTMENTS.flatMap((department) => TYPES.map((type) => ({ month, department, type })));
  const counters = counterStore(tables);
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const increments = cells.flatMap((cell, at) => {
      const by = partOf(disputes, BATCHES * CELLS, batch * CELLS + at);
      const received = `received.${SOURCES[(batch + at) % SOURCES.length]}`;
      return [...NAMES, received].map((name) => ({ ...cell, name, by }));
    });
    const aggregateId = derivedId('review', month, String(batch));
    await counters.count([{ eventId: aggregateId, aggregateId, aggregateVersion: 1, increments }]);
  }
}

/** Some of what is counted of a dispute: each is one more number of an item, and no item of its own. */
const NAMES = [
  ...['opened', 'category.logistics', 'channel.web', 'level.1', 'level.2', 'level.3'],
  ...['filed', 'resolved', 'closed', 'rated.4', 'points.pending', 'points.posted'],
];

/** Every finished day of the three months, source by source: as many arrivals as the counters of the month know of. */
async function tally(tables: Tables, disputes: number): Promise<void> {
  const asOf = epochSeconds(NOW);
  const days = MONTHS.flatMap(({ month, last }) => {
    const finished = daysBetween(`${month}-01`, last);
    return finished.map((day, at) => {
      const sources = SOURCES.map((source, of) => {
        const received = partOf(disputes, finished.length * SOURCES.length, at * SOURCES.length + of);
        return { source, ...tallyOf([]), received, opened: received };
      });
      return { day, asOf, sources };
    });
  });
  const [first, last] = [days.at(0)?.day ?? TODAY, days.at(-1)?.day ?? TODAY];
  await tallyStore(tables).keep(days, { asOf, since: first, until: last, open: [] });
}

/** @returns how many entries were written */
async function post(tables: Tables, postings: number): Promise<number> {
  const writes = Array.from({ length: postings }, (_, at) => posted(`E-${at % EMPLOYEES}`, at, -100, PERIOD))
    .flat()
    .map((entry): Write => {
      const keys = { pk: `CARD#${entry.subject.id}#${entry.period}`, sk: `ENTRY#${entry.entryId}` };
      return { table: 'scorecards', put: { ...keys, kind: 'entry', entry } };
    });
  for (let from = 0; from < writes.length; from += MOST_WRITES)
    await tables.write(writes.slice(from, from + MOST_WRITES));
  return writes.length;
}

async function arrive(tables: Tables, arrivals: number): Promise<void> {
  const intake = intakeStore(tables);
  for (let at = 0; at < arrivals; at += 1) {
    const arrivalId = derivedId('arrival', String(at));
    await intake.note({ source: IN_HOUSE, day: TODAY, arrivalId, outcome: 'opened' });
  }
}
