import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  paginateListQueues,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
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
/** A receive that nobody finishes: visible again at once, and counted. */
const fails = (own: ReturnType<typeof queues>) => own.receive(ARN, 10, 0);

describe('what a queue of the templates owes', () => {
  test('a full disk is named as it is, and messages come again once there is room', () => {
    const { machine, own } = started();
    const size = machine.store.prepare('pragma page_count').get()?.page_count;
    machine.store.exec(`pragma max_page_count = ${size}`);
    expect(() => send(own, 'x'.repeat(200_000))).toThrow('database or disk is full');
    machine.store.exec('pragma max_page_count = 1000000');
    send(own, 'after');
    expect(bodies(own.receive(ARN, 10))).toEqual(['after']);
  });

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
    await own.stop();
    const again = started({}, machine.folder).own;
    expect(again.receive(ARN, 1)).toEqual([]);
    await new Promise<void>((resolve) => again.onMessages(ARN, resolve));
    expect(bodies(again.receive(ARN, 1))).toEqual(['soon']);
  });

  test('a message received too often goes to the dead letters as it was sent', () => {
    const { own } = started();
    const messageId = send(own, 'poison');
    const [first] = fails(own);
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
    const [first] = fails(own);
    const [second] = own.receive(ARN, 1);
    own.delete(ARN, [first?.receiptHandle ?? '']);
    expect(own.overview()).toMatchObject([{}, { inFlight: 1 }]);
    own.delete(ARN, [second?.receiptHandle ?? '']);
    expect(own.overview()).toMatchObject([{}, { inFlight: 0 }]);
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
    expect(() => own.start()).toThrow(`a: the queue ${DEAD}`);
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

  test('a message is sent, received with what is attested of it, and deleted', async () => {
    const { sqs, QueueUrl, server } = await client();
    const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '壞了 ✓' }));
    const AttributeNames = ['QueueArn' as const, 'ApproximateNumberOfMessages' as const, 'RedrivePolicy' as const];
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
    expect(Attributes).toEqual({
      QueueArn: ARN,
      ApproximateNumberOfMessages: '1',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: DEAD, maxReceiveCount: 2 }),
    });
    const { Messages: [first] = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ['All'], MaxNumberOfMessages: 10 }),
    );
    expect(first).toMatchObject({ Body: '壞了 ✓', MessageId: sent.MessageId });
    expect(first?.Attributes).toMatchObject({ SenderId: '000000000000', ApproximateReceiveCount: '1' });
    expect(Number(first?.Attributes?.SentTimestamp)).toBeGreaterThan(Date.now() - 10_000);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }))).Messages).toEqual([]);
    expect(server.demands).toEqual(
      ['SendMessage', 'GetQueueAttributes', 'ReceiveMessage', 'DeleteMessage', 'ReceiveMessage'].map((name) => {
        return { action: `sqs:${name}`, resource: ARN };
      }),
    );
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
    const receipts = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
    const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: receipts }));
    expect(deleted).toMatchObject({ Successful: [{ Id: '0' }], Failed: [] });
  });

  test('who looks without hiding leaves the message where it is', async () => {
    const { sqs, QueueUrl, own } = await client();
    send(own, 'seen');
    const look = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageAttributeNames: ['All'] };
    for (const _ of [1, 2])
      expect((await sqs.send(new ReceiveMessageCommand(look))).Messages).toMatchObject([{ Body: 'seen' }]);
    expect(own.overview()).toMatchObject([{}, { visible: 1, inFlight: 0 }]);
  });

  test('who holds messages shows them again before their time, and nobody else does', async () => {
    const { sqs, QueueUrl, own } = await client();
    for (const body of ['1', '2']) send(own, body);
    const taking = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(taking));
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
    );
    expect(Attributes).toEqual({ ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '2' });
    const receipts = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle, VisibilityTimeout: 0 }));
    const show = () => sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries: receipts }));
    expect(await show()).toMatchObject({ Successful: [{ Id: '0' }, { Id: '1' }], Failed: [] });
    expect(await show()).toMatchObject({ Successful: [], Failed: [{ Id: '0', Code: 'MessageNotInflight' }, {}] });
    expect((await sqs.send(new ReceiveMessageCommand(taking))).Messages).toMatchObject([{ Body: '1' }, { Body: '2' }]);
  });

  test('who holds a message may hold it longer', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const { own } = started();
    send(own, 'slow');
    const [held] = own.receive(ARN, 1);
    expect(own.hold(ARN, held?.receiptHandle ?? '', 60)).toBe(true);
    vi.advanceTimersByTime(59_000);
    expect(own.receive(ARN, 1)).toEqual([]);
    vi.advanceTimersByTime(1_100);
    expect(bodies(own.receive(ARN, 1))).toEqual(['slow']);
  });

  test('a queue of a tool stands with its policy until it is deleted, over a restart too', async () => {
    const put = vi.fn();
    const remove = vi.fn();
    const { sqs, machine } = await client({}, { put, remove });
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'tap' }));
    expect(QueueUrl).toBe('http://127.0.0.1:4400/000000000000/tap');
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: '{"Statement":[]}' } }));
    const arn = 'arn:aws:sqs:us-east-1:000000000000:tap';
    expect(put.mock.calls).toEqual([[arn, '{"Statement":[]}']]);
    const again = machineFor({ folder: machine.folder });
    expect(queues(again, { put, remove }).overview()).toMatchObject([{ name: 'tap' }]);
    expect(put).toHaveBeenCalledTimes(2);
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    expect(remove).toHaveBeenLastCalledWith(arn);
    await expect(sqs.send(new DeleteQueueCommand({ QueueUrl }))).rejects.toThrow(QueueDoesNotExist);
  });

  test('queues are listed', async () => {
    const { sqs } = await client();
    const pages: unknown[] = [];
    for await (const { QueueUrls } of paginateListQueues({ client: sqs }, {})) pages.push(QueueUrls);
    expect(pages).toEqual([['dead', 'work'].map((name) => `http://127.0.0.1:4400/000000000000/${name}`)]);
  });

  const QueueUrl = 'work';
  test.each<readonly [string, string, (sqs: SQSClient) => Promise<unknown>]>([
    ['an unknown queue', 'QueueDoesNotExist', (sqs) => sqs.send(new ReceiveMessageCommand({ QueueUrl: 'x/0/gone' }))],
    [
      'another operation',
      'UnknownOperationException',
      (sqs) => sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: 'x', VisibilityTimeout: 0 })),
    ],
    [
      'waiting for longer than SQS does',
      'ValidationException',
      (sqs) => sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 21 })),
    ],
    [
      'an empty batch',
      'ValidationException',
      (sqs) => sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: [] })),
    ],
    [
      'a receipt of nobody',
      'ReceiptHandleIsInvalid',
      (sqs) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'x' })),
    ],
    ['a change of the templates', 'UnsupportedOperation', (sqs) => sqs.send(new DeleteQueueCommand({ QueueUrl }))],
    [
      'a queue with attributes',
      'ValidationException',
      (sqs) => sqs.send(new CreateQueueCommand({ QueueName: 'q', Attributes: { FifoQueue: 'true' } })),
    ],
    [
      'message attributes',
      'ValidationException',
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
