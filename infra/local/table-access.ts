import * as z from 'zod';
import { ACCOUNT, AwsError, type Demand, type JsonObject, REGION } from './cloud.ts';

/** One thing that an operation does to a table. */
export interface Access {
  readonly table: string;
  readonly kind: 'read' | 'write' | 'description';
  readonly action: string;
  readonly resource: string;
  /** The item or key that it names. */
  readonly named?: Readonly<Record<string, unknown>>;
}

/** What a table's demands depend on: the ARN of its KMS key, and the attribute that is its partition key. */
export interface TableKeys {
  readonly encryption: string;
  readonly partition: string;
}

const Attributes = z.record(z.string(), z.unknown());
const OnTable = z.looseObject({
  TableName: z.string(),
  IndexName: z.string().optional(),
  Item: Attributes.optional(),
  Key: Attributes.optional(),
});
const Requests = z.looseObject({ RequestItems: Attributes });
const TransactItems = z.looseObject({
  TransactItems: z.array(z.partialRecord(z.enum(['Put', 'Update', 'Delete', 'ConditionCheck']), OnTable)),
});
const KeyCondition = z.looseObject({
  KeyConditionExpression: z.string(),
  ExpressionAttributeNames: z.record(z.string(), z.string()).default({}),
  ExpressionAttributeValues: Attributes.default({}),
});

type AccessReader = (input: JsonObject, operation: string) => readonly Access[];
const onTable =
  (kind: Access['kind'], named: (input: JsonObject) => Access['named'] = () => undefined): AccessReader =>
  (input, operation) => {
    const { TableName, IndexName, Item, Key } = OnTable.parse(input);
    return [on(kind, operation, TableName, Item ?? Key ?? named(input), IndexName)];
  };
/** Streams over the wire are for the account alone: mappings read them from within. */
const onAll: AccessReader = (_, operation) => [
  { table: '', kind: 'description', action: `dynamodb:${operation}`, resource: '*' },
];
const OPERATIONS: Readonly<Record<string, AccessReader>> = {
  GetItem: onTable('read'),
  Query: onTable('read', equalities),
  Scan: onTable('read'),
  PutItem: onTable('write'),
  UpdateItem: onTable('write'),
  DeleteItem: onTable('write'),
  DescribeTable: onTable('description'),
  BatchGetItem: (input, operation) =>
    Object.keys(Requests.parse(input).RequestItems).map((name) => on('read', operation, name)),
  TransactWriteItems: (input) =>
    TransactItems.parse(input)
      .TransactItems.flatMap((item) => Object.entries(item))
      .map(([name, { TableName, Item, Key }]) => on('write', `${name}Item`, TableName, Item ?? Key)),
  DescribeStream: onAll,
  GetShardIterator: onAll,
  GetRecords: onAll,
};

/** @throws AwsError for an operation that is not supported, or input that it does not understand */
export function accessesOf(operation: string, input: JsonObject): readonly Access[] {
  const read = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
  if (!read)
    throw new AwsError('UnknownOperationException', `the operation ${operation} is not supported on this machine`);
  try {
    return read(input, operation);
  } catch (error) {
    if (error instanceof z.ZodError) throw new AwsError('ValidationException', z.prettifyError(error));
    throw error;
  }
}

const LeadingKey = z.object({ S: z.string() });
const VIA = { 'kms:ViaService': `dynamodb.${REGION}.amazonaws.com` };
const READS_KEY = ['kms:Decrypt', 'kms:DescribeKey'];
/** AWS's guide, "Authorizing use of your AWS KMS key" of DynamoDB: what callers need for a customer-managed key. */
const KEY_ACTIONS = {
  description: [],
  read: READS_KEY,
  write: [...READS_KEY, 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
};

/** Accesses as demands, and what DynamoDB does with the table's own key in the caller's name. */
export function demandsOf(accesses: readonly Access[], keys: ReadonlyMap<string, TableKeys>): readonly Demand[] {
  const demands = new Map<string, Demand>();
  const kinds = new Set<string>();
  for (const { action, resource, kind, table, named } of accesses) {
    const { encryption, partition = '' } = keys.get(table) ?? {};
    const before = demands.get(`${action} ${resource}`);
    const leadingKey = LeadingKey.safeParse(named?.[partition]).data?.S;
    // One item whose partition is not understood keeps the whole call out of a grant within partitions.
    const known = leadingKey !== undefined && (!before || before.leadingKeys);
    const leadingKeys = known ? [...(before?.leadingKeys ?? []), leadingKey] : undefined;
    demands.set(`${action} ${resource}`, { action, resource, leadingKeys });
    if (!encryption || kinds.has(`${kind} ${encryption}`)) continue;
    kinds.add(`${kind} ${encryption}`);
    for (const use of KEY_ACTIONS[kind])
      demands.set(`${use} ${encryption}`, { action: use, resource: encryption, context: VIA });
  }
  return [...demands.values()];
}

function on(kind: Access['kind'], action: string, table: string, named?: Access['named'], index?: string): Access {
  const arn = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${table}`;
  return { table, kind, action: `dynamodb:${action}`, resource: index ? `${arn}/index/${index}` : arn, named };
}

/** What a query's key condition sets equal, by attribute: its partition key is among them. */
function equalities(input: JsonObject): Record<string, unknown> {
  const { KeyConditionExpression: condition, ...given } = KeyCondition.parse(input);
  const pairs = [...condition.matchAll(/(#?[\w.-]+)\s*=\s*(:\w+)/g)].map(([, name = '', value = '']) => [
    given.ExpressionAttributeNames[name] ?? name,
    given.ExpressionAttributeValues[value],
  ]);
  return Object.fromEntries(pairs);
}
