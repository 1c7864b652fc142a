// In:  an export that was asked for, from the exports' queue.
// Out: its snapshot, files and manifest in the bucket, and its state in the scorecards table.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { v4 as newId } from 'uuid';
import * as z from 'zod';
import { systemClock as clock } from '#shared/adapters/clock.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { exportStore } from '#shared/adapters/export-store.ts';
import { bucketFiles } from '#shared/adapters/files.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { snapshotPorts } from '#shared/adapters/score-snapshot.ts';
import { sealStore } from '#shared/adapters/seal-store.ts';
import { ExportMessageV1 } from '#shared/contracts/messages/export-message.v1.ts';
import { readEnv } from '#shared/runtime/env.ts';
import { messageHandler } from '#shared/runtime/queue-handler.ts';
import { writeExport } from './write-export.ts';

const name = z.string().min(1);
const tries = z.coerce.number().int().min(1);
const tableNames = { SCORECARDS_TABLE: name, REFERENCE_TABLE: name };
const env = readEnv(z.object({ ...tableNames, FILES_BUCKET: name, TRIES: tries, TIME_ZONE: name }));
const { SCORECARDS_TABLE: scorecards, REFERENCE_TABLE: reference, TIME_ZONE: zone } = env;
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient()), { scorecards, reference });
const stores = { exports: exportStore(tables), seals: sealStore(tables), reference: referenceStore(tables, clock) };
const snapshot = snapshotPorts(bucketFiles(new S3Client(), env.FILES_BUCKET));
const ports = { ...stores, snapshot, clock, newId, zone, tries: env.TRIES };

export const handler = messageHandler(ExportMessageV1, (message, delivery) => writeExport(message, delivery, ports));
