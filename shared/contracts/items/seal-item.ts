import * as z from 'zod';
import type { Head, Seal } from '../../domain/performance/seal.ts';

/** Hex SHA-256. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is no SHA-256 in hex');

/** A card's head, in its item and in a line of an anchor's list. */
export const HeadState = z.strictObject({
  subject: z.string(),
  period: z.string(),
  seal: z.int().min(1),
  entries: z.int().min(1),
  hash: Sha256,
}) satisfies z.ZodType<Head>;

/** One seal as its item holds it. */
export const SealState = z.strictObject({
  subject: z.string(),
  period: z.string(),
  number: z.int().min(1),
  from: z.int().min(1),
  to: z.int().min(1),
  entries: z.array(z.strictObject({ number: z.int().min(1), entryId: z.string(), hash: Sha256 })).min(1),
  previous: Sha256.nullable(),
  sealedAt: z.string(),
  hash: Sha256,
}) satisfies z.ZodType<Seal>;

/** A seal's item: put once, never changed. */
export const SealItem = z.object({ kind: z.literal('seal'), seal: SealState });

/** The item of a card's head, written under its version and listed by month. */
export const HeadItem = z.object({
  kind: z.literal('head'),
  version: z.int().min(1),
  listPartition: z.string(),
  listSort: z.string(),
  head: HeadState,
});
