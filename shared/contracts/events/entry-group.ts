import * as z from 'zod';
import { Identifier, Month, SubjectKindValue } from '../shapes.ts';
import { CaseHeaderV1, Id } from './envelope.ts';

/** What one act moves on one card under one rule; points in hundredths, a deduction negative. */
export const EntryTotalV1 = z.object({
  subject: z.object({ kind: SubjectKindValue, id: Id }),
  department: Id.optional(),
  period: Month,
  rule: Id,
  points: z.int(),
  percentBp: z.int().optional(),
});

/** What the three events of a posting group have in common (S-12, S-13). */
export const entryGroup = {
  dispute: CaseHeaderV1,
  groupId: Identifier,
  basis: z.enum(['determination', 'rating']),
  determinationId: Identifier.optional(),
  entries: z.array(Identifier),
};
