import * as z from 'zod';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';
import { MoneyV1 } from './graded-facts.ts';

/** `DisputeResolved` v1: the customer has a solution (D-6); its texts stay in the customers store. Written by disputes; read by insights. */
export const DisputeResolvedV1 = eventContract(
  'DisputeResolved.v1',
  z.object({
    dispute: CaseHeaderV1,
    resolvedBy: Id,
    compensation: MoneyV1.optional(),
  }),
);
export type DisputeResolvedV1 = z.infer<typeof DisputeResolvedV1>;
