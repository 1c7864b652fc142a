import * as z from 'zod';
import { AwaitedFieldValue, Level } from '../shapes.ts';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';
import { FactsV1, MoneyV1, PublicOpinionV1 } from './graded-facts.ts';

/** `DisputeCorrected` v1: an officer corrected facts or classification. Written by disputes; read by stakes and insights. */
export const DisputeCorrectedV1 = eventContract(
  'DisputeCorrected.v1',
  z.object({
    dispute: CaseHeaderV1,
    from: z.object({ category: Id, type: Id, department: Id }),
    previousLevel: Level,
    facts: FactsV1,
    publicOpinion: PublicOpinionV1,
    amount: MoneyV1.optional(),
    awaiting: z.array(AwaitedFieldValue),
    departmentNamed: z.boolean(),
    correctedBy: Id,
  }),
);
export type DisputeCorrectedV1 = z.infer<typeof DisputeCorrectedV1>;
