import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Month } from '../domain/calendar/civil-date.ts';
import type { LoggedCommits } from '../domain/ports/commit-log.ts';
import { readCommits } from './read-commits.ts';

// Reading whole tables is for people's commands alone: no function may, and nothing that has to be quick does.

const Page = z.object({
  Items: z.array(z.record(z.string(), z.unknown())).default([]),
  LastEvaluatedKey: z.record(z.string(), z.unknown()).optional(),
});

/** Every commit of a gear's table, a page at a time, in no order. What is written meanwhile may be missing. */
export async function* commitsIn(client: DynamoDBDocumentClient, table: string): AsyncGenerator<LoggedCommits> {
  const filter = {
    FilterExpression: '#kind = :commit',
    ExpressionAttributeNames: { '#kind': 'kind' },
    ExpressionAttributeValues: { ':commit': 'commit' },
  };
  for await (const items of pagesOf(client, { TableName: table, ...filter }))
    yield readCommits(z.array(StoredKey).parse(items), items);
}

const StoredKey = z.object({ pk: z.string(), sk: z.string() });

/** The months of which counters stand, in their order. */
export async function countedMonths(client: DynamoDBDocumentClient, table: string): Promise<readonly Month[]> {
  const months = new Set<Month>();
  const filter = {
    FilterExpression: 'begins_with(pk, :counters)',
    ExpressionAttributeValues: { ':counters': 'COUNTERS#' },
    ProjectionExpression: 'pk',
  };
  for await (const items of pagesOf(client, { TableName: table, ...filter }))
    for (const { pk } of items) months.add(CounterKey.parse(pk)[1]);
  return [...months].sort();
}

/** `COUNTERS#<month>#<shard>` in its parts. */
const CounterKey = z
  .string()
  .transform((pk) => pk.split('#'))
  .pipe(z.tuple([z.literal('COUNTERS'), z.string().regex(/^\d{4}-\d\d$/), z.string()]));

async function* pagesOf(
  client: DynamoDBDocumentClient,
  request: ConstructorParameters<typeof ScanCommand>[0],
): AsyncGenerator<readonly Record<string, unknown>[]> {
  let from: Record<string, unknown> | undefined;
  do {
    const page = Page.parse(
      await client.send(new ScanCommand({ ...request, ConsistentRead: true, ExclusiveStartKey: from })),
    );
    if (page.Items.length > 0) yield page.Items;
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
}
