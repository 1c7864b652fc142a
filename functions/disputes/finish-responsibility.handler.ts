// In:  EntriesPosted.v1 and EntriesVoided.v1 from the bus, through the disputes queue.
// Out: the dispute whose points they are becomes final in the cases table; its stream feeds publisher.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { disputeStore } from '#shared/adapters/dispute-store.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { EntriesPostedV1 } from '#shared/contracts/events/entries-posted.v1.ts';
import { EntriesVoidedV1 } from '#shared/contracts/events/entries-voided.v1.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { queueHandler } from '#shared/runtime/queue-handler.ts';
import { finishResponsibility } from './finish-responsibility.ts';

const env = readEnv(z.object({ CASES_TABLE: z.string().min(1) }));
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { cases: env.CASES_TABLE });
const ports = { disputes: disputeStore(tables, systemClock), clock: systemClock, id: derivedId };

export const handler = queueHandler(z.union([EntriesPostedV1, EntriesVoidedV1]), (event) =>
  finishResponsibility(event, ports),
);
