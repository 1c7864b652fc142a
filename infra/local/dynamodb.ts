import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import {
  ACCOUNT,
  AwsError,
  type Demand,
  type JsonObject,
  type Machine,
  REGION,
  type Resource,
  type Service,
  type WireAnswer,
  type WireCall,
} from './cloud.ts';
import type { Engine } from './engine.ts';
import { type StreamRecord, tableStream } from './table-stream.ts';

const TABLES = 'DynamoDB_20120810';
const STREAMS = 'DynamoDBStreams_20120810';
/** How often readers of streams look even though nothing was heard of. */
const IDLE_POLL_MS = 1000;
const TRIM_MS = 3_600_000;

const KeySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) })).min(1);
const Index = z.strictObject({
  IndexName: z.string(),
  KeySchema,
  Projection: z.strictObject({
    ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
    NonKeyAttributes: z.array(z.string()).optional(),
  }),
});
const AttributeDefinitions = z.array(
  z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
);
const StreamViewType = z.enum(['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES']);
const Properties = z.looseObject({
  AttributeDefinitions,
  KeySchema,
  GlobalSecondaryIndexes: z.array(Index).default([]),
  StreamSpecification: z.strictObject({ StreamViewType }).optional(),
  TimeToLiveSpecification: z.strictObject({ AttributeName: z.string(), Enabled: z.literal(true) }).optional(),
  SSESpecification: z
    .strictObject({
      SSEEnabled: z.boolean(),
      SSEType: z.literal('KMS').optional(),
      KMSMasterKeyId: z.string().startsWith('arn:').optional(),
    })
    .optional(),
});
type Properties = z.infer<typeof Properties>;
/** A table as the engine describes it. */
const Described = z.looseObject({
  AttributeDefinitions,
  KeySchema,
  GlobalSecondaryIndexes: z.array(z.object(Index.shape)).default([]),
  StreamSpecification: z.object({ StreamEnabled: z.boolean(), StreamViewType: StreamViewType.optional() }).optional(),
  LatestStreamArn: z.string().optional(),
});
const Failed = z.looseObject({ __type: z.string(), message: z.string().optional(), Message: z.string().optional() });
const Iterator = z.looseObject({ ShardIterator: z.string().optional(), NextShardIterator: z.string().optional() });

/** How often the tables were written to and read from over the wire. */
export interface Usage {
  /** Calls that wrote. */
  readonly transactions: number;
  /** Items that these wrote or checked. */
  readonly items: number;
  readonly byOperation: Readonly<Record<string, number>>;
}

/** The tables of the templates in the engine, with their streams. */
export interface Tables extends Service {
  readonly wire: Extract<NonNullable<Service['wire']>, { kind: 'json' }>;
  /** Counted since the start; only calls that succeeded. */
  writes(): Usage;
  /**
   * Up to `most` records after a position, the oldest first; undefined stands for the oldest that is kept.
   * @throws RangeError for a stream of no template
   */
  read(
    streamArn: string,
    position: string | undefined,
    most: number,
  ): Promise<{ readonly records: readonly StreamRecord[]; readonly position: string | undefined }>;
  /** Calls back after each write to the stream's table, and every second for safety. */
  onChange(streamArn: string, wake: () => void): void;
  /** What reading a stream demands: its records, and the use of the table's key. */
  demands(streamArn: string): readonly Demand[];
}

/** DynamoDB: calls are checked here and carried out by the engine, byte for byte. */
export function dynamodb(machine: Machine, engine: Engine): Tables {
  const streams = new Map<string, ReturnType<typeof tableStream>>();
  const keys = new Map<string, string>();
  const hashKeys = new Map<string, string>();
  /** What the calls under way do to tables, read once. */
  const asked = new WeakMap<JsonObject, readonly Access[]>();
  const counted = { transactions: 0, items: 0, byOperation: new Map<string, number>() };
  const timers: NodeJS.Timeout[] = [];
  const wakeAll = () => {
    for (const stream of streams.values()) stream.wake();
  };
  engine.onRestart(wakeAll);

  const call = async (target: string, input: object): Promise<unknown> => {
    const { status, bytes } = await engine.call(target, Buffer.from(JSON.stringify(input)));
    const answer: unknown = JSON.parse(bytes.toString('utf8'));
    if (status === 200) return answer;
    const { __type, message, Message } = Failed.parse(answer);
    throw new AwsError(__type.slice(__type.indexOf('#') + 1), message ?? Message ?? '', status);
  };
  const streamOf = (arn: string) => {
    const stream = streams.get(tableIn(arn));
    if (!stream) throw new RangeError(`${arn} is no stream of a template's table`);
    return stream;
  };
  const count = (operation: string, items: number) => {
    counted.byOperation.set(operation, (counted.byOperation.get(operation) ?? 0) + 1);
    if (items === 0) return;
    counted.transactions += 1;
    counted.items += items;
  };

  return {
    carries: {
      'AWS::DynamoDB::Table': {
        properties: Object.keys(Properties.shape),
        withoutEffect: ['BillingMode', 'PointInTimeRecoverySpecification', 'DeletionProtectionEnabled', 'Tags'],
      },
    },
    wire: {
      kind: 'json',
      signingName: 'dynamodb',
      targets: [TABLES, STREAMS],
      demands(operation, input) {
        const accesses = accessesOf(operation, input);
        asked.set(input, accesses);
        return withKeys(accesses, keys, hashKeys);
      },
      async answer(given) {
        if (given.target.startsWith(STREAMS)) return answerStreams(given, call, streams);
        const { status, bytes } = await engine.call(given.target, given.body);
        if (status === 200) {
          const written = (asked.get(given.input) ?? []).filter(({ kind }) => kind === 'write');
          count(given.operation, written.length);
          for (const table of new Set(written.map((access) => access.table))) streams.get(table)?.wake();
        }
        return { status, bytes };
      },
    },
    async add(resource) {
      const properties = propertiesOf(Properties, resource);
      const streamArn = await standing(resource, properties, call);
      const key = properties.SSESpecification?.KMSMasterKeyId;
      if (key) keys.set(resource.name, key);
      const hashKey = properties.KeySchema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName;
      if (hashKey) hashKeys.set(resource.name, hashKey);
      if (streamArn)
        streams.set(
          resource.name,
          tableStream(streamArn, (name, input) => call(`${STREAMS}.${name}`, input)),
        );
    },
    start() {
      timers.push(setInterval(wakeAll, IDLE_POLL_MS));
      const trim = () => {
        for (const [table, stream] of streams) {
          const upTo = stream.readByAll();
          if (upTo !== undefined)
            engine.trimStream(table, upTo).catch((error) => machine.say(trimFailed(table, error)));
        }
      };
      timers.push(setInterval(trim, TRIM_MS));
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
    },
    writes: () => ({ ...counted, byOperation: Object.fromEntries(counted.byOperation) }),
    read: async (streamArn, position, most) => streamOf(streamArn).read(position, most),
    onChange: (streamArn, wake) => streamOf(streamArn).onChange(wake),
    demands: (streamArn) => withKeys([onStream('read', tableIn(streamArn), 'GetRecords')], keys, hashKeys),
  };
}

function trimFailed(table: string, error: unknown): string {
  return `the stream of ${table} could not be trimmed (${String(error)}); trying again in an hour`;
}

type Call = (target: string, input: object) => Promise<unknown>;

/**
 * Makes a table stand, or finds it standing.
 * @returns the engine's ARN of its stream
 * @throws RangeError when it stands with other keys, indexes or stream
 */
async function standing(resource: Resource, properties: Properties, call: Call): Promise<string | undefined> {
  const {
    KeySchema: keySchema,
    GlobalSecondaryIndexes: indexes,
    StreamSpecification,
    TimeToLiveSpecification,
  } = properties;
  const TableName = resource.name;
  const describe = async () =>
    z.object({ Table: Described }).parse(await call(`${TABLES}.DescribeTable`, { TableName })).Table;
  let table = await describe().catch((error) => {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return undefined;
    throw error;
  });
  if (!table) {
    await call(`${TABLES}.CreateTable`, {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: properties.AttributeDefinitions,
      KeySchema: keySchema,
      GlobalSecondaryIndexes: indexes.length > 0 ? indexes : undefined,
      StreamSpecification: StreamSpecification && { StreamEnabled: true, ...StreamSpecification },
    });
    if (TimeToLiveSpecification) await call(`${TABLES}.UpdateTimeToLive`, { TableName, TimeToLiveSpecification });
    table = await describe();
  }
  const wanted = shapeOf({
    ...properties,
    StreamSpecification: StreamSpecification && { StreamEnabled: true, ...StreamSpecification },
  });
  if (isDeepStrictEqual(shapeOf(table), wanted)) return table.LatestStreamArn;
  throw new RangeError(
    `${resource.stack}/${resource.logicalId}: the table ${TableName} stands with other keys, indexes or stream than the template's: the data are of another version; start with another folder (--data DIR), or remove this one to begin anew`,
  );
}

/** What cannot change of a table, in one order. */
function shapeOf(
  table: Pick<
    z.infer<typeof Described>,
    'AttributeDefinitions' | 'KeySchema' | 'GlobalSecondaryIndexes' | 'StreamSpecification'
  >,
) {
  const sorted = <T>(list: readonly T[], by: (each: T) => string) => list.toSorted((a, b) => (by(a) < by(b) ? -1 : 1));
  return {
    attributes: sorted(table.AttributeDefinitions, (each) => each.AttributeName),
    keys: sorted(table.KeySchema, (each) => each.KeyType),
    indexes: sorted(table.GlobalSecondaryIndexes, (each) => each.IndexName).map((index) => ({
      name: index.IndexName,
      keys: sorted(index.KeySchema, (each) => each.KeyType),
      projection: index.Projection.ProjectionType,
      attributes: index.Projection.NonKeyAttributes?.toSorted() ?? [],
    })),
    stream: table.StreamSpecification?.StreamEnabled ? table.StreamSpecification.StreamViewType : undefined,
  };
}

/** One thing that an operation does to a table. */
interface Access {
  readonly table: string;
  readonly kind: 'read' | 'write' | 'description';
  readonly action: string;
  readonly resource: string;
  /** The item or key that it names. */
  readonly named?: Readonly<Record<string, unknown>>;
}

/** Accesses as demands, and what DynamoDB does with the table's own key in the caller's name. */
function withKeys(
  accesses: readonly Access[],
  keys: ReadonlyMap<string, string>,
  hashKeys: ReadonlyMap<string, string>,
): readonly Demand[] {
  const demands = new Map<string, Demand>();
  for (const { action, resource, kind, table, named } of accesses) {
    const before = demands.get(`${action} ${resource}`);
    const leadingKey = LeadingKey.safeParse(named?.[hashKeys.get(table) ?? '']).data?.S;
    // One item whose partition is not understood keeps the whole call out of a grant within partitions.
    const known = leadingKey !== undefined && (!before || before.leadingKeys);
    const leadingKeys = known ? [...(before?.leadingKeys ?? []), leadingKey] : undefined;
    demands.set(`${action} ${resource}`, { action, resource, leadingKeys });
    const key = keys.get(table);
    if (!key || kind === 'description') continue;
    for (const action of KEY_ACTIONS[kind]) demands.set(`${action} ${key}`, { action, resource: key, context: VIA });
  }
  return [...demands.values()];
}
const VIA = { 'kms:ViaService': `dynamodb.${REGION}.amazonaws.com` };
const READS_KEY = ['kms:Decrypt', 'kms:DescribeKey'];
/** AWS's guide, "Authorizing use of your AWS KMS key" of DynamoDB: what callers need for a customer-managed key. */
const KEY_ACTIONS = {
  read: READS_KEY,
  write: [...READS_KEY, 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
};

const LeadingKey = z.object({ S: z.string() });
const Named = z.record(z.string(), z.unknown()).optional();
const OnTable = z.looseObject({
  TableName: z.string(),
  IndexName: z.string().optional(),
  Item: Named,
  Key: Named,
});
const OnStream = z.looseObject({ StreamArn: z.string() });
const OnIterator = z.looseObject({ ShardIterator: z.string() });
const Requests = z.looseObject({ RequestItems: z.record(z.string(), z.unknown()) });
const WriteRequests = z.looseObject({
  RequestItems: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
});
const TransactItems = z.looseObject({ TransactItems: z.array(z.record(z.string(), OnTable.optional())) });
const TRANSACT_ACTIONS: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
};

function on(kind: Access['kind'], action: string, name: string, index?: string, named?: Access['named']): Access {
  const table = tableIn(name);
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
const KeyCondition = z.looseObject({
  KeyConditionExpression: z.string().default(''),
  ExpressionAttributeNames: z.record(z.string(), z.string()).default({}),
  ExpressionAttributeValues: z.record(z.string(), z.unknown()).default({}),
});
const onTable =
  (kind: Access['kind']): AccessReader =>
  (input, operation) => {
    const { TableName, IndexName, Item, Key } = OnTable.parse(input);
    return [on(kind, operation, TableName, IndexName, Item ?? Key)];
  };
const onStream = (kind: Access['kind'], table: string, operation: string): Access => ({
  table,
  kind,
  action: `dynamodb:${operation}`,
  resource: streamArnOf(table),
});
const transacted =
  (kind: 'read' | 'write'): AccessReader =>
  (input) =>
    TransactItems.parse(input).TransactItems.flatMap((item) =>
      Object.entries(item).flatMap(([name, part]) => {
        const action = TRANSACT_ACTIONS[name];
        if (!action) throw new AwsError('ValidationException', `${name} is not supported in a transaction`);
        return part ? [on(kind, action, part.TableName, undefined, part.Item ?? part.Key)] : [];
      }),
    );

type AccessReader = (input: JsonObject, operation: string) => readonly Access[];
const OPERATIONS: Readonly<Record<string, AccessReader>> = {
  GetItem: onTable('read'),
  Query: (input, operation) => {
    const { TableName, IndexName } = OnTable.parse(input);
    return [on('read', operation, TableName, IndexName, equalities(input))];
  },
  Scan: onTable('read'),
  PutItem: onTable('write'),
  UpdateItem: onTable('write'),
  DeleteItem: onTable('write'),
  DescribeTable: onTable('description'),
  DescribeTimeToLive: onTable('description'),
  ListTables: (_, operation) => [{ table: '', kind: 'description', action: `dynamodb:${operation}`, resource: '*' }],
  BatchGetItem: (input, operation) =>
    Object.keys(Requests.parse(input).RequestItems).map((name) => on('read', operation, name)),
  BatchWriteItem: (input, operation) =>
    Object.entries(WriteRequests.parse(input).RequestItems).flatMap(([name, requests]) =>
      requests.map(() => on('write', operation, name)),
    ),
  TransactGetItems: transacted('read'),
  TransactWriteItems: transacted('write'),
  ListStreams: (_, operation) => [{ table: '', kind: 'description', action: `dynamodb:${operation}`, resource: '*' }],
  DescribeStream: (input, operation) => [onStream('description', tableIn(OnStream.parse(input).StreamArn), operation)],
  GetShardIterator: (input, operation) => [
    onStream('description', tableIn(OnStream.parse(input).StreamArn), operation),
  ],
  GetRecords: (input, operation) => [
    onStream('read', OnIterator.parse(input).ShardIterator.split('|')[0] ?? '', operation),
  ],
};

/** @throws AwsError for an operation that is not supported, or input that it does not understand */
function accessesOf(operation: string, input: JsonObject): readonly Access[] {
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

/** A table's name from itself, its ARN or that of its index or stream, in the engine's form or in AWS's. */
function tableIn(nameOrArn: string): string {
  return nameOrArn.startsWith('arn:') ? (nameOrArn.split('/')[1] ?? '') : nameOrArn;
}

function streamArnOf(table: string): string {
  return `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${table}/stream/local`;
}

/**
 * Streams over the wire. Templates know a stream by an ARN of our own, the engine by another; its iterators are given out
 * with the table's name before them, since GetRecords names nothing else that IAM could look at.
 */
async function answerStreams(
  { target, operation, input }: WireCall,
  call: Call,
  streams: ReadonlyMap<string, { readonly arn: string }>,
): Promise<WireAnswer> {
  if (operation === 'ListStreams') return { json: Object(await call(target, input)) };
  if (operation === 'GetRecords') {
    const [table = '', ...iterator] = OnIterator.parse(input).ShardIterator.split('|');
    const answer = Iterator.parse(await call(target, { ...input, ShardIterator: iterator.join('|') }));
    const { NextShardIterator: next } = answer;
    return { json: { ...answer, NextShardIterator: next && `${table}|${next}` } };
  }
  const table = tableIn(OnStream.parse(input).StreamArn);
  const StreamArn = streams.get(table)?.arn ?? input.StreamArn;
  const answer = Iterator.parse(await call(target, { ...input, StreamArn }));
  const { ShardIterator: iterator } = answer;
  return { json: iterator === undefined ? answer : { ...answer, ShardIterator: `${table}|${iterator}` } };
}
