// In:  a person's command on a dispute, or a look at disputes, over HTTP.
// Out: the new state and one commit in the cases table, words in the customers table; the stream feeds publisher.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { customerStore } from '#shared/adapters/customer-store.ts';
import { digestKey, keyedDigest } from '#shared/adapters/digest.ts';
import { disputeStore } from '#shared/adapters/dispute-store.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { apiHandler } from '#shared/runtime/api-handler.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { disputeAnswers } from './answer-disputes.ts';

const name = z.string().min(1);
const stores = { CASES_TABLE: name, CUSTOMERS_TABLE: name, REFERENCE_TABLE: name };
const env = readEnv(z.object({ ...stores, DIGEST_KEY_SECRET: name, TIME_ZONE: name }));
const { CASES_TABLE: cases, CUSTOMERS_TABLE: customers, REFERENCE_TABLE: reference } = env;
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { cases, customers, reference });

export const handler = apiHandler(
  'disputes/answer-disputes',
  disputeAnswers({
    disputes: disputeStore(tables, systemClock),
    customers: customerStore(tables),
    reference: referenceStore(tables, systemClock),
    clock: systemClock,
    digest: keyedDigest(await digestKey(env.DIGEST_KEY_SECRET)),
    zone: env.TIME_ZONE,
  }),
);
