import {
  CloudWatchLogsClient,
  paginateDescribeLogGroups,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { DescribeTableCommand, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { paginateListQueues, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';

const dynamodb = new DynamoDBClient();
const streams = new DynamoDBStreamsClient();
const sqs = new SQSClient({ useQueueUrlAsEndpoint: false });
const logs = new CloudWatchLogsClient();

/** Tables that must hold nothing of a customer, by their outputs, and whether they have a stream. */
const TABLES = { CasesTable: true, ScorecardsTable: true, ImprovementTable: false, ReferenceTable: false } as const;
/** Empty answers in a row after which a shard is read to its end: a stream may answer nothing in its middle. */
const QUIET_ANSWERS = 5;

/**
 * Every byte stored outside the customers table: items of the other tables, stream records, what stands in queues and
 * dead letters, and every line logged. A place that must hold something and is empty is a fault of the search.
 *
 * @throws Error naming a place where nothing was found
 */
export async function storedInAws(outputs: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [output, streamed] of Object.entries(TABLES)) {
    const table = named(outputs, output);
    found[`table ${output}`] = JSON.stringify(filled(output, await itemsOf(table)));
    if (streamed) found[`stream of ${output}`] = JSON.stringify(filled(`stream of ${output}`, await recordsOf(table)));
  }
  const queues: string[] = [];
  for await (const { QueueUrls = [] } of paginateListQueues({ client: sqs }, {})) queues.push(...QueueUrls);
  for (const url of filled(
    'queues',
    queues.filter((name) => name.includes('interlock-')),
  )) {
    found[`queue ${url}`] = await messagesOf(url);
  }
  const lines: string[] = [];
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client: logs }, {})) {
    for (const { logGroupName = '' } of logGroups) {
      found[`log ${logGroupName}`] = await linesOf(logGroupName);
      lines.push(found[`log ${logGroupName}`] ?? '');
    }
  }
  filled(
    'logs',
    lines.filter((text) => text.length > 2),
  );
  return found;
}

/** What stands in the customers table, as text. */
export async function storedOfCustomers(outputs: Readonly<Record<string, string>>): Promise<string> {
  return JSON.stringify(await itemsOf(named(outputs, 'CustomersTable')));
}

function named(outputs: Readonly<Record<string, string>>, output: string): string {
  const name = outputs[output];
  if (!name) throw new Error(`the deploy names no ${output}`);
  return name;
}

function filled<T>(place: string, found: readonly T[]): readonly T[] {
  if (found.length === 0) throw new Error(`nothing was found in ${place}: the search did not reach it`);
  return found;
}

async function itemsOf(table: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for await (const { Items = [] } of paginateScan({ client: dynamodb }, { TableName: table })) {
    items.push(...Items.map((item) => unmarshall(item)));
  }
  return items;
}

async function recordsOf(table: string): Promise<unknown[]> {
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: table }));
  const StreamArn = Table?.LatestStreamArn;
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const records: unknown[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const from = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
    let { ShardIterator } = await streams.send(new GetShardIteratorCommand(from));
    for (let quiet = 0; ShardIterator && quiet < QUIET_ANSWERS; ) {
      const { Records = [], NextShardIterator }: { Records?: unknown[]; NextShardIterator?: string } =
        await streams.send(new GetRecordsCommand({ ShardIterator }));
      records.push(...Records);
      quiet = Records.length > 0 ? 0 : quiet + 1;
      ShardIterator = NextShardIterator;
    }
  }
  return records;
}

/** Looks at messages without taking them: they are visible again at once. */
async function messagesOf(QueueUrl: string): Promise<string> {
  const look = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageAttributeNames: ['All'] };
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(look));
  return JSON.stringify(Messages);
}

async function linesOf(logGroupName: string): Promise<string> {
  const lines: unknown[] = [];
  for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, { logGroupName }))
    lines.push(...events);
  return JSON.stringify(lines);
}
