import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { AwsError, type Functions, type Iam, type Invocation } from '#infra/local/cloud.ts';
import type { Fed } from '#infra/local/event-source.ts';
import { eventSourceMappings } from '#infra/local/event-source-mappings.ts';
import { queues } from '#infra/local/queues.ts';
import type { StreamRecord } from '#infra/local/table-stream.ts';
import { ALLOWS_ALL, machineFor, ROOT, resource } from './wire-server.ts';

const STREAM = 'arn:aws:dynamodb:us-east-1:000000000000:table/cases/stream/2026-11-01T00:00:00.000';
const FAILED = 'arn:aws:sqs:us-east-1:000000000000:given-up';

/** A stream that holds records numbered from 1, and is told of more. */
function memoryStream() {
  const records: StreamRecord[] = [];
  const wakes: (() => void)[] = [];
  const source: Fed['streams'] & { fails?: Error } = {
    async read(_, position, most) {
      if (source.fails) throw source.fails;
      const from = Number(position ?? 0);
      const read = records.slice(from, from + most);
      return { records: read, position: read.length > 0 ? String(from + read.length) : position };
    },
    onChange: (_, wake) => void wakes.push(wake),
    demands: () => [{ action: 'kms:Decrypt', resource: 'arn:key' }],
  };
  const put = (count: number, kind = 'commit') => {
    for (let i = 0; i < count; i += 1) {
      const SequenceNumber = String(records.length + 1);
      const ApproximateCreationDateTime = Math.floor(Date.now() / 1000);
      const dynamodb = { SequenceNumber, ApproximateCreationDateTime, NewImage: { kind: { S: kind } } };
      records.push({ eventID: SequenceNumber, eventName: 'INSERT', awsRegion: 'us-east-1', dynamodb });
    }
    for (const wake of wakes) wake();
  };
  return { source, put };
}

const Batch = z.object({
  Records: z.array(z.object({ eventSourceARN: z.literal(STREAM), dynamodb: z.object({ SequenceNumber: z.string() }) })),
});
type Answer = (numbers: readonly string[]) => unknown;

/** A function fed from a stream, on a machine that can be started again on the same store. */
async function fed(
  stream: ReturnType<typeof memoryStream>,
  answer: Answer,
  properties: Record<string, unknown> = {},
  given: { readonly store?: DatabaseSync; readonly iam?: Iam } = {},
) {
  const machine = machineFor({ store: given.store ?? new DatabaseSync(':memory:'), iam: given.iam ?? ALLOWS_ALL });
  const own = queues(machine);
  own.add(resource('AWS::SQS::Queue', {}, { name: 'given-up' }));
  const batches: string[] = [];
  const functions: Functions = {
    callerOf: () => ROOT,
    invokeAsync: async () => {},
    async invoke(_, event): Promise<Invocation> {
      const numbers = Batch.parse(event).Records.map(({ dynamodb }) => dynamodb.SequenceNumber);
      batches.push(numbers.join());
      try {
        return { ok: true, result: await answer(numbers) };
      } catch (error) {
        return { ok: false, errorType: 'Error', errorMessage: String(error) };
      }
    },
  };
  const mappings = eventSourceMappings(machine, { queues: own, streams: stream.source, functions });
  const common = {
    EventSourceArn: STREAM,
    FunctionName: 'publisher',
    BatchSize: 100,
    StartingPosition: 'TRIM_HORIZON',
    BisectBatchOnFunctionError: true,
    FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT"]}' }] },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    DestinationConfig: { OnFailure: { Destination: FAILED } },
    MaximumRetryAttempts: 2,
  };
  await mappings.add(resource('AWS::Lambda::EventSourceMapping', { ...common, ...properties }));
  await mappings.start?.();
  running.push(async () => mappings.stop?.());
  const givenUp = () =>
    own.receive(FAILED, 10).map(({ body }) => z.record(z.string(), z.unknown()).parse(JSON.parse(body)));
  return { machine, mappings, batches, givenUp };
}

const running: (() => Promise<void>)[] = [];
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(async () => {
  vi.useRealTimers();
  for (const stop of running.splice(0)) await stop();
});
/** Lets so many milliseconds pass on the real clock, and everything happen in them. */
const passed = async (milliseconds = 0) => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await vi.advanceTimersByTimeAsync(milliseconds);
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const failing = (poison: string): Answer => {
  return (numbers) => ({ batchItemFailures: numbers.includes(poison) ? [{ itemIdentifier: poison }] : [] });
};
const broken: Answer = () => Promise.reject(new Error('broken'));

describe('a function fed from a stream', () => {
  test('hears nothing of records that are thrown away, up to the last one before their end', async () => {
    const stream = memoryStream();
    const { mappings, batches } = await fed(stream, () => null);
    stream.put(2);
    await passed();
    await mappings.drop(true);
    stream.put(3);
    await passed(1000);
    stream.put(1);
    const ended = mappings.drop(false);
    await passed(2000);
    await ended;
    stream.put(1);
    await passed(1000);
    expect(batches).toEqual(['1,2', '7']);
  });

  test('gets records in order, in batches of its size, as they come', async () => {
    const stream = memoryStream();
    stream.put(3);
    const { batches } = await fed(stream, () => null, { BatchSize: 2 });
    await passed();
    expect(batches).toEqual(['1,2', '3']);
    stream.put(1);
    await passed(200);
    expect(batches).toEqual(['1,2', '3', '4']);
  });

  test('records that no filter lets through are passed over', async () => {
    const stream = memoryStream();
    const Filters = [{ Pattern: '{"eventName":["INSERT"],"dynamodb":{"NewImage":{"kind":{"S":["commit"]}}}}' }];
    stream.put(2, 'claim');
    stream.put(1);
    stream.put(2, 'claim');
    const { batches } = await fed(stream, () => null, { FilterCriteria: { Filters } });
    await passed();
    expect(batches).toEqual(['3']);
  });

  test('a batch that was done is not read again by the next start, one under way at a kill is', async () => {
    const store = new DatabaseSync(':memory:');
    const stream = memoryStream();
    stream.put(2);
    const first = await fed(stream, (numbers) => (numbers.includes('3') ? new Promise(() => {}) : null), {}, { store });
    await passed();
    stream.put(2);
    await passed(200);
    expect(first.batches).toEqual(['1,2', '3,4']);
    running.length = 0; // Killed: nothing is stopped.
    const second = await fed(stream, () => null, {}, { store });
    await passed();
    expect(second.batches).toEqual(['3,4']);
  });

  test('is called again from the first record that failed, soon at first', async () => {
    const stream = memoryStream();
    stream.put(4);
    let times = 0;
    const { batches } = await fed(stream, (numbers) => {
      times += 1;
      return failing(times < 3 ? '3' : 'none')(numbers);
    });
    await passed();
    expect(batches).toEqual(['1,2,3,4']);
    await passed(100);
    expect(batches).toEqual(['1,2,3,4', '3,4', '3', '4']);
  });

  test('a poison record is found by halving, given up after its retries, and the others go through', async () => {
    const stream = memoryStream();
    stream.put(4);
    const done = new Set<string>();
    const answer: Answer = (numbers) => {
      if (numbers.includes('2')) throw new Error('poison');
      for (const number of numbers) done.add(number);
    };
    const { batches, givenUp, machine } = await fed(stream, answer);
    await passed(10_000);
    expect(batches).toEqual(['1,2,3,4', '1,2', '1', '2', '2', '2', '3,4']);
    expect([...done]).toEqual(['1', '3', '4']);
    expect(givenUp()).toEqual([
      {
        requestContext: {
          requestId: expect.any(String),
          functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:publisher',
          condition: 'RetryAttemptsExhausted',
          approximateInvokeCount: 3,
        },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        version: '1.0',
        timestamp: expect.stringMatching(/Z$/),
        DDBStreamBatchInfo: {
          shardId: expect.stringMatching(/^shardId-/),
          startSequenceNumber: '2',
          endSequenceNumber: '2',
          approximateArrivalOfFirstRecord: expect.stringMatching(/Z$/),
          approximateArrivalOfLastRecord: expect.stringMatching(/Z$/),
          batchSize: 1,
          streamArn: STREAM,
        },
      },
    ]);
    expect(machine.said).toEqual([expect.stringContaining('gave up record 2')]);
  });

  test('partial answers that stay at the same record are halved too', async () => {
    const stream = memoryStream();
    stream.put(3);
    const { batches, givenUp } = await fed(stream, failing('2'));
    await passed(10_000);
    expect(batches).toEqual(['1,2,3', '2,3', '2', '2', '2', '3']);
    expect(givenUp()).toHaveLength(1);
  });

  test('a role without a grant is refused, said once, and nothing is lost', async () => {
    const stream = memoryStream();
    stream.put(1);
    let missing = 'dynamodb:GetRecords';
    const asked = new Set<string>();
    const iam: Iam = {
      ...ALLOWS_ALL,
      authorize(_, demands) {
        for (const { action, resource: on } of demands) {
          asked.add(`${action} ${on}`);
          if (action === missing) throw new AwsError('AccessDeniedException', `no ${action}`, 403);
        }
      },
    };
    const { batches, machine, givenUp } = await fed(stream, broken, { MaximumRetryAttempts: 1 }, { iam });
    await passed(61_000);
    expect(batches).toEqual([]);
    missing = 'sqs:SendMessage';
    await passed(31_000);
    await passed(31_000);
    expect(batches).toEqual(['1', '1']);
    expect(givenUp()).toEqual([]);
    missing = '';
    await passed(31_000);
    expect(givenUp()).toHaveLength(1);
    const denied = machine.said.filter((line) => line.includes('AccessDenied'));
    expect(denied).toEqual([
      expect.stringContaining('no dynamodb:GetRecords'),
      expect.stringContaining('no sqs:SendMessage'),
    ]);
    expect(asked).toEqual(
      new Set([
        ...['DescribeStream', 'GetShardIterator', 'GetRecords'].map((action) => `dynamodb:${action} ${STREAM}`),
        'dynamodb:ListStreams *',
        'kms:Decrypt arn:key',
        `sqs:SendMessage ${FAILED}`,
      ]),
    );
  });

  test('a stream that cannot be read is said once and read again', async () => {
    const stream = memoryStream();
    stream.put(1);
    stream.source.fails = new Error('the engine is away');
    const { batches, machine } = await fed(stream, () => null);
    await passed(2_000);
    expect(machine.said).toEqual([expect.stringContaining('the engine is away')]);
    delete stream.source.fails;
    await passed(5_000);
    expect(batches).toEqual(['1']);
  });

  test('stopping in the middle of retries ends soon and keeps the batch for the next start', async () => {
    const store = new DatabaseSync(':memory:');
    const stream = memoryStream();
    stream.put(1);
    const first = await fed(stream, broken, { MaximumRetryAttempts: 100 }, { store });
    await passed(3_000);
    await first.mappings.stop?.();
    const second = await fed(stream, () => null, {}, { store });
    await passed();
    expect(second.batches).toEqual(['1']);
  });

  test('what it does not support is refused by name', async () => {
    const refused = (properties: Record<string, unknown>) => fed(memoryStream(), () => null, properties);
    await expect(refused({ StartingPosition: 'LATEST' })).rejects.toThrow(/stack\/thing .*StartingPosition = "LATEST"/);
    await expect(refused({ BisectBatchOnFunctionError: false })).rejects.toThrow('BisectBatchOnFunctionError = false');
    await expect(refused({ FilterCriteria: { Filters: [{ Pattern: '{' }] } })).rejects.toThrow('stack/thing');
    const Pattern = { eventName: ['INSERT'] }; // CloudFormation wants its text.
    await expect(refused({ FilterCriteria: { Filters: [{ Pattern }] } })).rejects.toThrow('stack/thing');
    await expect(refused({ TumblingWindowInSeconds: 5 })).rejects.toThrow('TumblingWindowInSeconds');
  });
});
