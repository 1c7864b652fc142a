import * as z from 'zod';
import type { Scoring } from '../../domain/performance/scoring.ts';
import { DisputeReopenedV1 } from '../events/dispute-reopened.v1.ts';
import { CaseHeaderV1 } from '../events/envelope.ts';
import { PartiesNoticedV1 } from '../events/parties-noticed.v1.ts';
import { ResponsibilityWaivedV1 } from '../events/responsibility-waived.v1.ts';
import { SatisfactionRatedV1 } from '../events/satisfaction-rated.v1.ts';
import { RatingValue, ValidityValue } from '../shapes.ts';
import { CardSubjectItem, EffectItem, groundsFields, ShareItem, VersionRef } from './entry-item.ts';

/** Everything that scoring hears of a dispute. */
export const ScoringEventV1 = z.discriminatedUnion('type', [
  PartiesNoticedV1,
  ResponsibilityWaivedV1,
  SatisfactionRatedV1,
  DisputeReopenedV1,
]);

const Line = z.object({
  entryId: z.string(),
  subject: CardSubjectItem,
  department: z.string().optional(),
  period: z.string(),
  rule: z.string(),
  effect: EffectItem,
  share: ShareItem.optional(),
  indicator: z.string().optional(),
  reverses: z.string().optional(),
});

const Group = z.object({
  groupId: z.string(),
  dispute: CaseHeaderV1,
  correlationId: z.string(),
  grounds: z.object(groundsFields),
  ratedDepartment: z.string().optional(),
  lines: z.array(Line),
});
const Groups = z.object({ pending: Group.optional(), posted: Group.optional() });

/** All that scoring remembers of a dispute, as its item holds it. */
export const ScoringState = z.object({
  disputeId: z.string(),
  version: z.int().min(0),
  nextSequence: z.int().min(1),
  waiting: z.array(ScoringEventV1),
  track: z.object({ is: z.enum(['open', 'noticed', 'ended']) }),
  finding: z
    .object({
      determinationId: z.string(),
      validity: ValidityValue,
      responsibleDepartment: z.string(),
      decidedBy: z.string(),
      noticedBy: z.string(),
    })
    .optional(),
  rating: z
    .object({
      value: RatingValue,
      dispute: CaseHeaderV1,
      correlationId: z.string(),
      period: z.string(),
      ratedAt: z.string(),
      ratedBy: z.string(),
      employee: z.string().optional(),
      calendar: VersionRef,
    })
    .optional(),
  determinationGroups: Groups,
  ratingGroups: Groups,
}) satisfies z.ZodType<Scoring>;

/** The scoring of one dispute, with the appeal window that it waits for in the index of deadlines. */
export const ScoringItem = z.object({ kind: z.literal('scoring'), version: z.int().min(1), state: ScoringState });
