import * as z from 'zod';
import { Instant } from '../shapes.ts';
import { CaseHeaderV1, eventContract } from './envelope.ts';

/** `FilingLearned` v1: both departments know of a filing (I-11). Written by alerts; read by insights. */
export const FilingLearnedV1 = eventContract(
  'FilingLearned.v1',
  z.object({
    dispute: CaseHeaderV1,
    filedAt: Instant,
    seconds: z.int().nonnegative(),
    inTime: z.boolean(),
  }),
);
export type FilingLearnedV1 = z.infer<typeof FilingLearnedV1>;
