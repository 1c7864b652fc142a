import { hash } from 'node:crypto';
import * as z from 'zod';
import {
  ACCOUNT,
  AwsError,
  type Demand,
  type JsonObject,
  type Machine,
  type QueueMessage,
  type WireCall,
  type WireService,
} from './cloud.ts';
import { arnOf, type Moved, type QueuePolicies, QueueStore, receiptOf } from './queue-store.ts';

/** Limits of SQS: entries and bytes of a batch, queues in one list. */
const MOST_ENTRIES = 10;
const MOST_BYTES = 1_048_576;
const MOST_QUEUES = 1000;
/** What a message may not hold: all but the characters of XML 1.0. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Message attributes mean nothing to anybody here, so that none may be lost on the way. */
const NoAttributes = z
  .record(z.string(), z.unknown())
  .refine((given) => Object.keys(given).length === 0, 'message attributes are not supported')
  .optional();
const OfQueue = z.strictObject({ QueueUrl: z.string() });
const Message = z.strictObject({
  MessageBody: z.string().min(1),
  DelaySeconds: z.int().min(0).max(900).optional(),
  MessageAttributes: NoAttributes,
  MessageSystemAttributes: NoAttributes,
});
const Receipt = z.strictObject({ ReceiptHandle: z.string() });
const Hidden = Receipt.extend({ VisibilityTimeout: z.int().min(0).max(43_200) });
const EntryId = z.strictObject({ Id: z.string() });
const Names = z.array(z.string()).optional();
const Receive = OfQueue.extend({
  MaxNumberOfMessages: z.int().min(1).max(10).default(1),
  WaitTimeSeconds: z.int().min(0).max(20).optional(),
  VisibilityTimeout: z.int().min(0).max(43_200).optional(),
  AttributeNames: Names,
  MessageSystemAttributeNames: Names,
  // There are none to name.
  MessageAttributeNames: z.unknown().optional(),
});
const List = z.strictObject({
  QueueNamePrefix: z.string().default(''),
  MaxResults: z.int().min(1).max(MOST_QUEUES).optional(),
  NextToken: z.string().optional(),
});
const Create = z.strictObject({
  QueueName: z.string().regex(/^[\w-]{1,80}$/),
  Attributes: z.record(z.string(), z.string()).default({}),
  tags: z.unknown().optional(),
});
const SetAttributes = OfQueue.extend({ Attributes: z.record(z.string(), z.string()) });
const StartMove = z.strictObject({ SourceArn: z.string(), DestinationArn: z.string().optional() });
const ListMoves = z.strictObject({ SourceArn: z.string(), MaxResults: z.int().optional() });

type Operation = (call: WireCall) => object | Promise<object>;

/**
 * SQS on one machine.
 * @param policies told of the policies of queues that are created over the wire
 */
export function queues(machine: Machine, policies?: QueuePolicies): QueueStore & { readonly wire: WireService } {
  const store = new QueueStore(machine, policies);
  return Object.assign(store, { wire: queueWire(store, machine) });
}

/** The JSON protocol. Any host may stand in a queue's URL: its port may change between two starts. */
function queueWire(queues: QueueStore, { url }: Machine): WireService {
  const operations: Readonly<Record<string, Operation>> = {
    ...messageOperations(queues),
    ...batchOperations(queues),
    ...queueOperations(queues, (name) => `${url}/${ACCOUNT}/${name}`),
    ...moveOperations(queues),
  };
  const supported = (operation: string): Operation => {
    const known = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
    if (known) return known;
    throw new AwsError('UnsupportedOperation', `The operation ${operation} of SQS is not supported on this machine.`);
  };
  return {
    kind: 'json',
    signingName: 'sqs',
    targets: ['AmazonSQS'],
    demands(operation, input) {
      supported(operation);
      return demandsOf(operation, input);
    },
    answer: async (call) => ({ json: await supported(call.operation)(call) }),
  };
}

function demandsOf(operation: string, input: JsonObject): readonly Demand[] {
  const { QueueUrl, QueueName, SourceArn, DestinationArn } = input;
  const action = `sqs:${operation.replace(/Batch$/, '')}`;
  if (operation === 'ListQueues') return [{ action, resource: '*' }];
  if (typeof SourceArn !== 'string')
    return [{ action, resource: typeof QueueUrl === 'string' ? queueAt(QueueUrl) : arnOf(String(QueueName)) }];
  if (operation === 'ListMessageMoveTasks') return [{ action, resource: SourceArn }];
  return [
    ...[action, 'sqs:ReceiveMessage', 'sqs:DeleteMessage'].map((each) => ({ action: each, resource: SourceArn })),
    ...(typeof DestinationArn === 'string' ? [{ action: 'sqs:SendMessage', resource: DestinationArn }] : []),
  ];
}

function messageOperations(queues: QueueStore): Record<string, Operation> {
  return {
    SendMessage({ input, caller }) {
      const { QueueUrl, MessageBody, DelaySeconds } = parsed(OfQueue.extend(Message.shape), input);
      checkCharacters(MessageBody);
      const message = { body: MessageBody, senderId: caller.senderId, delaySeconds: DelaySeconds };
      return { MessageId: queues.send(queueAt(QueueUrl), message), MD5OfMessageBody: hash('md5', MessageBody) };
    },
    async ReceiveMessage({ input }) {
      const { QueueUrl, ...asked } = parsed(Receive, input);
      const names = new Set([...(asked.AttributeNames ?? []), ...(asked.MessageSystemAttributeNames ?? [])]);
      const messages = await queues.poll(queueAt(QueueUrl), asked.MaxNumberOfMessages, {
        waitSeconds: asked.WaitTimeSeconds,
        visibilitySeconds: asked.VisibilityTimeout,
      });
      return messages.length === 0 ? {} : { Messages: messages.map((message) => shown(message, names)) };
    },
    DeleteMessage({ input }) {
      const { QueueUrl, ReceiptHandle } = parsed(OfQueue.extend(Receipt.shape), input);
      queues.delete(queueAt(QueueUrl), [ReceiptHandle]);
      return {};
    },
    ChangeMessageVisibility({ input }) {
      const { QueueUrl, ReceiptHandle, VisibilityTimeout } = parsed(OfQueue.extend(Hidden.shape), input);
      queues.hide(queueAt(QueueUrl), ReceiptHandle, VisibilityTimeout);
      return {};
    },
  };
}

function batchOperations(queues: QueueStore): Record<string, Operation> {
  return {
    SendMessageBatch({ input, caller }) {
      const Entry = EntryId.extend(Message.shape);
      const { QueueUrl, Entries } = parsed(OfQueue.extend({ Entries: z.array(Entry) }), input);
      const queueArn = queues.at(queueAt(QueueUrl)).arn;
      checkBatch(Entries);
      if (Entries.reduce((sum, { MessageBody }) => sum + Buffer.byteLength(MessageBody), 0) > MOST_BYTES)
        throw new AwsError('BatchRequestTooLong', `Batch requests cannot be longer than ${MOST_BYTES} bytes.`);
      const { good, Failed } = sorted(Entries, ({ MessageBody: body }) => {
        checkCharacters(body);
        queues.check({ queueArn, body });
      });
      const ids = queues.sendAll(
        good.map(({ MessageBody: body, DelaySeconds: delaySeconds }) => {
          return { queueArn, body, senderId: caller.senderId, delaySeconds };
        }),
      );
      const Successful = good.map(({ Id, MessageBody }, i) => {
        return { Id, MessageId: ids[i], MD5OfMessageBody: hash('md5', MessageBody) };
      });
      return { Successful, Failed };
    },
    DeleteMessageBatch({ input }) {
      const Entry = EntryId.extend(Receipt.shape);
      const { QueueUrl, Entries } = parsed(OfQueue.extend({ Entries: z.array(Entry) }), input);
      checkBatch(Entries);
      const { good, Failed } = sorted(Entries, ({ ReceiptHandle }) => void receiptOf(ReceiptHandle));
      queues.delete(
        queueAt(QueueUrl),
        good.map(({ ReceiptHandle }) => ReceiptHandle),
      );
      return { Successful: good.map(({ Id }) => ({ Id })), Failed };
    },
    ChangeMessageVisibilityBatch({ input }) {
      const Entry = EntryId.extend(Hidden.shape);
      const { QueueUrl, Entries } = parsed(OfQueue.extend({ Entries: z.array(Entry) }), input);
      const queueArn = queues.at(queueAt(QueueUrl)).arn;
      checkBatch(Entries);
      const { good, Failed } = sorted(Entries, ({ ReceiptHandle, VisibilityTimeout }) =>
        queues.hide(queueArn, ReceiptHandle, VisibilityTimeout),
      );
      return { Successful: good.map(({ Id }) => ({ Id })), Failed };
    },
  };
}

function queueOperations(queues: QueueStore, urlOf: (name: string) => string): Record<string, Operation> {
  return {
    CreateQueue({ input }) {
      const { QueueName, Attributes } = parsed(Create, input);
      const standing = queues.overview().some(({ name }) => name === QueueName);
      if (!standing) queues.create(QueueName, Attributes);
      else if (!sameAttributes(queues.at(arnOf(QueueName)).attributes, Attributes))
        throw new AwsError('QueueNameExists', `A queue ${QueueName} exists already, with other attributes.`);
      return { QueueUrl: urlOf(QueueName) };
    },
    SetQueueAttributes({ input }) {
      const { QueueUrl, Attributes } = parsed(SetAttributes, input);
      const { name, attributes } = queues.at(queueAt(QueueUrl));
      queues.create(name, { ...attributes, ...Attributes });
      return {};
    },
    DeleteQueue({ input }) {
      queues.remove(queueAt(parsed(OfQueue, input).QueueUrl));
      return {};
    },
    PurgeQueue({ input }) {
      queues.purge(queueAt(parsed(OfQueue, input).QueueUrl));
      return {};
    },
    GetQueueUrl({ input }) {
      const { QueueName } = parsed(z.strictObject({ QueueName: z.string() }), input);
      return { QueueUrl: urlOf(queues.at(arnOf(QueueName)).name) };
    },
    GetQueueAttributes({ input }) {
      const { QueueUrl, AttributeNames = [] } = parsed(OfQueue.extend({ AttributeNames: Names }), input);
      return { Attributes: attributesOf(queues, queueAt(QueueUrl), AttributeNames) };
    },
    ListQueues({ input }) {
      const { QueueNamePrefix, MaxResults, NextToken = '' } = parsed(List, input);
      const names = queues
        .overview()
        .map(({ name }) => name)
        .filter((name) => name.startsWith(QueueNamePrefix) && name > NextToken)
        .sort();
      const page = names.slice(0, MaxResults ?? MOST_QUEUES);
      // As SQS: only who asks for pages is told that there are more.
      const more = MaxResults !== undefined && names.length > page.length;
      return { QueueUrls: page.map(urlOf), ...(more && { NextToken: page.at(-1) }) };
    },
  };
}

/** Dead letters go back at once, so that a task is over when it has begun. */
function moveOperations(queues: QueueStore): Record<string, Operation> {
  const moves = new Map<string, Moved>();
  return {
    StartMessageMoveTask({ input }) {
      const { SourceArn, DestinationArn } = parsed(StartMove, input);
      const { name } = queues.at(SourceArn);
      if (!queues.overview().find((queue) => queue.name === name)?.deadLettersOf)
        throw new AwsError('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.');
      moves.set(SourceArn, queues.redrive(SourceArn, DestinationArn));
      return { TaskHandle: Buffer.from(SourceArn).toString('base64') };
    },
    ListMessageMoveTasks({ input }) {
      const { SourceArn } = parsed(ListMoves, input);
      const moved = moves.get(queues.at(SourceArn).arn);
      if (!moved) return { Results: [] };
      const { destinationArn: DestinationArn, messages, startedAt } = moved;
      const result = { Status: 'COMPLETED', SourceArn, DestinationArn, StartedTimestamp: startedAt };
      const counts = { ApproximateNumberOfMessagesMoved: messages, ApproximateNumberOfMessagesToMove: messages };
      return { Results: [{ ...result, ...counts }] };
    },
  };
}

function parsed<T>(schema: z.ZodType<T>, input: JsonObject): T {
  const { success, data, error } = schema.safeParse(input);
  if (success) return data;
  throw new AwsError('InvalidParameterValue', `not supported on this machine: ${z.prettifyError(error)}`);
}

function queueAt(queueUrl: string): string {
  return arnOf(queueUrl.slice(queueUrl.lastIndexOf('/') + 1));
}

function checkCharacters(body: string): void {
  if (FORBIDDEN.test(body))
    throw new AwsError('InvalidMessageContents', 'The message contains characters outside the allowed set.');
}

function checkBatch(entries: readonly { readonly Id: string }[]): void {
  if (entries.length === 0) throw new AwsError('EmptyBatchRequest', 'There should be at least one entry.');
  if (entries.length > MOST_ENTRIES)
    throw new AwsError('TooManyEntriesInBatchRequest', `Maximum number of entries per request are ${MOST_ENTRIES}.`);
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length)
    throw new AwsError('BatchEntryIdsNotDistinct', 'Two entries have the same Id.');
  if (!entries.every(({ Id }) => /^[\w-]{1,80}$/.test(Id)))
    throw new AwsError('InvalidBatchEntryId', 'An Id has letters, digits, hyphens and underscores, at most 80.');
}

/** An entry that is refused keeps no other back. */
function sorted<E extends { readonly Id: string }>(entries: readonly E[], check: (entry: E) => void) {
  const good: E[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      check(entry);
      good.push(entry);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { good, Failed };
}

function shown(message: QueueMessage, names: ReadonlySet<string>): object {
  const { messageId: MessageId, receiptHandle: ReceiptHandle, body: Body } = message;
  const wanted = Object.entries(systemAttributes(message)).filter(([name]) => names.has('All') || names.has(name));
  const Attributes = wanted.length > 0 ? { Attributes: Object.fromEntries(wanted) } : {};
  return { MessageId, ReceiptHandle, Body, MD5OfBody: hash('md5', Body), ...Attributes };
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

function attributesOf(queues: QueueStore, queueArn: string, names: readonly string[]): Record<string, string> {
  const { settings, attributes } = queues.at(queueArn);
  const { RedrivePolicy, DelaySeconds, MaximumMessageSize, MessageRetentionPeriod, VisibilityTimeout } = settings;
  const counts = queues.overview().find(({ arn }) => arn === queueArn);
  const all: Record<string, string> = {
    QueueArn: queueArn,
    ApproximateNumberOfMessages: String(counts?.visible),
    ApproximateNumberOfMessagesNotVisible: String(counts?.inFlight),
    ApproximateNumberOfMessagesDelayed: String(counts?.delayed),
    DelaySeconds: String(DelaySeconds),
    MaximumMessageSize: String(MaximumMessageSize),
    MessageRetentionPeriod: String(MessageRetentionPeriod),
    ReceiveMessageWaitTimeSeconds: String(settings.ReceiveMessageWaitTimeSeconds),
    VisibilityTimeout: String(VisibilityTimeout),
    ...(RedrivePolicy && { RedrivePolicy: JSON.stringify(RedrivePolicy) }),
    ...(attributes?.Policy && { Policy: attributes.Policy }),
  };
  if (names.includes('All')) return all;
  const known = new Set([...Object.keys(all), 'RedrivePolicy', 'Policy']);
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${unknown.join(', ')}.`);
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

function sameAttributes(standing: Readonly<Record<string, string>> | undefined, asked: Record<string, string>) {
  return Object.entries(asked).every(([name, value]) => standing?.[name] === value);
}
