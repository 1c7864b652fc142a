import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { type Instant, instantOf } from '../domain/calendar/civil-date.ts';
import { type Handler, observed } from './invocation.ts';
import { asError, logger } from './logger.ts';
import { count } from './metrics.ts';
import { readAs, readJson, UnreadableMessage } from './unreadable-message.ts';

/** How one message came; only what use cases need of it. */
export interface Delivery {
  readonly messageId: string;
  /** Who put it on the queue, as SQS attests it: for a role `<role id>:<session>` (I-2). */
  readonly senderId: string;
  readonly queueArn: string;
  /** 1 the first time. */
  readonly receiveCount: number;
  /** When it was put on the queue. */
  readonly sentAt: Instant;
}

/** One parsed message of a batch. */
export interface Batched<T> {
  readonly messageId: string;
  readonly message: T;
}

/**
 * Takes events off the bus, one at a time: parses each `detail` with its contract, or with a union of several by `type`.
 * What throws or cannot be read goes back to its queue alone (architecture section 3).
 */
export function queueHandler<S extends z.ZodType>(
  contract: S,
  useCase: (event: z.output<S>) => Promise<unknown>,
): Handler<SQSEvent, SQSBatchResponse> {
  return oneByOne((record) => useCase(readEvent(contract, record)));
}

/** Takes plain messages off a queue of our own, one at a time, each with how it came. */
export function messageHandler<S extends z.ZodType>(
  contract: S,
  useCase: (message: z.output<S>, delivery: Delivery) => Promise<unknown>,
): Handler<SQSEvent, SQSBatchResponse> {
  return oneByOne((record) => useCase(readAs(contract, readJson(record.body)), deliveryOf(record)));
}

/** As {@link messageHandler}, but unread: for a queue whose senders may write anything (I-2), and for dead letters. */
export function rawMessageHandler(
  useCase: (body: string, delivery: Delivery) => Promise<unknown>,
): Handler<SQSEvent, SQSBatchResponse> {
  return oneByOne((record) => useCase(record.body, deliveryOf(record)));
}

/**
 * Takes a whole batch of events at once, for consumers that sum before they write.
 *
 * @param useCase answers with the message ids that are to come again; a throw sends all of them back. An event that
 *   cannot be read is not among them and goes back by itself.
 */
export function batchHandler<S extends z.ZodType>(
  contract: S,
  useCase: (batch: readonly Batched<z.output<S>>[]) => Promise<readonly string[]>,
): Handler<SQSEvent, SQSBatchResponse> {
  return observed(async ({ Records }) => {
    const batch: Batched<z.output<S>>[] = [];
    const failed = new Set<string>();
    for (const record of Records) {
      try {
        batch.push({ messageId: record.messageId, message: readEvent(contract, record) });
      } catch (error) {
        failed.add(record.messageId);
        report(error, { messageId: record.messageId });
      }
    }
    for (const messageId of await failuresOf(batch, useCase)) failed.add(messageId);
    return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
  });
}

async function failuresOf<T>(
  batch: readonly Batched<T>[],
  useCase: (batch: readonly Batched<T>[]) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  if (batch.length === 0) return [];
  try {
    return await useCase(batch);
  } catch (error) {
    report(error, { messages: batch.length });
    return batch.map(({ messageId }) => messageId);
  }
}

function oneByOne(handle: (record: SQSRecord) => Promise<unknown>): Handler<SQSEvent, SQSBatchResponse> {
  const processor = new BatchProcessor(EventType.SQS);
  const one = async (record: SQSRecord): Promise<void> => {
    logger.appendKeys({ messageId: record.messageId });
    try {
      await handle(record);
      logger.info('A message was handled');
    } catch (error) {
      report(error);
      throw asError(error);
    } finally {
      logger.resetKeys();
    }
  };
  return observed((event) =>
    processPartialResponse(event, one, processor, { throwOnFullBatchFailure: false, processInParallel: false }),
  );
}

/** EventBridge's wrapper around an event; only what it carries matters. */
const BusMessage = z.object({ detail: z.unknown() });
/** The ids of an event that help to find it in the logs. */
const EventIds = z.object({
  id: z.string(),
  type: z.string(),
  aggregateId: z.string(),
  aggregateVersion: z.number(),
  correlationId: z.string(),
});

function readEvent<S extends z.ZodType>(contract: S, record: SQSRecord): z.output<S> {
  const { detail } = readAs(BusMessage, readJson(record.body));
  const ids = EventIds.safeParse(detail);
  if (ids.success) {
    const { id: eventId, type: eventType, ...others } = ids.data;
    logger.appendKeys({ eventId, eventType, ...others });
  }
  return readAs(contract, detail);
}

function deliveryOf({ messageId, eventSourceARN, attributes }: SQSRecord): Delivery {
  return {
    messageId,
    senderId: attributes.SenderId,
    queueArn: eventSourceARN,
    receiveCount: Number(attributes.ApproximateReceiveCount),
    sentAt: instantOf(Number(attributes.SentTimestamp) / 1000),
  };
}

function report(error: unknown, keys: { messageId?: string; messages?: number } = {}): void {
  const unreadable = error instanceof UnreadableMessage;
  count(unreadable ? 'UnreadableMessages' : 'FailedMessages');
  logger.error(unreadable ? 'A message cannot be read' : 'A message could not be handled', {
    error: asError(error),
    ...keys,
  });
}
