import { type DynamoDBDocumentClient, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { LedgerReader, LedgerRecord } from '../domain/performance/ledger-record.ts';
import { ledgerRecord } from './ledger-records.ts';

const Items = z.array(z.looseObject({ pk: z.string(), sk: z.string() }));
const Page = z.object({ Items: Items.default([]), LastEvaluatedKey: z.record(z.string(), z.unknown()).optional() });
type Read = (from: Record<string, unknown> | undefined) => Promise<unknown>;

/** The ledger as it stands in DynamoDB: for the verifier, which reads the whole table, a page of 1 MB at a time. */
export function ledgerReader(client: DynamoDBDocumentClient, TableName: string): LedgerReader {
  return {
    all: () =>
      recordsOf((ExclusiveStartKey) =>
        client.send(new ScanCommand({ TableName, ConsistentRead: true, ExclusiveStartKey })),
      ),
    partition: (partition, prefix) =>
      recordsOf((ExclusiveStartKey) =>
        client.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression: 'pk = :partition and begins_with(sk, :prefix)',
            ExpressionAttributeValues: { ':partition': partition, ':prefix': prefix },
            ExclusiveStartKey,
          }),
        ),
      ),
  };
}

async function* recordsOf(read: Read): AsyncIterable<LedgerRecord> {
  let from: Record<string, unknown> | undefined;
  do {
    const page = Page.parse(await read(from));
    for (const item of page.Items) {
      const record = ledgerRecord(item);
      if (record) yield record;
    }
    from = page.LastEvaluatedKey;
  } while (from);
}
