import * as z from 'zod';
import { Identifier } from '../shapes.ts';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';

/** `AlertCorrected` v1: an alert shows another type, department or indicators (G-10). Written by alerts; read by insights. */
export const AlertCorrectedV1 = eventContract(
  'AlertCorrected.v1',
  z.object({
    dispute: CaseHeaderV1,
    alertId: Identifier,
    indicators: z.array(Id),
  }),
);
export type AlertCorrectedV1 = z.infer<typeof AlertCorrectedV1>;
