import { createHash } from 'node:crypto';

/**
 * The shard of a key, from 0 to `shards - 1`: evenly spread, and the same wherever and whenever it is asked.
 *
 * @param shards a whole number from 1 to 256
 */
export function shardOf(key: string, shards: number): number {
  return createHash('sha256').update(key, 'utf8').digest().readUInt32BE(0) % shards;
}
