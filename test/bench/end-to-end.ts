import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { localClient } from '#infra/cli/start/source-secrets.ts';
import { counterStore } from '#shared/adapters/counter-store.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { dayIn, monthIn } from '#shared/domain/calendar/civil-date.ts';
import type { CounterStore } from '#shared/domain/ports/counter-store.ts';
import { ZONE } from '#test/support/sample.ts';
import { described, sendLoad } from './load.ts';
import { localDoor, localJson, onLocalSystem } from './local.ts';
import type { Bench, Measurement } from './measurement.ts';
import type { ReportKind } from './signed-reports.ts';

const CLIENTS = 8;
/** Threads become quick with use: what runs for days is measured, not its first minute. */
const WARM_UP_REPORTS = 1_000;
/** Enough for figures that count, not time. */
const COMPLETE_REPORTS = 200;
const POLL_MS = 250;
/** The operation with which the bench itself looks at the counters. */
const POLLED = 'Query';
/** Without any progress for so long, reports are lost or stuck. */
const STILL_MS = 120_000;

const Outputs = z.record(z.string(), z.record(z.string(), z.string()));
const Writes = z.object({ transactions: z.number(), items: z.number(), byOperation: z.record(z.string(), z.number()) });
const Queues = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      visible: z.number(),
      inFlight: z.number(),
      delayed: z.number(),
      deadLettersOf: z.string().optional(),
    }),
  ),
});
const Reconciled = z.object({ total: z.object({ received: z.number(), opened: z.number(), inFlight: z.number() }) });

/** What became of so many reports. */
export interface Processed {
  readonly reports: number;
  /** From the first POST until nothing was left to do. */
  readonly seconds: number;
  readonly writes: z.infer<typeof Writes>;
}

/** Reports, as fast as eight clients send them, until each is opened, graded, alerted, published and counted. */
export const endToEnd: Measurement = {
  name: 'end-to-end',
  async run(bench: Bench) {
    const { reports, seconds, writes } = await onLocalSystem(({ url }) =>
      processReports(url, bench.reports, bench.say),
    );
    bench.add({ what: 'rate', value: reports / seconds, unit: 'per s' });
    bench.add({
      what: 'transactions per report',
      value: writes.transactions / reports,
      unit: 'calls',
      target: { atMost: 4 },
    });
    bench.add({ what: 'items per report', value: writes.items / reports, unit: 'items', target: { atMost: 16 } });
    const complete = await onLocalSystem(({ url }) =>
      processReports(url, COMPLETE_REPORTS, bench.say, { kind: 'complete' }),
    );
    const { transactions, items } = complete.writes;
    bench.add({
      what: 'transactions per report that files itself',
      value: transactions / COMPLETE_REPORTS,
      unit: 'calls',
    });
    bench.add({ what: 'items per report that files itself', value: items / COMPLETE_REPORTS, unit: 'items' });
    const operations = Object.entries(writes.byOperation).sort((a, b) => b[1] - a[1]);
    for (const [operation, count] of operations.filter(([name]) => name !== POLLED))
      bench.add({ what: `${operation} per report`, value: count / reports, unit: 'calls' });
  },
};

/**
 * Sends reports to a local system that has been warmed up, and waits until all of them have gone through.
 *
 * @param options.onWarm called between warming up and the first report that counts
 * @throws Error when one is not accepted, dies, or nothing moves any more
 */
export async function processReports(
  url: string,
  reports: number,
  say: (line: string) => void,
  { kind = 'complaint', onWarm }: { readonly kind?: ReportKind; readonly onWarm?: () => void } = {},
): Promise<Processed> {
  const door = await localDoor(url);
  const occurredAt = `${new Date().toISOString().slice(0, 19)}Z`;
  const client = new DynamoDBClient(localClient(url));
  try {
    const watched = await watchedSystem(url, client, occurredAt);
    await sendLoad(door, {
      run: `warm-${Date.now()}`,
      clients: CLIENTS,
      until: { reports: WARM_UP_REPORTS },
      occurredAt,
      kind,
    });
    await untilDone(watched, WARM_UP_REPORTS);
    const before = Writes.parse(await localJson(url, 'writes'));
    onWarm?.();
    const started = performance.now();
    const run = `end-${Date.now()}`;
    const answers = await sendLoad(door, { run, clients: CLIENTS, until: { reports }, occurredAt, kind });
    say(`sent: ${described(answers)}`);
    if (answers.accepted !== reports) throw new Error(`${reports - answers.accepted} reports were not accepted`);
    await untilDone(watched, WARM_UP_REPORTS + reports);
    const seconds = (performance.now() - started) / 1000;
    const writes = minus(Writes.parse(await localJson(url, 'writes')), before);
    say(`all ${reports} opened, graded, alerted, published and counted after ${seconds.toFixed(1)} s`);
    return { reports, seconds, writes };
  } finally {
    client.destroy();
  }
}

/** Where it can be seen how far a system is. */
interface Watched {
  readonly url: string;
  /** When the reports' disputes occurred and arrived. */
  readonly at: string;
  readonly counters: CounterStore;
  readonly token: string;
}

/** What it takes to see how far a system is with the reports of one instant. */
export async function watchedSystem(url: string, client: DynamoDBClient, at: string): Promise<Watched> {
  const outputs = Object.assign({}, ...Object.values(Outputs.parse(await localJson(url, 'outputs'))));
  const { ImprovementTable: improvement } = z.object({ ImprovementTable: z.string() }).parse(outputs);
  const counters = counterStore(dynamoTables(DynamoDBDocumentClient.from(client), { improvement }));
  const body = JSON.stringify({ sub: 'bench', roles: ['officer'] });
  const answer = await fetch(`${url}/_local/token`, { method: 'POST', body });
  const { token } = z.object({ token: z.string() }).parse(await answer.json());
  return { url, at, counters, token };
}

/**
 * Done is what the counters say, for they are written last and count every event once: so many opened, graded and
 * alerted. Then no queue may hold anything, which goes for the stakes beside the alerts, and no report may be in flight.
 */
export async function untilDone(watched: Watched, reports: number): Promise<void> {
  let stands = '';
  for (let changedAt = performance.now(); performance.now() - changedAt < STILL_MS; await sleep(POLL_MS)) {
    const counted = await countedBy(watched);
    const waiting = Math.min(...Object.values(counted)) < reports ? undefined : await waitingIn(watched);
    if (waiting === 0) return demandAllOpened(watched, reports);
    const now = JSON.stringify([counted, waiting]);
    if (now === stands) continue;
    stands = now;
    changedAt = performance.now();
  }
  throw new Error(`nothing moved for ${STILL_MS / 1000} s; of ${reports} reports: ${stands}`);
}

async function countedBy({ counters, at }: Watched) {
  const cells = await counters.counters(monthIn(ZONE, at));
  const sum = (names: (name: string) => boolean) =>
    cells
      .flatMap((cell) => Object.entries(cell.counters))
      .reduce((total, [name, count]) => (names(name) ? total + count : total), 0);
  return {
    opened: sum((name) => name === 'opened'),
    graded: sum((name) => name.startsWith('level.')),
    alerted: sum((name) => name === 'alerts.raised'),
  };
}

/** Messages in all queues. @throws Error for a dead letter: a report that dies has not gone through */
async function waitingIn({ url }: Watched): Promise<number> {
  const { items } = Queues.parse(await localJson(url, 'queues'));
  const dead = items.filter(({ deadLettersOf, visible }) => deadLettersOf !== undefined && visible > 0);
  if (dead.length > 0) throw new Error(`dead letters in ${dead.map(({ name }) => name).join(', ')}`);
  return items.reduce((sum, { visible, inFlight, delayed }) => sum + visible + inFlight + delayed, 0);
}

async function demandAllOpened({ url, at, token }: Watched, reports: number): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/intake/reconciliation?day=${dayIn(ZONE, at)}`, { headers });
  const { total } = Reconciled.parse(await answer.json());
  if (total.inFlight === 0 && total.opened === reports) return;
  throw new Error(`of ${reports} reports, the reconciliation says ${JSON.stringify(total)}`);
}

function minus(after: z.infer<typeof Writes>, before: z.infer<typeof Writes>): z.infer<typeof Writes> {
  const operations = Object.entries(after.byOperation);
  return {
    transactions: after.transactions - before.transactions,
    items: after.items - before.items,
    byOperation: Object.fromEntries(operations.map(([name, count]) => [name, count - (before.byOperation[name] ?? 0)])),
  };
}
