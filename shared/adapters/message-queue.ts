import { SendMessageBatchCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { MessageQueue, QueuedMessage } from '../domain/ports/message-queue.ts';
import { batchesOf } from './batches.ts';

/** Limits of SQS: messages in a batch, bytes of a message and of a whole batch, seconds of delay. */
const MAX_MESSAGES = 10;
const MAX_BYTES = 1_048_576;
const MAX_DELAY_SECONDS = 900;

/** One queue in SQS. Bodies travel as JSON. Every batch is tried, so that one refused message keeps no others back. */
export function sqsQueue(client: SQSClient, queueUrl: string): MessageQueue {
  return {
    async send(body, options) {
      const { MessageBody, DelaySeconds } = messageOf({ body, ...options }).message;
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody, DelaySeconds }));
    },
    async sendMany(messages) {
      const refused: string[] = [];
      for (const batch of batchesOf(messages.map(messageOf), MAX_MESSAGES, MAX_BYTES)) {
        const Entries = batch.map(({ message }, i) => ({ ...message, Id: String(i) }));
        const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
        refused.push(...(answer.Failed ?? []).map(({ Code }) => Code ?? 'no reason given'));
      }
      if (refused.length > 0)
        throw new Error(
          `the queue refused ${refused.length} of ${messages.length} messages, the first with ${refused[0]}`,
        );
    },
  };
}

function messageOf({ body, delaySeconds }: QueuedMessage) {
  const json: string | undefined = JSON.stringify(body);
  if (json === undefined) throw new RangeError(`a message must be a JSON value, got ${typeof body}`);
  const text = json.replace(/[\ufffe\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`); // SQS refuses both.
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) throw new RangeError(`a message may have ${MAX_BYTES} bytes, got ${bytes}`);
  if (
    delaySeconds !== undefined &&
    !(Number.isInteger(delaySeconds) && delaySeconds >= 0 && delaySeconds <= MAX_DELAY_SECONDS)
  )
    throw new RangeError(`a delay must be a whole number from 0 to ${MAX_DELAY_SECONDS} seconds, got ${delaySeconds}`);
  return { bytes, message: { MessageBody: text, DelaySeconds: delaySeconds } };
}
