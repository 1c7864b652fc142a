import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { propertiesOf } from './checked.ts';
import type { Demand, Functions, Machine, Queues, Resource } from './cloud.ts';
import type { Tables } from './dynamodb.ts';
import { compilePattern } from './event-pattern.ts';
import {
  atMost,
  Bell,
  FedFunction,
  LAST_BATCH_TIMEOUT,
  type Mapping,
  MappingProperties,
  REFUSED_PAUSE,
} from './event-source.ts';
import type { StreamRecord } from './table-stream.ts';

/** A failed batch is tried again after so many real milliseconds, twice as long each time up to the second. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;
/** Between two reads of a stream that was read to its end, in real milliseconds: Lambda polls four times a second, too. */
const POLL_INTERVAL = 200;
/** How often a stream is read that told of no change, in real milliseconds: items that expire tell nobody. */
const QUIET_INTERVAL = 10_000;
/** The streams of the tables, for mappings. */
export type StreamSource = Pick<Tables, 'read' | 'onChange' | 'demands'>;

export const StreamMappingProperties = MappingProperties.extend({
  BatchSize: z.int().min(1).max(10_000),
  StartingPosition: z.literal('TRIM_HORIZON'),
  BisectBatchOnFunctionError: z.literal(true),
  MaximumRetryAttempts: z.int().min(1).max(10_000),
  DestinationConfig: z.strictObject({
    OnFailure: z.strictObject({ Destination: z.string().startsWith('arn:aws:sqs:') }),
  }),
  FilterCriteria: z.strictObject({ Filters: z.array(z.strictObject({ Pattern: z.string() })).min(1) }),
});

/**
 * Feeds a function from the stream of a table, in the name of its role: one batch at a time, in order. Where it stands
 * is stored once a batch is done or given up, so that a machine that ends in between reads that batch again.
 */
export class StreamMapping implements Mapping {
  readonly #machine: Machine;
  readonly #queues: Queues;
  readonly #streams: StreamSource;
  readonly #streamArn: string;
  readonly #properties: z.infer<typeof StreamMappingProperties>;
  readonly #wanted: (record: unknown) => boolean;
  readonly #fed: FedFunction;
  readonly #checkpoint;
  readonly #changed = new Bell();
  /** Rings when the machine stops. */
  readonly #end = new Bell();
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  /** Reads that found nothing since records are thrown away; undefined while they are not. */
  #emptyReads: number | undefined;

  constructor(
    machine: Machine,
    from: { readonly queues: Queues; readonly functions: Functions; readonly streams: StreamSource },
    resource: Resource,
  ) {
    this.#machine = machine;
    this.#queues = from.queues;
    this.#streams = from.streams;
    this.#properties = propertiesOf(StreamMappingProperties, resource);
    this.#streamArn = this.#properties.EventSourceArn;
    this.#wanted = filterOf(resource, this.#properties.FilterCriteria.Filters);
    this.#fed = new FedFunction(machine, from.functions, this.#properties.FunctionName);
    this.#checkpoint = checkpointOf(machine.store, `${resource.stack}/${resource.logicalId}`, this.#streamArn);
  }

  start(): void {
    this.#streams.onChange(this.#streamArn, () => this.#changed.ring());
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#changed.ring();
    this.#end.ring();
    await atMost(LAST_BATCH_TIMEOUT, this.#running);
  }

  /**
   * Throws records away instead of handing them over, as a stream does with what nobody took within its 24 hours. The
   * end of it throws away what was written until then.
   */
  async drop(dropping: boolean): Promise<void> {
    if (dropping) this.#emptyReads = 0;
    if (dropping || this.#emptyReads === undefined) return;
    this.#emptyReads = 0;
    // The second empty read has begun after this call.
    for (const pause = new Bell(); this.#emptyReads < 2 && !this.#stopped; ) {
      this.#changed.ring();
      await pause.wait(POLL_INTERVAL);
    }
    this.#emptyReads = undefined;
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
    if (!this.#fed.allows(this.#demands())) return this.#end.wait(REFUSED_PAUSE);
    const { BatchSize } = this.#properties;
    const standing = this.#checkpoint.read();
    const { records, position } = await this.#streams.read(this.#streamArn, standing, BatchSize);
    if (this.#emptyReads !== undefined) {
      this.#checkpoint.write(position);
      if (records.length > 0) return;
      this.#emptyReads += 1;
      return this.#changed.wait(POLL_INTERVAL);
    }
    if (records.length === 0) {
      if (position !== standing) this.#checkpoint.write(position);
      return this.#changed.wait(QUIET_INTERVAL);
    }
    if (!(await this.#deliver(records.filter((record) => this.#wanted(record))))) return;
    this.#checkpoint.write(position);
    if (records.length < BatchSize) await this.#end.wait(POLL_INTERVAL);
  }

  /**
   * Tries records until they are done or given up.
   * @returns false when the machine stops before that
   */
  async #deliver(batch: readonly StreamRecord[]): Promise<boolean> {
    let records = batch;
    for (let failures = 0; records.length > 0; ) {
      if (this.#stopped) return false;
      const done = await this.#doneOf(records);
      records = records.slice(done);
      if (records.length === 0) return true;
      if (done > 0) {
        failures = 0;
      } else if (records.length > 1) {
        // Halving counts as no attempt, and leaves what cannot be handled alone in the end.
        const half = Math.ceil(records.length / 2);
        return (await this.#deliver(records.slice(0, half))) && this.#deliver(records.slice(half));
      }
      failures += 1;
      const [record] = records;
      if (record && failures > this.#properties.MaximumRetryAttempts) return this.#giveUp(record, failures);
      await this.#end.wait(pauseAfter(failures));
    }
    return true;
  }

  /** How many records, from the first, a call of the function is done with. */
  async #doneOf(records: readonly StreamRecord[]): Promise<number> {
    const Records = records.map((record) => ({ ...record, eventSourceARN: this.#streamArn }));
    const ids = records.map(sequenceNumberOf);
    const failed = await this.#fed.failuresOf(Records, ids);
    const first = ids.findIndex((id) => failed.has(id));
    return first < 0 ? records.length : first;
  }

  /**
   * Says to the failure queue which record cannot be handled. Where its role forbids that, the record is kept and it is
   * tried again: AWS would drop it.
   */
  async #giveUp(record: StreamRecord, invocations: number): Promise<boolean> {
    const queueArn = this.#properties.DestinationConfig.OnFailure.Destination;
    this.#machine.say(`${this.#fed.arn} gave up record ${sequenceNumberOf(record)} of ${this.#streamArn}`);
    while (!this.#fed.allows([{ action: 'sqs:SendMessage', resource: queueArn }])) {
      if (this.#stopped) return false;
      await this.#end.wait(REFUSED_PAUSE);
    }
    const body = JSON.stringify(this.#reportOf(record, invocations));
    this.#queues.send(queueArn, { body, senderId: this.#fed.caller.senderId });
    return true;
  }

  /** @see https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
  #reportOf(record: StreamRecord, approximateInvokeCount: number): object {
    const number = sequenceNumberOf(record);
    const arrival = new Date(record.dynamodb.ApproximateCreationDateTime * 1000).toISOString();
    return {
      requestContext: {
        requestId: randomUUID(),
        functionArn: this.#fed.arn,
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: new Date(this.#machine.clock.now()).toISOString(),
      DDBStreamBatchInfo: {
        shardId: 'shardId-00000000000000000000-00000000', // Streams here have one shard, without a name of its own.
        startSequenceNumber: number,
        endSequenceNumber: number,
        approximateArrivalOfFirstRecord: arrival,
        approximateArrivalOfLastRecord: arrival,
        batchSize: 1,
        streamArn: this.#streamArn,
      },
    };
  }

  #demands(): readonly Demand[] {
    const actions = ['dynamodb:DescribeStream', 'dynamodb:GetShardIterator', 'dynamodb:GetRecords'];
    return [
      ...actions.map((action) => ({ action, resource: this.#streamArn })),
      { action: 'dynamodb:ListStreams', resource: '*' },
      ...this.#streams.demands(this.#streamArn),
    ];
  }
}

function pauseAfter(failures: number): number {
  return Math.min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE);
}

const sequenceNumberOf = ({ dynamodb }: StreamRecord): string => dynamodb.SequenceNumber;

/**
 * Whether one of the filters lets a record through.
 * @throws RangeError naming the resource, for a pattern that is no event pattern
 */
function filterOf({ stack, logicalId }: Resource, filters: readonly { readonly Pattern: string }[]) {
  const patterns = filters.map(({ Pattern }) => {
    try {
      return compilePattern(Pattern);
    } catch (error) {
      throw new RangeError(`${stack}/${logicalId}: FilterCriteria ${Pattern} is not supported: ${error}`);
    }
  });
  return (record: unknown) => patterns.some((matches) => matches(record));
}

/** How far a mapping has come in a stream. A stream that was made anew is read from its start. */
function checkpointOf(store: Machine['store'], mapping: string, streamArn: string) {
  store.exec(`create table if not exists stream_checkpoints
    (mapping text not null, stream text not null, position text, primary key (mapping, stream))`);
  const read = store.prepare('select position from stream_checkpoints where mapping = ? and stream = ?');
  const write = store.prepare('insert or replace into stream_checkpoints (mapping, stream, position) values (?, ?, ?)');
  return {
    read(): string | undefined {
      const position = read.get(mapping, streamArn)?.position ?? undefined;
      return position === undefined ? undefined : String(position);
    },
    write: (position: string | undefined) => void write.run(mapping, streamArn, position ?? null),
  };
}
