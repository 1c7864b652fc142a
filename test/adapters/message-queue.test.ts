import { createHash } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { sqsQueue } from '#shared/adapters/message-queue.ts';
import { startAwsJsonServer } from './aws-json-server.ts';

const server = await startAwsJsonServer();
const url = `${server.config.endpoint}/000000000000/intake`;
const queue = sqsQueue(new SQSClient(server.config), url);
const Message = z.object({ Id: z.string().optional(), MessageBody: z.string(), DelaySeconds: z.number().optional() });
const Batch = z.object({ QueueUrl: z.string(), Entries: z.array(Message) });
const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const sentIn = ({ Id, MessageBody }: z.infer<typeof Message>) => ({
  Id,
  MessageId: `m${Id}`,
  MD5OfMessageBody: md5(MessageBody),
});
const batches = () => server.calls.map(({ input }) => Batch.parse(input).Entries);

beforeEach(() => {
  server.calls.length = 0;
  server.answer = ({ target, input }) =>
    target === 'AmazonSQS.SendMessage'
      ? { output: sentIn(Message.parse(input)) }
      : { output: { Successful: Batch.parse(input).Entries.map(sentIn), Failed: [] } };
});
afterAll(() => server.close());

describe('sending to a queue', () => {
  test('carries any JSON value, with its delay', async () => {
    await queue.send({ text: '包裹' }, { delaySeconds: 900 });
    await queue.send(null);
    expect(server.calls).toEqual([
      { target: 'AmazonSQS.SendMessage', input: { QueueUrl: url, MessageBody: '{"text":"包裹"}', DelaySeconds: 900 } },
      { target: 'AmazonSQS.SendMessage', input: { QueueUrl: url, MessageBody: 'null' } },
    ]);
  });

  test('escapes the characters that SQS refuses, so a text with them arrives as it was', async () => {
    const hostile = '\u0000\u001f\ufffe\uffff\ud800\u{1f600}';
    await queue.send(hostile);
    const { MessageBody } = Message.parse(server.calls[0]?.input);
    expect(MessageBody).toMatch(/^[\x20-\ufffd\u{10000}-\u{10ffff}]*$/u);
    expect(MessageBody.isWellFormed()).toBe(true);
    expect(JSON.parse(MessageBody)).toBe(hostile);
  });

  test('of many goes in batches of ten within 1 MiB', async () => {
    await queue.sendMany(Array.from({ length: 12 }, (_, n) => ({ body: n, delaySeconds: n })));
    expect(batches().map((entries) => entries.length)).toEqual([10, 2]);
    expect(
      batches()
        .flat()
        .map(({ MessageBody, DelaySeconds }) => [MessageBody, DelaySeconds]),
    ).toEqual(Array.from({ length: 12 }, (_, n) => [String(n), n]));
    for (const entries of batches()) expect(new Set(entries.map(({ Id }) => Id)).size).toBe(entries.length);
    server.calls.length = 0;
    await queue.sendMany([600_000, 448_572, 1, 1_048_574].map((size) => ({ body: 'x'.repeat(size) })));
    expect(batches().map((entries) => entries.length)).toEqual([2, 1, 1]);
  });

  test('of nothing calls nobody', async () => {
    await queue.sendMany([]);
    expect(server.calls).toEqual([]);
  });

  test.each([
    { title: 'a message over 1 MiB', message: { body: 'x'.repeat(1_048_575) } },
    { title: 'no JSON value', message: { body: undefined } },
    { title: 'a delay of 901 seconds', message: { body: 1, delaySeconds: 901 } },
    { title: 'a negative delay', message: { body: 1, delaySeconds: -1 } },
    { title: 'half a second of delay', message: { body: 1, delaySeconds: 0.5 } },
  ])('refuses $title before anything is sent', async ({ message }) => {
    await expect(queue.sendMany([{ body: 1 }, message])).rejects.toThrow(RangeError);
    await expect(queue.send(message.body, message)).rejects.toThrow(RangeError);
    expect(server.calls).toEqual([]);
  });

  test('fails with the count and the first code when the queue refuses some, and still tries every batch', async () => {
    server.answer = ({ input }) => {
      const [first, ...others] = Batch.parse(input).Entries;
      return {
        output: {
          Successful: others.map(sentIn),
          Failed: [{ Id: first?.Id, Code: 'InternalError', SenderFault: false }],
        },
      };
    };
    await expect(queue.sendMany(Array.from({ length: 12 }, (_, body) => ({ body })))).rejects.toThrow(
      'the queue refused 2 of 12 messages, the first with InternalError',
    );
    expect(server.calls).toHaveLength(2);
  });
});
