import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import { AwsError, type JsonObject, type Machine, type Resource, type WireService } from './cloud.ts';
import type { Engine } from './engine.ts';
import { type Access, accessesOf, demandsOf, type TableKeys } from './table-access.ts';
import { tableStream } from './table-stream.ts';

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
const StreamSpecification = z.strictObject({ StreamViewType: z.literal('NEW_AND_OLD_IMAGES') });
const Properties = z.looseObject({
  AttributeDefinitions: z.array(z.strictObject({ AttributeName: z.string(), AttributeType: z.literal('S') })),
  KeySchema,
  GlobalSecondaryIndexes: z.array(Index).min(1).optional(),
  StreamSpecification: StreamSpecification.optional(),
  TimeToLiveSpecification: z.strictObject({ AttributeName: z.string(), Enabled: z.literal(true) }).optional(),
  SSESpecification: z.strictObject({
    SSEEnabled: z.literal(true),
    SSEType: z.literal('KMS'),
    KMSMasterKeyId: z.string().startsWith('arn:'),
  }),
});
type Properties = z.infer<typeof Properties>;
const sorted = (list: readonly object[]) => list.map((each) => JSON.stringify(each)).sort();
/** What cannot change of a table, in one order: the engine's description says more. */
const Shape = z.object({
  AttributeDefinitions: Properties.shape.AttributeDefinitions.transform(sorted),
  KeySchema,
  GlobalSecondaryIndexes: z.array(z.object(Index.shape)).default([]).transform(sorted),
  StreamSpecification: z.object(StreamSpecification.shape).optional(),
});
const Expiring = z.object({ TimeToLiveDescription: z.object({ TimeToLiveStatus: z.string() }) });
const Described = z.object({ Table: z.looseObject({ LatestStreamArn: z.string().optional() }) });
const Failed = z.looseObject({ __type: z.string(), message: z.string().default('') });

const tableIn = (streamArn: string) => streamArn.split('/')[1] ?? '';

/** The tables of the templates in the engine, with their streams. */
export type Tables = ReturnType<typeof dynamodb>;

/** DynamoDB: calls are checked here and carried out by the engine as they came. */
export function dynamodb(machine: Machine, engine: Engine) {
  const streams = new Map<string, ReturnType<typeof tableStream>>();
  const keys = new Map<string, TableKeys>();
  const timers: NodeJS.Timeout[] = [];
  const streamOf = (arn: string) => {
    const stream = streams.get(tableIn(arn));
    if (!stream) throw new RangeError(`${arn} is no stream of a template's table`);
    return stream;
  };
  const wakeAll = () => {
    for (const stream of streams.values()) stream.wake();
  };
  const trimAll = () => {
    for (const [table, stream] of streams) {
      const upTo = stream.readByAll();
      if (upTo === undefined) continue;
      engine.trimStream(table, upTo).catch((error) => {
        machine.say(`the stream of ${table} could not be trimmed (${String(error)}); trying again in an hour`);
      });
    }
  };
  return {
    carries: {
      'AWS::DynamoDB::Table': {
        properties: Object.keys(Properties.shape),
        withoutEffect: ['BillingMode', 'PointInTimeRecoverySpecification', 'DeletionProtectionEnabled'],
      },
    },
    ...wireOf(engine, keys, (table) => streams.get(table)?.wake()),
    async add(resource: Resource) {
      const { name } = resource;
      const properties = propertiesOf(Properties, resource);
      const streamArn = await standing(resource, properties, engine);
      const { KeySchema: schema, SSESpecification: encryption } = properties;
      keys.set(name, { encryption: encryption.KMSMasterKeyId, partition: schema[0].AttributeName });
      const ofStream = (operation: string, input: object) => called(engine, `${STREAMS}.${operation}`, input);
      if (streamArn) streams.set(name, tableStream(streamArn, ofStream));
    },
    start() {
      timers.push(setInterval(wakeAll, IDLE_POLL_MS), setInterval(trimAll, TRIM_MS));
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
    },
    /**
     * Up to `most` records after a position, the oldest first; undefined stands for the oldest that is kept.
     * @throws RangeError for a stream of no template
     */
    read: async (streamArn: string, position: string | undefined, most: number) =>
      streamOf(streamArn).read(position, most),
    /** Calls back after each write to the stream's table, and every second for safety. */
    onChange: (streamArn: string, wake: () => void) => streamOf(streamArn).onChange(wake),
    /** What reading a stream demands: its records, and the use of the table's key. */
    demands: (streamArn: string) =>
      demandsOf(
        [{ table: tableIn(streamArn), kind: 'read', action: 'dynamodb:GetRecords', resource: streamArn }],
        keys,
      ),
  };
}

/** The wire protocol, and what is counted of it. */
function wireOf(engine: Engine, keys: ReadonlyMap<string, TableKeys>, written: (table: string) => void) {
  /** What the calls under way do to tables, read once. */
  const asked = new WeakMap<JsonObject, readonly Access[]>();
  const byOperation: Record<string, number> = {};
  let [transactions, items] = [0, 0];
  const wire: WireService = {
    kind: 'json',
    signingName: 'dynamodb',
    targets: [TABLES, STREAMS],
    demands(operation, input) {
      const accesses = accessesOf(operation, input);
      asked.set(input, accesses);
      return demandsOf(accesses, keys);
    },
    async answer({ operation, input, target, body }) {
      const answered = await engine.call(target, body);
      if (answered.status !== 200) return answered;
      byOperation[operation] = (byOperation[operation] ?? 0) + 1;
      const writes = (asked.get(input) ?? []).filter(({ kind }) => kind === 'write');
      if (writes.length > 0) transactions += 1;
      items += writes.length;
      for (const table of new Set(writes.map((access) => access.table))) written(table);
      return answered;
    },
  };
  /** Calls that wrote, items that these wrote or checked, and all calls, since the start; only those that succeeded. */
  const writes = () => ({ transactions, items, byOperation: { ...byOperation } });
  return { wire, writes };
}

async function called(engine: Engine, target: string, input: object): Promise<unknown> {
  const { status, text } = await engine.call(target, JSON.stringify(input));
  const answer: unknown = JSON.parse(text);
  if (status === 200) return answer;
  const { __type, message } = Failed.parse(answer);
  throw new AwsError(__type.slice(__type.indexOf('#') + 1), message, status);
}

/**
 * Makes a table stand, or finds it standing.
 * @returns the engine's ARN of its stream
 * @throws RangeError when it stands with other keys, indexes or stream
 */
async function standing(resource: Resource, properties: Properties, engine: Engine): Promise<string | undefined> {
  const { stack, logicalId, name: TableName } = resource;
  const { StreamSpecification: stream, TimeToLiveSpecification } = properties;
  const call = (operation: string, input: object) => called(engine, `${TABLES}.${operation}`, { TableName, ...input });
  try {
    await call('CreateTable', {
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: properties.AttributeDefinitions,
      KeySchema: properties.KeySchema,
      GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes,
      StreamSpecification: stream && { StreamEnabled: true, ...stream },
    });
  } catch (error) {
    if (!(error instanceof AwsError && error.code === 'ResourceInUseException')) throw error;
  }
  // A machine may have ended between the two.
  const { TimeToLiveDescription: expiry } = Expiring.parse(await call('DescribeTimeToLive', {}));
  if (TimeToLiveSpecification && expiry.TimeToLiveStatus !== 'ENABLED')
    await call('UpdateTimeToLive', { TimeToLiveSpecification });
  const { Table: table } = Described.parse(await call('DescribeTable', {}));
  // What is described in another way than our templates could is of another shape, too.
  if (JSON.stringify(Shape.safeParse(table).data) === JSON.stringify(Shape.parse(properties)))
    return table.LatestStreamArn;
  throw new RangeError(
    `${stack}/${logicalId}: the table ${TableName} stands with other keys, indexes or stream than the template's: the data are of another version; start with another folder (--data DIR), or remove this one to begin anew`,
  );
}
