import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import * as z from 'zod';
import type { Item, Key } from '../domain/ports/tables.ts';
import { type Handler, observed } from './invocation.ts';
import { asError, logger } from './logger.ts';
import { count } from './metrics.ts';

/** One change of a table, as its stream tells it. */
export interface TableChange {
  readonly sequenceNumber: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly keys: Key;
  readonly newImage?: Item;
  readonly oldImage?: Item;
}

/** Where a batch stopped, and why: this change and all after it come again. */
export interface Stopped {
  readonly sequenceNumber: string;
  readonly error: unknown;
}

const Keys = z.object({ pk: z.string(), sk: z.string() });
const Image = z.looseObject({ pk: z.string(), sk: z.string() });

/**
 * Takes the changes of one shard of a table's stream, in their order.
 *
 * @param useCase answers where it had to stop, undefined when all is done; a throw lets the whole batch come again
 */
export function streamHandler(
  useCase: (changes: readonly TableChange[]) => Promise<Stopped | undefined>,
): Handler<DynamoDBStreamEvent, DynamoDBBatchResponse> {
  return observed(async ({ Records }) => {
    const stopped = await stoppedAt(Records, useCase);
    if (!stopped) return { batchItemFailures: [] };
    count('FailedMessages');
    const { sequenceNumber, error } = stopped;
    logger.error('A change could not be handled', { error: asError(error), sequenceNumber });
    return { batchItemFailures: [{ itemIdentifier: sequenceNumber }] };
  });
}

/** An unreadable record stops the batch at itself: what came before it is handled first. */
async function stoppedAt(
  records: readonly DynamoDBRecord[],
  useCase: (changes: readonly TableChange[]) => Promise<Stopped | undefined>,
): Promise<Stopped | undefined> {
  const changes: TableChange[] = [];
  let unreadable: Stopped | undefined;
  for (const record of records) {
    try {
      changes.push(changeOf(record));
    } catch (error) {
      unreadable = { sequenceNumber: record.dynamodb?.SequenceNumber ?? '', error };
      break;
    }
  }
  const [first] = changes;
  if (!first) return unreadable;
  try {
    return (await useCase(changes)) ?? unreadable;
  } catch (error) {
    return { sequenceNumber: first.sequenceNumber, error };
  }
}

/** @throws RangeError for a record without what every record of our tables' streams has */
function changeOf({ eventName, dynamodb }: DynamoDBRecord): TableChange {
  if (!eventName || !dynamodb?.SequenceNumber || !dynamodb.Keys) {
    throw new RangeError('a stream record has a name, a sequence number and keys; one of them is missing');
  }
  const { SequenceNumber, Keys: keys, NewImage, OldImage } = dynamodb;
  return {
    sequenceNumber: SequenceNumber,
    eventName,
    keys: Keys.parse(plain(keys)),
    ...(NewImage && { newImage: Image.parse(plain(NewImage)) }),
    ...(OldImage && { oldImage: Image.parse(plain(OldImage)) }),
  };
}

type Marshalled = NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['Keys']>;

/** The event's types write binary values as text, which our items never hold; otherwise both name the same JSON. */
function plain(image: Marshalled): Record<string, unknown> {
  return unmarshall(image as Record<string, AttributeValue>);
}
