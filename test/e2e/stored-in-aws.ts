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

const dynamodb = new DynamoDBClient();
const streams = new DynamoDBStreamsClient();
const sqs = new SQSClient();
const logs = new CloudWatchLogsClient();

/** Tables that must hold nothing of a customer, by their outputs. */
const TABLES = ['CasesTable', 'ScorecardsTable', 'ImprovementTable', 'ReferenceTable'] as const;

/**
 * Every byte stored outside the customers table: items of the other tables, their stream records (which become the
 * events on the bus), what stands in queues (events among them) and dead letters, and every line logged.
 */
export async function storedInAws(outputs: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const output of TABLES) {
    const table = outputs[output];
    if (!table) throw new Error(`the deploy names no ${output}`);
    found[`table ${output}`] = await itemsOf(table);
    found[`stream of ${output}`] = await recordsOf(table);
  }
  for await (const { QueueUrls = [] } of paginateListQueues({ client: sqs }, {})) {
    for (const url of QueueUrls.filter((name) => name.includes('interlock-dev')))
      found[`queue ${url}`] = await messagesOf(url);
  }
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client: logs }, {})) {
    for (const { logGroupName = '' } of logGroups) found[`log ${logGroupName}`] = await linesOf(logGroupName);
  }
  return found;
}

async function itemsOf(table: string): Promise<string> {
  const pages: unknown[] = [];
  for await (const { Items } of paginateScan({ client: dynamodb }, { TableName: table })) pages.push(Items);
  return JSON.stringify(pages);
}

async function recordsOf(table: string): Promise<string> {
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: table }));
  const StreamArn = Table?.LatestStreamArn;
  if (!StreamArn) return '';
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const records: unknown[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const start = await streams.send(
      new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    let ShardIterator = start.ShardIterator;
    // An open shard has always a next iterator; an empty answer says that its end is reached.
    while (ShardIterator) {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator }));
      records.push(...(page.Records ?? []));
      ShardIterator = page.Records?.length ? page.NextShardIterator : undefined;
    }
  }
  return JSON.stringify(records);
}

/** Looks at messages without taking them: they are visible again at once. */
async function messagesOf(QueueUrl: string): Promise<string> {
  const look = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageAttributeNames: ['All'] };
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(look));
  return JSON.stringify(Messages);
}

async function linesOf(logGroupName: string): Promise<string> {
  const lines: unknown[] = [];
  for await (const { events } of paginateFilterLogEvents({ client: logs }, { logGroupName })) lines.push(events);
  return JSON.stringify(lines);
}
