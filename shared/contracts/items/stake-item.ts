import * as z from 'zod';
import type { Stake } from '../../domain/performance/stake.ts';
import { DisputeClosedV1 } from '../events/dispute-closed.v1.ts';
import { DisputeCorrectedV1 } from '../events/dispute-corrected.v1.ts';
import { DisputeGradedV1 } from '../events/dispute-graded.v1.ts';
import { PartiesNoticedV1 } from '../events/parties-noticed.v1.ts';
import { ResponsibilityDeterminedV1 } from '../events/responsibility-determined.v1.ts';
import { ResponsibilityWaivedV1 } from '../events/responsibility-waived.v1.ts';
import { Level } from '../shapes.ts';

/** Everything that moves a stake. */
export const StakeEventV1 = z.discriminatedUnion('type', [
  DisputeGradedV1,
  DisputeCorrectedV1,
  ResponsibilityDeterminedV1,
  PartiesNoticedV1,
  ResponsibilityWaivedV1,
  DisputeClosedV1,
]);

const StakeState = z.object({
  disputeId: z.string(),
  version: z.int().min(0),
  phase: z.enum(['at-stake', 'determined', 'ended']),
  standing: z.object({ at: z.int().min(1), determined: z.boolean(), department: z.string(), level: Level }).optional(),
  cost: z
    .object({ policyVersion: z.int().min(1), points: z.object({ 1: z.int(), 2: z.int(), 3: z.int() }) })
    .optional(),
  grade: z
    .object({
      at: z.int().min(1),
      level: Level,
      nearestMiss: z
        .object({ rule: z.string(), level: Level, have: z.string(), need: z.string(), text: z.string() })
        .optional(),
    })
    .optional(),
}) satisfies z.ZodType<Stake>;

/** What a dispute puts at stake (S-21); on its department's list while it is shown. */
export const StakeItem = z.object({ kind: z.literal('stake'), version: z.int().min(1), state: StakeState });
