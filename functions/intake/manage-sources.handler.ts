// In:  an operator's demand for a new secret of a source, over HTTP.
// Out: the secret in Secrets Manager, and in this one answer.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock as clock } from '#shared/adapters/clock.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { secretsManagerSourceSecrets } from '#shared/adapters/secrets.ts';
import { apiHandler } from '#shared/runtime/api-handler.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { rotateSecret } from './manage-sources.ts';

const text = z.string().min(1);
const env = readEnv(z.object({ REFERENCE_TABLE: text, SECRETS_PREFIX: text, TIME_ZONE: text }));
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const ports = {
  reference: referenceStore(dynamoTables(client, { reference: env.REFERENCE_TABLE }), clock),
  secrets: secretsManagerSourceSecrets(new SecretsManagerClient(), { prefix: env.SECRETS_PREFIX, clock }),
  clock,
  zone: env.TIME_ZONE,
};

export const handler = apiHandler('intake/manage-sources', {
  'POST /sources/{source}/secret': (request) => rotateSecret(request, ports),
});
