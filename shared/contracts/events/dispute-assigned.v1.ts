import * as z from 'zod';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';

/** `DisputeAssigned` v1: a person took the case in hand (G-6). Written by disputes; read by insights. */
export const DisputeAssignedV1 = eventContract(
  'DisputeAssigned.v1',
  z.object({
    dispute: CaseHeaderV1,
    assignee: Id,
    assignedBy: Id,
  }),
);
export type DisputeAssignedV1 = z.infer<typeof DisputeAssignedV1>;
