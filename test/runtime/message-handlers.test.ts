import '#test/support/quiet-runtime.ts';
import type { DynamoDBRecord, SQSEvent, SQSRecord } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { batchHandler, messageHandler, queueHandler, rawMessageHandler } from '#shared/runtime/queue-handler.ts';
import { scheduledHandler } from '#shared/runtime/scheduled-handler.ts';
import { streamHandler, type TableChange } from '#shared/runtime/stream-handler.ts';

const Counted = z.object({ type: z.literal('Counted.v1'), data: z.object({ n: z.number() }) });
const Named = z.object({ type: z.literal('Named.v1'), data: z.object({ name: z.string() }) });

function record(messageId: string, body: string): SQSRecord {
  return {
    messageId,
    body,
    receiptHandle: 'handle',
    attributes: {
      ApproximateReceiveCount: '2',
      SentTimestamp: '1795141860000',
      SenderId: 'AROA:intake',
      ApproximateFirstReceiveTimestamp: '1795141860001',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:000000000000:scoring',
    awsRegion: 'eu-west-1',
  };
}
const plain = (messages: Record<string, unknown>): SQSEvent => ({
  Records: Object.entries(messages).map(([id, body]) =>
    record(id, typeof body === 'string' ? body : JSON.stringify(body)),
  ),
});
/** Messages as EventBridge puts them on a queue. */
const fromBus = (details: Record<string, unknown>) =>
  plain(
    Object.fromEntries(
      Object.entries(details).map(([id, detail]) => [id, { version: '0', source: 'interlock.x', detail }]),
    ),
  );
const failed = (...ids: string[]) => ({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) });

describe('events from the bus', () => {
  test('are handled one at a time, in the order of the batch', async () => {
    const steps: string[] = [];
    const handler = queueHandler(Counted, async ({ data }) => {
      steps.push(`begin ${data.n}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
      steps.push(`end ${data.n}`);
    });
    const answer = await handler(
      fromBus({ a: { type: 'Counted.v1', data: { n: 1 } }, b: { type: 'Counted.v1', data: { n: 2 } } }),
    );
    expect(answer).toEqual(failed());
    expect(steps).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
  });

  test('fail alone, whether they cannot be read or cannot be handled', async () => {
    const handled: number[] = [];
    const handler = queueHandler(Counted, async ({ data }) => {
      if (data.n === 3) throw new Error('not today');
      handled.push(data.n);
    });
    const event = fromBus({
      good: { type: 'Counted.v1', data: { n: 1 } },
      wrong: { type: 'Counted.v1', data: { n: 'two' } },
      throwing: { type: 'Counted.v1', data: { n: 3 } },
      later: { type: 'Counted.v1', data: { n: 4 } },
    });
    event.Records.push(record('torn', '{"detail":'));
    expect(await handler(event)).toEqual(failed('wrong', 'throwing', 'torn'));
    expect(handled).toEqual([1, 4]);
  });

  test('all come back when all fail, without failing the invocation', async () => {
    const handler = queueHandler(Counted, async () => {
      throw new Error('not today');
    });
    expect(await handler(fromBus({ a: { type: 'Counted.v1', data: { n: 1 } } }))).toEqual(failed('a'));
    expect(await handler(fromBus({ b: { type: 'Counted.v1', data: { n: 1 } } }))).toEqual(failed('b'));
  });

  test('of several types are told apart by their type', async () => {
    const seen: string[] = [];
    const handler = queueHandler(z.discriminatedUnion('type', [Counted, Named]), async (event) => {
      seen.push(event.type === 'Named.v1' ? event.data.name : String(event.data.n));
    });
    const answer = await handler(
      fromBus({
        a: { type: 'Named.v1', data: { name: 'x' } },
        b: { type: 'Counted.v1', data: { n: 2 } },
        c: { type: 'Lost.v1', data: {} },
      }),
    );
    expect(answer).toEqual(failed('c'));
    expect(seen).toEqual(['x', '2']);
  });

  test('in a batch are handed over together, without the unreadable ones', async () => {
    const handler = batchHandler(Counted, async (batch) =>
      batch.filter(({ message }) => message.data.n > 2).map(({ messageId }) => messageId),
    );
    const event = fromBus({
      a: { type: 'Counted.v1', data: { n: 1 } },
      b: { type: 'Lost.v1' },
      c: { type: 'Counted.v1', data: { n: 3 } },
    });
    expect(await handler(event)).toEqual(failed('b', 'c'));
  });

  test('in a batch all come back when the batch throws', async () => {
    const handler = batchHandler(Counted, () => Promise.reject(new Error('not today')));
    const event = fromBus({
      a: { type: 'Counted.v1', data: { n: 1 } },
      b: {},
      c: { type: 'Counted.v1', data: { n: 3 } },
    });
    expect((await handler(event)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort()).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  test('in a batch of unreadable ones only reach no use case', async () => {
    const handler = batchHandler(Counted, () => Promise.reject(new Error('must not be called')));
    expect(await handler(fromBus({ a: {} }))).toEqual(failed('a'));
  });
});

describe('messages of our own queues', () => {
  test('come with who sent them, over which queue, and how often', async () => {
    const seen: unknown[] = [];
    const handler = messageHandler(z.strictObject({ n: z.number() }), async (message, delivery) =>
      seen.push([message, delivery]),
    );
    expect(await handler(plain({ a: { n: 1 }, b: { n: 1, more: 2 } }))).toEqual(failed('b'));
    expect(seen).toEqual([
      [
        { n: 1 },
        {
          messageId: 'a',
          senderId: 'AROA:intake',
          queueArn: 'arn:aws:sqs:eu-west-1:000000000000:scoring',
          receiveCount: 2,
          sentAt: '2026-11-20T02:31:00Z',
        },
      ],
    ]);
  });

  test('can be taken unread, so that one that is no JSON is a receipt and no dead letter (I-2)', async () => {
    const seen: string[] = [];
    const handler = rawMessageHandler(async (body, { senderId }) => seen.push(`${senderId} ${body}`));
    expect(await handler(plain({ a: 'not json' }))).toEqual(failed());
    expect(seen).toEqual(['AROA:intake not json']);
  });
});

describe("changes from a table's stream", () => {
  const change = (SequenceNumber: string, more: Partial<DynamoDBRecord> = {}): DynamoDBRecord => ({
    eventName: 'INSERT',
    dynamodb: {
      SequenceNumber,
      Keys: { pk: { S: 'DISPUTE#1' }, sk: { S: 'COMMIT#0000000001' } },
      NewImage: {
        pk: { S: 'DISPUTE#1' },
        sk: { S: 'COMMIT#0000000001' },
        n: { N: '7' },
        list: { L: [{ M: { ok: { BOOL: true } } }] },
      },
    },
    ...more,
  });

  test('are handed over in order, as plain items', async () => {
    const seen: TableChange[] = [];
    const handler = streamHandler(async (changes) => {
      seen.push(...changes);
      return undefined;
    });
    expect(await handler({ Records: [change('1'), change('2')] })).toEqual(failed());
    expect(seen.map(({ sequenceNumber }) => sequenceNumber)).toEqual(['1', '2']);
    expect(seen[0]).toMatchObject({
      eventName: 'INSERT',
      keys: { pk: 'DISPUTE#1', sk: 'COMMIT#0000000001' },
      newImage: { pk: 'DISPUTE#1', n: 7, list: [{ ok: true }] },
    });
  });

  test('come again from where the use case stopped', async () => {
    const handler = streamHandler(async () => ({ sequenceNumber: '2', error: new Error('not today') }));
    expect(await handler({ Records: [change('1'), change('2'), change('3')] })).toEqual(failed('2'));
  });

  test('come again from the first when the use case throws', async () => {
    const handler = streamHandler(() => Promise.reject(new Error('not today')));
    expect(await handler({ Records: [change('1'), change('2')] })).toEqual(failed('1'));
  });

  test('stop at a record that cannot be read, after what came before it', async () => {
    const seen: string[] = [];
    const handler = streamHandler(async (changes) => {
      seen.push(...changes.map(({ sequenceNumber }) => sequenceNumber));
      return undefined;
    });
    const torn = change('2', { dynamodb: { SequenceNumber: '2' } });
    expect(await handler({ Records: [change('1'), torn, change('3')] })).toEqual(failed('2'));
    expect(seen).toEqual(['1']);
    expect(await handler({ Records: [torn] })).toEqual(failed('2'));
    expect(seen).toEqual(['1']);
  });
});

test('a schedule whose work throws fails its invocation, so that an alarm sees it', async () => {
  let runs = 0;
  await scheduledHandler(async () => {
    runs += 1;
  })({});
  expect(runs).toBe(1);
  await expect(scheduledHandler(() => Promise.reject(new Error('not today')))({})).rejects.toThrow('not today');
});
