import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { contentHash } from '#shared/adapters/digest.ts';
import { bucketFiles } from '#shared/adapters/files.ts';
import { ledgerReader } from '#shared/adapters/ledger-reader.ts';
import { anchorFiles } from '#shared/adapters/ledger-records.ts';
import type { Difference } from '#shared/domain/performance/ledger-record.ts';
import { type Verified, verifyLedger } from '#shared/domain/performance/verify-ledger.ts';
import { commandLine, WHERE } from '../command-line.ts';
import { type OperatedEnvironment, openEnvironment, outputsOf } from '../operated-environment.ts';

/** Differences that are printed; the others are counted. */
const PRINTED = 50;

/**
 * `npm run verify -- ledger`: verifies the ledger of an environment and prints what came out (S-20).
 *
 * @returns whether all is well
 * @throws RangeError for arguments that cannot be meant, and for an environment that does not answer
 */
export async function verifyLedgerCommand(usage: string, args: string[]): Promise<boolean> {
  const { values } = commandLine(usage, { args, options: WHERE });
  const environment = await openEnvironment(values);
  const verified = await verifyEnvironment(environment);
  console.log(reportOf(verified, environment.name));
  return verified.differences.length === 0;
}

/** Verifies the ledger of an environment, wherever it stands. */
export function verifyEnvironment(environment: OperatedEnvironment): Promise<Verified> {
  const { ScorecardsTable, FilesBucket } = outputsOf(environment, 'ScorecardsTable', 'FilesBucket');
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(environment.client));
  return verifyLedger({
    reader: ledgerReader(client, ScorecardsTable),
    files: bucketFiles(new S3Client(environment.client), FilesBucket),
    ...anchorFiles,
    contentHash,
  });
}

/** What a person reads: the first difference first, then what was looked at and what cannot be proven. */
export function reportOf(verified: Verified, name: string): string {
  const { differences, cards, entries, seals, anchors, unsealed, unsealedSince, anchoredAt } = verified;
  const left = differences.length - PRINTED;
  const tell = ({ place, what }: Difference) => `DIFFERS  ${place}: ${what}`;
  const oldest = unsealedSince === undefined ? '' : `, the oldest of ${unsealedSince}`;
  const anchored =
    anchoredAt === undefined
      ? 'Nothing is anchored yet: what was removed together with its commit is outside what can be proven (S-20).'
      : `Nothing is anchored since ${anchoredAt}: what was written after that and removed together with its commit is outside what can be proven (S-20).`;
  return [
    ...differences.slice(0, PRINTED).map(tell),
    ...(left > 0 ? [`DIFFERS  and ${left} more`] : []),
    `${name}: ${count(cards, 'card')}, ${count(entries, 'entry', 'entries')}, ${count(seals, 'seal')}, ${count(anchors, 'anchor')}.`,
    unsealed === 0
      ? 'Every entry is sealed.'
      : `${count(unsealed, 'entry is', 'entries are')} not sealed yet${oldest}; commits prove ${unsealed === 1 ? 'it' : 'them'}.`,
    anchored,
    differences.length === 0 ? 'The ledger is as it was written.' : `${count(differences.length, 'difference')}.`,
  ].join('\n');
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
