import * as z from 'zod';
import { BasisPoints, ColourValue, Instant, Level, ShareKindValue, Threat, Version } from '../shapes.ts';
import { Id } from './envelope.ts';

/** What grading looks at (G-2), complete. */
export const FactsV1 = z.object({
  personalSafety: z.boolean(),
  hazard: z.boolean(),
  leaving: z.boolean(),
  interrupted: z.boolean(),
  threat: Threat,
});

export const PublicOpinionV1 = z.object({ reach: z.int().nonnegative(), media: z.boolean(), regulator: z.boolean() });

/** An amount in an event: the currency's own minor unit. */
export const MoneyV1 = z.object({ minor: z.int().nonnegative(), currency: Id });

/** One grading decision with its reasons and what it narrowly missed (G-2, G-3). */
export const GradeV1 = z.object({
  level: Level,
  colour: ColourValue,
  reasons: z
    .array(
      z.object({
        rule: Id,
        values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
        text: z.string(),
      }),
    )
    .min(1),
  nearestMiss: z.object({ rule: Id, level: Level, have: z.string(), need: z.string(), text: z.string() }).optional(),
  notEvaluable: z.array(z.object({ rule: Id, reason: z.string() })),
  policyVersion: Version,
  gradedAt: Instant,
});

/** One party's part in the responsibility (D-3). */
export const ShareV1 = z.object({ kind: ShareKindValue, subject: Id, bp: BasisPoints, causeCode: Id.optional() });
