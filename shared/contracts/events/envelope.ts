import * as z from 'zod';
import { ChannelName, Identifier, Instant, Level, Month, Version } from '../shapes.ts';

/**
 * One event on the bus: the envelope of architecture section 5 around its data. Unknown fields are accepted and left
 * out, so that an old reader takes what a newer writer adds.
 */
export function eventContract<const T extends string, D extends z.ZodType>(type: T, data: D) {
  return z.object({
    id: z.uuid(),
    type: z.literal(type),
    occurredAt: Instant,
    aggregateId: Identifier,
    aggregateVersion: Version,
    correlationId: Identifier,
    causationId: Identifier,
    policyVersion: Version,
    data,
  });
}

/** A department, person, type, rule or other id in an event: checked where it came in, so only its being there counts. */
export const Id = z.string().min(1);

/** What every event says of its dispute. */
export const CaseHeaderV1 = z.object({
  disputeId: z.uuid(),
  customer: Id.describe('The pseudonym (I-8).'),
  month: Month,
  source: Id,
  channel: ChannelName,
  category: Id,
  type: Id,
  department: Id,
  level: Level,
});

export const CalendarVersion = z.object({ id: Id, version: Version });
