// In:  a look at the alerts, or an acknowledgement, over HTTP.
// Out: the alerts with the customer's demand; an acknowledgement in the scorecards table, whose stream feeds publisher.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { alertStore } from '#shared/adapters/alert-store.ts';
import { systemClock } from '#shared/adapters/clock.ts';
import { customerStore } from '#shared/adapters/customer-store.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { apiHandler } from '#shared/runtime/api-handler.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { alertAnswers } from './answer-alerts.ts';

const name = z.string().min(1);
const env = readEnv(z.object({ SCORECARDS_TABLE: name, CUSTOMERS_TABLE: name }));
const { SCORECARDS_TABLE: scorecards, CUSTOMERS_TABLE: customers } = env;
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { scorecards, customers });

export const handler = apiHandler(
  'alerts/answer-alerts',
  alertAnswers({
    alerts: alertStore(tables),
    customers: customerStore(tables),
    clock: systemClock,
    id: derivedId,
  }),
);
