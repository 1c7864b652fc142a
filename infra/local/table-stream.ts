import * as z from 'zod';
import { AwsError, REGION } from './cloud.ts';

/** A change of an item, as DynamoDB's streams tell of it. */
const Record = z
  .looseObject({
    eventID: z.string(),
    eventName: z.enum(['INSERT', 'MODIFY', 'REMOVE']),
    dynamodb: z.looseObject({ SequenceNumber: z.string(), ApproximateCreationDateTime: z.number() }),
  })
  .transform((record) => ({ ...record, awsRegion: REGION })); // The embedded engine names itself there.
export type StreamRecord = z.infer<typeof Record>;

const Records = z.looseObject({ Records: z.array(Record), NextShardIterator: z.string().nullish() });
const Shards = z.looseObject({
  StreamDescription: z.looseObject({
    Shards: z.array(
      z.looseObject({
        ShardId: z.string(),
        SequenceNumberRange: z.looseObject({ StartingSequenceNumber: z.string().optional() }),
      }),
    ),
  }),
});
const Iterator = z.looseObject({ ShardIterator: z.string() });
/** What is answered for an iterator that is too old, or that stands before what was trimmed. */
const EXPIRED: readonly string[] = ['ExpiredIteratorException', 'TrimmedDataAccessException'];
type Place = { readonly shardId: string; readonly iterator: string };

/**
 * The stream of one table in the engine, shard after shard. Where each reader goes on is remembered, so that a read is
 * one call. Positions are sequence numbers, which rise over all shards.
 */
export function tableStream(arn: string, call: (operation: string, input: object) => Promise<unknown>) {
  const places = new Map<string, Place>();
  const wakes: (() => void)[] = [];
  /** The lowest position asked for since the last look; undefined when nobody asked, or asked for everything. */
  let lowest: bigint | undefined;

  const iteratorIn = async (shardId: string, after: string | undefined): Promise<Place> => {
    const from =
      after === undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after };
    const { ShardIterator: iterator } = Iterator.parse(
      await call('GetShardIterator', { StreamArn: arn, ShardId: shardId, ...from }),
    );
    return { shardId, iterator };
  };
  const shards = async () => Shards.parse(await call('DescribeStream', { StreamArn: arn })).StreamDescription.Shards;
  const place = async (position: string | undefined): Promise<Place | undefined> => {
    const all = await shards();
    const startsBefore = ({ SequenceNumberRange: { StartingSequenceNumber: start } }: (typeof all)[number]) =>
      position !== undefined && BigInt(start ?? 0) <= BigInt(position);
    const shard = all.findLast(startsBefore) ?? all[0];
    return shard && iteratorIn(shard.ShardId, position);
  };
  const placeAfter = async (shardId: string): Promise<Place | undefined> => {
    const all = await shards();
    const next = all[all.findIndex((shard) => shard.ShardId === shardId) + 1];
    return next && iteratorIn(next.ShardId, undefined);
  };
  const next = async (from: Place, most: number) => {
    const answer = Records.parse(await call('GetRecords', { ShardIterator: from.iterator, Limit: most }));
    const { NextShardIterator: iterator } = answer;
    return { records: answer.Records, place: iterator ? { ...from, iterator } : await placeAfter(from.shardId) };
  };

  return {
    arn,
    async read(position: string | undefined, most: number) {
      const asked = BigInt(position ?? 0);
      lowest = lowest === undefined || asked < lowest ? asked : lowest;
      const key = position ?? '';
      const from = places.get(key) ?? (await place(position));
      if (!from) return { records: [], position };
      places.delete(key);
      const found = await next(from, most).catch((error) => {
        // An iterator that expired is no fault: the position finds another.
        if (error instanceof AwsError && EXPIRED.includes(error.code)) return undefined;
        throw error;
      });
      if (!found) return { records: [], position };
      const reached = found.records.at(-1)?.dynamodb.SequenceNumber ?? position;
      if (found.place) places.set(reached ?? '', found.place);
      return { records: found.records, position: reached };
    },
    onChange: (wake: () => void) => void wakes.push(wake),
    wake() {
      for (const wake of wakes) wake();
    },
    /** Up to where every reader has read that asked since the last call; undefined when none did. */
    readByAll(): string | undefined {
      const reached = lowest;
      lowest = undefined;
      return reached?.toString();
    },
  };
}
