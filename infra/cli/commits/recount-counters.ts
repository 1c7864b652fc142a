import { open } from 'node:fs/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import canonicalize from 'canonicalize';
import { counterStore } from '#shared/adapters/counter-store.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { unreadableAt } from '#shared/adapters/read-commits.ts';
import { commitsIn, countedMonths } from '#shared/adapters/table-scan.ts';
import { AnyEvent } from '#shared/contracts/events/events.ts';
import type { Month } from '#shared/domain/calendar/civil-date.ts';
import type { Commit } from '#shared/domain/event.ts';
import { type CountersByMonth, differencesBetween, withEvents } from '#shared/domain/insights/recount.ts';
import type { UnreadableCommit } from '#shared/domain/ports/commit-log.ts';
import { type OperatedEnvironment, outputsOf } from '../operated-environment.ts';

export interface Recounting {
  /** Compares one month alone. @default every month that is counted or that an event belongs to */
  readonly month?: Month;
  /** Writes every event to this file, one JSON object a line, in its canonical form (RFC 8785): like events are like lines. */
  readonly dump?: string;
  readonly out: (line: string) => void;
}

/** How many differences are printed. */
const MOST_LINES = 50;

/**
 * Computes the counters anew from the commits of both gears and compares them with those that are stored. Commits
 * are read page by page and never held together. A commit or an event that cannot be read is named and keeps no other
 * back.
 *
 * @returns whether every counter stands as the commits say, and every commit could be read
 * @throws RangeError when the file cannot be written
 */
export async function recountCounters(environment: OperatedEnvironment, asked: Recounting): Promise<boolean> {
  const { month, dump, out } = asked;
  const names = outputsOf(environment, 'CasesTable', 'ScorecardsTable', 'ImprovementTable');
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(environment.client));
  const read = await readAll(client, names, asked);
  if (dump !== undefined) out(`${read.events} events are in ${dump}`);

  const counters = counterStore(dynamoTables(client, { improvement: names.ImprovementTable }));
  const months = month === undefined ? await countedMonths(client, names.ImprovementTable) : [month];
  const stored: CountersByMonth = new Map(
    await Promise.all(months.map(async (each) => [each, await counters.counters(each)] as const)),
  );
  const wanted = month === undefined ? read.recounted : new Map([[month, read.recounted.get(month) ?? []]]);
  const stand = told(stored, wanted, `${read.commits} commits with ${read.events} events`, out);
  if (read.unreadable > 0) out(`${read.unreadable} commits or events cannot be read, and are not in this`);
  return stand && read.unreadable === 0;
}

/** What the commits of both gears come to; the file gets their events. */
async function readAll(
  client: DynamoDBDocumentClient,
  names: { readonly CasesTable: string; readonly ScorecardsTable: string },
  { dump, out }: Recounting,
) {
  const file = dump === undefined ? undefined : await writing(dump, () => open(dump, 'w'));
  const none: CountersByMonth = new Map();
  const read = { recounted: none, commits: 0, events: 0, unreadable: 0 };
  const gears = { 'interlock.disputes': names.CasesTable, 'interlock.performance': names.ScorecardsTable };
  try {
    for (const [source, table] of Object.entries(gears)) {
      for await (const { commits, unreadable } of commitsIn(client, table)) {
        const { events, broken } = eventsOf(commits);
        for (const { key, why } of [...unreadable, ...broken]) out(`${source}: ${key} cannot be read: ${why}`);
        read.recounted = withEvents(read.recounted, events);
        read.commits += commits.length;
        read.events += commits.reduce((sum, commit) => sum + commit.events.length, 0);
        read.unreadable += unreadable.length + broken.length;
        if (dump !== undefined && file) await writing(dump, () => file.appendFile(linesOf(source, commits)));
      }
    }
  } finally {
    await file?.close();
  }
  return read;
}

/** The events of some commits as they are counted, and those that no contract knows. */
function eventsOf(commits: readonly Commit[]) {
  const events: AnyEvent[] = [];
  const broken: UnreadableCommit[] = [];
  for (const event of commits.flatMap((commit) => commit.events)) {
    const { success, data, error } = AnyEvent.safeParse(event);
    if (success) events.push(data);
    else broken.push(unreadableAt({ pk: `event ${event.id}`, sk: `of ${event.aggregateId}` }, error));
  }
  return { events, broken };
}

function linesOf(source: string, commits: readonly Commit[]): string {
  return commits
    .flatMap(({ recordedAt, events }) => events.map((event) => ({ source, recordedAt, ...event })))
    .map((line) => `${canonicalize(line)}\n`)
    .join('');
}

/** @throws RangeError saying which file cannot be written, and why */
async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  return write().catch((error: Error) => {
    throw new RangeError(`cannot write ${path}: ${error.message}`);
  });
}

function told(stored: CountersByMonth, recounted: CountersByMonth, read: string, out: (line: string) => void): boolean {
  const differences = differencesBetween(stored, recounted);
  for (const { month, department, type, name, ...at } of differences.slice(0, MOST_LINES))
    out(`${month} ${department} ${type} ${name}: ${at.stored} stored, ${at.recounted} recounted`);
  if (differences.length > MOST_LINES) out(`and ${differences.length - MOST_LINES} more`);
  const months = new Set([...stored.keys(), ...recounted.keys()]).size;
  out(
    differences.length === 0
      ? `${read}: the counters of ${months} ${months === 1 ? 'month' : 'months'} stand as the commits say`
      : `${read}: ${differences.length} counters differ; counting lags some seconds behind, and npm run republish publishes what was lost`,
  );
  return differences.length === 0;
}
