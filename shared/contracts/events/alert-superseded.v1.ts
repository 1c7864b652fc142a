import * as z from 'zod';
import { Identifier } from '../shapes.ts';
import { CaseHeaderV1, eventContract } from './envelope.ts';

/** `AlertSuperseded` v1: a later grading took the alert's place. Written by alerts; read by insights. */
export const AlertSupersededV1 = eventContract(
  'AlertSuperseded.v1',
  z.object({
    dispute: CaseHeaderV1,
    alertId: Identifier,
    supersededBy: Identifier,
  }),
);
export type AlertSupersededV1 = z.infer<typeof AlertSupersededV1>;
