import * as z from 'zod';
import type { Day } from '../domain/calendar/civil-date.ts';
import { type Arrival, type ArrivalKey, OUTCOMES } from '../domain/intake/arrival.ts';
import type { Claim } from '../domain/intake/claim.ts';
import type { Key, Write } from '../domain/ports/tables.ts';
import { shardOf } from './shard.ts';

/** Partitions over which the arrivals of one source and day are spread. */
const ARRIVAL_SHARDS = 8;

/** Where the claim of a sender's id stands. */
export function claimKey(source: string, externalId: string): Key {
  return { pk: `CLAIM#${source}#${externalId}`, sk: 'STATE' };
}

/** Where an arrival stands. */
export function arrivalKey({ source, day, arrivalId }: ArrivalKey): Key {
  return { pk: arrivalPartition(source, day, shardOf(arrivalId, ARRIVAL_SHARDS)), sk: `ARRIVAL#${arrivalId}` };
}

/** Every partition with arrivals of one source and day. */
export function arrivalPartitions(source: string, day: Day): readonly string[] {
  return Array.from({ length: ARRIVAL_SHARDS }, (_, shard) => arrivalPartition(source, day, shard));
}

function arrivalPartition(source: string, day: Day, shard: number): string {
  return `ARRIVALS#${source}#${day}#${shard}`;
}

/** An arrival under the condition that it is as it was known. */
export function arrivalWrite(arrival: Arrival, before: Arrival | undefined): Write {
  const put = { ...arrivalKey(arrival), kind: 'arrival', ...arrival };
  const unchanged = before ? ({ attribute: 'outcome', equals: before.outcome } as const) : ({ absent: true } as const);
  return { table: 'cases', put, if: unchanged };
}

/** The sender's id, taken for good. */
export const ClaimItem = z.object({
  kind: z.literal('claim'),
  source: z.string(),
  externalId: z.string(),
  receiptId: z.string(),
  arrivalId: z.string(),
  disputeId: z.string(),
  content: z.string(),
  fields: z.record(z.string(), z.string()),
}) satisfies z.ZodType<Claim>;
export const ArrivalItem = z.object({
  kind: z.literal('arrival'),
  source: z.string(),
  day: z.string(),
  arrivalId: z.string(),
  outcome: z.enum(OUTCOMES),
  receiptId: z.string().optional(),
  disputeId: z.string().optional(),
  awaited: z.boolean().optional(),
}) satisfies z.ZodType<Arrival>;
