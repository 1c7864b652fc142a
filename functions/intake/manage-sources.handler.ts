// In:  an operator's call about sources and their secrets, over HTTP.
// Out: a source in the reference table, with the record of its change; a secret in Secrets Manager, and in one answer.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock as clock } from '#shared/adapters/clock.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { secretsManagerSourceSecrets } from '#shared/adapters/secrets.ts';
import { sourceRegister } from '#shared/adapters/source-register.ts';
import { apiHandler } from '#shared/runtime/api-handler.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { sourceAnswers } from './manage-sources.ts';

const text = z.string().min(1);
const env = readEnv(z.object({ REFERENCE_TABLE: text, SECRETS_PREFIX: text, TIME_ZONE: text }));
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const tables = dynamoTables(client, { reference: env.REFERENCE_TABLE });
const ports = {
  reference: referenceStore(tables, clock),
  register: sourceRegister(tables),
  secrets: secretsManagerSourceSecrets(new SecretsManagerClient(), { prefix: env.SECRETS_PREFIX, clock }),
  clock,
  zone: env.TIME_ZONE,
};

export const handler = apiHandler('intake/manage-sources', sourceAnswers(ports));
