import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { systemClock } from '#shared/adapters/clock.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { exportStore } from '#shared/adapters/export-store.ts';
import { bucketFiles } from '#shared/adapters/files.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { sealStore } from '#shared/adapters/seal-store.ts';
import { commandLine, FLAG, TEXT, WHERE, whereAsked } from '../command-line.ts';
import { openEnvironment, outputsOf } from '../operated-environment.ts';
import { NotAsExported, verifyExport } from './export.ts';

const OPTIONS = { ...WHERE, id: TEXT, manifest: TEXT, page: FLAG };

/**
 * `npm run verify -- export FILE`: verifies a file of an export against its manifest and the ledger, read with the
 * operator's own access to the stores and not through the API.
 *
 * @returns whether it is as it was exported
 * @throws RangeError for arguments that cannot be meant, and for an export that is not there; whatever else keeps it
 *   from looking, as it comes
 */
export async function verifyExportCommand(usage: string, args: string[]): Promise<boolean> {
  const { values, positionals } = commandLine(usage, { args, options: OPTIONS, allowPositionals: true });
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new RangeError(`name one file\n${usage}`);
  const { env, url, manifest, ...given } = values;
  const environment = await openEnvironment({ env, url });
  const names = outputsOf(environment, 'ScorecardsTable', 'ReferenceTable', 'FilesBucket');
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(environment.client));
  const tables = dynamoTables(client, { scorecards: names.ScorecardsTable, reference: names.ReferenceTable });
  try {
    const checked = await verifyExport(
      { file: whereAsked(file), ...given, ...(manifest !== undefined && { manifest: whereAsked(manifest) }) },
      {
        exports: exportStore(tables),
        files: bucketFiles(new S3Client(environment.client), names.FilesBucket),
        seals: sealStore(tables),
        reference: referenceStore(tables, systemClock),
      },
    );
    console.log(checked.join('\n'));
    return true;
  } catch (error) {
    if (!(error instanceof NotAsExported)) throw error;
    console.error(`DIFFERS  ${error.message}`);
    return false;
  }
}
