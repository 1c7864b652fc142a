import { randomUUID } from 'node:crypto';
import { Cron } from 'croner';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import {
  ACCOUNT,
  AwsError,
  type Functions,
  type Machine,
  type Queues,
  REGION,
  type Resource,
  type Service,
} from './cloud.ts';

const MINUTE = 60_000;
const UNITS: Readonly<Record<string, number>> = { minute: MINUTE, hour: 60 * MINUTE, day: 24 * 60 * MINUTE };
/** How long the timer sleeps at most: a machine that slept meanwhile is late by no more than this. */
const LONGEST_SLEEP_MS = MINUTE;
const LONGEST_PAUSE_MS = MINUTE;

const Arn = (service: string) =>
  z.string().regex(new RegExp(`^arn:aws:${service}:`), `only ${service} is supported here`);
const Properties = z.strictObject({
  Name: z.string().optional(),
  Description: z.string().optional(),
  FlexibleTimeWindow: z.strictObject({ Mode: z.literal('OFF') }),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string().default('UTC'),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Target: z.strictObject({
    Arn: Arn('lambda'),
    RoleArn: Arn('iam'),
    Input: z.string().optional(),
    RetryPolicy: z
      .strictObject({
        MaximumEventAgeInSeconds: z.number().min(60).max(86_400).default(86_400),
        MaximumRetryAttempts: z.number().min(0).max(185).default(185),
      })
      .prefault({}),
    DeadLetterConfig: z.strictObject({ Arn: Arn('sqs') }).optional(),
  }),
});
type Properties = z.infer<typeof Properties>;

/** When a schedule is due; instants in milliseconds since 1970. */
interface Timetable {
  /** The first due time after an instant. */
  next(after: number): number | undefined;
  /** The last due time up to and with an instant. */
  last(upTo: number): number | undefined;
}

interface Schedule {
  readonly name: string;
  readonly arn: string;
  /** As the construct is called: `stack/Sweep/Schedule`. */
  readonly path: string;
  readonly properties: Properties;
  readonly timetable: Timetable;
  /** Due times up to here are dealt with, or being dealt with. */
  handledUpTo: number;
  /** Due times whose firing is under way. */
  readonly underWay: Set<number>;
}

interface Firing {
  readonly schedule: Schedule;
  readonly scheduledAt: number;
  readonly executionId: string;
}

/** EventBridge Scheduler on the moved clock: however far the clock is moved, a schedule fires at most once for it. */
export function scheduler(
  machine: Machine,
  functions: Functions,
  queues: Queues,
): Service & { run(name: string): Promise<void>; names(): readonly string[] } {
  const { clock } = machine;
  const schedules: Schedule[] = [];
  const kept = keptSchedules(machine);
  const stopping = new AbortController();
  const firings = new Set<Promise<unknown>>();
  let timer: NodeJS.Timeout | undefined;
  let started = false;

  const tracked = async (work: Promise<unknown>) => {
    firings.add(work);
    await work;
    firings.delete(work);
  };
  const fire = (schedule: Schedule, scheduledAt: number) =>
    attempts(machine, functions, queues, { schedule, scheduledAt, executionId: randomUUID() }, stopping.signal);
  /** What is not over when the system dies is fired again when it stands: kept is the time before the oldest of it. */
  const fireDue = async (schedule: Schedule, due: number) => {
    schedule.handledUpTo = due;
    schedule.underWay.add(due);
    if (!(await fire(schedule, due))) return;
    schedule.underWay.delete(due);
    kept.keep(schedule.name, Math.min(schedule.handledUpTo, ...[...schedule.underWay].map((other) => other - 1)));
  };
  const tick = () => {
    clearTimeout(timer);
    if (!started || stopping.signal.aborted) return;
    const now = clock.now();
    const pauses = schedules.map((schedule) => {
      if (schedule.properties.State === 'DISABLED') return LONGEST_SLEEP_MS;
      const due = schedule.timetable.last(now);
      if (due !== undefined && due > schedule.handledUpTo) void tracked(fireDue(schedule, due));
      return (schedule.timetable.next(now) ?? Number.POSITIVE_INFINITY) - now;
    });
    timer = setTimeout(tick, Math.min(LONGEST_SLEEP_MS, ...pauses));
  };
  clock.onMove(tick);

  return {
    carries: {
      'AWS::Scheduler::Schedule': {
        properties: [
          'Name',
          'FlexibleTimeWindow',
          'ScheduleExpression',
          'ScheduleExpressionTimezone',
          'State',
          'Target',
        ],
        withoutEffect: ['Description'],
      },
    },
    add(resource) {
      const properties = propertiesOf(Properties, resource);
      const { name, arn, metadata } = resource;
      refusing(resource, 'Target.Input', () => payload({ name, arn, properties }, 0, randomUUID(), 1));
      const { ScheduleExpression: expression, ScheduleExpressionTimezone: zone, State } = properties;
      // A schedule that is new, newly enabled, or due at other times than before has missed nothing.
      const { since, handledUpTo } = kept.standing(name, `${expression} ${zone} ${State}`, clock.now());
      const timetable = refusing(resource, 'ScheduleExpression', () => timetableOf(expression, zone, since));
      const path = String(metadata['aws:cdk:path'] ?? '');
      schedules.push({ name, arn, path, properties, timetable, handledUpTo, underWay: new Set() });
    },
    start() {
      started = true;
      tick();
    },
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await Promise.allSettled(firings);
    },
    async run(name) {
      const schedule = schedules.find((one) => one.name === name || one.path === name);
      if (!schedule)
        throw new RangeError(`no schedule ${name}; there are ${schedules.map((one) => one.name).join(', ') || 'none'}`);
      await tracked(fire(schedule, clock.now()));
    },
    names: () => schedules.map(({ name }) => name),
  };
}

function refusing<T>({ stack, logicalId }: Resource, property: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new RangeError(`${stack}/${logicalId} (AWS::Scheduler::Schedule): ${property}: ${messageOf(error)}`);
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * When `cron(…)` or `rate(…)` is due.
 *
 * @param zone an IANA time zone, for cron
 * @param since from when a rate counts, in milliseconds since 1970
 * @throws RangeError for an expression that AWS does not know, or that is not supported here
 */
export function timetableOf(expression: string, zone: string, since: number): Timetable {
  const [, kind, inner = ''] = /^(cron|rate)\((.*)\)$/.exec(expression) ?? [];
  if (kind === 'cron') return cronTimetable(inner, zone);
  const [, count = '0', unit = ''] = (kind === 'rate' && /^([1-9]\d*) (minute|hour|day)s?$/.exec(inner)) || [];
  const period = Number(count) * (UNITS[unit] ?? 0);
  if (period === 0) throw new RangeError(`expected cron(…) or rate(…), got ${expression}`);
  const turns = (at: number) => Math.floor((at - since) / period);
  return {
    next: (after) => since + Math.max(turns(after) + 1, 0) * period,
    last: (upTo) => (turns(upTo) < 0 ? undefined : since + turns(upTo) * period),
  };
}

/** AWS's six fields, minutes to years: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based */
function cronTimetable(inner: string, zone: string): Timetable {
  const fields = inner.split(' ');
  const [, , dayOfMonth, , dayOfWeek] = fields;
  if (fields.length !== 6 || fields.some((field) => !/^[\dA-Z*,\-/?#]+$/.test(field)))
    throw new RangeError(`expected six fields, got cron(${inner})`);
  if ((dayOfMonth === '?') === (dayOfWeek === '?'))
    throw new RangeError(`expected ? as day of the month or as day of the week, and not as both, got cron(${inner})`);
  if (/(^|[,-])[089]/.test(dayOfWeek ?? ''))
    throw new RangeError(`expected 1 (Sunday) to 7 (Saturday) as day of the week, got cron(${inner})`);
  // The last day of a week is Saturday; croner asks for its number.
  if (dayOfWeek === 'L') fields[4] = '7';
  const cron = new Cron(`0 ${fields.join(' ')}`, {
    paused: true,
    timezone: zone,
    mode: '7-part',
    alternativeWeekdays: true,
    sloppyRanges: true,
    fixedTimeRule: 'no-wildcard',
  });
  // A time that the change to summer time leaves out is left out on AWS; croner moves it behind the gap.
  const first = (runs: (from: Date) => Date | undefined | null, from: number): number | undefined => {
    let run = runs(new Date(from));
    while (run && !cron.match(run)) run = runs(run);
    return run?.getTime();
  };
  // Read once, so that a zone nobody knows is refused at start.
  cron.nextRun(new Date(0));
  return {
    next: (after) => first((from) => cron.nextRun(from), after),
    // What is due at this very second is a previous run of the next one.
    last: (upTo) => first((from) => cron.previousRuns(1, from)[0], Math.floor(upTo / 1000) * 1000 + 1000),
  };
}

const written = (instant: number) => new Date(instant).toISOString().replace(/\.\d+Z$/, 'Z');

/** What the function is called with: the schedule's own input with the times put in, or the event that Scheduler makes. */
function payload(
  schedule: Pick<Schedule, 'name' | 'arn' | 'properties'>,
  scheduledAt: number,
  executionId: string,
  attempt: number,
): unknown {
  const { Input } = schedule.properties.Target;
  const time = written(scheduledAt);
  if (Input === undefined)
    return {
      version: '0',
      id: executionId,
      'detail-type': 'Scheduled Event',
      source: 'aws.scheduler',
      account: ACCOUNT,
      time,
      region: REGION,
      resources: [schedule.arn],
      detail: '{}',
    };
  const attributes: Readonly<Record<string, string>> = {
    'schedule-arn': schedule.arn,
    'scheduled-time': time,
    'execution-id': executionId,
    'attempt-number': String(attempt),
  };
  const filled = Input.replace(/<aws\.scheduler\.([^>]*)>/g, (whole, name: string) => {
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (value === undefined) throw new RangeError(`unknown context attribute ${whole}`);
    return value;
  });
  return JSON.parse(filled);
}

/**
 * One firing: tried until it is taken, or its retries are used up; then it goes to the dead letters. Never rejects.
 * @returns whether it is over; not so when the system stops between two attempts
 */
async function attempts(
  machine: Machine,
  functions: Functions,
  queues: Queues,
  { schedule, scheduledAt, executionId }: Firing,
  stopping: AbortSignal,
): Promise<boolean> {
  const { Arn, RoleArn, RetryPolicy } = schedule.properties.Target;
  const most = RetryPolicy.MaximumRetryAttempts + 1;
  let waitedMs = 0;
  for (let attempt = 1; !stopping.aborted; attempt++) {
    const event = payload(schedule, scheduledAt, executionId, attempt);
    try {
      const { caller } = machine.iam.assume(RoleArn, schedule.name);
      machine.iam.authorize(caller, [{ action: 'lambda:InvokeFunction', resource: Arn }]);
      await functions.invokeAsync(Arn, event);
      return true;
    } catch (error) {
      if (stopping.aborted) return false;
      const pauseMs = Math.min(1000 * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
      waitedMs += pauseMs;
      const said = `the schedule ${schedule.name} could not call ${Arn}: ${messageOf(error)}`;
      // What IAM refuses or nobody knows does not get better by asking again.
      const final = error instanceof AwsError && error.status < 500;
      if (final || attempt >= most || waitedMs > RetryPolicy.MaximumEventAgeInSeconds * 1000) {
        giveUp(machine, queues, schedule, event, said);
        return true;
      }
      machine.say(`${said}; tried again in ${pauseMs / 1000} s`);
      await pause(pauseMs, stopping);
    }
  }
  return false;
}

/** Resolves after a time, or at once when the system stops. */
function pause(ms: number, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      stopping.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    stopping.addEventListener('abort', over);
  });
}

function giveUp(machine: Machine, queues: Queues, schedule: Schedule, event: unknown, said: string): void {
  const { RoleArn, DeadLetterConfig } = schedule.properties.Target;
  if (!DeadLetterConfig) {
    machine.say(`${said}; given up`);
    return;
  }
  try {
    const { caller } = machine.iam.assume(RoleArn, schedule.name);
    machine.iam.authorize(caller, [{ action: 'sqs:SendMessage', resource: DeadLetterConfig.Arn }]);
    queues.send(DeadLetterConfig.Arn, { body: JSON.stringify(event), senderId: caller.senderId });
    machine.say(`${said}; it goes to ${DeadLetterConfig.Arn}`);
  } catch (error) {
    machine.say(`${said}; given up, for its dead letters take nothing either: ${messageOf(error)}`);
  }
}

/** Since when each schedule stands, and up to when its due times are dealt with. */
function keptSchedules({ store }: Machine) {
  store.exec(`create table if not exists schedules (
    name text primary key, expression text not null, since integer not null, handled_up_to integer not null)`);
  const find = store.prepare('select since, handled_up_to from schedules where name = ? and expression = ?');
  const insert = store.prepare('insert or replace into schedules values (?, ?, ?, ?)');
  const update = store.prepare('update schedules set handled_up_to = ? where name = ?');
  return {
    standing(name: string, expression: string, now: number) {
      const row = find.get(name, expression);
      if (row) return { since: Number(row.since), handledUpTo: Number(row.handled_up_to) };
      // A rate is due for the first time when it begins to stand, hence just before.
      insert.run(name, expression, now, now - 1);
      return { since: now, handledUpTo: now - 1 };
    },
    keep: (name: string, handledUpTo: number) => void update.run(handledUpTo, name),
  };
}
