import * as z from 'zod';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';

/** `ResponsibilityWaived` v1: no finding is needed. Written by disputes; read by scoring, stakes and insights. */
export const ResponsibilityWaivedV1 = eventContract(
  'ResponsibilityWaived.v1',
  z.object({
    dispute: CaseHeaderV1,
    scoringSequence: z.int().nonnegative(),
    waivedBy: Id,
  }),
);
export type ResponsibilityWaivedV1 = z.infer<typeof ResponsibilityWaivedV1>;
