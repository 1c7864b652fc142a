// In:  what no worker could take, from the dead letters of both doors.
// Out: the message in the customers table until it is put back; its arrival and receipt marked in the cases table.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock as clock } from '#shared/adapters/clock.ts';
import { digestKey, keyedDigest } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { rawMessageHandler } from '#shared/runtime/queue-handler.ts';
import { keepDeadMessage } from './keep-dead-message.ts';

const text = z.string().min(1);
const stores = { CASES_TABLE: text, CUSTOMERS_TABLE: text, REFERENCE_TABLE: text, DIGEST_KEY_SECRET: text };
const env = readEnv(z.object({ ...stores, TIME_ZONE: text, IN_HOUSE_QUEUE_ARN: text }));
const { CASES_TABLE: cases, CUSTOMERS_TABLE: customers, REFERENCE_TABLE: reference } = env;
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { cases, customers, reference });
const ports = {
  intake: intakeStore(tables),
  reference: referenceStore(tables, clock),
  clock,
  digest: keyedDigest(await digestKey(env.DIGEST_KEY_SECRET)),
  zone: env.TIME_ZONE,
  inHouseQueue: env.IN_HOUSE_QUEUE_ARN,
};

export const handler = rawMessageHandler((body, delivery) => keepDeadMessage(body, delivery, ports));
