// In:  every night, twenty minutes after the day ended; the heads of all cards in the scorecards table.
// Out: an anchor with its lists of heads, as files that are never written over.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { systemClock } from '#shared/adapters/clock.ts';
import { contentHash } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { bucketFiles } from '#shared/adapters/files.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { sealStore } from '#shared/adapters/seal-store.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { scheduledHandler } from '#shared/runtime/scheduled-handler.ts';
import { anchorHeads } from './anchor-heads.ts';

const env = readEnv(
  z.object({
    SCORECARDS_TABLE: z.string().min(1),
    REFERENCE_TABLE: z.string().min(1),
    FILES_BUCKET: z.string().min(1),
    TIME_ZONE: z.string().min(1),
  }),
);
const { SCORECARDS_TABLE: scorecards, REFERENCE_TABLE: reference, TIME_ZONE: zone } = env;
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { scorecards, reference });
const files = bucketFiles(new S3Client(), env.FILES_BUCKET);
const stores = { seals: sealStore(tables), files, reference: referenceStore(tables, systemClock) };

export const handler = scheduledHandler(() => anchorHeads({ ...stores, clock: systemClock, zone, contentHash }));
