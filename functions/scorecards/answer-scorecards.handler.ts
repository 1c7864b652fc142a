// In:  a look at a card, its explanation or its ledger, over HTTP.
// Out: what the entries in the scorecards table say, as far as the caller may see it.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { ledgerStore } from '#shared/adapters/ledger-store.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { stakeStore } from '#shared/adapters/stake-store.ts';
import { apiHandler } from '#shared/runtime/api-handler.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { scorecardAnswers } from './answer-scorecards.ts';

const name = z.string().min(1);
const env = readEnv(z.object({ SCORECARDS_TABLE: name, REFERENCE_TABLE: name, TIME_ZONE: name }));
const { SCORECARDS_TABLE: scorecards, REFERENCE_TABLE: reference } = env;
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { scorecards, reference });

export const handler = apiHandler(
  'scorecards/answer-scorecards',
  scorecardAnswers({
    ledger: ledgerStore(tables),
    stakes: stakeStore(tables),
    reference: referenceStore(tables, systemClock),
    clock: systemClock,
    zone: env.TIME_ZONE,
  }),
);
