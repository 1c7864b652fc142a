import { Cron } from 'croner';
import * as z from 'zod';
import { type EnvironmentName, environments } from '#infra/environments.ts';
import type { Resource } from '#infra/local/cloud.ts';
import type { Bench, Measurement } from './measurement.ts';
import { byService, PRICES, priceOf, sumOf, type Usage } from './prices.ts';
import { synthesized } from './template.ts';

/** What the templates do not say, and no machine can measure for AWS. */
export const ASSUMED = {
  /** Days of the month that is priced. */
  days: 30,
  /** One turn of a scheduled function that finds nothing to do, at half a GiB. */
  turnMs: 60,
  /** Of one turn: the shards of a table's due index, each read for its next item. */
  readUnitsPerTurn: 8,
  logBytesPerTurn: 700,
  /** Requests a second that Lambda makes at an empty queue: five pollers that wait for up to 20 s each. */
  pollsPerSecond: 5 / 20,
  /** Keys of tables are asked for again every five minutes by whoever uses them: one sweep per table. */
  keyRequestsPerHour: 12,
  /** What is stored in tables, for storage and restoring. */
  storedGb: 1,
  /** What a month adds to the archive of the bus. */
  archivedGb: 0.1,
} as const;

const Schedule = z.object({ ScheduleExpression: z.string(), ScheduleExpressionTimezone: z.string() });
const Mapping = z.object({ EventSourceArn: z.string() });
const Table = z.object({
  PointInTimeRecoverySpecification: z.object({ PointInTimeRecoveryEnabled: z.boolean() }).optional(),
});

/** One line of what an environment costs in a month in which nothing happens. */
export interface IdleCost {
  readonly what: string;
  /** How many, in words that go before `what`. */
  readonly count: number;
  readonly usage: Usage;
}

/** What every environment costs in a month without a single dispute, counted from its templates. */
export const idle: Measurement = {
  name: 'idle',
  async run(bench: Bench) {
    bench.say(`list prices of ${PRICES.region}, ${PRICES.asOf}, for every environment alike`);
    for (const name of deployed()) {
      const lines = idleCosts(synthesized(name, 'http://aws.invalid'));
      const total = sumOf(lines.map(({ usage }) => usage));
      bench.add({ what: `${name}, a month`, value: priceOf(total), unit: 'USD' });
      for (const [service, dollars] of byService(total)) bench.say(`${name}: ${service} ${dollars.toFixed(2)} USD`);
      for (const { what, count, usage } of [...lines].sort((a, b) => priceOf(b.usage) - priceOf(a.usage)))
        bench.add({ what: `${name}: ${count} ${what}`, value: priceOf(usage), unit: 'USD' });
    }
  },
};

/** `local` is never deployed. */
function deployed(): readonly EnvironmentName[] {
  const names: EnvironmentName[] = [];
  for (const name of ['dev', 'staging', 'prod'] as const) if (name in environments) names.push(name);
  return names;
}

/** The lines of one environment, from its resources. */
export function idleCosts(resources: readonly Resource[]): readonly IdleCost[] {
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  const many = (what: string, type: string, name: string): IdleCost => {
    const count = of(type).length;
    return { what, count, usage: { [name]: count } };
  };
  const queues = of('AWS::Lambda::EventSourceMapping').filter(({ properties }) =>
    Mapping.parse(properties).EventSourceArn.includes(':sqs:'),
  );
  const seconds = ASSUMED.days * 86_400;
  const tables = of('AWS::DynamoDB::Table');
  const restorable = tables.filter(
    ({ properties }) => Table.parse(properties).PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled,
  );
  const polls = queues.length * ASSUMED.pollsPerSecond * seconds;
  const archives = of('AWS::Events::Archive').length;
  return [
    many('customer keys', 'AWS::KMS::Key', 'kms.keys'),
    many('secrets', 'AWS::SecretsManager::Secret', 'secretsmanager.secrets'),
    many('alarms', 'AWS::CloudWatch::Alarm', 'cloudwatch.alarms'),
    many('dashboards', 'AWS::CloudWatch::Dashboard', 'cloudwatch.dashboards'),
    { what: 'queues that Lambda polls', count: queues.length, usage: { 'sqs.requests': polls } },
    ...turnsOf(of('AWS::Scheduler::Schedule')),
    {
      what: 'tables whose key is asked for',
      count: tables.length,
      usage: { 'kms.requests': tables.length * ASSUMED.keyRequestsPerHour * 24 * ASSUMED.days },
    },
    { what: 'GB in tables', count: ASSUMED.storedGb, usage: { 'dynamodb.storageGb': ASSUMED.storedGb } },
    {
      what: 'GB that can be restored',
      count: restorable.length > 0 ? ASSUMED.storedGb : 0,
      usage: { 'dynamodb.recoveryGb': restorable.length > 0 ? ASSUMED.storedGb : 0 },
    },
    { what: 'archives of the bus', count: archives, usage: { 'events.archiveGb': archives * ASSUMED.archivedGb } },
  ];
}

/** The turns of all schedules: often ones and rare ones apart, for only the first are worth a look. */
function turnsOf(schedules: readonly Resource[]): readonly IdleCost[] {
  const turns = schedules.map(({ properties }) => {
    const { ScheduleExpression: expression, ScheduleExpressionTimezone: zone } = Schedule.parse(properties);
    return turnsInMonth(expression, zone);
  });
  const sum = turns.reduce((all, each) => all + each, 0);
  return [
    {
      what: `schedules, ${sum.toLocaleString('en')} turns`,
      count: schedules.length,
      usage: {
        'scheduler.invocations': sum,
        'lambda.requests': sum,
        'lambda.gbSeconds': ((sum * ASSUMED.turnMs) / 1000) * 0.5,
        'dynamodb.readUnits': sum * ASSUMED.readUnitsPerTurn,
        'logs.ingestedGb': (sum * ASSUMED.logBytesPerTurn) / 2 ** 30,
      },
    },
    { what: 'traces of their turns', count: sum, usage: { 'xray.traces': sum } },
  ];
}

/** How often `cron(…)` of Scheduler fires in {@link ASSUMED.days} days. @throws RangeError for any other expression */
export function turnsInMonth(expression: string, timezone: string): number {
  const fields = /^cron\((\S+) (\S+) (\S+) (\S+) (\S+) \*\)$/.exec(expression)?.slice(1);
  if (!fields) throw new RangeError(`${expression} is no cron() of every year`);
  const cron = new Cron(fields.map((field) => (field === '?' ? '*' : field)).join(' '), { timezone, paused: true });
  const daily = fields.slice(2).every((field) => field === '*' || field === '?');
  const days = daily ? 1 : ASSUMED.days;
  const begin = Date.parse('2026-03-01T00:00:00Z') - 1000; // What is due at the first second counts.
  const until = new Date(begin + days * 86_400_000);
  let turns = 0;
  for (let at = cron.nextRun(new Date(begin)); at && at <= until; at = cron.nextRun(at)) turns += 1;
  return daily ? turns * ASSUMED.days : turns;
}
