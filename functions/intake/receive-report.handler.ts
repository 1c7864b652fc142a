// In:  a source's signed POST, over HTTP, as raw bytes.
// Out: the checked report to the webhook queue, which open-dispute works on; its arrival in the cases table.

import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock as clock } from '#shared/adapters/clock.ts';
import { digestKey, keyedDigest } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { sqsQueue } from '#shared/adapters/message-queue.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { secretsManagerSourceSecrets } from '#shared/adapters/secrets.ts';
import { rawApiHandler } from '#shared/runtime/api-handler.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { receiveReport } from './receive-report.ts';

const text = z.string().min(1);
const names = { CASES_TABLE: text, REFERENCE_TABLE: text, WEBHOOK_QUEUE_URL: text, SECRETS_PREFIX: text };
const env = readEnv(z.object({ ...names, DIGEST_KEY_SECRET: text, TIME_ZONE: text }));
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const tables = dynamoTables(client, { cases: env.CASES_TABLE, reference: env.REFERENCE_TABLE });
const ports = {
  intake: intakeStore(tables),
  queue: sqsQueue(new SQSClient(), env.WEBHOOK_QUEUE_URL),
  secrets: secretsManagerSourceSecrets(new SecretsManagerClient(), { prefix: env.SECRETS_PREFIX, clock }),
  reference: referenceStore(tables, clock),
  clock,
  digest: keyedDigest(await digestKey(env.DIGEST_KEY_SECRET)),
  newId: randomUUID,
  zone: env.TIME_ZONE,
};
export const handler = rawApiHandler('intake/receive-report', (posted) => receiveReport(posted, ports));
