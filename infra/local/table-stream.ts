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

const Records = z.object({ Records: z.array(Record), NextShardIterator: z.string().nullish() });
const SequenceNumberRange = z.object({ StartingSequenceNumber: z.coerce.bigint().default(0n) });
const Shards = z.array(z.object({ ShardId: z.string(), SequenceNumberRange }));
const Description = z.object({ StreamDescription: z.object({ Shards }) });
const Iterator = z.object({ ShardIterator: z.string() });
/** What is answered for an iterator that is too old, or that stands before what was trimmed. */
const EXPIRED: readonly string[] = ['ExpiredIteratorException', 'TrimmedDataAccessException'];

/**
 * The stream of one table in the engine, shard after shard. Where each reader goes on is remembered, so that a read is
 * one call. Positions are sequence numbers, which rise over all shards.
 */
export function tableStream(arn: string, call: (operation: string, input: object) => Promise<unknown>) {
  const places = new Map<string | undefined, { readonly shardId: string; readonly iterator: string }>();
  const wakes: (() => void)[] = [];
  /** The lowest position asked for since the last look; undefined when nobody asked. */
  let lowest: bigint | undefined;

  /** Behind a position in its shard; at the start of the shard that follows, where that one is read to its end. */
  const placeAt = async (position: string | undefined, ended?: string) => {
    const { Shards: shards } = Description.parse(await call('DescribeStream', { StreamArn: arn })).StreamDescription;
    const reached = BigInt(position ?? -1);
    const at = shards.findLastIndex((shard) => shard.SequenceNumberRange.StartingSequenceNumber <= reached);
    const next = shards.findIndex((shard) => shard.ShardId === ended) + 1;
    const ShardId = shards[ended === undefined ? Math.max(at, 0) : next]?.ShardId;
    if (ShardId === undefined) return undefined;
    const from =
      position === undefined || ended !== undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: position };
    const answer = await call('GetShardIterator', { StreamArn: arn, ShardId, ...from });
    return { shardId: ShardId, iterator: Iterator.parse(answer).ShardIterator };
  };

  return {
    async read(position: string | undefined, most: number) {
      const asked = BigInt(position ?? 0);
      lowest = lowest === undefined || asked < lowest ? asked : lowest;
      const place = places.get(position) ?? (await placeAt(position));
      if (!place) return { records: [], position };
      places.delete(position);
      const answer = await call('GetRecords', { ShardIterator: place.iterator, Limit: most }).catch((error) => {
        // An iterator that expired is no fault: the position finds another.
        if (!(error instanceof AwsError && EXPIRED.includes(error.code))) throw error;
      });
      if (answer === undefined) return { records: [], position };
      const { Records: records, NextShardIterator: iterator } = Records.parse(answer);
      const reached = records.at(-1)?.dynamodb.SequenceNumber ?? position;
      const next = iterator ? { ...place, iterator } : await placeAt(reached, place.shardId);
      if (next) places.set(reached, next);
      return { records, position: reached };
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
