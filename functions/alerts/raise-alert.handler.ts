// In:  DisputeGraded.v1 from the bus, through the alert queue.
// Out: an alert with its deadline, those that it replaces or corrects, and what is at stake (S-21), in the scorecards
//      table; its stream feeds publisher.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { alertStore } from '#shared/adapters/alert-store.ts';
import { systemClock } from '#shared/adapters/clock.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { DisputeGradedV1 } from '#shared/contracts/events/dispute-graded.v1.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { queueHandler } from '#shared/runtime/queue-handler.ts';
import { raiseAlertOf } from './raise-alert.ts';

const env = readEnv(z.object({ SCORECARDS_TABLE: z.string().min(1), REFERENCE_TABLE: z.string().min(1) }));
const { SCORECARDS_TABLE: scorecards, REFERENCE_TABLE: reference } = env;
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { scorecards, reference });
const ports = {
  alerts: alertStore(tables),
  reference: referenceStore(tables, systemClock),
  clock: systemClock,
  id: derivedId,
};

export const handler = queueHandler(DisputeGradedV1, (graded) => raiseAlertOf(graded, ports));
