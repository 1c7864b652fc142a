import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { localClient } from '#infra/cli/start/source-secrets.ts';
import { monthIn } from '#shared/domain/calendar/civil-date.ts';
import { overHttp, signed } from '#test/e2e/http-system.ts';
import { DECIDER, person } from '#test/e2e/people.ts';
import type { Answer, Claims, System } from '#test/e2e/system.ts';
import { ZONE } from '#test/support/sample.ts';
import { ACKNOWLEDGES, type Act, type DisputeKind, MIX, READS } from './dispute-mix.ts';
import { batchSizeOf, floorOf, type Needed } from './floor.ts';
import type { Door } from './load.ts';
import { localDoor, localJson, onLocalSystem } from './local.ts';
import type { Bench, Measurement } from './measurement.ts';
import { byService, CountedCall, PRICES, priceOf, sumOf, timesUsage, type Usage, usageOf } from './prices.ts';

/** Disputes that share what a month takes as a whole: anchors, one export, one review. */
const PER_MONTH = 10_000;
const DAYS = 30;
const STILL_MS = 1_500;
const HR = person('E-501', 'hr');
const TARGET_TIMES = 2;
/** Calls of the function that does nothing: some that do not count, and some that do. */
const BARE_CALLS = { before: 10, counted: 50 } as const;

const Counted = z.object({ items: z.array(CountedCall) });
const Queues = z.object({
  items: z.array(z.object({ name: z.string(), visible: z.number(), inFlight: z.number(), delayed: z.number() })),
});
const Functions = z.object({ items: z.array(z.object({ calls: z.number() })) });
const Outputs = z.record(z.string(), z.record(z.string(), z.string()));
const Commits = z.array(
  z.object({
    pk: z.string(),
    sk: z.string(),
    commit: z.object({ events: z.array(z.object({ type: z.string() })) }),
  }),
);
const Schedules = z.object({ items: z.array(z.string()) });

/** AWS calls and what they cost at list prices, from the reports of a mix of disputes to the closed month. */
export const cost: Measurement = {
  name: 'cost',
  run: (bench) =>
    onLocalSystem(async ({ url }) => {
      const office = await openOffice(url);
      const kinds = MIX.flatMap((kind) => Array.from({ length: kind.ofTwenty }, () => kind));
      for (const kind of MIX) await settle(office, await reported(office, [kind])); // Warm: cold starts are told apart.
      const before = await commitsOf(url);
      await recount(url);
      await settle(office, await reported(office, kinds));
      const calls = await callsOf(url);
      const decided = [...(await commitsOf(url))].filter(([key]) => !before.has(key)).map(([, types]) => types);
      const bareMs = await bareCallOf(url);
      const perDispute = (usage: Usage) => timesUsage(usage, 1 / kinds.length);
      const flow = perDispute(sumOf(calls.map(usageOf)));
      const month = await monthsShare(bench, office);
      const total = sumOf([flow, month]);
      report(bench, calls, kinds.length, total);
      const requests = sumOf(calls.map(usageOf))['apigateway.requests'] ?? 0;
      const needed = { decisions: decided.length, events: decided.flat(), requests, batch: batchSizeOf(calls), bareMs };
      reportNeeded(bench, needed, kinds.length);
      reportPrices(bench, { flow, month, total, floor: perDispute(floorOf(needed)) });
    }),
};

/** A running system with what it takes to act in it. */
interface Office {
  readonly url: string;
  readonly door: Door;
  readonly system: Pick<System, 'call' | 'deliver'>;
}

async function openOffice(url: string): Promise<Office> {
  const tokenFor = async (claims: Claims) => {
    const answer = await fetch(`${url}/_local/token`, { method: 'POST', body: JSON.stringify(claims) });
    return z.object({ token: z.string() }).parse(await answer.json()).token;
  };
  return { url, door: await localDoor(url), system: overHttp({ url, clockMoves: true, tokenFor }) };
}

interface Opened {
  readonly kind: DisputeKind;
  readonly dispute: string;
}

/** Sends one report of each kind, and reads which dispute came of it. */
async function reported({ url, door, system }: Office, kinds: readonly DisputeKind[]): Promise<readonly Opened[]> {
  const receipts: string[] = [];
  for (const [number, kind] of kinds.entries()) {
    const now = await nowOf(url);
    const body = JSON.stringify({ ...reportOf(`${now.getTime()}-${number}`, now), ...kind.report });
    const headers = signed(body, door.secret, now);
    const answer = demand(202, await system.deliver({ source: door.source, body, headers }));
    receipts.push(answer.body.receiptId);
  }
  await untilStill(url);
  const sender = person('E-602', 'officer');
  const opened: Opened[] = [];
  for (const [at, kind] of kinds.entries()) {
    const answer = demand(200, await system.call('GET', `/intake/receipts/${receipts[at]}`, sender));
    opened.push({ kind, dispute: answer.body.disputeId });
  }
  return opened;
}

function reportOf(id: string, now: Date) {
  return {
    externalId: `cost-${id}`,
    occurredAt: `${now.toISOString().slice(0, 19)}Z`,
    customer: {
      ref: `C-${id}`,
      name: '趙慧敏',
      phone: '+86-139-0000-0023',
      email: `${id}@mail.example`,
      tier: 'ordinary',
    },
    text: '包裹晚到五天，再不處理我就不再購買',
    language: 'zh-Hant',
    category: 'logistics',
    type: 'late-delivery',
    demand: '退還運費並賠償',
    amount: { minor: 5_800, currency: 'CNY' },
    order: `SO-${id}`,
    product: 'sofa-3',
    batch: `B-${id}`,
    department: 'logistics',
    employee: 'E-204',
  };
}

/** Everything that people do with these disputes, the appeal windows over, until each is closed. */
async function settle({ url, system }: Office, opened: readonly Opened[]): Promise<void> {
  const listed = demand(200, await system.call('GET', '/alerts?state=open', ACKNOWLEDGES));
  const alerts: readonly { alertId: string; disputeId: string }[] = listed.body.items;
  const give = async (dispute: string, { command, by, body }: Act) => {
    demand(200, await system.call('POST', `/disputes/${dispute}/${command}`, by, body));
  };
  for (const { kind, dispute } of opened) {
    const alert = alerts.find(({ disputeId }) => disputeId === dispute);
    if (!alert) throw new Error(`no alert is open for ${dispute} (${kind.name})`);
    const acknowledgement = { specialIndicators: [] };
    demand(200, await system.call('POST', `/alerts/${alert.alertId}/acknowledgement`, ACKNOWLEDGES, acknowledgement));
    for (let read = 0; read < READS; read += 1)
      demand(200, await system.call('GET', `/disputes/${dispute}`, ACKNOWLEDGES));
    for (const act of kind.acts) await give(dispute, act);
  }
  await untilStill(url);
  await fetch(`${url}/_local/clock`, { method: 'POST', body: JSON.stringify({ advance: 'P6D' }) });
  await untilStill(url);
  for (const { kind, dispute } of opened) for (const act of kind.afterWindow) await give(dispute, act);
  await untilStill(url);
}

/** @throws Error with what came instead */
function demand(status: number, answer: Answer): Answer {
  if (answer.status === status) return answer;
  throw new Error(`${answer.status} where ${status} was due: ${JSON.stringify(answer.body)}`);
}

async function nowOf(url: string): Promise<Date> {
  return new Date(z.object({ now: z.string() }).parse(await localJson(url, 'clock')).now);
}

/** No queue holds anything and no function is called for a while; asked beside the HTTP API, whose requests count. */
async function untilStill(url: string): Promise<void> {
  let stands = '';
  for (let since = performance.now(); performance.now() - since < STILL_MS; await sleep(100)) {
    const queues = Queues.parse(await localJson(url, 'queues')).items;
    const busy = queues.reduce((sum, { visible, inFlight }) => sum + visible + inFlight, 0);
    const calls = Functions.parse(await localJson(url, 'functions')).items.reduce((sum, each) => sum + each.calls, 0);
    const now = `${calls} ${busy}`;
    if (now === stands && busy === 0) continue;
    stands = now;
    since = performance.now();
  }
}

/** Counts anew, with capacity units. */
async function recount(url: string): Promise<void> {
  await fetch(`${url}/_local/calls`, { method: 'POST', body: JSON.stringify({ capacity: true }) });
}

/**
 * What was called since: not what the bench itself did as the account, and of scheduled functions only the messages
 * that they sent, for they turn however many disputes there are and stand in the idle cost. Files are a month's.
 */
async function callsOf(url: string): Promise<readonly CountedCall[]> {
  const { items } = Counted.parse(await localJson(url, 'calls'));
  const stem = (name: string) => name.replace(/(Function|Logs)[0-9A-F]{8}$/, '');
  const scheduled = new Set(items.filter(({ operation }) => operation === 'InvokeAsync').map(({ by }) => stem(by)));
  return items.filter(
    ({ service, by }) => by !== 'account' && service !== 's3' && (service === 'sqs' || !scheduled.has(stem(by))),
  );
}

/** Every commit by its key, with the types of its events. */
async function commitsOf(url: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const outputs = Object.assign({}, ...Object.values(Outputs.parse(await localJson(url, 'outputs'))));
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(localClient(url)));
  const commits = new Map<string, readonly string[]>();
  for (const name of ['CasesTable', 'ScorecardsTable']) {
    const TableName = z.string().parse(outputs[name]);
    const scan = {
      TableName,
      FilterExpression: '#kind = :commit',
      ExpressionAttributeNames: { '#kind': 'kind' },
      ExpressionAttributeValues: { ':commit': 'commit' },
    } as const;
    for await (const { Items } of paginateScan({ client }, scan))
      for (const { pk, sk, commit } of Commits.parse(Items))
        commits.set(
          `${pk} ${sk}`,
          commit.events.map(({ type }) => type),
        );
  }
  client.destroy();
  return commits;
}

/** Milliseconds of a call of the function that answers whether the API is there: it has no client and does nothing. */
async function bareCallOf(url: string): Promise<number> {
  const ask = async (times: number) => {
    for (let call = 0; call < times; call += 1) await (await fetch(`${url}/health`)).text();
  };
  await ask(BARE_CALLS.before);
  await recount(url);
  await ask(BARE_CALLS.counted);
  const { items } = Counted.parse(await localJson(url, 'calls'));
  const bare = items.filter(({ service, operation }) => service === 'lambda' && operation === 'Invoke');
  const total = (of: (line: CountedCall) => number) => bare.reduce((sum, line) => sum + of(line), 0);
  return total(({ units }) => units.ms ?? 0) / total(({ count }) => count);
}

/** A dispute's share of what is done once a day or once a month: anchors, an export of all scores, the review. */
async function monthsShare(bench: Bench, { url, system }: Office): Promise<Usage> {
  const schedules = Schedules.parse(await localJson(url, 'schedules')).items;
  const shares: Usage[] = [];
  const take = async (what: string, times: number, act: () => Promise<unknown>) => {
    await recount(url);
    await act();
    await untilStill(url);
    const { items } = Counted.parse(await localJson(url, 'calls'));
    const usage = timesUsage(sumOf(items.filter(({ by }) => by !== 'account').map(usageOf)), times);
    bench.say(`${what}: ${(priceOf(usage) * 100).toFixed(3)} cents a month`);
    shares.push(timesUsage(usage, 1 / PER_MONTH));
  };
  const turn = (name: string) => () =>
    fetch(`${url}/_local/schedules/${encodeURIComponent(name)}/run`, { method: 'POST' });
  for (const name of schedules.filter((each) => /Anchor/i.test(each))) await take('anchors', DAYS, turn(name));
  const period = monthIn(ZONE, (await nowOf(url)).toISOString());
  await take('review', 1, async () => demand(200, await system.call('POST', `/reviews/${period}/runs`, DECIDER, {})));
  await take('export', 1, async () => demand(202, await system.call('POST', '/exports', HR, { period })));
  return sumOf(shares);
}

function report(bench: Bench, calls: readonly CountedCall[], disputes: number, total: Usage): void {
  const writers = new Map<string, number>();
  for (const { by, units } of calls) writers.set(by, (writers.get(by) ?? 0) + (units.writeUnits ?? 0));
  for (const [by, units] of [...writers].sort((a, b) => b[1] - a[1]).filter(([, written]) => written > 0))
    bench.say(`${(units / disputes).toFixed(1).padStart(6)} write units per dispute by ${by}`);
  const counts = new Map<string, number>();
  for (const { service, count } of calls) counts.set(service, (counts.get(service) ?? 0) + count);
  for (const [service, count] of [...counts].sort((a, b) => b[1] - a[1]))
    bench.add({ what: `${service} calls per dispute`, value: count / disputes, unit: 'calls' });
  for (const name of ['dynamodb.writeUnits', 'dynamodb.readUnits', 'sqs.requests', 'events.events', 'lambda.requests'])
    bench.add({ what: `${name} per dispute`, value: total[name] ?? 0, unit: 'units' });
  bench.add({ what: 'logs per dispute', value: (total['logs.ingestedGb'] ?? 0) * 2 ** 20, unit: 'KiB' });
}

interface Priced {
  readonly flow: Usage;
  readonly month: Usage;
  readonly total: Usage;
  readonly floor: Usage;
}

function reportNeeded(bench: Bench, { decisions, events, batch, bareMs }: Needed, disputes: number): void {
  bench.add({ what: 'decisions per dispute', value: decisions / disputes, unit: 'commits' });
  bench.add({ what: 'events per dispute', value: events.length / disputes, unit: 'events' });
  bench.add({ what: 'messages in a batch', value: batch, unit: 'messages' });
  bench.add({ what: 'bare call of a function', value: bareMs, unit: 'ms' });
}

function reportPrices(bench: Bench, { flow, month, total, floor }: Priced): void {
  const tenThousand = (usage: Usage) => priceOf(usage) * 10_000;
  bench.say(`list prices of ${PRICES.region}, ${PRICES.asOf}: ${PRICES.note}`);
  for (const [service, dollars] of byService(total))
    bench.add({ what: `${service} per 10,000 disputes`, value: dollars * 10_000, unit: 'USD' });
  bench.add({ what: 'one dispute', value: priceOf(total) * 100, unit: 'US cents' });
  bench.add({ what: '10,000 disputes', value: tenThousand(total), unit: 'USD' });
  bench.add({ what: '10,000 disputes, from report to closure', value: tenThousand(flow), unit: 'USD' });
  bench.add({ what: '10,000 disputes, anchors, export and review', value: tenThousand(month), unit: 'USD' });
  bench.add({ what: '10,000 disputes, floor', value: tenThousand(floor), unit: 'USD' });
  const writes = (usage: Usage) => usage['dynamodb.writeUnits'] ?? Number.NaN;
  bench.add({ what: 'floor times, writes of DynamoDB alone', value: writes(total) / writes(floor), unit: 'times' });
  // The floor names neither logs nor traces, so they are told apart instead of left out.
  const bare = Object.fromEntries(Object.entries(total).filter(([name]) => !/^(logs|xray)\./.test(name)));
  bench.add({ what: 'floor times, without logs and traces', value: priceOf(bare) / priceOf(floor), unit: 'times' });
  bench.add({
    what: 'floor times',
    value: priceOf(total) / priceOf(floor),
    unit: 'times',
    target: { atMost: TARGET_TIMES },
  });
}
