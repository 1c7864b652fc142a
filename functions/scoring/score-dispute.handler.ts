// In:  notices, waivers, ratings and reopenings from the bus, through the scoring queue.
// Out: groups of entries, pending, posted or void, in the scorecards table's ledger; its stream feeds publisher.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { ledgerStore } from '#shared/adapters/ledger-store.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { ScoringEventV1 } from '#shared/contracts/items/scoring-item.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { queueHandler } from '#shared/runtime/queue-handler.ts';
import { scoreDispute } from './score-dispute.ts';

const name = z.string().min(1);
const env = readEnv(z.object({ SCORECARDS_TABLE: name, REFERENCE_TABLE: name, TIME_ZONE: name }));
const { SCORECARDS_TABLE: scorecards, REFERENCE_TABLE: reference } = env;
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { scorecards, reference });
const ports = {
  ledger: ledgerStore(tables),
  reference: referenceStore(tables, systemClock),
  clock: systemClock,
  id: derivedId,
  zone: env.TIME_ZONE,
};

export const handler = queueHandler(ScoringEventV1, (event) => scoreDispute(event, ports));
