import { Cron } from 'croner';
import * as z from 'zod';
import { propertiesOf, refuseMissingQueue } from './checked.ts';
import { AwsError, type Functions, type Machine, type Queues, type Resource } from './cloud.ts';
import { eventOf } from './event-bus.ts';
import type { AsyncFunctions } from './functions.ts';

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** How long the timer sleeps at most: a machine that slept meanwhile is late by no more than this. */
const LONGEST_SLEEP_MS = 60_000;

const Properties = z
  .strictObject({
    FlexibleTimeWindow: z.strictObject({ Mode: z.literal('OFF') }),
    ScheduleExpression: z.string(),
    ScheduleExpressionTimezone: z.string().default('UTC'),
    Target: z.strictObject({
      Arn: z.string().startsWith('arn:aws:lambda:', 'only functions are supported'),
      RoleArn: z.string(),
      DeadLetterConfig: z.strictObject({ Arn: z.string() }),
      /** Of no effect: a function of this machine is there or not, so handing a firing over again would change nothing. */
      RetryPolicy: z.strictObject({ MaximumEventAgeInSeconds: z.int(), MaximumRetryAttempts: z.int() }),
    }),
  })
  .superRefine(({ ScheduleExpression, ScheduleExpressionTimezone }, context) => {
    try {
      timetableOf(ScheduleExpression, ScheduleExpressionTimezone, 0).next(0);
    } catch (error) {
      const path = ['ScheduleExpression'];
      context.addIssue({ code: 'custom', message: String(error), path, input: ScheduleExpression });
    }
  });

const Kept = z.object({ since: z.number(), handled_up_to: z.number() });
type Schedule = ReturnType<typeof scheduleOf>;

/** EventBridge Scheduler on the moved clock: however far the clock is moved, a schedule fires at most once for it. */
export function scheduler(machine: Machine, functions: AsyncFunctions, queues: Queues) {
  const { clock, store, say } = machine;
  store.exec(`create table if not exists schedules (
    name text primary key, expression text not null, since integer not null, handled_up_to integer not null)`);
  const keep = store.prepare('update schedules set handled_up_to = ? where name = ?');
  const schedules: Schedule[] = [];
  const firings = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  /** What is not over when the system dies is fired again when it stands: kept is the time before the oldest of it. */
  const fireDue = async (schedule: Schedule, due: number) => {
    const { name, underWay } = schedule;
    schedule.handledUpTo = due;
    underWay.add(due);
    if (!(await fire(machine, functions, queues, schedule, due))) return;
    underWay.delete(due);
    keep.run(Math.min(schedule.handledUpTo, ...[...underWay].map((other) => other - 1)), name);
  };
  /** Never throws, for a move of the clock calls it: others are to hear of that move, too. */
  const tick = () => {
    clearTimeout(timer);
    if (!running) return;
    const now = clock.now();
    const pauses = schedules.map((schedule) => {
      const { name, timetable, handledUpTo } = schedule;
      try {
        const [due, next] = [timetable.last(now), timetable.next(now)];
        if (due > handledUpTo) {
          const firing = fireDue(schedule, due).finally(() => firings.delete(firing));
          firings.add(firing);
        }
        return next - now;
      } catch (error) {
        say(`the schedule ${name} cannot tell when it is due, it is asked again in a minute: ${String(error)}`);
        return LONGEST_SLEEP_MS;
      }
    });
    timer = setTimeout(tick, Math.min(LONGEST_SLEEP_MS, ...pauses));
  };
  clock.onMove(tick);

  return {
    carries: { 'AWS::Scheduler::Schedule': { properties: Object.keys(Properties.shape) } },
    add: (resource: Resource) => void schedules.push(scheduleOf(machine, resource)),
    start() {
      for (const schedule of schedules) refuseMissingTarget(functions, queues, schedule);
      running = true;
      tick();
    },
    async stop() {
      running = false;
      clearTimeout(timer);
      await Promise.allSettled(firings);
    },
    async run(name: string) {
      const schedule = schedules.find((one) => one.name === name);
      if (!schedule)
        throw new RangeError(`no schedule ${name}; there are ${schedules.map((one) => one.name).join(', ') || 'none'}`);
      await fire(machine, functions, queues, schedule, clock.now());
    },
    names: () => schedules.map(({ name }) => name),
  };
}

function scheduleOf({ clock, iam, store }: Machine, resource: Resource) {
  const { name } = resource;
  const { ScheduleExpression, ScheduleExpressionTimezone: zone, Target: target } = propertiesOf(Properties, resource);
  const expression = `${ScheduleExpression} ${zone}`;
  const now = clock.now();
  const row =
    store.prepare('select * from schedules where name = ? and expression = ?').get(name, expression) ??
    // A schedule that is new, or due at other times than before, has missed nothing. A rate is due for the first time
    // when it begins to stand, hence just before.
    store
      .prepare('insert or replace into schedules values (?, ?, ?, ?) returning *')
      .get(name, expression, now, now - 1);
  const { since, handled_up_to: handledUpTo } = Kept.parse(row);
  return {
    name,
    resource,
    target,
    caller: iam.assume(target.RoleArn, name).caller,
    timetable: timetableOf(ScheduleExpression, zone, since),
    /** Due times up to here are dealt with, or being dealt with. */
    handledUpTo,
    /** Due times whose firing is under way. */
    underWay: new Set<number>(),
  };
}

/** @throws RangeError naming a schedule with a function or a queue that does not stand, or cannot be called by it */
function refuseMissingTarget(functions: AsyncFunctions, queues: Queues, { resource, target }: Schedule): void {
  const { stack, logicalId, type } = resource;
  refuseMissingQueue(queues, resource, target.DeadLetterConfig.Arn);
  try {
    functions.refuseNotAsync(target.Arn);
  } catch (error) {
    if (error instanceof RangeError) throw new RangeError(`${stack}/${logicalId} (${type}): ${error.message}`);
    throw error;
  }
}

/**
 * When `cron(…)` or `rate(…)` is due: the first time after an instant, the last up to and with one; in milliseconds
 * since 1970.
 *
 * @param zone an IANA time zone, for cron
 * @param since from when a rate counts
 * @throws RangeError for an expression or a zone that is not supported here
 */
export function timetableOf(expression: string, zone: string, since: number) {
  // Of AWS's six fields the day of the week and the year stay open.
  const [, fields] = /^cron\(((?:[\d*,/-]+ ){3}[\d*,/-]+) \? \*\)$/.exec(expression) ?? [];
  if (fields) return cronTimetable(`${fields} *`, zone);
  const [, count = '', unit = ''] = /^rate\(([1-9]\d*) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const period = Number(count) * (UNITS[unit] ?? 0);
  if (period === 0) throw new RangeError('only cron(… ? *) and rate(…) are supported');
  const turns = (at: number) => Math.floor((at - since) / period);
  return {
    next: (after: number) => since + (turns(after) + 1) * period,
    last: (upTo: number) => since + turns(upTo) * period,
  };
}

function cronTimetable(fields: string, zone: string) {
  const cron = new Cron(fields, { paused: true, timezone: zone, sloppyRanges: true, fixedTimeRule: 'no-wildcard' });
  // A time that the change to summer time leaves out is left out on AWS; croner moves it behind the gap.
  const first = (runs: (from: Date) => Date | undefined | null, from: number): number => {
    let run = runs(new Date(from));
    while (run && !cron.match(run)) run = runs(run);
    if (!run) throw new RangeError(`${fields} in ${zone} is never due`);
    return run.getTime();
  };
  return {
    next: (after: number) => first((from) => cron.nextRun(from), after),
    // What is due at this very second is a previous run of the next one.
    last: (upTo: number) => first((from) => cron.previousRuns(1, from)[0], Math.floor(upTo / 1000) * 1000 + 1000),
  };
}

/**
 * One firing: handed to its function, or else to its dead letters. Never rejects.
 * @returns whether it is over; not so when the system stops meanwhile
 */
async function fire(
  machine: Machine,
  functions: Functions,
  queues: Queues,
  { name, resource, target, caller }: Schedule,
  scheduledAt: number,
): Promise<boolean> {
  const event = eventOf('aws.scheduler', 'Scheduled Event', scheduledAt, '{}', [resource.arn]);
  try {
    machine.iam.authorize(caller, [{ action: 'lambda:InvokeFunction', resource: target.Arn }]);
    await functions.invokeAsync(target.Arn, event);
    return true;
  } catch (error) {
    if (error instanceof AwsError && error.status >= 500) return false;
    machine.say(`the schedule ${name} could not call ${target.Arn}: ${String(error)}`);
  }
  const { Arn } = target.DeadLetterConfig;
  try {
    machine.iam.authorize(caller, [{ action: 'sqs:SendMessage', resource: Arn }]);
    queues.send(Arn, { body: JSON.stringify(event), senderId: caller.senderId });
  } catch (error) {
    machine.say(`the firing of ${name} is given up, for its dead letters take nothing either: ${String(error)}`);
  }
  return true;
}
