import { setTimeout as pause } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import {
  type Condition,
  type Item,
  type Key,
  type Query,
  type TableName,
  type Tables,
  type Write,
  WriteRefused,
} from '../domain/ports/tables.ts';
import { checkedKey, checkedQuery, checkedWrites, pageOf } from './tables-input.ts';

/** Most keys that one BatchGetItem takes. */
const BATCH_KEYS = 100;
/** Batches in a row that may bring nothing before reading gives up: about 2 seconds. */
const IDLE_BATCHES = 6;
const FIRST_PAUSE_MS = 50;

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/**
 * `Tables` in DynamoDB. A lone write is a plain one, several are one transaction; an index answers with what it projects.
 *
 * The SDK repeats a call whose answer got lost: a lone conditional write may then be refused although it was done the
 * first time. Callers read again after `WriteRefused` and find their own write there.
 *
 * @param names the physical name of each table that the function may use; any other is a RangeError
 * @throws DynamoDB's own errors untouched, throttling included; its ValidationException is a RangeError
 */
export function dynamoTables(client: DynamoDBDocumentClient, names: Partial<Record<TableName, string>>): Tables {
  const nameOf = (table: TableName) => {
    const name = names[table];
    if (!name) throw new RangeError(`the table ${table} is not one of this function's tables`);
    return name;
  };
  return {
    async get(table, key) {
      const request = { TableName: nameOf(table), Key: checkedKey(key), ConsistentRead: true };
      const { Item } = await client.send(new GetCommand(request));
      return Item && itemIn(Item);
    },
    async getMany(table, keys) {
      const name = nameOf(table);
      const wanted = new Map(keys.map((key) => [idOf(key), checkedKey(key)]));
      const found = new Map<string, Item>();
      const distinct = [...wanted.values()];
      for (let start = 0; start < distinct.length; start += BATCH_KEYS) {
        const items = await batchGet(client, name, distinct.slice(start, start + BATCH_KEYS));
        for (const item of items) found.set(idOf(item), item);
      }
      return keys.map((key) => found.get(idOf(key)));
    },
    async query(query) {
      const name = nameOf(query.table);
      const checked = checkedQuery(query);
      const request = queryRequest(name, query, checked);
      const found: Item[] = [];
      // DynamoDB also ends a page at 1 MB, and tells of a next page that may be empty: read on to one item too many.
      let start: Record<string, unknown> | undefined = checked.after;
      do {
        const Limit = checked.limit + 1 - found.length;
        const page = await client.send(new QueryCommand({ ...request, Limit, ExclusiveStartKey: start }));
        found.push(...(page.Items ?? []).map(itemIn));
        start = page.LastEvaluatedKey;
      } while (start && found.length <= checked.limit);
      return pageOf(found, checked);
    },
    async write(writes) {
      const items = checkedWrites(writes).map((write) => transactItem(write, nameOf(write.table)));
      try {
        await send(client, items);
      } catch (error) {
        throw refusalIn(error) ?? error;
      }
    },
  };
}

const StoredItem = z.looseObject({ pk: z.string(), sk: z.string() });
function itemIn(found: unknown): Item {
  return StoredItem.parse(found);
}

function idOf({ pk, sk }: Key): string {
  return JSON.stringify([pk, sk]);
}

/** All items of at most 100 distinct keys. @throws Error when DynamoDB keeps leaving keys unread */
async function batchGet(client: DynamoDBDocumentClient, table: string, keys: readonly Key[]): Promise<readonly Item[]> {
  const found: Item[] = [];
  let unread: Record<string, unknown>[] = keys.map((key) => ({ ...key }));
  for (let idle = 0; unread.length > 0; ) {
    if (idle === IDLE_BATCHES)
      throw new Error(`${table}: ${unread.length} keys stayed unread after ${idle} batches without progress`);
    if (idle > 0) await pause(Math.random() * FIRST_PAUSE_MS * 2 ** idle);
    const answer = await client.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys: unread, ConsistentRead: true } } }),
    );
    found.push(...(answer.Responses?.[table] ?? []).map(itemIn));
    const left = answer.UnprocessedKeys?.[table]?.Keys ?? [];
    idle = left.length < unread.length ? 0 : idle + 1;
    unread = left;
  }
  return found;
}

function queryRequest(table: string, query: Query, { partition, sort }: ReturnType<typeof checkedQuery>) {
  const names = { '#partition': partition.attribute };
  const values = { ':partition': partition.value };
  const request = {
    TableName: table,
    IndexName: query.index,
    ConsistentRead: query.index === undefined, // Indexes know no other way.
    ScanIndexForward: !query.descending,
  };
  const { prefix, from, to } = sort;
  if (prefix === undefined && from === undefined)
    return {
      ...request,
      KeyConditionExpression: '#partition = :partition',
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    };
  const taken = prefix === undefined ? '#sort BETWEEN :from AND :to' : 'begins_with(#sort, :prefix)';
  return {
    ...request,
    KeyConditionExpression: `#partition = :partition AND ${taken}`,
    ExpressionAttributeNames: { ...names, '#sort': sort.attribute },
    ExpressionAttributeValues: {
      ...values,
      ...(prefix === undefined ? { ':from': from, ':to': to } : { ':prefix': prefix }),
    },
  };
}

async function send(client: DynamoDBDocumentClient, items: TransactItem[]): Promise<void> {
  const [only, ...more] = items;
  if (only?.Put && more.length === 0) await client.send(new PutCommand(only.Put));
  else if (only?.Update && more.length === 0) await client.send(new UpdateCommand(only.Update));
  else if (only?.Delete && more.length === 0) await client.send(new DeleteCommand(only.Delete));
  else await client.send(new TransactWriteCommand({ TransactItems: items }));
}

/** Names and values that an expression stands for; DynamoDB refuses empty maps. */
interface Placeholders {
  readonly names: Record<string, string>;
  readonly values: Record<string, unknown>;
}

function transactItem(write: Write, table: string): TransactItem {
  const used: Placeholders = { names: {}, values: {} };
  const condition = write.if && conditionExpression(write.if, used);
  if ('update' in write) {
    const changes = updateExpression(write, used);
    return {
      Update: {
        TableName: table,
        Key: write.update,
        UpdateExpression: changes,
        ConditionExpression: condition,
        ...expressionMaps(used),
      },
    };
  }
  const rest = { TableName: table, ConditionExpression: condition, ...expressionMaps(used) };
  if ('put' in write) return { Put: { ...rest, Item: write.put } };
  if ('check' in write) return { ConditionCheck: { ...rest, Key: write.check, ConditionExpression: condition } };
  return { Delete: { ...rest, Key: write.remove } };
}

function expressionMaps({ names, values }: Placeholders) {
  return {
    ExpressionAttributeNames: Object.keys(names).length > 0 ? names : undefined,
    ExpressionAttributeValues: Object.keys(values).length > 0 ? values : undefined,
  };
}

function conditionExpression(condition: Condition, used: Placeholders): string {
  if ('absent' in condition) return 'attribute_not_exists(pk)';
  const name = placeName(condition.attribute, used);
  if ('equals' in condition) return `${name} = ${placeValue(condition.equals, used)}`;
  return `attribute_not_exists(${name}) OR ${name} < ${placeValue(condition.absentOrBelow, used)}`;
}

function updateExpression(write: Extract<Write, { update: Key }>, used: Placeholders): string {
  const set = Object.entries(write.set ?? {}).map(
    ([name, value]) => `${placeName(name, used)} = ${placeValue(value, used)}`,
  );
  const add = Object.entries(write.add ?? {}).map(([name, by]) => `${placeName(name, used)} ${placeValue(by, used)}`);
  const remove = (write.remove ?? []).map((name) => placeName(name, used));
  const clauses = Object.entries({ SET: set, ADD: add, REMOVE: remove }).filter(([, parts]) => parts.length > 0);
  return clauses.map(([verb, parts]) => `${verb} ${parts.join(', ')}`).join(' ');
}

function placeName(name: string, { names }: Placeholders): string {
  const known = Object.entries(names).find(([, named]) => named === name)?.[0];
  if (known) return known;
  const place = `#n${Object.keys(names).length}`;
  names[place] = name;
  return place;
}

function placeValue(value: unknown, { values }: Placeholders): string {
  const place = `:v${Object.keys(values).length}`;
  values[place] = value;
  return place;
}

/** What an error of a write means to the caller; undefined for AWS's own troubles, such as throttling. */
function refusalIn(error: unknown): Error | undefined {
  if (error instanceof ConditionalCheckFailedException) return new WriteRefused([0]);
  if (error instanceof TransactionConflictException) return new WriteRefused([]);
  if (error instanceof TransactionCanceledException) return cancellationIn(error);
  if (error instanceof DynamoDBServiceException && error.name === 'ValidationException')
    return new RangeError(error.message, { cause: error });
  return undefined;
}

function cancellationIn(error: TransactionCanceledException): Error | undefined {
  const reasons = error.CancellationReasons ?? [];
  const failed = reasons.flatMap(({ Code }, i) => (Code === 'ConditionalCheckFailed' ? [i] : []));
  if (failed.length > 0) return new WriteRefused(failed);
  const invalid = reasons.find(({ Code }) => Code === 'ValidationError');
  if (invalid) return new RangeError(invalid.Message ?? 'DynamoDB refused a write as invalid', { cause: error });
  const others = reasons.filter(({ Code }) => Code !== undefined && Code !== 'None');
  return others.length > 0 && others.every(({ Code }) => Code === 'TransactionConflict')
    ? new WriteRefused([])
    : undefined;
}
