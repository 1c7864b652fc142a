// In:  entries written, posted and voided, from the bus through the sealing queue.
// Out: the seals of the cards that they stand on, and their heads, in the scorecards table.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { contentHash } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { sealStore } from '#shared/adapters/seal-store.ts';
import { EntriesPendingV1 } from '#shared/contracts/events/entries-pending.v1.ts';
import { EntriesPostedV1 } from '#shared/contracts/events/entries-posted.v1.ts';
import { EntriesVoidedV1 } from '#shared/contracts/events/entries-voided.v1.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { asError, logger } from '#shared/runtime/logger.ts';
import { count } from '#shared/runtime/metrics.ts';
import { batchHandler } from '#shared/runtime/queue-handler.ts';
import { type SealingPorts, sealCardsOf } from './seal-cards.ts';

const env = readEnv(z.object({ SCORECARDS_TABLE: z.string().min(1) }));
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const tables = dynamoTables(client, { scorecards: env.SCORECARDS_TABLE });
const failed: SealingPorts['failed'] = (card, error) => {
  count('FailedMessages');
  logger.error('A card could not be sealed', { card, error: asError(error) });
};
const ports = { seals: sealStore(tables), clock: systemClock, contentHash, failed };
const Written = z.discriminatedUnion('type', [EntriesPendingV1, EntriesPostedV1, EntriesVoidedV1]);

export const handler = batchHandler(Written, (batch) => sealCardsOf(batch, ports));
