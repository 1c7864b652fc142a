// In:  every night, before the first of a month is reviewed; arrivals of the cases table.
// Out: one tally per finished day in the same table, source by source, which the reviews read.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { tallyStore } from '#shared/adapters/tally-store.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { scheduledHandler } from '#shared/runtime/scheduled-handler.ts';
import { tallyDays } from './tally-days.ts';

const name = z.string().min(1);
const env = readEnv(z.object({ CASES_TABLE: name, REFERENCE_TABLE: name, TIME_ZONE: name }));
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const tables = dynamoTables(client, { cases: env.CASES_TABLE, reference: env.REFERENCE_TABLE });

export const handler = scheduledHandler(() =>
  tallyDays({
    intake: intakeStore(tables),
    reference: referenceStore(tables, systemClock),
    tallies: tallyStore(tables),
    clock: systemClock,
    zone: env.TIME_ZONE,
  }),
);
