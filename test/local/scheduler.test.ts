import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { movableClock } from '#infra/local/clock.ts';
import { AwsError, type Caller, type Iam, type Queues } from '#infra/local/cloud.ts';
import type { AsyncFunctions } from '#infra/local/functions.ts';
import { scheduler, timetableOf } from '#infra/local/scheduler.ts';
import { ALLOWS_ALL, machineFor, resource } from './wire-server.ts';

const SWEEP = 'arn:aws:lambda:us-east-1:000000000000:function:sweep';
const ROLE = 'arn:aws:iam::000000000000:role/sweep-scheduler';
const DEAD = 'arn:aws:sqs:us-east-1:000000000000:missed';
const NIGHT = 'cron(0 3 1 * ? *)';
const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-20T00:00:30Z');
const RetryPolicy = { MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 3 };
const CALLER: Caller = { roleArn: ROLE, arn: 'sts', senderId: 'AROASWEEP:sweep' };

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

const unused = () => {
  throw new Error('not used by the scheduler');
};

/** Functions that keep what they are called with; the answer may fail or hang. */
function memoryFunctions(answer: () => Promise<void> = async () => {}) {
  const calls: { arn: string; event: unknown }[] = [];
  const functions: AsyncFunctions = {
    refuseNotAsync(arn) {
      if (arn !== SWEEP) throw new RangeError(`the function ${arn} does not stand on this machine`);
    },
    async invokeAsync(arn, event) {
      calls.push({ arn, event });
      await answer();
    },
    invoke: unused,
    callerOf: unused,
  };
  return { functions, calls, times: () => calls.map(({ event }) => Reflect.get(Object(event), 'time')) };
}

function memoryQueues() {
  const dead: { queueArn: string; body: string; senderId: string }[] = [];
  const queues: Queues = {
    send: (queueArn, { body, senderId }) => String(dead.push({ queueArn, body, senderId })),
    sendAll: unused,
    receive: unused,
    delete: unused,
    onMessages: unused,
    visible(arn) {
      if (arn !== DEAD) throw new AwsError('AWS.SimpleQueueService.NonExistentQueue', `no queue ${arn}`);
      return 0;
    },
  };
  return { queues, dead };
}

/** Roles whose caller may do everything but these actions. */
function roles(...denied: string[]): Iam {
  return {
    ...ALLOWS_ALL,
    assume: (roleArn, session) => ({ ...ALLOWS_ALL.assume(roleArn, session), caller: CALLER }),
    authorize(caller, demands) {
      expect(caller).toBe(CALLER);
      for (const { action, resource } of demands)
        if (denied.includes(action)) throw new AwsError('AccessDeniedException', `no ${action} on ${resource}`);
    },
  };
}

const schedule = (properties: object = {}, target: object = {}) =>
  resource(
    'AWS::Scheduler::Schedule',
    {
      FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpression: NIGHT,
      ScheduleExpressionTimezone: 'Asia/Shanghai',
      Target: { Arn: SWEEP, RoleArn: ROLE, DeadLetterConfig: { Arn: DEAD }, RetryPolicy, ...target },
      ...properties,
    },
    { name: 'sweep', arn: 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/sweep' },
  );

async function standing({
  store = new DatabaseSync(':memory:'),
  answer,
  iam = roles(),
  resources = [schedule()],
}: {
  store?: DatabaseSync;
  answer?: () => Promise<void>;
  iam?: Iam;
  resources?: ReturnType<typeof schedule>[];
} = {}) {
  const machine = machineFor({ store, clock: movableClock(store), iam });
  const memory = { ...memoryFunctions(answer), ...memoryQueues() };
  const schedules = scheduler(machine, memory.functions, memory.queues);
  for (const each of resources) await schedules.add(each);
  await schedules.start?.();
  await vi.advanceTimersByTimeAsync(0);
  const advance = async (ms: number) => {
    machine.clock.moveTo(machine.clock.now() + ms);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { machine, schedules, store, advance, ...memory };
}

const at = (text: string) => Date.parse(text);
const iso = (instant: number | undefined) => (instant === undefined ? undefined : new Date(instant).toISOString());
const daily = (fields: string, zone: string, from: string, count: number) => {
  const timetable = timetableOf(`cron(${fields})`, zone, 0);
  const times: (string | undefined)[] = [];
  let last = at(from);
  for (let turn = 0; turn < count; turn++) {
    last = timetable.next(last) ?? Number.NaN;
    times.push(iso(last));
    // Looking back from a due time finds it, and from just before finds the one before.
    expect(timetable.last(last)).toBe(last);
    if (turn > 0) expect(iso(timetable.last(last - 1))).toBe(times[turn - 1]);
  }
  return times;
};

describe('an expression is due', () => {
  test.each([
    [
      'on the first of a month at 03:00 in Shanghai',
      '0 3 1 * ? *',
      'Asia/Shanghai',
      ['2026-11-30T19:00', '2026-12-31T19:00'],
    ],
    ['every hour', '0 * * * ? *', 'UTC', ['2026-11-20T01:00', '2026-11-20T02:00']],
    ['every quarter of an hour', '0/15 * * * ? *', 'UTC', ['2026-11-20T00:15', '2026-11-20T00:30']],
    ['at some hours of some days', '0 9,17 1-2 * ? *', 'UTC', ['2026-12-01T09:00', '2026-12-01T17:00']],
    ['in a leap year', '0 0 29 2 ? *', 'UTC', ['2028-02-29T00:00', '2032-02-29T00:00']],
  ])('%s', (_, fields, zone, times) => {
    expect(daily(fields, zone, '2026-11-20T00:00:30Z', 2)).toEqual(times.map((time) => `${time}:00.000Z`));
  });

  test('not in the hour that the change to summer time leaves out', () => {
    expect(daily('30 2 * * ? *', 'America/New_York', '2026-03-07T00:00:00Z', 3)).toEqual([
      '2026-03-07T07:30:00.000Z',
      '2026-03-09T06:30:00.000Z',
      '2026-03-10T06:30:00.000Z',
    ]);
  });

  test('once in the hour that the change back repeats', () => {
    const times = ['2026-10-31T05:30:00.000Z', '2026-11-01T05:30:00.000Z', '2026-11-02T06:30:00.000Z'];
    expect(daily('30 1 * * ? *', 'America/New_York', '2026-10-31T00:00:00Z', 3)).toEqual(times);
    const { last } = timetableOf('cron(30 1 * * ? *)', 'America/New_York', 0);
    expect(iso(last(at('2026-11-01T06:30:00Z')))).toBe(times[1]);
  });

  test('at a rate that counts from when it began to stand', () => {
    const { next, last } = timetableOf('rate(2 hours)', 'UTC', NOW);
    expect([next(NOW - 1), next(NOW), last(NOW + 5 * HOUR)]).toEqual([NOW, NOW + 2 * HOUR, NOW + 4 * HOUR]);
  });
});

describe('an expression is refused', () => {
  test.each([
    ['that names one day only', 'at(2026-12-01T00:00:00)', 'UTC'],
    ['of five fields', 'cron(0 3 1 * ?)', 'UTC'],
    ['with a day of the week', 'cron(0 3 ? * 2 *)', 'UTC'],
    ['with a year', 'cron(0 3 1 * ? 2027)', 'UTC'],
    ['with the last day of a month', 'cron(0 3 L * ? *)', 'UTC'],
    ['on a day that never comes', 'cron(0 3 31 2 ? *)', 'UTC'],
    ['in weeks', 'rate(2 weeks)', 'UTC'],
    ['in a zone nobody knows', NIGHT, 'Mars/Base'],
  ])('%s', async (_, ScheduleExpression, ScheduleExpressionTimezone) => {
    const resources = [schedule({ ScheduleExpression, ScheduleExpressionTimezone })];
    const refused = await standing({ resources }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RangeError);
    expect(String(refused)).toContain('stack/sweep (AWS::Scheduler::Schedule): ScheduleExpression = ');
  });
});

test.each([
  [
    'a flexible window',
    schedule({ FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 } }),
    'FlexibleTimeWindow',
  ],
  ['a target that is no function', schedule({}, { Arn: DEAD }), 'only functions'],
  ['an input of its own', schedule({}, { Input: '{}' }), 'Input'],
  ['a state', schedule({ State: 'DISABLED' }), 'State'],
])('a schedule with %s is refused by name', async (_, refused, message) => {
  await expect(standing({ resources: [refused] })).rejects.toThrow(message);
  await expect(standing({ resources: [refused] })).rejects.toThrow(RangeError);
});

test.each([
  ['function', schedule({}, { Arn: `${SWEEP}2` }), `the function ${SWEEP}2 does not stand`],
  ['queue for dead letters', schedule({}, { DeadLetterConfig: { Arn: `${DEAD}2` } }), `the queue ${DEAD}2 does not`],
])('a schedule with a %s that does not stand is refused at start, by name', async (_, refused, message) => {
  const start = standing({ resources: [refused] });
  await expect(start).rejects.toThrow(RangeError);
  await expect(start).rejects.toThrow(`stack/sweep (AWS::Scheduler::Schedule): ${message}`);
});

test('a clock kept at a time at which nothing is ever due is said, and keeps nothing from starting', async () => {
  const { store, schedules } = await standing();
  await schedules.stop?.();
  vi.setSystemTime(Date.parse('3100-01-01T00:00:00Z'));
  const { machine, schedules: again } = await standing({ store });
  expect(String(Reflect.get(machine, 'said'))).toContain('the schedule sweep cannot tell when it is due');
  await again.stop?.();
});

test('a schedule fires when its time comes, in the event that AWS makes, and not before', async () => {
  const resources = [schedule({ ScheduleExpression: 'cron(* * * * ? *)' })];
  const { calls, times } = await standing({ resources });
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(29_999);
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(times()).toEqual(['2026-11-20T00:01:00Z', '2026-11-20T00:02:00Z', '2026-11-20T00:03:00Z']);
  expect(calls[0]).toMatchObject({
    arn: SWEEP,
    event: { 'detail-type': 'Scheduled Event', source: 'aws.scheduler', resources: [schedule().arn], detail: '{}' },
  });
});

test('moving the clock over any number of due times fires once, for the last of them', async () => {
  const { advance, times } = await standing();
  await advance(100 * 24 * HOUR);
  expect(times()).toEqual(['2027-01-31T19:00:00Z']);
  await advance(HOUR);
  await vi.advanceTimersByTimeAsync(HOUR);
  expect(times()).toHaveLength(1);
  await advance(40 * 24 * HOUR);
  expect(times()).toHaveLength(2);
});

test('a firing that takes long does not keep the next from firing', async () => {
  const { advance, calls } = await standing({ answer: () => new Promise(() => {}) });
  await advance(15 * 24 * HOUR);
  await advance(31 * 24 * HOUR);
  expect(calls).toHaveLength(2);
});

describe('after the system was down', () => {
  test('what was missed is made up for once', async () => {
    const { store, schedules } = await standing();
    await schedules.stop?.();
    vi.setSystemTime(NOW + 100 * 24 * HOUR);
    const again = await standing({ store });
    expect(again.times()).toEqual(['2027-01-31T19:00:00Z']);
    await again.schedules.stop?.();
    expect((await standing({ store })).calls).toEqual([]);
  });

  test('a firing that was under way when the system died is made again', async () => {
    const { store, advance, calls } = await standing({ answer: () => new Promise(() => {}) });
    await advance(15 * 24 * HOUR);
    expect(calls).toHaveLength(1);
    expect((await standing({ store })).times()).toEqual(['2026-11-30T19:00:00Z']);
  });

  test('a schedule with other times than before has missed nothing', async () => {
    const { store } = await standing();
    vi.setSystemTime(NOW + 100 * 24 * HOUR);
    const resources = [schedule({ ScheduleExpression: 'cron(0 4 1 * ? *)' })];
    expect((await standing({ store, resources })).calls).toEqual([]);
  });
});

test('a rate is due at once and then every so often, on the same beat after a restart', async () => {
  const resources = [schedule({ ScheduleExpression: 'rate(1 hour)' })];
  const { times, store, schedules } = await standing({ resources });
  await vi.advanceTimersByTimeAsync(HOUR);
  expect(times()).toEqual(['2026-11-20T00:00:30Z', '2026-11-20T01:00:30Z']);
  await schedules.stop?.();
  await vi.advanceTimersByTimeAsync(HOUR / 2);
  const again = await standing({ store, resources });
  await vi.advanceTimersByTimeAsync(HOUR / 2);
  expect(again.times()).toEqual(['2026-11-20T02:00:30Z']);
});

test('a schedule is run by its name; an unknown name is answered with those there are', async () => {
  const { schedules, times } = await standing();
  await schedules.run('sweep');
  expect(times()).toEqual(['2026-11-20T00:00:30Z']);
  expect(schedules.names()).toEqual(['sweep']);
  await expect(schedules.run('swoop')).rejects.toThrow(new RangeError('no schedule swoop; there are sweep'));
});

test('a role that may not call the function: the firing goes to the dead letters, and is said', async () => {
  const { schedules, calls, dead, machine } = await standing({ iam: roles('lambda:InvokeFunction') });
  await schedules.run('sweep');
  expect(calls).toEqual([]);
  expect(dead).toEqual([
    { queueArn: DEAD, body: expect.stringContaining('2026-11-20T00:00:30Z'), senderId: CALLER.senderId },
  ]);
  expect(Reflect.get(machine, 'said')).toEqual([
    `the schedule sweep could not call ${SWEEP}: AwsError: no lambda:InvokeFunction on ${SWEEP}`,
  ]);
});

test('a role that may not even send to the dead letters: the firing is given up, and is said', async () => {
  const iam = roles('lambda:InvokeFunction', 'sqs:SendMessage');
  const { schedules, dead, machine } = await standing({ iam });
  await schedules.run('sweep');
  expect(dead).toEqual([]);
  expect(String(Reflect.get(machine, 'said'))).toContain('its dead letters take nothing either');
});

test('stopping lets what is under way finish; what it cuts off is fired again', async () => {
  const { promise, resolve: finish } = Promise.withResolvers<void>();
  const { advance, schedules, store } = await standing({ answer: () => promise });
  await advance(15 * 24 * HOUR);
  const stopped = vi.fn();
  const stop = schedules.stop?.().then(stopped);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(stopped).not.toHaveBeenCalled();
  finish();
  await stop;
  expect((await standing({ store })).calls).toEqual([]);

  const answer = () => Promise.reject(new AwsError('ServiceException', 'this machine is stopping', 500));
  const failing = await standing({ answer });
  await failing.advance(15 * 24 * HOUR);
  await failing.schedules.stop?.();
  expect(failing.calls).toHaveLength(1);
  expect((await standing({ store: failing.store })).calls).toHaveLength(1);
});
