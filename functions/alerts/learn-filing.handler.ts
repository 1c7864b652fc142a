// In:  DisputeFiled.v1 from the bus, through the filing queue, a batch at a time.
// Out: FilingLearned.v1 in the scorecards table, with how long the way took; its stream feeds publisher.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { filingStore } from '#shared/adapters/filing-store.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { DisputeFiledV1 } from '#shared/contracts/events/dispute-filed.v1.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { batchHandler } from '#shared/runtime/queue-handler.ts';
import { learnFilings } from './learn-filing.ts';

const env = readEnv(z.object({ SCORECARDS_TABLE: z.string().min(1), REFERENCE_TABLE: z.string().min(1) }));
const { SCORECARDS_TABLE: scorecards, REFERENCE_TABLE: reference } = env;
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { scorecards, reference });
const ports = {
  filings: filingStore(tables),
  reference: referenceStore(tables, systemClock),
  clock: systemClock,
  id: derivedId,
};

export const handler = batchHandler(DisputeFiledV1, async (batch) => {
  await learnFilings(
    batch.map(({ message }) => message),
    ports,
  );
  return [];
});
