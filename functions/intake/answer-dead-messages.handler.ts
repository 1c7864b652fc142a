// In:  a person's question after what no worker could take, or their word to put it back, over HTTP.
// Out: the message on the webhook queue, which open-dispute works on; in the customers table, who put it there.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock as clock } from '#shared/adapters/clock.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { sqsQueue } from '#shared/adapters/message-queue.ts';
import { apiHandler } from '#shared/runtime/api-handler.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { deadMessageAnswers } from './answer-dead-messages.ts';

const env = readEnv(z.object({ CUSTOMERS_TABLE: z.string().min(1), WEBHOOK_QUEUE_URL: z.string().min(1) }));
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const ports = {
  intake: intakeStore(dynamoTables(client, { customers: env.CUSTOMERS_TABLE })),
  queue: sqsQueue(new SQSClient(), env.WEBHOOK_QUEUE_URL),
  clock,
};

export const handler = apiHandler('intake/answer-dead-messages', deadMessageAnswers(ports));
