import * as z from 'zod';
import type { Anchor } from '../domain/performance/anchor.ts';
import { Sha256 } from './items/seal-item.ts';
import { Day, Instant, Month } from './shapes.ts';

/** An anchor's file, `anchors/<day>.json`, v1. Written by the ledger's daily turn; read by it and by `verify`. */
export const AnchorV1 = z.strictObject({
  day: Day,
  asOf: Instant,
  previous: z.strictObject({ key: z.string(), hash: Sha256 }).nullable(),
  periods: z.array(z.strictObject({ period: Month, key: z.string(), hash: Sha256, heads: z.int().min(1) })),
  hash: Sha256,
}) satisfies z.ZodType<Anchor>;
