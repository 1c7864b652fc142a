import * as z from 'zod';
import { ResponsibilityValue } from '../shapes.ts';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';

/** `DisputeReopened` v1: the case is in hand again. Written by disputes; read by scoring and insights. */
export const DisputeReopenedV1 = eventContract(
  'DisputeReopened.v1',
  z.object({
    dispute: CaseHeaderV1,
    scoringSequence: z.int().nonnegative(),
    responsibility: ResponsibilityValue,
    reopenedBy: Id,
  }),
);
export type DisputeReopenedV1 = z.infer<typeof DisputeReopenedV1>;
