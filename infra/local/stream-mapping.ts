import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import type { Demand, Functions, Machine, Queues, Resource } from './cloud.ts';
import {
  atMost,
  Bell,
  failuresIn,
  filterOf,
  functionArnOf,
  LAST_BATCH_TIMEOUT,
  type Mapping,
  MappingProperties,
  REFUSED_PAUSE,
  RoleCheck,
} from './event-source.ts';

/** A failed batch is tried again after so many real milliseconds, twice as long each time up to the second. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;
/** Between two reads of a stream that was read to its end, in real milliseconds: Lambda polls four times a second, too. */
const POLL_INTERVAL = 200;
/** How often a stream is read that told of no change, in real milliseconds: items that expire tell nobody. */
const QUIET_INTERVAL = 10_000;
/** Streams here have one shard, without a name of its own. */
const SHARD = 'shardId-00000000000000000000-00000000';

/** One change of a table: `Record` of DynamoDB's streams as JSON, times in seconds since 1970. */
export interface StreamRecord {
  readonly eventID?: string;
  readonly eventName?: string;
  readonly eventSource?: string;
  readonly eventSourceARN?: string;
  readonly awsRegion?: string;
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    readonly ApproximateCreationDateTime?: number;
    readonly Keys?: object;
    readonly NewImage?: object;
    readonly OldImage?: object;
    readonly StreamViewType?: string;
  };
}

/** The streams of the tables, for mappings. */
export interface StreamSource {
  /**
   * Records after `position`, oldest first, at most `most`, and the position after the last of them.
   * @param position as an earlier read answered it; undefined for the oldest record there is
   */
  read(
    tableStreamArn: string,
    position: string | undefined,
    most: number,
  ): Promise<{ readonly records: readonly StreamRecord[]; readonly position: string | undefined }>;
  /** Calls back, at once or later, whenever the stream may have something new. */
  onChange(streamArn: string, wake: () => void): void;
  /** What reading demands of a role beside the actions on the stream: the use of the table's key. */
  demands?(streamArn: string): readonly Demand[];
}

export const StreamMappingProperties = MappingProperties.extend({
  BatchSize: z.int().min(1).max(10_000).default(100),
  MaximumBatchingWindowInSeconds: z.int().min(0).max(300).default(0),
  StartingPosition: z.literal(['TRIM_HORIZON', 'LATEST']),
  BisectBatchOnFunctionError: z.boolean().default(false),
  MaximumRetryAttempts: z.int().min(-1).max(10_000).default(-1),
  MaximumRecordAgeInSeconds: z.union([z.literal(-1), z.int().min(60).max(604_800)]).default(-1),
  DestinationConfig: z
    .strictObject({ OnFailure: z.strictObject({ Destination: z.string().startsWith('arn:aws:sqs:') }).optional() })
    .default({}),
  ParallelizationFactor: z.literal(1).optional(),
});

/** Everything one stream mapping is given. */
interface Given {
  readonly queues: Queues;
  readonly functions: Functions;
  readonly streams: StreamSource;
}

/**
 * Feeds a function from the stream of a table, in the name of its role: one batch at a time, in order. Where it stands
 * is stored once a batch is done or given up, so that a machine that ends in between reads that batch again.
 */
export function streamMapping(machine: Machine, given: Given, resource: Resource): Mapping {
  return new StreamMapping(machine, given, resource);
}

/** Why a batch is given up, as Lambda names it. */
type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

class StreamMapping implements Mapping {
  readonly #machine: Machine;
  readonly #given: Given;
  readonly #streamArn: string;
  readonly #functionArn: string;
  readonly #properties: z.infer<typeof StreamMappingProperties>;
  readonly #wanted: (record: unknown) => boolean;
  readonly #role: RoleCheck;
  readonly #checkpoint;
  readonly #changed = new Bell();
  /** Rings when the machine stops. */
  readonly #end = new Bell();
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(machine: Machine, given: Given, resource: Resource) {
    this.#machine = machine;
    this.#given = given;
    this.#properties = propertiesOf(StreamMappingProperties, resource);
    this.#streamArn = this.#properties.EventSourceArn;
    this.#functionArn = functionArnOf(this.#properties.FunctionName);
    this.#wanted = filterOf(this.#properties.FilterCriteria, resource);
    this.#role = new RoleCheck(machine, given.functions, this.#functionArn);
    this.#checkpoint = checkpointOf(machine.store, `${resource.stack}/${resource.logicalId}`, this.#streamArn);
  }

  start(): void {
    this.#given.streams.onChange(this.#streamArn, () => this.#changed.ring());
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#changed.ring();
    this.#end.ring();
    await atMost(LAST_BATCH_TIMEOUT, this.#running);
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopped) {
      try {
        await this.#next();
        failures = 0;
      } catch (error) {
        if (this.#stopped) return;
        if (failures === 0) this.#machine.say(`${this.#streamArn} cannot be read, it is tried again: ${error}`);
        failures += 1;
        await this.#end.wait(pauseAfter(failures));
      }
    }
  }

  /** One read, handled to its end; or a wait for something to read. */
  async #next(): Promise<void> {
    if (!this.#role.allows(this.#demands())) return this.#end.wait(REFUSED_PAUSE);
    const { streams } = this.#given;
    const { BatchSize, MaximumBatchingWindowInSeconds } = this.#properties;
    const standing = this.#checkpoint.read();
    const skips = !standing && this.#properties.StartingPosition === 'LATEST';
    let read = await streams.read(this.#streamArn, standing?.position, BatchSize);
    if (skips) return this.#skip(read);
    if (read.records.length === 0) {
      if (read.position !== standing?.position) this.#checkpoint.write(read.position);
      return this.#changed.wait(QUIET_INTERVAL);
    }
    if (read.records.length < BatchSize && MaximumBatchingWindowInSeconds > 0) {
      await this.#end.wait(MaximumBatchingWindowInSeconds * 1000);
      read = await streams.read(this.#streamArn, standing?.position, BatchSize);
    }
    const over = await this.#deliver(read.records.filter((record) => this.#wanted(record)));
    if (over) this.#checkpoint.write(read.position);
    if (read.records.length < BatchSize) await this.#end.wait(POLL_INTERVAL);
  }

  /** Passes over what was there before the mapping. */
  async #skip(read: Awaited<ReturnType<StreamSource['read']>>): Promise<void> {
    let { records, position } = read;
    while (records.length > 0)
      ({ records, position } = await this.#given.streams.read(this.#streamArn, position, 1000));
    this.#checkpoint.write(position);
  }

  /**
   * Tries records until they are done or given up.
   * @returns false when the machine stops before that
   */
  async #deliver(batch: readonly StreamRecord[]): Promise<boolean> {
    const { BisectBatchOnFunctionError, MaximumRetryAttempts } = this.#properties;
    let records = batch;
    for (let failures = 0; records.length > 0; ) {
      if (this.#stopped) return false;
      if (this.#tooOld(records[0])) {
        const old = records.filter((record) => this.#tooOld(record));
        if (!(await this.#giveUp(old, 'RecordAgeExceeded', failures))) return false;
        records = records.slice(old.length);
        continue;
      }
      const done = await this.#doneOf(records);
      records = records.slice(done);
      if (records.length === 0) return true;
      if (done > 0) {
        failures = 0;
      } else if (BisectBatchOnFunctionError && records.length > 1) {
        // Halving counts as no attempt, and leaves what cannot be handled alone in the end.
        const half = Math.ceil(records.length / 2);
        return (await this.#deliver(records.slice(0, half))) && this.#deliver(records.slice(half));
      }
      failures += 1;
      if (MaximumRetryAttempts >= 0 && failures > MaximumRetryAttempts)
        return this.#giveUp(records, 'RetryAttemptsExhausted', failures);
      if (!this.#stopped) await this.#end.wait(pauseAfter(failures));
    }
    return true;
  }

  /** How many records, from the first, a call of the function is done with. */
  async #doneOf(records: readonly StreamRecord[]): Promise<number> {
    const Records = records.map((record) => ({ ...record, eventSourceARN: this.#streamArn }));
    const invocation = await this.#given.functions.invoke(this.#functionArn, { Records }, 'background');
    if (!invocation.ok) return 0;
    if (!this.#properties.FunctionResponseTypes.includes('ReportBatchItemFailures')) return records.length;
    const ids = records.map(sequenceNumberOf);
    const failed = failuresIn(invocation.result, ids);
    const first = ids.findIndex((id) => failed.has(id));
    return first < 0 ? records.length : first;
  }

  #tooOld(record: StreamRecord | undefined): boolean {
    const { MaximumRecordAgeInSeconds: most } = this.#properties;
    const age = Date.now() / 1000 - (record?.dynamodb?.ApproximateCreationDateTime ?? Number.POSITIVE_INFINITY);
    return most >= 0 && age > most;
  }

  /**
   * Hands records that cannot be handled to the failure destination. Where its role forbids that, they are kept and it is
   * tried again: AWS would drop them.
   */
  async #giveUp(records: readonly StreamRecord[], condition: Condition, invocations: number): Promise<boolean> {
    const queueArn = this.#properties.DestinationConfig.OnFailure?.Destination;
    const numbers = `${sequenceNumberOf(records[0])} to ${sequenceNumberOf(records.at(-1))}`;
    this.#machine.say(`${this.#functionArn} gave up records ${numbers} of ${this.#streamArn}: ${condition}`);
    if (!queueArn) return true;
    while (!this.#role.allows([{ action: 'sqs:SendMessage', resource: queueArn }])) {
      if (this.#stopped) return false;
      await this.#end.wait(REFUSED_PAUSE);
    }
    const body = JSON.stringify(this.#reportOf(records, condition, invocations));
    this.#given.queues.send(queueArn, { body, senderId: this.#role.caller.senderId });
    return true;
  }

  /** @see https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
  #reportOf(records: readonly StreamRecord[], condition: Condition, invocations: number): object {
    return {
      requestContext: {
        requestId: randomUUID(),
        functionArn: this.#functionArn,
        condition,
        approximateInvokeCount: invocations,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: new Date(this.#machine.clock.now()).toISOString(),
      DDBStreamBatchInfo: {
        shardId: SHARD,
        startSequenceNumber: sequenceNumberOf(records[0]),
        endSequenceNumber: sequenceNumberOf(records.at(-1)),
        approximateArrivalOfFirstRecord: arrivalOf(records[0]),
        approximateArrivalOfLastRecord: arrivalOf(records.at(-1)),
        batchSize: records.length,
        streamArn: this.#streamArn,
      },
    };
  }

  #demands(): readonly Demand[] {
    const actions = ['dynamodb:DescribeStream', 'dynamodb:GetShardIterator', 'dynamodb:GetRecords'];
    return [
      ...actions.map((action) => ({ action, resource: this.#streamArn })),
      { action: 'dynamodb:ListStreams', resource: '*' },
      ...(this.#given.streams.demands?.(this.#streamArn) ?? []),
    ];
  }
}

function pauseAfter(failures: number): number {
  return Math.min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE);
}

function sequenceNumberOf(record: StreamRecord | undefined): string {
  return record?.dynamodb?.SequenceNumber ?? '';
}

function arrivalOf(record: StreamRecord | undefined): string {
  return new Date((record?.dynamodb?.ApproximateCreationDateTime ?? 0) * 1000).toISOString();
}

/** How far a mapping has come in a stream. A stream that was made anew is read from its start. */
function checkpointOf(store: Machine['store'], mapping: string, streamArn: string) {
  store.exec(`create table if not exists stream_checkpoints
    (mapping text not null, stream text not null, position text, primary key (mapping, stream))`);
  const read = store.prepare('select position from stream_checkpoints where mapping = ? and stream = ?');
  const write = store.prepare('insert or replace into stream_checkpoints (mapping, stream, position) values (?, ?, ?)');
  return {
    /** Undefined for a mapping that has not begun. */
    read() {
      const row = read.get(mapping, streamArn);
      return row && { position: row.position === null ? undefined : String(row.position) };
    },
    write: (position: string | undefined) => void write.run(mapping, streamArn, position ?? null),
  };
}
