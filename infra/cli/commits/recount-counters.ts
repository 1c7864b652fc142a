import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import canonicalize from 'canonicalize';
import { counterStore } from '#shared/adapters/counter-store.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { commitsIn, countedMonths } from '#shared/adapters/table-scan.ts';
import { AnyEvent } from '#shared/contracts/events/events.ts';
import type { Month } from '#shared/domain/calendar/civil-date.ts';
import { type CountersByMonth, differencesBetween, withEvents } from '#shared/domain/insights/recount.ts';
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
 * are read page by page and never held together.
 *
 * @returns whether every counter stands as the commits say
 */
export async function recountCounters(environment: OperatedEnvironment, asked: Recounting): Promise<boolean> {
  const { month, dump, out } = asked;
  const names = outputsOf(environment, 'CasesTable', 'ScorecardsTable', 'ImprovementTable');
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(environment.client));
  const file = dump === undefined ? undefined : createWriteStream(dump);
  let recounted: CountersByMonth = new Map();
  let [commits, events] = [0, 0];
  const gears = { 'interlock.disputes': names.CasesTable, 'interlock.performance': names.ScorecardsTable };
  for (const [source, table] of Object.entries(gears)) {
    for await (const page of commitsIn(client, table)) {
      recounted = withEvents(
        recounted,
        page.flatMap((commit) => commit.events.map((event) => AnyEvent.parse(event))),
      );
      commits += page.length;
      events += page.reduce((sum, commit) => sum + commit.events.length, 0);
      for (const { recordedAt, events: all } of file ? page : [])
        await writeLines(
          file,
          all.map((event) => ({ source, recordedAt, ...event })),
        );
    }
  }
  await closed(file);
  if (dump !== undefined) out(`${events} events are in ${dump}`);

  const counters = counterStore(dynamoTables(client, { improvement: names.ImprovementTable }));
  const months = month === undefined ? await countedMonths(client, names.ImprovementTable) : [month];
  const stored: CountersByMonth = new Map(
    await Promise.all(months.map(async (each) => [each, await counters.counters(each)] as const)),
  );
  const wanted = month === undefined ? recounted : new Map([[month, recounted.get(month) ?? []]]);
  return told(stored, wanted, `${commits} commits with ${events} events`, out);
}

function told(stored: CountersByMonth, recounted: CountersByMonth, read: string, out: (line: string) => void): boolean {
  const differences = differencesBetween(stored, recounted);
  for (const { month, department, type, name, ...at } of differences.slice(0, MOST_LINES))
    out(`${month} ${department} ${type} ${name}: ${at.stored} stored, ${at.recounted} recounted`);
  if (differences.length > MOST_LINES) out(`and ${differences.length - MOST_LINES} more`);
  const months = new Set([...stored.keys(), ...recounted.keys()]).size;
  out(
    differences.length === 0
      ? `${read}: the counters of ${months} months stand as the commits say`
      : `${read}: ${differences.length} counters differ; counting lags some seconds behind, and npm run republish publishes what was lost`,
  );
  return differences.length === 0;
}

async function writeLines(file: WriteStream | undefined, lines: readonly object[]): Promise<void> {
  const text = lines.map((line) => `${canonicalize(line)}\n`).join('');
  if (file && text !== '' && !file.write(text)) await once(file, 'drain');
}

async function closed(file: WriteStream | undefined): Promise<void> {
  if (!file) return;
  file.end();
  await once(file, 'close');
}
