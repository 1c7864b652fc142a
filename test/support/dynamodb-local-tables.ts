import {
  CreateTableCommand,
  DynamoDBClient,
  type GlobalSecondaryIndex,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { INDEXES, type TableName, type Tables } from '#shared/domain/ports/tables.ts';

/** A client of an engine on this machine, which takes any credentials. */
export function localClient(endpoint: string): DynamoDBDocumentClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return DynamoDBDocumentClient.from(
    new DynamoDBClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 }),
  );
}

/** New empty tables with all indexes, named after a unique `prefix`. */
export async function freshTables(
  client: DynamoDBDocumentClient,
  prefix: string,
  tables: readonly TableName[],
): Promise<{ readonly tables: Tables; readonly names: Partial<Record<TableName, string>> }> {
  const names = Object.fromEntries(tables.map((table) => [table, `${prefix}-${table}`]));
  for (const name of Object.values(names)) {
    await client.send(new CreateTableCommand(tableLayout(name)));
    await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName: name });
  }
  return { tables: dynamoTables(client, names), names };
}

function tableLayout(name: string) {
  const attributes = ['pk', 'sk', ...Object.values(INDEXES).flatMap(({ partition, sort }) => [partition, sort])];
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST' as const,
    AttributeDefinitions: attributes.map((attribute) => ({ AttributeName: attribute, AttributeType: 'S' as const })),
    KeySchema: keySchema('pk', 'sk'),
    GlobalSecondaryIndexes: Object.entries(INDEXES).map(
      ([index, { partition, sort, carries }]): GlobalSecondaryIndex => ({
        IndexName: index,
        KeySchema: keySchema(partition, sort),
        Projection:
          carries.length > 0
            ? { ProjectionType: 'INCLUDE', NonKeyAttributes: [...carries] }
            : { ProjectionType: 'KEYS_ONLY' },
      }),
    ),
  };
}

function keySchema(partition: string, sort: string) {
  return [
    { AttributeName: partition, KeyType: 'HASH' as const },
    { AttributeName: sort, KeyType: 'RANGE' as const },
  ];
}
