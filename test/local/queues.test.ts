import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  paginateListQueues,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { queues } from '#infra/local/queues.ts';
import { machineFor, resource, serve } from './wire-server.ts';

const ARN = 'arn:aws:sqs:us-east-1:000000000000:work';
const DEAD = 'arn:aws:sqs:us-east-1:000000000000:dead';
const SENDER = 'AROA1:desk';

/** A machine with a queue `work` and its dead letters; on the same folder it is the same machine, started again. */
function started(properties: Record<string, unknown> = {}, folder?: string) {
  const machine = machineFor(folder ? { folder } : {});
  const own = queues(machine);
  own.add(resource('AWS::SQS::Queue', { MessageRetentionPeriod: 1_209_600 }, { name: 'dead' }));
  const RedrivePolicy = { deadLetterTargetArn: DEAD, maxReceiveCount: 2 };
  own.add(resource('AWS::SQS::Queue', { RedrivePolicy, VisibilityTimeout: 30, ...properties }, { name: 'work' }));
  own.start();
  closing.push(() => own.stop());
  return { machine, own };
}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0)) await close();
});

const send = (own: ReturnType<typeof queues>, body: string) => own.send(ARN, { body, senderId: SENDER });
const bodies = (messages: readonly { readonly body: string }[]) => messages.map(({ body }) => body);
const fails = (own: ReturnType<typeof queues>) =>
  own.release(
    ARN,
    own.receive(ARN, 10).map(({ receiptHandle }) => receiptHandle),
  );

describe('what a queue of the templates owes', () => {
  test('messages come in their order, and what is deleted comes no more', () => {
    const { own } = started();
    for (const body of ['1', '2', '3']) send(own, body);
    const first = own.receive(ARN, 2);
    expect(bodies(first)).toEqual(['1', '2']);
    own.delete(
      ARN,
      first.map(({ receiptHandle }) => receiptHandle),
    );
    expect(bodies(own.receive(ARN, 10))).toEqual(['3']);
    expect(own.overview()).toMatchObject([
      { name: 'dead', visible: 0, deadLettersOf: 'work' },
      { name: 'work', visible: 0, inFlight: 1, delayed: 0 },
    ]);
  });

  test('a message comes again when its visibility timeout ends on the real clock, with the receive counted', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const { machine, own } = started();
    send(own, 'late');
    expect(own.receive(ARN, 1)).toMatchObject([{ receiveCount: 1 }]);
    machine.clock.moveTo(machine.clock.now() + 3_600_000);
    vi.advanceTimersByTime(29_000);
    expect(own.receive(ARN, 1)).toEqual([]);
    vi.advanceTimersByTime(1_100);
    expect(own.receive(ARN, 1)).toMatchObject([{ body: 'late', receiveCount: 2 }]);
  });

  test('a delayed message comes when the moved clock says so', async () => {
    const { machine, own } = started();
    own.send(ARN, { body: 'deadline', senderId: SENDER, delaySeconds: 600 });
    expect(own.receive(ARN, 1)).toEqual([]);
    expect(own.overview()).toMatchObject([{}, { delayed: 1, visible: 0 }]);
    const woken = new Promise<void>((resolve) => own.onMessages(ARN, resolve));
    machine.clock.moveTo(machine.clock.now() + 601_000);
    await woken;
    expect(bodies(own.receive(ARN, 1))).toEqual(['deadline']);
  });

  test('a delayed message comes by itself, also after a restart', async () => {
    const { machine, own } = started();
    own.send(ARN, { body: 'soon', senderId: SENDER, delaySeconds: 1 });
    const again = started({}, machine.folder).own;
    expect(again.receive(ARN, 1)).toEqual([]);
    expect(bodies(await again.poll(ARN, 1, { waitSeconds: 5 }))).toEqual(['soon']);
  });

  test('a message received too often goes to the dead letters as it was sent', () => {
    const { own } = started();
    const messageId = send(own, 'poison');
    const [first] = own.receive(ARN, 1);
    own.release(ARN, [first?.receiptHandle ?? '']);
    fails(own);
    expect(own.receive(ARN, 1)).toEqual([]);
    expect(own.receive(DEAD, 1)).toMatchObject([
      { messageId, body: 'poison', senderId: SENDER, sentAt: first?.sentAt, receiveCount: 1 },
    ]);
  });

  test('what was held when the machine ended is visible at the next start, and that receive does not count', () => {
    let { machine, own } = started();
    send(own, 'innocent');
    for (let kills = 0; kills < 5; kills += 1) {
      expect(own.receive(ARN, 1)).toMatchObject([{ body: 'innocent', receiveCount: 1 }]);
      ({ machine, own } = started({}, machine.folder));
    }
    fails(own);
    ({ own } = started({}, machine.folder));
    expect(own.receive(ARN, 1)).toMatchObject([{ body: 'innocent', receiveCount: 2 }]);
  });

  test('a receipt of before the restart deletes its own message and no other', () => {
    const { machine, own } = started();
    send(own, 'done');
    const [held] = own.receive(ARN, 1);
    const again = started({}, machine.folder).own;
    again.delete(ARN, [held?.receiptHandle ?? '']);
    send(again, 'next');
    again.delete(ARN, [held?.receiptHandle ?? '']);
    expect(bodies(again.receive(ARN, 10))).toEqual(['next']);
  });

  test('an older receipt does not take a message away from who holds it now', () => {
    const { own } = started();
    send(own, 'twice');
    const [first] = own.receive(ARN, 1);
    own.release(ARN, [first?.receiptHandle ?? '']);
    const [second] = own.receive(ARN, 1);
    own.delete(ARN, [first?.receiptHandle ?? '']);
    own.release(ARN, [second?.receiptHandle ?? '']);
    expect(own.overview()).toMatchObject([{}, { visible: 1 }]);
  });

  test('old dead letters are removed on the moved clock; what a function is fed from is kept', () => {
    const { machine, own } = started();
    own.onMessages(ARN, () => {});
    send(own, 'waits');
    own.send(DEAD, { body: 'buried', senderId: SENDER });
    machine.clock.moveTo(machine.clock.now() + 15 * 86_400_000);
    expect(own.receive(DEAD, 1)).toEqual([]);
    expect(bodies(own.receive(ARN, 1))).toEqual(['waits']);
  });

  test('several messages are sent all or none', () => {
    const { own } = started();
    const messages = [ARN, `${ARN}-unknown`].map((queueArn) => ({ queueArn, body: 'x', senderId: SENDER }));
    expect(() => own.sendAll(messages)).toThrow('does not exist');
    expect(own.receive(ARN, 1)).toEqual([]);
  });

  test('a long queue is emptied, each message once', () => {
    const { own } = started();
    own.sendAll(Array.from({ length: 5_000 }, (_, i) => ({ queueArn: ARN, body: `message ${i}`, senderId: SENDER })));
    const taken = new Set<string>();
    for (let batch = own.receive(ARN, 100); batch.length > 0; batch = own.receive(ARN, 100)) {
      for (const { body } of batch) taken.add(body);
      own.delete(
        ARN,
        batch.map(({ receiptHandle }) => receiptHandle),
      );
    }
    expect(taken.size).toBe(5_000);
    expect(own.overview()).toMatchObject([{}, { visible: 0, inFlight: 0, delayed: 0 }]);
  });

  test('what it does not support is refused by name', () => {
    const own = queues(machineFor());
    const named = (properties: Record<string, unknown>) => () =>
      own.add(resource('AWS::SQS::Queue', properties, { name: 'odd' }));
    expect(named({ VisibilityTimeout: 50_000 })).toThrow('stack/odd (AWS::SQS::Queue): VisibilityTimeout = 50000');
    expect(named({ FifoQueue: true })).toThrow(/stack\/odd .*FifoQueue is not supported/);
    own.add(
      resource('AWS::SQS::Queue', { RedrivePolicy: { deadLetterTargetArn: DEAD, maxReceiveCount: 1 } }, { name: 'a' }),
    );
    expect(() => own.start()).toThrow(`stack/a: the queue ${DEAD}`);
  });
});

describe('over the wire, with the SDK’s own client', () => {
  async function client(properties: Record<string, unknown> = {}, policies?: Parameters<typeof queues>[1]) {
    const { own, machine } = policies ? withPolicies(policies) : started(properties);
    const server = await serve(own.wire);
    closing.push(() => server.close());
    const sqs = new SQSClient(server.config);
    return { own, machine, server, sqs, QueueUrl: 'http://elsewhere:1/000000000000/work' };
  }
  function withPolicies(policies: Parameters<typeof queues>[1]) {
    const machine = machineFor();
    const own = queues(machine, policies);
    closing.push(() => own.stop());
    return { machine, own };
  }

  test('a message is sent, received with what is attested of it, hidden, and deleted', async () => {
    const { sqs, QueueUrl, server } = await client();
    const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '壞了 ✓' }));
    const all = { QueueUrl, MessageSystemAttributeNames: ['All' as const], MaxNumberOfMessages: 10 };
    const { Messages: [first] = [] } = await sqs.send(new ReceiveMessageCommand(all));
    expect(first).toMatchObject({ Body: '壞了 ✓', MessageId: sent.MessageId });
    expect(first?.Attributes).toMatchObject({ SenderId: '000000000000', ApproximateReceiveCount: '1' });
    expect(Number(first?.Attributes?.SentTimestamp)).toBeGreaterThan(Date.now() - 10_000);
    const ReceiptHandle = first?.ReceiptHandle;
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    const { Messages: [again] = [] } = await sqs.send(new ReceiveMessageCommand(all));
    expect(again?.Attributes).toMatchObject({ ApproximateReceiveCount: '2' });
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: again?.ReceiptHandle }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    expect(Attributes).toMatchObject({
      QueueArn: ARN,
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      VisibilityTimeout: '30',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: DEAD, maxReceiveCount: 2 }),
    });
    expect(server.demands.map(({ action }) => action)).toEqual([
      'sqs:SendMessage',
      'sqs:ReceiveMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
    ]);
    expect(new Set(server.demands.map(({ resource: arn }) => arn))).toEqual(new Set([ARN]));
  });

  test('a batch is sent and deleted; an entry that is refused keeps no other back', async () => {
    const { sqs, QueueUrl } = await client({ MaximumMessageSize: 1024 });
    const Entries = [
      { Id: 'a', MessageBody: 'good' },
      { Id: 'b', MessageBody: 'x'.repeat(1025) },
      { Id: 'c', MessageBody: 'bad \u0001' },
    ];
    const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(sent.Successful).toMatchObject([{ Id: 'a' }]);
    expect(sent.Failed).toMatchObject([
      { Id: 'b', Code: 'InvalidParameterValue', SenderFault: true },
      { Id: 'c', Code: 'InvalidMessageContents', SenderFault: true },
    ]);
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    const receipts = [...Messages.map(({ ReceiptHandle }) => ReceiptHandle), 'nonsense'];
    const deleted = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: receipts.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle })),
      }),
    );
    expect(deleted).toMatchObject({ Successful: [{ Id: '0' }], Failed: [{ Id: '1', Code: 'ReceiptHandleIsInvalid' }] });
  });

  test('waiting for a message ends when it comes, or when the time is over', async () => {
    const { sqs, QueueUrl, own } = await client();
    expect(await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }))).not.toHaveProperty('Messages');
    const waiting = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    setTimeout(() => send(own, 'at last'), 50);
    expect((await waiting).Messages).toMatchObject([{ Body: 'at last' }]);
  });

  test('who looks without hiding leaves the message where it is', async () => {
    const { sqs, QueueUrl, own } = await client();
    send(own, 'seen');
    const look = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageAttributeNames: ['All'] };
    for (const _ of [1, 2])
      expect((await sqs.send(new ReceiveMessageCommand(look))).Messages).toMatchObject([{ Body: 'seen' }]);
    expect(own.overview()).toMatchObject([{}, { visible: 1, inFlight: 0 }]);
  });

  test('a queue of a tool stands with its policy until it is deleted, over a restart too', async () => {
    const put = vi.fn();
    const remove = vi.fn();
    const { sqs, machine } = await client({}, { put, remove });
    const { QueueUrl } = await sqs.send(
      new CreateQueueCommand({ QueueName: 'tap', Attributes: { VisibilityTimeout: '5' } }),
    );
    expect(QueueUrl).toBe('http://127.0.0.1:4400/000000000000/tap');
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: '{"Statement":[]}' } }));
    const arn = 'arn:aws:sqs:us-east-1:000000000000:tap';
    expect(put.mock.calls).toEqual([[arn, '{"Statement":[]}']]);
    const again = machineFor({ folder: machine.folder });
    expect(queues(again, { put, remove }).overview()).toMatchObject([{ name: 'tap' }]);
    expect(put).toHaveBeenCalledTimes(2);
    expect(await sqs.send(new GetQueueUrlCommand({ QueueName: 'tap' }))).toMatchObject({ QueueUrl });
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    expect(remove).toHaveBeenLastCalledWith(arn);
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'tap' }))).rejects.toThrow(QueueDoesNotExist);
  });

  test('queues are listed page by page for who asks for pages', async () => {
    const { sqs, own } = await client();
    own.create('tap', {});
    const pages: unknown[] = [];
    for await (const { QueueUrls } of paginateListQueues({ client: sqs, pageSize: 2 }, {})) pages.push(QueueUrls);
    const urlOf = (name: string) => `http://127.0.0.1:4400/000000000000/${name}`;
    expect(pages).toEqual([[urlOf('dead'), urlOf('tap')], [urlOf('work')]]);
    const { QueueUrls } = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'w' }));
    expect(QueueUrls).toEqual([urlOf('work')]);
  });

  test('dead letters go back to where they came from', async () => {
    const { sqs, own, QueueUrl } = await client({ VisibilityTimeout: 0 });
    send(own, 'mended');
    for (const _ of [1, 2, 3]) own.receive(ARN, 1);
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: DEAD }));
    expect((await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: DEAD }))).Results).toMatchObject([
      { Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 1 },
    ]);
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toMatchObject([{ Body: 'mended' }]);
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect(own.overview()).toMatchObject([{ visible: 0 }, { visible: 0, inFlight: 0 }]);
  });

  const QueueUrl = 'work';
  test.each<readonly [string, string, (sqs: SQSClient) => Promise<unknown>]>([
    ['an unknown queue', 'QueueDoesNotExist', (sqs) => sqs.send(new PurgeQueueCommand({ QueueUrl: 'x/0/gone' }))],
    [
      'too many at once',
      'InvalidParameterValue',
      (sqs) => sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 11 })),
    ],
    ['an empty batch', 'EmptyBatchRequest', (sqs) => sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: [] }))],
    [
      'an empty message',
      'InvalidParameterValue',
      (sqs) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '' })),
    ],
    [
      'a receipt of nobody',
      'ReceiptHandleIsInvalid',
      (sqs) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'x' })),
    ],
    ['a change of the templates', 'UnsupportedOperation', (sqs) => sqs.send(new DeleteQueueCommand({ QueueUrl }))],
    [
      'an unknown attribute',
      'InvalidAttributeName',
      (sqs) => sqs.send(new CreateQueueCommand({ QueueName: 'q', Attributes: { FifoQueue: 'true' } })),
    ],
    [
      'message attributes',
      'InvalidParameterValue',
      (sqs) => {
        const MessageAttributes = { a: { DataType: 'String', StringValue: 'b' } };
        return sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes }));
      },
    ],
  ])('refuses %s with %s', async (_, name, call) => {
    const { sqs } = await client();
    await expect(call(sqs)).rejects.toMatchObject({ name });
  });
});
