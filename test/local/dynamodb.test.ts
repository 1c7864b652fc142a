import { DescribeTableCommand, DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import {
  BatchGetCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  ExecuteStatementCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject, Resource } from '#infra/local/cloud.ts';
import { dynamodb, type Tables } from '#infra/local/dynamodb.ts';
import { type Engine, startEngine } from '#infra/local/engine.ts';
import { noEngineBecause } from '#test/support/dynoxide.ts';
import { machineFor, resource, serve, type WireServer } from './wire-server.ts';

const KEY = 'arn:aws:kms:us-east-1:000000000000:key/1';
const arnOf = (table: string) => `arn:aws:dynamodb:us-east-1:000000000000:table/${table}`;
const streamOf = (table: string) => `${arnOf(table)}/stream/local`;

/** A table as the templates have them. */
function table(name: string, properties: JsonObject = {}): Resource {
  const given = {
    AttributeDefinitions: ['pk', 'sk', 'duePartition', 'dueAt'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    BillingMode: 'PAY_PER_REQUEST',
    DeletionProtectionEnabled: false,
    GlobalSecondaryIndexes: [
      {
        IndexName: 'byDue',
        KeySchema: [
          { AttributeName: 'duePartition', KeyType: 'HASH' },
          { AttributeName: 'dueAt', KeyType: 'RANGE' },
        ],
        Projection: { NonKeyAttributes: ['dueKind'], ProjectionType: 'INCLUDE' },
      },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    SSESpecification: { KMSMasterKeyId: KEY, SSEEnabled: true, SSEType: 'KMS' },
    StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    ...properties,
  };
  return resource('AWS::DynamoDB::Table', given, { name, arn: arnOf(name) });
}

describe.skipIf(noEngineBecause)(`tables${noEngineBecause ? ` (not here: ${noEngineBecause})` : ''}`, () => {
  const machine = machineFor();
  let engine: Engine;
  let tables: Tables;
  let server: WireServer;
  let plain: DynamoDBClient;
  let client: DynamoDBDocumentClient;
  let streams: DynamoDBStreamsClient;
  beforeAll(async () => {
    engine = await startEngine({ folder: machine.folder, say: machine.say, onGivenUp: () => {} });
    tables = dynamodb(machine, engine);
    await tables.add(table('cases'));
    await tables.add(table('other', { StreamSpecification: undefined }));
    server = await serve(tables.wire);
    plain = new DynamoDBClient(server.config);
    client = DynamoDBDocumentClient.from(plain);
    streams = new DynamoDBStreamsClient(server.config);
  });
  afterAll(async () => {
    await server.close();
    await tables.stop?.();
    await engine.stop();
  });
  afterEach(() => {
    server.demands.length = 0;
  });
  const put = (sk: string, more = {}) =>
    client.send(new PutCommand({ TableName: 'cases', Item: { pk: 'D', sk, ...more } }));

  test('stand as the template says', async () => {
    const { Table } = await plain.send(new DescribeTableCommand({ TableName: 'cases' }));
    expect(Table).toMatchObject({
      KeySchema: [{ AttributeName: 'pk' }, { AttributeName: 'sk' }],
      GlobalSecondaryIndexes: [
        { IndexName: 'byDue', Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['dueKind'] } },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
  });

  test('stand again after a restart, with what they hold', async () => {
    await put('kept');
    await dynamodb(machine, engine).add(table('cases'));
    const { Item } = await client.send(new GetCommand({ TableName: 'cases', Key: { pk: 'D', sk: 'kept' } }));
    expect(Item).toEqual({ pk: 'D', sk: 'kept' });
  });

  test('let items expire, also where the machine ended between its making and that', async () => {
    await tables.add(table('begun', { TimeToLiveSpecification: undefined }));
    const expiry = () => engine.call('DynamoDB_20120810.DescribeTimeToLive', '{"TableName":"begun"}');
    expect((await expiry()).text).toContain('"DISABLED"');
    for (const again of [1, 2]) {
      await dynamodb(machine, engine).add(table('begun'));
      expect((await expiry()).text, `start ${again}`).toMatch(/"expiresAt".*"ENABLED"|"ENABLED".*"expiresAt"/);
    }
  });

  test.each([
    {
      what: 'indexes',
      properties: {
        GlobalSecondaryIndexes: undefined,
        AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      },
    },
    { what: 'stream', properties: { StreamSpecification: undefined } },
    {
      what: 'keys',
      properties: {
        KeySchema: [
          { AttributeName: 'sk', KeyType: 'HASH' },
          { AttributeName: 'pk', KeyType: 'RANGE' },
        ],
      },
    },
  ])('with other $what are of another version', async ({ properties }) => {
    const starting = Promise.resolve(dynamodb(machine, engine).add(table('cases', properties)));
    await expect(starting).rejects.toThrow(/^stack\/cases: the table cases stands with other .*--data/);
    await expect(starting).rejects.toThrow(RangeError);
  });

  test('with a property or value that is not supported are refused by name', async () => {
    const adding = (properties: JsonObject) => async () => tables.add(table('new', properties));
    await expect(adding({ StreamSpecification: { StreamViewType: 'ALL' } })()).rejects.toThrow(
      'StreamSpecification.StreamViewType = "ALL"',
    );
    await expect(
      adding({ SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: 'alias/x' } })(),
    ).rejects.toThrow('KMSMasterKeyId = "alias/x"');
    expect(Object.keys(tables.carries)).toEqual(['AWS::DynamoDB::Table']);
  });

  describe('demand of IAM, beside the use of the key,', () => {
    const dynamo = () =>
      server.demands.flatMap(({ action, resource }) => (action.startsWith('dynamodb:') ? [{ action, resource }] : []));
    const cases = arnOf('cases');
    const key = { pk: 'D', sk: 'demand' };
    const read = { TableName: 'cases', KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': 'D' } };
    test.each([
      { command: new GetCommand({ TableName: 'cases', Key: key }), wanted: { GetItem: cases } },
      { command: new PutCommand({ TableName: 'cases', Item: key }), wanted: { PutItem: cases } },
      {
        command: new UpdateCommand({
          TableName: 'cases',
          Key: key,
          UpdateExpression: 'set a = :a',
          ExpressionAttributeValues: { ':a': 1 },
        }),
        wanted: { UpdateItem: cases },
      },
      { command: new DeleteCommand({ TableName: 'cases', Key: key }), wanted: { DeleteItem: cases } },
      { command: new QueryCommand(read), wanted: { Query: cases } },
      {
        command: new QueryCommand({ ...read, IndexName: 'byDue', KeyConditionExpression: 'duePartition = :p' }),
        wanted: { Query: `${cases}/index/byDue` },
      },
      { command: new ScanCommand({ TableName: 'other' }), wanted: { Scan: arnOf('other') } },
      { command: new BatchGetCommand({ RequestItems: { cases: { Keys: [key] } } }), wanted: { BatchGetItem: cases } },
      {
        command: new TransactWriteCommand({
          TransactItems: [
            { Put: { TableName: 'cases', Item: { pk: 'T', sk: '1' } } },
            { Put: { TableName: 'cases', Item: { pk: 'T', sk: '2' } } },
            { Delete: { TableName: 'other', Key: { pk: 'T', sk: '3' } } },
            {
              ConditionCheck: {
                TableName: 'cases',
                Key: { pk: 'T', sk: '4' },
                ConditionExpression: 'attribute_not_exists(pk)',
              },
            },
          ],
        }),
        wanted: { PutItem: cases, DeleteItem: arnOf('other'), ConditionCheckItem: cases },
      },
    ])('$wanted', async ({ command, wanted }) => {
      await client.send(command as PutCommand);
      expect(dynamo()).toEqual(
        Object.entries(wanted).map(([name, resource]) => ({ action: `dynamodb:${name}`, resource })),
      );
    });

    test('the partitions of all items that a call names', async () => {
      const keysOf = () => server.demands.flatMap(({ leadingKeys }) => leadingKeys ?? []);
      await client.send(new GetCommand({ TableName: 'cases', Key: key }));
      expect(keysOf()).toEqual(['D']);
      await client.send(
        new TransactWriteCommand({
          TransactItems: ['A', 'B'].map((pk) => ({ Put: { TableName: 'cases', Item: { pk, sk: 'leading' } } })),
        }),
      );
      expect(keysOf()).toEqual(['D', 'A', 'B']);
      const Put = (Item: object) => ({ Put: { TableName: 'cases', Item } });
      const TransactItems = [Put({ pk: { S: 'A' } }), Put({ pk: { N: '1' } }), Put({ pk: { S: 'A' } })];
      const [unclear] = tables.wire.demands('TransactWriteItems', { TransactItems });
      expect(unclear?.leadingKeys).toBeUndefined();
    });

    test('no use of the key for what only describes a table', async () => {
      await plain.send(new DescribeTableCommand({ TableName: 'cases' }));
      expect(server.demands).toEqual([{ action: 'dynamodb:DescribeTable', resource: cases }]);
    });

    test('DynamoDB uses the table’s own key in the caller’s name, more for writes than for reads', async () => {
      const ofKey = () => server.demands.filter(({ resource: used }) => used === KEY);
      await client.send(new GetCommand({ TableName: 'cases', Key: key }));
      const context = { 'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com' };
      expect(ofKey()).toEqual(
        ['Decrypt', 'DescribeKey'].map((name) => ({ action: `kms:${name}`, resource: KEY, context })),
      );
      await put('keyed');
      expect(ofKey().map(({ action }) => action)).toContain('kms:GenerateDataKey');
    });

    test('what is not supported is refused by name', async () => {
      const partiQl = client.send(new ExecuteStatementCommand({ Statement: 'select * from cases' }));
      await expect(partiQl).rejects.toThrow('the operation ExecuteStatement is not supported on this machine');
    });
  });

  test('answer with the engine’s own errors', async () => {
    const Put = { TableName: 'cases', Item: { pk: 'D', sk: 'once' }, ConditionExpression: 'attribute_not_exists(pk)' };
    const write = () => client.send(new TransactWriteCommand({ TransactItems: [{ Put }] }));
    await write();
    const refused = await write().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TransactionCanceledException);
    expect(refused).toMatchObject({ CancellationReasons: [{ Code: 'ConditionalCheckFailed' }] });
  });

  test('count what is written and read', async () => {
    const before = tables.writes();
    await put('counted');
    await client.send(
      new TransactWriteCommand({
        TransactItems: ['1', '2', '3'].map((sk) => ({ Put: { TableName: 'cases', Item: { pk: 'C', sk } } })),
      }),
    );
    await client.send(new GetCommand({ TableName: 'cases', Key: { pk: 'C', sk: '1' } }));
    const after = tables.writes();
    expect(after.transactions - before.transactions).toBe(2);
    expect(after.items - before.items).toBe(4);
    expect((after.byOperation.GetItem ?? 0) - (before.byOperation.GetItem ?? 0)).toBe(1);
  });

  describe('have streams that', () => {
    const STREAM = streamOf('cases');
    const end = async () => {
      let position: string | undefined;
      for (;;) {
        const read = await tables.read(STREAM, position, 1000);
        if (read.records.length === 0) return read.position;
        position = read.position;
      }
    };

    test('are read in order from a position on, a part at a time', async () => {
      const start = await end();
      for (let n = 0; n < 5; n += 1) await put(`stream-${n}`, { n });
      const first = await tables.read(STREAM, start, 2);
      const second = await tables.read(STREAM, first.position, 1000);
      const third = await tables.read(STREAM, second.position, 1000);
      expect([...first.records, ...second.records].map(({ dynamodb: { Keys } }) => Keys)).toEqual(
        [0, 1, 2, 3, 4].map((n) => ({ pk: { S: 'D' }, sk: { S: `stream-${n}` } })),
      );
      expect(first.records).toHaveLength(2);
      expect(third).toEqual({ records: [], position: second.position });
      expect(first.records[0]).toMatchObject({
        eventName: 'INSERT',
        eventSource: 'aws:dynamodb',
        awsRegion: 'us-east-1',
        dynamodb: { NewImage: { n: { N: '0' } }, SequenceNumber: expect.stringMatching(/^\d+$/) },
      });
      expect(await tables.read(STREAM, start, 2)).toEqual(first);
    });

    test('wake their readers after a write over the wire, and after no read', async () => {
      let woken = 0;
      tables.onChange(STREAM, () => {
        woken += 1;
      });
      await put('waking');
      expect(woken).toBe(1);
      await client.send(new GetCommand({ TableName: 'cases', Key: { pk: 'D', sk: 'waking' } }));
      await client.send(new PutCommand({ TableName: 'other', Item: { pk: 'D', sk: 'waking' } }));
      expect(woken).toBe(1);
    });

    test('demand the right to read and the table’s key', () => {
      expect(tables.demands(STREAM).map(({ action }) => action)).toEqual([
        'dynamodb:GetRecords',
        'kms:Decrypt',
        'kms:DescribeKey',
      ]);
      expect(() => tables.onChange(streamOf('other'), () => {})).toThrow(RangeError);
    });

    test('the account reads over the wire', async () => {
      await put('wire');
      const { Table } = await plain.send(new DescribeTableCommand({ TableName: 'cases' }));
      server.demands.length = 0;
      const StreamArn = Table?.LatestStreamArn;
      const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
      const from = {
        StreamArn,
        ShardId: StreamDescription?.Shards?.[0]?.ShardId,
        ShardIteratorType: 'TRIM_HORIZON',
      } as const;
      const { ShardIterator } = await streams.send(new GetShardIteratorCommand(from));
      const page = await streams.send(new GetRecordsCommand({ ShardIterator, Limit: 1 }));
      const next = await streams.send(new GetRecordsCommand({ ShardIterator: page.NextShardIterator }));
      expect(page.Records).toHaveLength(1);
      expect(next.Records?.at(-1)?.dynamodb?.Keys).toEqual({ pk: { S: 'D' }, sk: { S: 'wire' } });
      const names = ['DescribeStream', 'GetShardIterator', 'GetRecords', 'GetRecords'];
      expect(server.demands).toEqual(names.map((name) => ({ action: `dynamodb:${name}`, resource: '*' })));
    });
  });
});
