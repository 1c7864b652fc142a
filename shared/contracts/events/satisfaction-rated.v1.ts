import * as z from 'zod';
import { Identifier, RatingValue, ResponsibilityValue, ValidityValue } from '../shapes.ts';
import { CalendarVersion, CaseHeaderV1, eventContract, Id } from './envelope.ts';

/** `SatisfactionRated` v1: how satisfied the customer is (D-7). Written by disputes; read by scoring and insights. */
export const SatisfactionRatedV1 = eventContract(
  'SatisfactionRated.v1',
  z.object({
    dispute: CaseHeaderV1,
    scoringSequence: z.int().nonnegative(),
    value: RatingValue,
    kind: z.literal('officer'),
    counts: z.boolean(),
    replaces: z.object({ value: RatingValue, type: Id, department: Id }).optional(),
    ratedBy: Id,
    employee: Id.optional(),
    /** The track at the rating: it decides when points are posted (S-13). */
    responsibility: ResponsibilityValue,
    noticed: z.object({ determinationId: Identifier, validity: ValidityValue, responsibleDepartment: Id }).optional(),
    calendar: CalendarVersion,
  }),
);
export type SatisfactionRatedV1 = z.infer<typeof SatisfactionRatedV1>;
