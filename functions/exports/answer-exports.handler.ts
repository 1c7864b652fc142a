// In:  a call about exports of scores, over HTTP.
// Out: rows of a frozen month; an export's state in the scorecards table, its files, and a message to who writes it.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { v4 as newId } from 'uuid';
import * as z from 'zod';
import { systemClock as clock } from '#shared/adapters/clock.ts';
import { derivedId as id } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { exportStore } from '#shared/adapters/export-store.ts';
import { bucketFiles } from '#shared/adapters/files.ts';
import { sqsQueue } from '#shared/adapters/message-queue.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { snapshotPorts } from '#shared/adapters/score-snapshot.ts';
import { sealStore } from '#shared/adapters/seal-store.ts';
import { apiHandler } from '#shared/runtime/api-handler.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { exportAnswers } from './answer-exports.ts';

const name = z.string().min(1);
const tableNames = { SCORECARDS_TABLE: name, REFERENCE_TABLE: name };
const env = readEnv(z.object({ ...tableNames, FILES_BUCKET: name, EXPORTS_QUEUE_URL: name, TIME_ZONE: name }));
const { SCORECARDS_TABLE: scorecards, REFERENCE_TABLE: reference, TIME_ZONE: zone } = env;
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { scorecards, reference });
const stores = { exports: exportStore(tables), seals: sealStore(tables), reference: referenceStore(tables, clock) };
const snapshot = snapshotPorts(bucketFiles(new S3Client(), env.FILES_BUCKET));
const queue = sqsQueue(new SQSClient(), env.EXPORTS_QUEUE_URL);

export const handler = apiHandler(
  'exports/answer-exports',
  exportAnswers({ ...stores, snapshot, queue, clock, id, newId, zone }),
);
