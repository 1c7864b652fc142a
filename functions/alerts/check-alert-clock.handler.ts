// In:  an alert that falls due, from the sweep through the alert clock's queue, one second after its deadline.
// Out: ClockBreached.v1 in the scorecards table when it is still open; its stream feeds publisher.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { alertStore } from '#shared/adapters/alert-store.ts';
import { systemClock } from '#shared/adapters/clock.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { DueMessage } from '#shared/contracts/messages/due-message.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { messageHandler } from '#shared/runtime/queue-handler.ts';
import { checkAlert } from './check-alert-clock.ts';

const env = readEnv(z.object({ SCORECARDS_TABLE: z.string().min(1) }));
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const tables = dynamoTables(client, { scorecards: env.SCORECARDS_TABLE });
const ports = { alerts: alertStore(tables), clock: systemClock, id: derivedId };

export const handler = messageHandler(DueMessage, (due) => checkAlert(due, ports));
