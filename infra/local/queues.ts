import { hash } from 'node:crypto';
import * as z from 'zod';
import { type Operations, operation, operationOf } from './checked.ts';
import { ACCOUNT, AwsError, type Caller, type Machine, type QueueMessage, type WireService } from './cloud.ts';
import { arnOf, type QueuePolicies, QueueStore } from './queue-store.ts';

/** Bytes of all messages of a batch. */
const MOST_BYTES = 1_048_576;
/** What a message may not hold: all but the characters of XML 1.0. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Any host may stand in a queue's URL: its port may change between two starts. */
const QueueUrl = z.string();
const Receipt = z.strictObject({ ReceiptHandle: z.string() });
const Message = z.strictObject({ MessageBody: z.string().min(1), DelaySeconds: z.int().min(0).max(900).optional() });
const entriesOf = <T extends z.ZodRawShape>(entry: z.ZodObject<T>) =>
  z
    .array(entry.extend({ Id: z.string() }))
    .min(1)
    .max(10);
const SendMany = z.strictObject({
  QueueUrl,
  Entries: entriesOf(Message).refine(
    (entries) => entries.reduce((sum, { MessageBody }) => sum + Buffer.byteLength(MessageBody), 0) <= MOST_BYTES,
    `a batch may have ${MOST_BYTES} bytes`,
  ),
});
const VisibilitySeconds = z.int().min(0).max(43_200);
const Receive = z.strictObject({
  QueueUrl,
  MaxNumberOfMessages: z.int().min(1).max(10).default(1),
  VisibilityTimeout: VisibilitySeconds.optional(),
  /** Messages stand in one store, so that waiting finds none that a first look has missed: an empty queue is told at once. */
  WaitTimeSeconds: z.int().min(0).max(20).optional(),
  MessageSystemAttributeNames: z.tuple([z.literal('All')]).optional(),
  MessageAttributeNames: z.unknown().optional(), // There are none to name.
});
const ShowAgain = z.strictObject({
  QueueUrl,
  Entries: entriesOf(Receipt.extend({ VisibilityTimeout: VisibilitySeconds })),
});
const AttributeNames = z.array(
  z.literal(['QueueArn', 'ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible', 'RedrivePolicy']),
);

/**
 * SQS on one machine.
 * @param policies told of the policies of queues that tools create
 */
export function queues(machine: Machine, policies?: QueuePolicies): QueueStore & { readonly wire: WireService } {
  const store = new QueueStore(machine, policies);
  return Object.assign(store, { wire: queueWire(store, machine) });
}

function queueWire(queues: QueueStore, { url }: Machine): WireService {
  const operations: Operations = {
    ...messageOperations(queues),
    ...queueOperations(queues, (name) => `${url}/${ACCOUNT}/${name}`),
  };
  return {
    kind: 'json',
    signingName: 'sqs',
    targets: ['AmazonSQS'],
    demands(name, { QueueUrl, QueueName }) {
      operationOf(operations, name);
      const action = `sqs:${name.replace(/Batch$/, '')}`;
      if (name === 'ListQueues') return [{ action, resource: '*' }];
      return [{ action, resource: QueueName ? arnOf(String(QueueName)) : arnAt(String(QueueUrl)) }];
    },
    answer: ({ operation: name, input, caller }) => ({
      json: operationOf(operations, name)(input, caller),
    }),
  };
}

function messageOperations(queues: QueueStore): Operations {
  const send = (
    queueArn: string,
    { MessageBody: body, DelaySeconds }: z.infer<typeof Message>,
    { senderId }: Caller,
  ) => {
    if (FORBIDDEN.test(body))
      throw new AwsError('InvalidMessageContents', 'The message contains characters outside the allowed set.');
    const MessageId = queues.send(queueArn, { body, senderId, delaySeconds: DelaySeconds });
    return { MessageId, MD5OfMessageBody: hash('md5', body) };
  };
  return {
    SendMessage: operation(Message.extend({ QueueUrl }), (input, caller) => send(arnAt(input.QueueUrl), input, caller)),
    SendMessageBatch: operation(SendMany, (input, caller) => {
      const { arn } = queues.at(arnAt(input.QueueUrl));
      const Successful: object[] = [];
      const Failed: object[] = [];
      for (const { Id, ...message } of input.Entries) {
        try {
          Successful.push({ Id, ...send(arn, message, caller) });
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          Failed.push({ Id, SenderFault: true, Code: error.code, Message: error.message });
        }
      }
      return { Successful, Failed };
    }),
    ReceiveMessage: operation(Receive, (input) => {
      const { MaxNumberOfMessages, VisibilityTimeout, MessageSystemAttributeNames: names } = input;
      const messages = queues.receive(arnAt(input.QueueUrl), MaxNumberOfMessages, VisibilityTimeout);
      return { Messages: messages.map((message) => shown(message, names !== undefined)) };
    }),
    DeleteMessage: operation(Receipt.extend({ QueueUrl }), (input) => {
      queues.delete(arnAt(input.QueueUrl), [input.ReceiptHandle]);
      return {};
    }),
    ChangeMessageVisibilityBatch: operation(ShowAgain, (input) => {
      const Failed = [];
      const Successful = [];
      for (const { Id, ReceiptHandle, VisibilityTimeout } of input.Entries) {
        const held = queues.hold(arnAt(input.QueueUrl), ReceiptHandle, VisibilityTimeout);
        if (held) Successful.push({ Id });
        else Failed.push({ Id, SenderFault: true, Code: 'MessageNotInflight' });
      }
      return { Successful, Failed };
    }),
    DeleteMessageBatch: operation(z.strictObject({ QueueUrl, Entries: entriesOf(Receipt) }), (input) => {
      const receipts = input.Entries.map(({ ReceiptHandle }) => ReceiptHandle);
      queues.delete(arnAt(input.QueueUrl), receipts);
      return { Successful: input.Entries.map(({ Id }) => ({ Id })), Failed: [] };
    }),
  };
}

function queueOperations(queues: QueueStore, urlOf: (name: string) => string): Operations {
  return {
    CreateQueue: operation(z.strictObject({ QueueName: z.string().regex(/^[\w-]{1,80}$/) }), ({ QueueName }) => {
      queues.create(QueueName);
      return { QueueUrl: urlOf(QueueName) };
    }),
    SetQueueAttributes: operation(
      z.strictObject({ QueueUrl, Attributes: z.strictObject({ Policy: z.string() }) }),
      (input) => {
        queues.setPolicy(arnAt(input.QueueUrl), input.Attributes.Policy);
        return {};
      },
    ),
    DeleteQueue: operation(z.strictObject({ QueueUrl }), (input) => {
      queues.remove(arnAt(input.QueueUrl));
      return {};
    }),
    GetQueueAttributes: operation(z.strictObject({ QueueUrl, AttributeNames }), (input) => {
      const { arn, settings, ready, held } = queues.at(arnAt(input.QueueUrl));
      const all = {
        QueueArn: arn,
        ApproximateNumberOfMessages: String(ready.size),
        ApproximateNumberOfMessagesNotVisible: String(held.size),
        RedrivePolicy: settings.RedrivePolicy && JSON.stringify(settings.RedrivePolicy),
      };
      return { Attributes: Object.fromEntries(input.AttributeNames.map((name) => [name, all[name]])) };
    }),
    // All on one page.
    ListQueues: operation(z.strictObject({}), () => ({ QueueUrls: queues.overview().map(({ name }) => urlOf(name)) })),
  };
}

function arnAt(queueUrl: string): string {
  return arnOf(queueUrl.slice(queueUrl.lastIndexOf('/') + 1));
}

function shown(message: QueueMessage, attested: boolean): object {
  const { messageId: MessageId, receiptHandle: ReceiptHandle, body: Body } = message;
  const Attributes = attested ? systemAttributes(message) : undefined;
  return { MessageId, ReceiptHandle, Body, MD5OfBody: hash('md5', Body), Attributes };
}

/** What SQS attests of a message; all values are texts. */
export function systemAttributes({ senderId, sentAt, receiveCount, firstReceivedAt }: QueueMessage) {
  return {
    SenderId: senderId,
    SentTimestamp: String(sentAt),
    ApproximateReceiveCount: String(receiveCount),
    ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
  };
}
