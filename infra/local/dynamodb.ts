import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { AwsError, type Demand, type JsonObject, type Machine, type Resource, type Service } from './cloud.ts';
import type { Engine } from './engine.ts';
import { type Access, accessesOf, demandsOf, readOfStream, type TableKeys, tableIn } from './table-access.ts';
import { type StreamRecord, tableStream } from './table-stream.ts';

const TABLES = 'DynamoDB_20120810';
const STREAMS = 'DynamoDBStreams_20120810';
/** How often readers of streams look even though nothing was heard of. */
const IDLE_POLL_MS = 1000;
const TRIM_MS = 3_600_000;

const KeySchema = z.tuple([
  z.strictObject({ AttributeName: z.string(), KeyType: z.literal('HASH') }),
  z.strictObject({ AttributeName: z.string(), KeyType: z.literal('RANGE') }),
]);
const Index = z.strictObject({
  IndexName: z.string(),
  KeySchema,
  Projection: z.strictObject({
    ProjectionType: z.enum(['ALL', 'INCLUDE', 'KEYS_ONLY']),
    NonKeyAttributes: z.unknown().optional(),
  }),
});
const AttributeDefinitions = z.array(z.strictObject({ AttributeName: z.string(), AttributeType: z.literal('S') }));
const StreamSpecification = z.strictObject({ StreamViewType: z.literal('NEW_AND_OLD_IMAGES') });
const Properties = z.looseObject({
  AttributeDefinitions,
  KeySchema,
  GlobalSecondaryIndexes: z.array(Index).default([]),
  StreamSpecification: StreamSpecification.optional(),
  TimeToLiveSpecification: z.strictObject({ AttributeName: z.string(), Enabled: z.literal(true) }).optional(),
  SSESpecification: z.strictObject({
    SSEEnabled: z.literal(true),
    SSEType: z.literal('KMS'),
    KMSMasterKeyId: z.string().startsWith('arn:'),
  }),
});
type Properties = z.infer<typeof Properties>;
/** A table as the engine describes it. */
const Described = z.object({
  Table: z.object({
    AttributeDefinitions,
    KeySchema: z.array(z.unknown()),
    GlobalSecondaryIndexes: z.array(z.object(Index.shape)).default([]),
    StreamSpecification: z.object(StreamSpecification.shape).optional(),
    LatestStreamArn: z.string().optional(),
  }),
});
type Described = z.infer<typeof Described>['Table'];
const Failed = z.looseObject({ __type: z.string(), message: z.string().default('') });

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

/** DynamoDB: calls are checked here and carried out by the engine as they came. */
export function dynamodb(machine: Machine, engine: Engine): Tables {
  const streams = new Map<string, ReturnType<typeof tableStream>>();
  const keys = new Map<string, TableKeys>();
  const call = callOn(engine);
  const timers: NodeJS.Timeout[] = [];
  const wakeAll = () => {
    for (const stream of streams.values()) stream.wake();
  };
  const streamOf = (arn: string) => {
    const stream = streams.get(tableIn(arn));
    if (!stream) throw new RangeError(`${arn} is no stream of a template's table`);
    return stream;
  };
  const { wire, writes } = wireOf(engine, keys, (table) => streams.get(table)?.wake());
  return {
    carries: {
      'AWS::DynamoDB::Table': {
        properties: Object.keys(Properties.shape),
        withoutEffect: ['BillingMode', 'PointInTimeRecoverySpecification', 'DeletionProtectionEnabled'],
      },
    },
    wire,
    writes,
    async add(resource) {
      const { name } = resource;
      const properties = propertiesOf(Properties, resource);
      const streamArn = await standing(resource, properties, call);
      const { KeySchema: schema, SSESpecification: encryption } = properties;
      keys.set(name, { encryption: encryption.KMSMasterKeyId, partition: schema[0].AttributeName });
      const ofStream = (operation: string, input: object) => call(`${STREAMS}.${operation}`, input);
      if (streamArn) streams.set(name, tableStream(streamArn, ofStream));
    },
    start() {
      timers.push(setInterval(wakeAll, IDLE_POLL_MS));
      const trim = async (table: string, upTo: string) =>
        engine.trimStream(table, upTo).catch((error) => {
          machine.say(`the stream of ${table} could not be trimmed (${String(error)}); trying again in an hour`);
        });
      const trimAll = () => {
        for (const [table, stream] of streams) {
          const upTo = stream.readByAll();
          if (upTo !== undefined) void trim(table, upTo);
        }
      };
      timers.push(setInterval(trimAll, TRIM_MS));
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
    },
    read: async (streamArn, position, most) => streamOf(streamArn).read(position, most),
    onChange: (streamArn, wake) => streamOf(streamArn).onChange(wake),
    demands: (streamArn) => demandsOf([readOfStream(streamArn)], keys),
  };
}

/** The wire protocol, and what is counted of it. */
function wireOf(engine: Engine, keys: ReadonlyMap<string, TableKeys>, written: (table: string) => void) {
  /** What the calls under way do to tables, read once. */
  const asked = new WeakMap<JsonObject, readonly Access[]>();
  const byOperation = new Map<string, number>();
  let [transactions, items] = [0, 0];
  const wire: Tables['wire'] = {
    kind: 'json',
    signingName: 'dynamodb',
    targets: [TABLES, STREAMS],
    demands(operation, input) {
      const accesses = accessesOf(operation, input);
      asked.set(input, accesses);
      return demandsOf(accesses, keys);
    },
    async answer({ operation, input, target, body }) {
      const { status, text } = await engine.call(target, body);
      if (status !== 200) return { status, text };
      byOperation.set(operation, (byOperation.get(operation) ?? 0) + 1);
      const writes = (asked.get(input) ?? []).filter(({ kind }) => kind === 'write');
      if (writes.length > 0) transactions += 1;
      items += writes.length;
      for (const table of new Set(writes.map((access) => access.table))) written(table);
      return { status, text };
    },
  };
  return { wire, writes: (): Usage => ({ transactions, items, byOperation: Object.fromEntries(byOperation) }) };
}

type Call = (target: string, input: object) => Promise<unknown>;

function callOn(engine: Engine): Call {
  return async (target, input) => {
    const { status, text } = await engine.call(target, JSON.stringify(input));
    const answer: unknown = JSON.parse(text);
    if (status === 200) return answer;
    const { __type, message } = Failed.parse(answer);
    throw new AwsError(__type.slice(__type.indexOf('#') + 1), message, status);
  };
}

/**
 * Makes a table stand, or finds it standing.
 * @returns the engine's ARN of its stream
 * @throws RangeError when it stands with other keys, indexes or stream
 */
async function standing(resource: Resource, properties: Properties, call: Call): Promise<string | undefined> {
  const { stack, logicalId, name: TableName } = resource;
  // What is described in another way than our templates could is of another shape, too.
  const describe = async () => Described.safeParse(await call(`${TABLES}.DescribeTable`, { TableName })).data?.Table;
  const table = await describe().catch(async (error) => {
    if (!(error instanceof AwsError && error.code === 'ResourceNotFoundException')) throw error;
    await create(TableName, properties, call);
    return describe();
  });
  if (table && isDeepStrictEqual(shapeOf(table), shapeOf(properties))) return table.LatestStreamArn;
  throw new RangeError(
    `${stack}/${logicalId}: the table ${TableName} stands with other keys, indexes or stream than the template's: the data are of another version; start with another folder (--data DIR), or remove this one to begin anew`,
  );
}

async function create(TableName: string, properties: Properties, call: Call): Promise<void> {
  const { GlobalSecondaryIndexes: indexes, StreamSpecification: stream, TimeToLiveSpecification } = properties;
  await call(`${TABLES}.CreateTable`, {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: properties.AttributeDefinitions,
    KeySchema: properties.KeySchema,
    GlobalSecondaryIndexes: indexes.length > 0 ? indexes : undefined,
    StreamSpecification: stream && { StreamEnabled: true, ...stream },
  });
  if (TimeToLiveSpecification) await call(`${TABLES}.UpdateTimeToLive`, { TableName, TimeToLiveSpecification });
}

/** What cannot change of a table, in one order. */
function shapeOf(table: Omit<Described, 'LatestStreamArn'>) {
  const sorted = (list: readonly object[]) => list.map((each) => JSON.stringify(each)).sort();
  const { AttributeDefinitions: attributes, KeySchema: key, GlobalSecondaryIndexes: indexes } = table;
  return [sorted(attributes), key, sorted(indexes), table.StreamSpecification];
}
