import * as z from 'zod';
import type { ReviewInputs } from '../domain/review/inputs.ts';
import { Day, Month } from './shapes.ts';

const Count = z.int().nonnegative();
const Names = z.object({ en: z.string(), 'zh-Hant': z.string(), 'zh-Hans': z.string() });
const Named = z.object({ id: z.string(), name: Names });

/** The file that a review's run stores: `reviews/<period>/inputs/<sha256 of its canonical JSON>.json`. */
export const ReviewInputsV1: z.ZodType<ReviewInputs> = z.strictObject({
  form: z.literal(1),
  period: Month,
  running: z.boolean(),
  policyVersion: z.int().min(1),
  frequentOverBp: Count,
  categories: z.array(z.strictObject({ ...Named.shape, types: z.array(Named) })),
  departments: z.array(z.strictObject({ id: z.string(), name: z.string() })),
  cells: z.array(z.strictObject({ department: z.string(), type: z.string(), counters: z.record(z.string(), z.int()) })),
  received: z.array(
    z.strictObject({
      day: Day,
      source: z.string(),
      received: Count,
      opened: Count,
      joined: Count,
      duplicate: Count,
      rejected: Count,
      deadLettered: Count,
      inFlight: Count,
    }),
  ),
  uncountedLater: z.array(z.strictObject({ month: Month, source: z.string(), received: z.int(), accounted: z.int() })),
  ledger: z.array(z.strictObject({ department: z.string(), pending: z.int(), posted: z.int(), voided: z.int() })),
});
