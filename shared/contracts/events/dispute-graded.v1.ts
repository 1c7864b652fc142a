import * as z from 'zod';
import { Level } from '../shapes.ts';
import { CaseHeaderV1, eventContract } from './envelope.ts';
import { GradeV1 } from './graded-facts.ts';

/** `DisputeGraded` v1: one grading decision. Written by intake and disputes; read by alerts, stakes and insights. */
export const DisputeGradedV1 = eventContract(
  'DisputeGraded.v1',
  z.object({
    dispute: CaseHeaderV1,
    previousLevel: Level.optional(),
    grade: GradeV1,
  }),
);
export type DisputeGradedV1 = z.infer<typeof DisputeGradedV1>;
