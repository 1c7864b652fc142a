import * as z from 'zod';

/**
 * The commit item of one decision, as `commitWrite` puts it and the stream and the timeline read it. `data` stays as it
 * is: each consumer parses its own events with their contracts.
 */
export const CommitItem = z.object({
  pk: z.string(),
  sk: z.string(),
  kind: z.literal('commit'),
  commit: z.object({
    commitId: z.uuid(),
    aggregateId: z.string(),
    aggregateVersion: z.int().min(1),
    recordedAt: z.string(),
    by: z.string(),
    events: z.array(
      z.object({
        id: z.uuid(),
        type: z.string(),
        occurredAt: z.string(),
        aggregateId: z.string(),
        aggregateVersion: z.int().min(1),
        correlationId: z.string(),
        causationId: z.string(),
        policyVersion: z.int().min(1),
        data: z.unknown(),
      }),
    ),
  }),
  /** The ledger's entries that the decision wrote, and the hash of all their fields (S-20); on commits of scoring alone. */
  wrote: z.array(z.object({ entryId: z.string(), hash: z.string() })).optional(),
});
export type CommitItem = z.infer<typeof CommitItem>;
