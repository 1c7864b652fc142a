import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { portionsOf } from './calls.ts';
import { propertiesOf } from './checked.ts';
import type { Machine, Queues, Resource } from './cloud.ts';
import { PatternText } from './event-bus.ts';
import { atMost, bell, type Fed, fedFunction, type Mapping, MappingProperties, REFUSED_PAUSE } from './event-source.ts';
import type { StreamRecord } from './table-stream.ts';

/** A failed batch is tried again after so many real milliseconds, twice as long each time up to the second. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;
/** Between two reads of a stream that was read to its end, in real milliseconds: Lambda polls four times a second, too. */
const POLL_INTERVAL = 200;
/** How often a stream is read that told of no change, in real milliseconds: items that expire tell nobody. */
const QUIET_INTERVAL = 10_000;
const ACTIONS = ['dynamodb:DescribeStream', 'dynamodb:GetShardIterator', 'dynamodb:GetRecords'];

export const StreamMappingProperties = MappingProperties.extend({
  BatchSize: z.int().min(1).max(10_000),
  StartingPosition: z.literal('TRIM_HORIZON'),
  BisectBatchOnFunctionError: z.literal(true),
  MaximumRetryAttempts: z.int().min(1).max(10_000),
  DestinationConfig: z.strictObject({
    OnFailure: z.strictObject({ Destination: z.string().startsWith('arn:aws:sqs:') }),
  }),
  FilterCriteria: z.strictObject({ Filters: z.array(z.strictObject({ Pattern: PatternText })).min(1) }),
});

/**
 * Feeds a function from the stream of a table, in the name of its role: one batch at a time, in order. Where it stands
 * is stored once a batch is done or given up, so that a machine that ends in between reads that batch again.
 */
export function streamMapping(machine: Machine, { queues, streams, functions }: Fed, resource: Resource): Mapping {
  const properties = propertiesOf(StreamMappingProperties, resource);
  const { EventSourceArn: streamArn, BatchSize, FilterCriteria } = properties;
  const fed = fedFunction(machine, functions, properties.FunctionName);
  const checkpoint = checkpointOf(machine.store, `${resource.stack}/${resource.logicalId}`, streamArn);
  const changed = bell();
  const life = { isOver: false, end: bell() };
  const deliver = deliveryOf({ machine, queues, fed, life, ...properties });
  let running: Promise<void> | undefined;
  let dropping = false;
  let emptyReads = 0;

  /** One read, handled to its end; or a wait for something to read. */
  const next = async () => {
    const onStream = ACTIONS.map((action) => ({ action, resource: streamArn }));
    const demands = [...onStream, { action: 'dynamodb:ListStreams', resource: '*' }, ...streams.demands(streamArn)];
    if (!fed.allows(demands)) return life.end.wait(REFUSED_PAUSE);
    const standing = checkpoint.read();
    const { records, position } = await streams.read(streamArn, standing, BatchSize);
    const wanted = records.filter((record) => FilterCriteria.Filters.some((filter) => filter.Pattern(record)));
    if (!dropping && !(await deliver(wanted))) return;
    if (position !== undefined && position !== standing) checkpoint.write(position);
    if (records.length === 0) {
      emptyReads += 1;
      await changed.wait(dropping ? POLL_INTERVAL : QUIET_INTERVAL);
    } else if (records.length < BatchSize) await life.end.wait(POLL_INTERVAL);
  };
  const run = async () => {
    for (let failures = 0; !life.isOver; ) {
      try {
        await next();
        failures = 0;
      } catch (error) {
        if (life.isOver) return;
        if (failures === 0) machine.say(`${streamArn} cannot be read, it is tried again: ${error}`);
        failures += 1;
        await life.end.wait(pauseAfter(failures));
      }
    }
  };
  return {
    start() {
      streams.onChange(streamArn, changed.ring);
      running = run();
    },
    async stop() {
      life.isOver = true;
      changed.ring();
      life.end.ring();
      await running;
    },
    /**
     * Throws records away instead of handing them over, as a stream does with what nobody took within its 24 hours. The
     * end of it throws away what was written until then.
     */
    async drop(on) {
      // The second empty read has begun after this call.
      for (const enough = emptyReads + 2; dropping && !on && emptyReads < enough && !life.isOver; ) {
        changed.ring();
        await atMost(POLL_INTERVAL, Promise.resolve(running));
      }
      dropping = on;
    },
  };
}

type Given = z.infer<typeof StreamMappingProperties> & {
  readonly machine: Machine;
  readonly queues: Queues;
  readonly fed: ReturnType<typeof fedFunction>;
  readonly life: { readonly isOver: boolean; readonly end: ReturnType<typeof bell> };
};

/** How records get to the function, or to its failure queue. What is given answers false when the machine stops before. */
function deliveryOf(given: Given) {
  const { fed, life, EventSourceArn: eventSourceARN } = given;
  return async function deliver(records: readonly StreamRecord[], failuresBefore = 0): Promise<boolean> {
    const [first] = records;
    if (first === undefined) return true;
    if (life.isOver) return false;
    const ids = records.map(({ dynamodb }) => dynamodb.SequenceNumber);
    const failed = await fed.failuresOf(
      records.map((record) => ({ ...record, eventSourceARN })),
      ids,
    );
    const done = ids.findIndex((id) => failed.has(id));
    if (done < 0) return true;
    if (done === 0 && records.length > 1) {
      // Halving counts as no attempt, and leaves what cannot be handled alone in the end.
      const half = Math.ceil(records.length / 2);
      return (await deliver(records.slice(0, half))) && deliver(records.slice(half));
    }
    const failures = done > 0 ? 1 : failuresBefore + 1;
    if (failures > given.MaximumRetryAttempts) return giveUp(given, first, failures);
    await life.end.wait(pauseAfter(failures));
    return deliver(records.slice(done), failures);
  };
}

/**
 * Says to the failure queue which record cannot be handled. Where its role forbids that, the record is kept and it is
 * tried again: AWS would drop it.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
async function giveUp(given: Given, { dynamodb }: StreamRecord, approximateInvokeCount: number): Promise<boolean> {
  const { machine, fed, life, EventSourceArn: streamArn, DestinationConfig } = given;
  const { Destination } = DestinationConfig.OnFailure;
  const { SequenceNumber: number, ApproximateCreationDateTime: seconds } = dynamodb;
  machine.say(`${fed.arn} gave up record ${number} of ${streamArn}`);
  while (!fed.allows([{ action: 'sqs:SendMessage', resource: Destination }])) {
    if (life.isOver) return false;
    await life.end.wait(REFUSED_PAUSE);
  }
  const arrival = new Date(seconds * 1000).toISOString();
  const condition = 'RetryAttemptsExhausted';
  const report = {
    requestContext: { requestId: randomUUID(), functionArn: fed.arn, condition, approximateInvokeCount },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: new Date(machine.clock.now()).toISOString(),
    DDBStreamBatchInfo: {
      shardId: 'shardId-00000000000000000000-00000000', // Streams here have one shard, without a name of its own.
      startSequenceNumber: number,
      endSequenceNumber: number,
      approximateArrivalOfFirstRecord: arrival,
      approximateArrivalOfLastRecord: arrival,
      batchSize: 1,
      streamArn,
    },
  };
  const body = JSON.stringify(report);
  machine.count('sqs', 'SendMessage', 'mappings', { portions: portionsOf(body) });
  given.queues.send(Destination, { body, senderId: fed.caller.senderId });
  return true;
}

function pauseAfter(failures: number): number {
  return Math.min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE);
}

/** How far a mapping has come in a stream. A stream that was made anew is read from its start. */
function checkpointOf(store: Machine['store'], mapping: string, streamArn: string) {
  store.exec(`create table if not exists stream_checkpoints
    (mapping text not null, stream text not null, position text, primary key (mapping, stream))`);
  const find = store.prepare('select position from stream_checkpoints where mapping = ? and stream = ?');
  const keep = store.prepare('insert or replace into stream_checkpoints (mapping, stream, position) values (?, ?, ?)');
  return {
    read() {
      const { position } = find.get(mapping, streamArn) ?? {};
      return typeof position === 'string' ? position : undefined;
    },
    write: (position: string) => void keep.run(mapping, streamArn, position),
  };
}
