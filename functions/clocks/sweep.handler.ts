// In:  every minute, for one gear; its table's index of deadlines.
// Out: what falls due in the next three minutes, and what is overdue, to the queue of its kind, delayed to its second.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { dueStore } from '#shared/adapters/due-store.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { sqsQueue } from '#shared/adapters/message-queue.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { scheduledHandler } from '#shared/runtime/scheduled-handler.ts';
import { ClockQueues } from './clock-queues.ts';
import { sweepDue } from './sweep-due.ts';

const env = readEnv(
  z.object({
    TABLE: z.enum(['cases', 'scorecards']),
    CASES_TABLE: z.string().min(1).optional(),
    SCORECARDS_TABLE: z.string().min(1).optional(),
    CLOCK_QUEUES: ClockQueues,
  }),
);
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const tables = dynamoTables(client, { cases: env.CASES_TABLE, scorecards: env.SCORECARDS_TABLE });
const sqs = new SQSClient();
const queues = Object.fromEntries(Object.entries(env.CLOCK_QUEUES).map(([kind, url]) => [kind, sqsQueue(sqs, url)]));
const due = dueStore(tables, env.TABLE);

export const handler = scheduledHandler(() => sweepDue({ due, queues, clock: systemClock }));
