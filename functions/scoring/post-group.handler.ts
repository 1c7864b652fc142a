// In:  a posting group whose appeal window ends, from the sweep through the group clock's queue, one second later.
// Out: the group posted, and what it replaces reversed, in the scorecards table's ledger; its stream feeds publisher.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { ledgerStore } from '#shared/adapters/ledger-store.ts';
import { DueMessage } from '#shared/contracts/messages/due-message.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { messageHandler } from '#shared/runtime/queue-handler.ts';
import { postGroupOf } from './post-group.ts';

const env = readEnv(z.object({ SCORECARDS_TABLE: z.string().min(1) }));
const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const tables = dynamoTables(client, { scorecards: env.SCORECARDS_TABLE });
const ports = { ledger: ledgerStore(tables), clock: systemClock, id: derivedId };

export const handler = messageHandler(DueMessage, (due) => postGroupOf(due, ports));
