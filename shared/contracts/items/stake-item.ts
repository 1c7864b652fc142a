import { z } from 'zod';
import type { Stake } from '../../domain/performance/stake.ts';
import { Level } from '../shapes.ts';

const StakeState = z.object({
  disputeId: z.string(),
  version: z.int().min(0),
  phase: z.enum(['at-stake', 'determined', 'ended']),
  grading: z
    .object({
      at: z.int().min(1),
      department: z.string(),
      level: Level,
      points: z.int(),
      policyVersion: z.int().min(1),
      gradedAt: z.int().min(1).optional(),
      nearestMiss: z
        .object({ rule: z.string(), level: Level, have: z.string(), need: z.string(), text: z.string() })
        .optional(),
    })
    .optional(),
}) satisfies z.ZodType<Stake>;

/** What a dispute puts at stake (S-21); on its department's list while it is shown. */
export const StakeItem = z.object({ kind: z.literal('stake'), version: z.int().min(1), state: StakeState });
