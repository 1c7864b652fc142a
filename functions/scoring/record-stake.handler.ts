// In:  corrections, determinations, notices, waivers and closures from the bus, through the stake queue.
// Out: what the dispute puts at stake, in the scorecards table (S-21); no event.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { stakeStore } from '#shared/adapters/stake-store.ts';
import { StakeEventV1 } from '#shared/contracts/items/stake-item.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { queueHandler } from '#shared/runtime/queue-handler.ts';
import { recordStake } from './record-stake.ts';

const env = readEnv(z.object({ SCORECARDS_TABLE: z.string().min(1), REFERENCE_TABLE: z.string().min(1) }));
const { SCORECARDS_TABLE: scorecards, REFERENCE_TABLE: reference } = env;
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { scorecards, reference });
const ports = { stakes: stakeStore(tables), reference: referenceStore(tables, systemClock) };

export const handler = queueHandler(StakeEventV1, (event) => recordStake(event, ports));
