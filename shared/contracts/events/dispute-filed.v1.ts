import * as z from 'zod';
import { Instant } from '../shapes.ts';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';

/** `DisputeFiled` v1: the dispute department took the case on record (I-9). Written by intake and disputes; read by insights. */
export const DisputeFiledV1 = eventContract(
  'DisputeFiled.v1',
  z.object({
    dispute: CaseHeaderV1,
    automatic: z.boolean(),
    filedBy: Id.optional(),
    /** C-4. */
    dueAt: Instant,
    inTime: z.boolean(),
  }),
);
export type DisputeFiledV1 = z.infer<typeof DisputeFiledV1>;
