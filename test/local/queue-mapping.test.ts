import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { AwsError, type Functions, type Iam, type Invocation } from '#infra/local/cloud.ts';
import { type Fed, REFUSED_PAUSE } from '#infra/local/event-source.ts';
import { eventSourceMappings } from '#infra/local/event-source-mappings.ts';
import { CONCURRENT_BATCHES } from '#infra/local/queue-mapping.ts';
import { queues } from '#infra/local/queues.ts';
import { ALLOWS_ALL, machineFor, ROOT, resource } from './wire-server.ts';

const ARN = 'arn:aws:sqs:us-east-1:000000000000:work';
const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:worker';
const NO_STREAMS: Fed['streams'] = {
  read: async () => ({ records: [], position: undefined }),
  onChange: () => {},
  demands: () => [],
};

const Batch = z.object({ Records: z.array(z.looseObject({ messageId: z.string(), body: z.string() })) });
type Answer = (batch: z.infer<typeof Batch>) => unknown;

/** A queue that feeds a function, which answers as the test says. */
async function fed(properties: Record<string, unknown>, answer: Answer, iam: Iam = ALLOWS_ALL) {
  const machine = machineFor({ iam });
  const own = queues(machine);
  own.add(resource('AWS::SQS::Queue', { VisibilityTimeout: 60 }, { name: 'work' }));
  const batches: string[][] = [];
  const functions: Functions = {
    callerOf: () => ROOT,
    invokeAsync: async () => {},
    async invoke(arn, event): Promise<Invocation> {
      expect(arn).toBe(FUNCTION);
      const batch = Batch.parse(event);
      batches.push(batch.Records.map(({ body }) => body));
      try {
        return { ok: true, result: await answer(batch) };
      } catch (error) {
        return { ok: false, errorType: 'Error', errorMessage: String(error) };
      }
    },
  };
  const mappings = eventSourceMappings(machine, { queues: own, streams: NO_STREAMS, functions });
  const FunctionResponseTypes = ['ReportBatchItemFailures'];
  const common = { EventSourceArn: ARN, FunctionName: 'worker', FunctionResponseTypes, BatchSize: 10 };
  await mappings.add(resource('AWS::Lambda::EventSourceMapping', { ...common, ...properties }));
  const start = async () => {
    own.start();
    await mappings.start?.();
  };
  running.push(async () => {
    await mappings.stop?.();
    await own.stop();
  });
  const send = (...bodies: string[]) =>
    own.sendAll(bodies.map((body) => ({ queueArn: ARN, body, senderId: 'AROA1:desk' })));
  const standing = () => own.overview()[0];
  return { machine, own, mappings, batches, start, send, standing };
}

const running: (() => Promise<void>)[] = [];
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(async () => {
  vi.useRealTimers();
  for (const stop of running.splice(0)) await stop();
});
/** Lets everything happen that needs no time. */
const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const failing = (...bodies: string[]): Answer => {
  return ({ Records }) => ({
    batchItemFailures: Records.filter(({ body }) => bodies.includes(body)).map(({ messageId }) => ({
      itemIdentifier: messageId,
    })),
  });
};

describe('a function fed from a queue', () => {
  test('gets messages as SQS hands them to Lambda, and what it has done is gone', async () => {
    const seen: unknown[] = [];
    const { start, send, standing } = await fed({}, ({ Records }) => void seen.push(...Records));
    await start();
    send('{"a":1}');
    await settled();
    expect(seen).toEqual([
      {
        messageId: expect.stringMatching(/^[\da-f-]{36}$/),
        receiptHandle: expect.any(String),
        body: '{"a":1}',
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: expect.stringMatching(/^\d{13}$/),
          SenderId: 'AROA1:desk',
          ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
        },
        messageAttributes: {},
        md5OfBody: 'bb6cb5c68df4652941caf652a366f2d8',
        eventSource: 'aws:sqs',
        eventSourceARN: ARN,
        awsRegion: 'us-east-1',
      },
    ]);
    expect(standing()).toMatchObject({ visible: 0, inFlight: 0 });
  });

  test('takes what was there before it, in batches of its size', async () => {
    const { start, send, batches } = await fed({ BatchSize: 2 }, () => null);
    send('1', '2', '3');
    await start();
    await settled();
    expect(batches).toEqual([['1', '2'], ['3']]);
  });

  test('a message that failed comes again alone, when its visibility timeout ends', async () => {
    const { start, send, batches, standing } = await fed({}, failing('bad'));
    send('good', 'bad');
    await start();
    await settled();
    expect(standing()).toMatchObject({ visible: 0, inFlight: 1 });
    vi.advanceTimersByTime(59_000);
    await settled();
    expect(batches).toHaveLength(1);
    vi.advanceTimersByTime(2_000);
    await settled();
    expect(batches).toEqual([['good', 'bad'], ['bad']]);
  });

  test.each<readonly [string, unknown, number]>([
    ['nothing', undefined, 0],
    ['null', null, 0],
    ['an empty object', {}, 0],
    ['no failures', { batchItemFailures: [] }, 0],
    ['null for failures', { batchItemFailures: null }, 0],
    ['an empty id', { batchItemFailures: [{ itemIdentifier: '' }] }, 2],
    ['an id without its name', { batchItemFailures: [{ id: 'x' }] }, 2],
    ['an unknown id', { batchItemFailures: [{ itemIdentifier: 'x' }] }, 2],
    ['a text', 'done', 2],
  ])('answers %s: of two messages so many come again', async (_, answer, left) => {
    const { start, send, standing } = await fed({}, () => answer);
    send('1', '2');
    await start();
    await settled();
    expect(standing()).toMatchObject({ inFlight: left });
  });

  test('a throw fails the whole batch', async () => {
    const { send, start, standing } = await fed({}, () => Promise.reject(new Error('broken')));
    send('1', '2');
    await start();
    await settled();
    expect(standing()).toMatchObject({ inFlight: 2 });
  });

  test('only so many batches are under way at once', async () => {
    const ends: (() => void)[] = [];
    const { start, send, batches } = await fed({ BatchSize: 1 }, () => new Promise<void>((end) => ends.push(end)));
    send('1', '2', '3', '4');
    await start();
    await settled();
    expect(batches).toHaveLength(CONCURRENT_BATCHES);
    ends[0]?.();
    await settled();
    expect(batches).toHaveLength(CONCURRENT_BATCHES + 1);
    for (const end of ends) end();
    await settled();
    for (const end of ends) end();
  });

  test('a batching window gathers a fuller batch', async () => {
    const { start, send, batches } = await fed({ BatchSize: 3, MaximumBatchingWindowInSeconds: 5 }, () => null);
    await start();
    send('1');
    await settled();
    send('2');
    await settled();
    expect(batches).toEqual([]);
    vi.advanceTimersByTime(5_001);
    await settled();
    expect(batches).toEqual([['1', '2']]);
    send('3', '4', '5');
    await settled();
    expect(batches[1]).toEqual(['3', '4', '5']);
  });

  test('a store that fails while a batch gathers ends that batch alone', async () => {
    const { start, send, batches, machine, own } = await fed(
      { BatchSize: 3, MaximumBatchingWindowInSeconds: 5 },
      () => null,
    );
    await start();
    send('1');
    await settled();
    vi.spyOn(own, 'receive').mockImplementationOnce(() => {
      throw new Error('disk full');
    });
    send('2');
    await settled();
    expect(machine.said).toEqual([expect.stringContaining('disk full')]);
    send('3', '4');
    await settled();
    expect(batches).toEqual([['2', '3', '4']]);
  });

  test('a role that may not read the queue is refused, said once, and tried again', async () => {
    let allowed = false;
    const asked: string[] = [];
    const iam: Iam = {
      ...ALLOWS_ALL,
      authorize(_, demands) {
        asked.push(...demands.map(({ action, resource: arn }) => `${action} ${arn}`));
        if (!allowed) throw new AwsError('AccessDeniedException', `the role may not ${demands[0]?.action}`, 403);
      },
    };
    const { start, send, batches, machine } = await fed({}, () => null, iam);
    await start();
    send('1');
    await settled();
    send('2');
    vi.advanceTimersByTime(REFUSED_PAUSE + 1);
    await settled();
    expect(batches).toEqual([]);
    expect(machine.said).toEqual([expect.stringContaining('AccessDeniedException: the role may not sqs:Rec')]);
    expect(new Set(asked)).toEqual(
      new Set([`sqs:ReceiveMessage ${ARN}`, `sqs:DeleteMessage ${ARN}`, `sqs:GetQueueAttributes ${ARN}`]),
    );
    allowed = true;
    vi.advanceTimersByTime(REFUSED_PAUSE + 1);
    await settled();
    expect(batches).toEqual([['1', '2']]);
  });

  test('stopping waits for the batch under way and begins no other', async () => {
    let end = () => {};
    const { start, send, mappings, batches, standing } = await fed(
      { BatchSize: 1 },
      () => new Promise<void>((resolve) => (end = resolve)),
    );
    send('1');
    await start();
    await settled();
    const stopped = mappings.stop?.();
    send('2');
    end();
    await stopped;
    await settled();
    expect(batches).toEqual([['1']]);
    expect(standing()).toMatchObject({ visible: 1, inFlight: 0 });
  });

  test('what it does not support is refused by name', async () => {
    await expect(fed({ StartingPosition: 'LATEST' }, () => null)).rejects.toThrow(/stack\/thing .*StartingPosition/);
    await expect(fed({ BatchSize: 20_000 }, () => null)).rejects.toThrow('BatchSize = 20000');
    await expect(fed({ EventSourceArn: 'arn:aws:kinesis:x' }, () => null)).rejects.toThrow('EventSourceArn');
    await expect(fed({ FilterCriteria: { Filters: [] } }, () => null)).rejects.toThrow('FilterCriteria');
  });
});
