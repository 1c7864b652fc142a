import * as z from 'zod';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';

/** `DisputeClosed` v1: both tracks ended, and an officer closed the case. Written by disputes; read by stakes and insights. */
export const DisputeClosedV1 = eventContract(
  'DisputeClosed.v1',
  z.object({
    dispute: CaseHeaderV1,
    closedBy: Id,
  }),
);
export type DisputeClosedV1 = z.infer<typeof DisputeClosedV1>;
