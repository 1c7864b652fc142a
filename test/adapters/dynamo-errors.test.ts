import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { type Write, WriteRefused } from '#shared/domain/ports/tables.ts';
import { startAwsJsonServer } from './aws-json-server.ts';

const server = await startAwsJsonServer();
const tables = dynamoTables(DynamoDBDocumentClient.from(new DynamoDBClient(server.config)), { cases: 'cases-1' });
const key = { pk: 'p', sk: 'a' };
const put: Write = { table: 'cases', put: key };
const check: Write = { table: 'cases', check: { pk: 'p', sk: 'b' }, if: { absent: true } };
const operations = () => server.calls.map(({ target }) => target.replace('DynamoDB_20120810.', ''));
const errorOf = (writes: readonly Write[]) =>
  tables.write(writes).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

beforeEach(() => {
  server.calls.length = 0;
  server.answer = () => ({ output: {} });
});
afterAll(() => server.close());

describe('calls to DynamoDB', () => {
  test('are plain for a lone write, which costs half, and transactions for several or a lone check', async () => {
    await tables.write([put]);
    await tables.write([{ table: 'cases', update: key, add: { n: 1 } }]);
    await tables.write([{ table: 'cases', remove: key }]);
    await tables.write([check]);
    await tables.write([put, check]);
    expect(operations()).toEqual(['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems', 'TransactWriteItems']);
  });

  test('read consistently, except from an index, which cannot', async () => {
    server.answer = ({ target }) => ({ output: target.endsWith('BatchGetItem') ? { Responses: {} } : {} });
    await tables.get('cases', key);
    await tables.getMany('cases', [key]);
    await tables.query({ table: 'cases', partition: 'p' });
    await tables.query({ table: 'cases', partition: 'p', index: 'byDue' });
    expect(server.calls.map(({ input }) => JSON.stringify(input).includes('"ConsistentRead":true'))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  test('ask for a key once although it is wanted twice, and for at most 100 at a time', async () => {
    const BatchGet = z.object({ RequestItems: z.object({ 'cases-1': z.object({ Keys: z.array(z.unknown()) }) }) });
    server.answer = ({ input }) => ({
      output: { Responses: { 'cases-1': BatchGet.parse(input).RequestItems['cases-1'].Keys } },
    });
    const keys = Array.from({ length: 150 }, (_, i) => ({ pk: 'p', sk: String(i) }));
    expect(await tables.getMany('cases', [...keys, ...keys])).toEqual([...keys, ...keys]);
    expect(server.calls.map(({ input }) => BatchGet.parse(input).RequestItems['cases-1'].Keys.length)).toEqual([
      100, 50,
    ]);
  });

  test('ask again for keys that were left unread, and give up when nothing comes any more', {
    timeout: 30_000,
  }, async () => {
    const BatchGet = z.object({ RequestItems: z.object({ 'cases-1': z.object({ Keys: z.array(z.unknown()) }) }) });
    const keys = Array.from({ length: 5 }, (_, i) => ({ pk: 'p', sk: String(i) }));
    let readable = 5;
    server.answer = ({ input }) => {
      const [first, ...others] = BatchGet.parse(input).RequestItems['cases-1'].Keys;
      const read = readable > 0 && server.calls.length % 2 === 0 ? [first] : [];
      readable -= read.length;
      const unread = read.length > 0 ? others : [first, ...others];
      return {
        output: {
          Responses: { 'cases-1': read },
          UnprocessedKeys: unread.length > 0 ? { 'cases-1': { Keys: unread } } : {},
        },
      };
    };
    expect(await tables.getMany('cases', keys)).toEqual(keys);
    expect(server.calls).toHaveLength(10);
    server.calls.length = 0;
    await expect(tables.getMany('cases', keys)).rejects.toThrow('cases-1: 5 keys stayed unread after 6 batches');
    expect(server.calls).toHaveLength(6);
  });
});

describe('refusals of DynamoDB', () => {
  /** A cancelled transaction with one reason per write. */
  const cancelled = (...codes: string[]) => {
    const CancellationReasons = codes.map((Code) => ({ Code, Message: Code }));
    server.answer = () => ({ error: 'TransactionCanceledException', fields: { CancellationReasons } });
  };

  test.each([
    {
      title: 'names the writes whose conditions failed',
      codes: ['None', 'ConditionalCheckFailed', 'ConditionalCheckFailed'],
      failed: [1, 2],
    },
    {
      title: 'names failed conditions also beside a conflict',
      codes: ['TransactionConflict', 'ConditionalCheckFailed'],
      failed: [1],
    },
    { title: 'names none for a conflict alone', codes: ['TransactionConflict', 'None'], failed: [] },
  ])('a cancelled transaction $title', async ({ codes, failed }) => {
    cancelled(...codes);
    const error = await errorOf([put, check]);
    expect(error).toBeInstanceOf(WriteRefused);
    expect(error).toHaveProperty('failed', failed);
  });

  test.each([
    ['ThrottlingError', 'None'],
    ['ProvisionedThroughputExceeded', 'TransactionConflict'],
  ])('a transaction cancelled for %s stays the error it is', async (...codes) => {
    cancelled(...codes);
    expect(await errorOf([put, check])).toHaveProperty('name', 'TransactionCanceledException');
  });

  test('a transaction cancelled as invalid is a RangeError', async () => {
    cancelled('None', 'ValidationError');
    expect(await errorOf([put, check])).toBeInstanceOf(RangeError);
  });

  test('a lone write that meets a transaction is refused without a failed condition', async () => {
    server.answer = () => ({ error: 'TransactionConflictException' });
    const error = await errorOf([put]);
    expect(error).toBeInstanceOf(WriteRefused);
    expect(error).toHaveProperty('failed', []);
  });

  test.each([
    'ProvisionedThroughputExceededException',
    'ThrottlingException',
    'ResourceNotFoundException',
    'AccessDeniedException',
  ])('%s passes through untouched', async (name) => {
    server.answer = () => ({ error: name });
    expect(await errorOf([put])).toHaveProperty('name', name);
    await expect(tables.get('cases', key)).rejects.toHaveProperty('name', name);
  });

  test('an invalid write is a RangeError with DynamoDB’s own words', async () => {
    server.answer = () => ({ error: 'ValidationException' });
    const error = await errorOf([put]);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toHaveProperty('message', 'ValidationException');
  });
});
