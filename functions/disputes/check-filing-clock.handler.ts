// In:  a dispute whose filing falls due, from the sweep through the filing clock's queue, one second after its deadline.
// Out: ClockBreached.v1 in the cases table when it still waits; its stream feeds publisher.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { disputeStore } from '#shared/adapters/dispute-store.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { DueMessage } from '#shared/contracts/messages/due-message.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { messageHandler } from '#shared/runtime/queue-handler.ts';
import { checkFiling } from './check-filing-clock.ts';

const env = readEnv(z.object({ CASES_TABLE: z.string().min(1) }));
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { cases: env.CASES_TABLE });
const ports = { disputes: disputeStore(tables, systemClock), clock: systemClock, id: derivedId };

export const handler = messageHandler(DueMessage, (due) => checkFiling(due, ports));
