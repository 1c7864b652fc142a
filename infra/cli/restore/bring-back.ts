import {
  type AttributeValue,
  BatchGetItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import canonicalize from 'canonicalize';

type Stored = Record<string, AttributeValue>;

/** What of a table is to be as it was. */
export interface Asked {
  /** The table that holds what was: restored beside, to a point in time. */
  readonly from: string;
  /** The table that stands. */
  readonly to: string;
  /** What the partitions' keys begin with; everything unless given. */
  readonly only?: string;
  /** Whether items that the restored table has not are taken out: then both are the same. */
  readonly exact: boolean;
  /** Whether anything is written; else it is only told. */
  readonly write: boolean;
}

/** What differs between the two, and each difference as it is met. */
export interface Differences {
  readonly same: number;
  readonly changed: number;
  readonly missing: number;
  /** Items that the table has and the restored one has not. */
  readonly newer: number;
}
export type Difference = { readonly is: 'changed' | 'missing' | 'newer'; readonly pk: string; readonly sk: string };

/** What DynamoDB takes in one batch read, and how often what it left out is asked for again. */
const BATCH = 100;
const TRIES = 10;

/**
 * Makes items of a table what they are in another one, byte for byte. Memory holds one page; a repeat goes on where the
 * last one stood.
 *
 * Whoever writes meanwhile is overwritten, so nobody must.
 */
export async function bringBack(
  client: DynamoDBClient,
  asked: Asked,
  tell: (difference: Difference) => void,
): Promise<Differences> {
  const counted = { same: 0, changed: 0, missing: 0, newer: 0 };
  for await (const page of pagesOf(client, asked.from, asked.only)) {
    const standing = await byKey(client, asked.to, page);
    for (const item of page) {
      const there = standing.get(keyText(item));
      if (there && textOf(there) === textOf(item)) {
        counted.same += 1;
        continue;
      }
      const is = there ? 'changed' : 'missing';
      counted[is] += 1;
      tell({ is, ...namesOf(item) });
      if (asked.write) await client.send(new PutItemCommand({ TableName: asked.to, Item: item }));
    }
  }
  for await (const page of pagesOf(client, asked.to, asked.only)) {
    const restored = await byKey(client, asked.from, page);
    for (const item of page.filter((each) => !restored.has(keyText(each)))) {
      counted.newer += 1;
      tell({ is: 'newer', ...namesOf(item) });
      if (asked.write && asked.exact)
        await client.send(new DeleteItemCommand({ TableName: asked.to, Key: keyOf(item) }));
    }
  }
  return counted;
}

async function* pagesOf(client: DynamoDBClient, table: string, only?: string): AsyncGenerator<Stored[]> {
  const filter = only !== undefined && {
    FilterExpression: 'begins_with(pk, :only)',
    ExpressionAttributeValues: { ':only': { S: only } },
  };
  const pages = paginateScan({ client, pageSize: 500 }, { TableName: table, ConsistentRead: true, ...filter });
  for await (const { Items = [] } of pages) if (Items.length > 0) yield Items;
}

/** The items of a table under the keys of these. */
async function byKey(client: DynamoDBClient, table: string, items: readonly Stored[]): Promise<Map<string, Stored>> {
  const found = new Map<string, Stored>();
  for (let at = 0; at < items.length; at += BATCH) {
    let Keys: Stored[] = items.slice(at, at + BATCH).map(keyOf);
    for (let tries = 1; Keys.length > 0; tries += 1) {
      if (tries > TRIES) throw new RangeError(`${table} does not answer ${Keys.length} reads; run it again later`);
      const request = { RequestItems: { [table]: { Keys, ConsistentRead: true } } };
      const { Responses = {}, UnprocessedKeys = {} } = await client.send(new BatchGetItemCommand(request));
      for (const item of Responses[table] ?? []) found.set(keyText(item), item);
      Keys = UnprocessedKeys[table]?.Keys ?? [];
    }
  }
  return found;
}

function namesOf({ pk, sk }: Stored): { pk: string; sk: string } {
  return { pk: pk?.S ?? '', sk: sk?.S ?? '' };
}

function keyOf(item: Stored): Stored {
  const { pk, sk } = namesOf(item);
  return { pk: { S: pk }, sk: { S: sk } };
}

function keyText(item: Stored): string {
  return textOf(keyOf(item));
}

/** The same for the same content, in whatever order a table hands out its attributes. */
function textOf(item: Stored): string {
  return canonicalize(item) ?? '';
}
