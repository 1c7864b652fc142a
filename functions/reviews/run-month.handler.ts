// In:  the first of every month at 03:00 in the organisation's zone; counters, tallies and entries.
// Out: the review of the month before, and of those whose turn was missed: inputs in the files bucket, runs in the
//      improvement table.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { contentHash } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { bucketFiles } from '#shared/adapters/files.ts';
import { reviewStores } from '#shared/adapters/review-stores.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { scheduledHandler } from '#shared/runtime/scheduled-handler.ts';
import { runEndedMonths } from './run-review.ts';

const name = z.string().min(1);
const env = readEnv(
  z.object({
    CASES_TABLE: name,
    SCORECARDS_TABLE: name,
    IMPROVEMENT_TABLE: name,
    REFERENCE_TABLE: name,
    FILES_BUCKET: name,
    TIME_ZONE: name,
  }),
);
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), {
  cases: env.CASES_TABLE,
  scorecards: env.SCORECARDS_TABLE,
  improvement: env.IMPROVEMENT_TABLE,
  reference: env.REFERENCE_TABLE,
});
const stores = reviewStores(tables, bucketFiles(new S3Client(), env.FILES_BUCKET), contentHash);

export const handler = scheduledHandler(() => runEndedMonths({ ...stores, zone: env.TIME_ZONE }));
