// In:  an executive's look at a month's review, or the wish to run it now, over HTTP.
// Out: the review as JSON, Markdown or a page, made of the stored inputs; a run with its inputs where they are new.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { contentHash } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { bucketFiles } from '#shared/adapters/files.ts';
import { reviewStores } from '#shared/adapters/review-stores.ts';
import { apiHandler } from '#shared/runtime/api-handler.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { reviewAnswers } from './answer-reviews.ts';

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

export const handler = apiHandler('reviews/answer-reviews', reviewAnswers({ ...stores, zone: env.TIME_ZONE }));
