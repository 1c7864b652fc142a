// In:  every event on the bus, through the insight queue, a batch at a time.
// Out: counters per month, department and type in the improvement table, with a mark per commit: each event once.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { counterStore } from '#shared/adapters/counter-store.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { AnyEvent } from '#shared/contracts/events/events.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { batchHandler } from '#shared/runtime/queue-handler.ts';
import { countBatch } from './count-events.ts';

const env = readEnv(z.object({ IMPROVEMENT_TABLE: z.string().min(1) }));
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const counters = counterStore(dynamoTables(client, { improvement: env.IMPROVEMENT_TABLE }));

export const handler = batchHandler(AnyEvent, (batch) => countBatch(batch, counters));
