import * as z from 'zod';
import { Identifier, Instant, Level, ValidityValue } from '../shapes.ts';
import { CalendarVersion, CaseHeaderV1, eventContract, Id } from './envelope.ts';
import { ShareV1 } from './graded-facts.ts';

/** `PartiesNoticed` v1: the parties know their shares, and the appeal window runs (D-5, C-8). Written by disputes; read by scoring, stakes and insights. */
export const PartiesNoticedV1 = eventContract(
  'PartiesNoticed.v1',
  z.object({
    dispute: CaseHeaderV1,
    scoringSequence: z.int().nonnegative(),
    determinationId: Identifier,
    validity: ValidityValue,
    shares: z.array(ShareV1),
    /** Counts for points (D-3). */
    determinedLevel: Level,
    responsibleDepartment: Id,
    decidedBy: Id,
    noticedBy: Id,
    windowEndsAt: Instant,
    calendar: CalendarVersion,
  }),
);
export type PartiesNoticedV1 = z.infer<typeof PartiesNoticedV1>;
