// In:  a sender's question after a report, or an officer's after a day, over HTTP.
// Out: the receipt, or the day's arrivals counted by what became of them; nothing is written.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { apiHandler } from '#shared/runtime/api-handler.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { findReceipt, readReceipt, reconcile } from './answer-intake.ts';

const env = readEnv(z.object({ CASES_TABLE: z.string().min(1), REFERENCE_TABLE: z.string().min(1) }));
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const tables = dynamoTables(client, { cases: env.CASES_TABLE, reference: env.REFERENCE_TABLE });
const ports = { intake: intakeStore(tables), reference: referenceStore(tables, systemClock) };

export const handler = apiHandler('intake/answer-intake', {
  'GET /intake/receipts': (request) => findReceipt(request, ports),
  'GET /intake/receipts/{receiptId}': (request) => readReceipt(request, ports),
  'GET /intake/reconciliation': (request) => reconcile(request, ports),
});
