import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

/** What a message is hidden from others for while an operator's command has it; it comes back by itself if that ends. */
const HIDDEN_SECONDS = 60;
/** What one receive takes at most. */
const MOST_AT_ONCE = 10;
/** Asks all servers of a queue, where a look without waiting asks some. */
const WAIT_SECONDS = 2;

/** How many messages a queue holds, as far as it knows. */
export interface Counted {
  readonly visible: number;
  /** With somebody now: a function, or a command that looks at them. */
  readonly held: number;
}

export async function countIn(sqs: SQSClient, queue: string): Promise<Counted> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queue,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  const { ApproximateNumberOfMessages: visible, ApproximateNumberOfMessagesNotVisible: held } = Attributes;
  return { visible: Number(visible ?? 0), held: Number(held ?? 0) };
}

/**
 * Takes messages one after the other, each once, until `most` were taken or none is left. They are hidden for a minute.
 * @param most 1 or more
 */
export async function* take(sqs: SQSClient, queue: string, most: number): AsyncGenerator<Message> {
  const seen = new Set<string>();
  while (seen.size < most) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queue,
        MaxNumberOfMessages: Math.min(most - seen.size, MOST_AT_ONCE),
        VisibilityTimeout: HIDDEN_SECONDS,
        WaitTimeSeconds: WAIT_SECONDS,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
    );
    const fresh = Messages.filter(({ MessageId = '' }) => !seen.has(MessageId));
    if (fresh.length === 0) return;
    for (const message of fresh) {
      seen.add(message.MessageId ?? '');
      yield message;
    }
  }
}

/**
 * The first messages, oldest first, and none of them taken: when they were read, they are shown to others again.
 * @param most 1 or more
 */
export async function lookAt(sqs: SQSClient, queue: string, most: number): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for await (const message of take(sqs, queue, most)) messages.push(message);
  for (let at = 0; at < messages.length; at += MOST_AT_ONCE) {
    const Entries = messages
      .slice(at, at + MOST_AT_ONCE)
      .map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle, VisibilityTimeout: 0 }));
    // Who could not be shown again now is visible by itself within the minute.
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queue, Entries }));
  }
  return messages.sort((one, other) => sentAt(one) - sentAt(other));
}

/**
 * Puts one message into another queue as it is, and only then takes it out of its own: whatever breaks in between, it
 * stands in one of them, or in both, and consumers take repeats.
 */
export async function move(sqs: SQSClient, message: Message, from: string, to: string): Promise<void> {
  const { Body, MessageAttributes, Attributes } = message;
  const trace = Attributes?.AWSTraceHeader;
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: to,
      MessageBody: Body,
      ...(MessageAttributes && { MessageAttributes }),
      ...(trace && {
        MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: trace } },
      }),
    }),
  );
  await remove(sqs, message, from);
}

export async function remove(sqs: SQSClient, { ReceiptHandle }: Message, queue: string): Promise<void> {
  await sqs.send(new DeleteMessageCommand({ QueueUrl: queue, ReceiptHandle }));
}

/** When it was sent first, in milliseconds since 1970; a dead letter keeps that, and is forgotten 14 days after it. */
export function sentAt({ Attributes }: Message): number {
  return Number(Attributes?.SentTimestamp ?? 0);
}
