import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SUBSCRIPTIONS } from '#shared/contracts/subscriptions.ts';
import { idBehind, resourcesOf, synthesize } from './system-under-test.ts';

const prod = synthesize('prod');
const queues = resourcesOf(prod, 'AWS::SQS::Queue').map((queue) => ({
  ...queue,
  deadLetters: idBehind(
    z.object({ RedrivePolicy: z.object({ deadLetterTargetArn: z.unknown() }) }).safeParse(queue.Properties).data
      ?.RedrivePolicy.deadLetterTargetArn,
  ),
}));
const Alarm = z.object({
  AlarmDescription: z.string(),
  AlarmActions: z.array(z.unknown()),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.unknown() })),
});
const alarms = resourcesOf(prod, 'AWS::CloudWatch::Alarm').map(({ stack, id, Properties }) => ({
  stack,
  id,
  ...Alarm.parse(Properties),
}));
const watched = (stack: string, id: string, metric: string) =>
  alarms.some(
    (alarm) =>
      alarm.stack === stack &&
      alarm.MetricName === metric &&
      alarm.Dimensions.some(({ Value }) => idBehind(Value) === id),
  );
const isAside = (id: string) => /DeadLetters|GivenUp|Missed/.test(id);
const mappings = resourcesOf(prod, 'AWS::Lambda::EventSourceMapping');

describe('every asynchronous step has a queue, a dead-letter queue and an alarm', () => {
  test.each(queues.filter(({ id }) => !isAside(id)))(
    '$stack $id puts aside what failed five times, and warns when it waits',
    ({ stack, id, deadLetters, Properties }) => {
      expect(deadLetters).toMatch(/DeadLetters/);
      expect(Properties.RedrivePolicy).toMatchObject({ maxReceiveCount: 5 });
      expect(watched(stack, id, 'ApproximateAgeOfOldestMessage')).toBe(true);
    },
  );

  test.each(queues.filter(({ id }) => isAside(id)))(
    '$stack $id wakes somebody with the first message, and keeps it for 14 days',
    ({ stack, id, Properties }) => {
      expect(watched(stack, id, 'ApproximateNumberOfMessagesVisible')).toBe(true);
      expect(Properties.MessageRetentionPeriod).toBe(14 * 24 * 3600);
    },
  );

  test.each(resourcesOf(prod, 'AWS::Lambda::Function'))(
    '$stack $id warns when it fails or is throttled',
    ({ stack, id }) => {
      expect(watched(stack, id, 'Errors')).toBe(true);
      expect(watched(stack, id, 'Throttles')).toBe(true);
    },
  );

  test.each(mappings)('$stack $id reports failures one by one', ({ Properties }) => {
    expect(Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
  });

  test.each(mappings.filter(({ Properties }) => 'StartingPosition' in Properties))(
    'the stream of $stack survives a poison record',
    ({ Properties }) => {
      expect(Properties).toMatchObject({
        BatchSize: 100,
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 10,
        StartingPosition: 'TRIM_HORIZON',
        DestinationConfig: { OnFailure: { Destination: expect.anything() } },
      });
    },
  );

  test.each(resourcesOf(prod, 'AWS::Scheduler::Schedule'))(
    'the schedule $id of $stack runs in the zone of the organisation: sweeps every minute, checks every hour',
    ({ id, Properties }) => {
      const often = id.startsWith('Sweep') ? 'cron(* * * * ? *)' : id.startsWith('Check') && 'cron(15 * * * ? *)';
      expect(Properties).toMatchObject({
        ScheduleExpression: often || expect.stringMatching(/^cron\(.+\)$/),
        ScheduleExpressionTimezone: 'Asia/Shanghai',
        Target: { DeadLetterConfig: { Arn: expect.anything() }, RetryPolicy: { MaximumRetryAttempts: 3 } },
      });
    },
  );
});

describe('an alarm says what the business loses', () => {
  test.each(alarms)('$stack $id', ({ AlarmDescription, AlarmActions }) => {
    expect(AlarmDescription).toMatch(/^[A-Za-z].{10,}\. What the business loses: .{20,}\.$/);
    expect(AlarmActions).toHaveLength(1);
  });
});

describe('what is published is what commits say, and only that', () => {
  const filters = mappings
    .filter(({ Properties }) => 'FilterCriteria' in Properties)
    .map(({ Properties }) =>
      z.object({ FilterCriteria: z.object({ Filters: z.array(z.object({ Pattern: z.string() })) }) }).parse(Properties),
    )
    .map(({ FilterCriteria }) => FilterCriteria.Filters.map(({ Pattern }) => z.unknown().parse(JSON.parse(Pattern))));

  test('both gears publish new commits, and see every change of what is only ever added (T-3)', () => {
    const expected = [
      { eventName: ['INSERT'], dynamodb: { NewImage: { kind: { S: ['commit'] } } } },
      { eventName: ['MODIFY', 'REMOVE'], dynamodb: { OldImage: { kind: { S: ['commit', 'entry', 'seal'] } } } },
      {
        eventName: ['MODIFY', 'REMOVE'],
        dynamodb: {
          OldImage: { kind: { S: ['export'] }, state: { M: { progress: { M: { state: { S: ['ready'] } } } } } },
        },
      },
    ];
    expect(filters).toEqual([expected, expected]);
  });

  test('a changed record sounds an alarm', () => {
    expect(alarms.map(({ MetricName }) => MetricName)).toContain('RecordTampered');
  });
});

describe('the bus carries to each consumer what it subscribed to', () => {
  const patterns = resourcesOf(prod, 'AWS::Events::Rule').map(({ stack, Properties }) => ({
    stack,
    pattern: Properties.EventPattern,
  }));
  const source = ['interlock.disputes', 'interlock.performance'];

  test('each subscription is one rule on our own bus', () => {
    const expected = Object.values(SUBSCRIPTIONS).map((types) =>
      types === 'everything' ? { source } : { source, 'detail-type': types },
    );
    expect(patterns.map(({ pattern }) => pattern)).toEqual(expect.arrayContaining(expected));
    expect(patterns).toHaveLength(expected.length);
  });

  test.each(resourcesOf(prod, 'AWS::Events::Rule'))(
    '$stack $id leads to a queue, and keeps what it could not deliver',
    ({ Properties }) => {
      const targets = z
        .array(z.object({ Arn: z.unknown(), DeadLetterConfig: z.object({ Arn: z.unknown() }) }))
        .parse(Properties.Targets);
      expect(targets).toHaveLength(1);
      expect(idBehind(targets[0]?.Arn)).toMatch(/WorkQueue/);
      expect(idBehind(targets[0]?.DeadLetterConfig.Arn)).toMatch(/DeadLetters/);
    },
  );
});

describe('queues that others write to', () => {
  test.each(queues)(
    '$stack $id takes only encrypted connections and keeps its own key, which EventBridge can use',
    ({ stack, id, Properties }) => {
      const policies = resourcesOf(prod, 'AWS::SQS::QueuePolicy').filter((policy) => policy.stack === stack);
      const own = policies.filter(({ Properties: p }) =>
        z.array(z.unknown()).parse(p.Queues).map(idBehind).includes(id),
      );
      expect(JSON.stringify(own)).toContain('"aws:SecureTransport":"false"');
      expect(Properties.SqsManagedSseEnabled).toBe(true);
    },
  );

  test('the intake queues take a report of full size with its wrapper', () => {
    const large = queues
      .filter(({ Properties }) => Properties.MaximumMessageSize === 1_048_576)
      .map(({ id }) => id.replace(/Queue.*/, ''));
    expect(large).toEqual(['WebhookDeadLetters', 'Webhook', 'InHouseDeadLetters', 'InHouse']);
  });
});
