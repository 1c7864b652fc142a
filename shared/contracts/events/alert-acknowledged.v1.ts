import * as z from 'zod';
import { Identifier, Instant } from '../shapes.ts';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';

/** `AlertAcknowledged` v1: the performance department took note (C-1, G-10). Written by alerts; read by insights. */
export const AlertAcknowledgedV1 = eventContract(
  'AlertAcknowledged.v1',
  z.object({
    dispute: CaseHeaderV1,
    alertId: Identifier,
    acknowledgedBy: Id,
    specialIndicators: z.array(Id),
    dueAt: Instant,
    inTime: z.boolean(),
  }),
);
export type AlertAcknowledgedV1 = z.infer<typeof AlertAcknowledgedV1>;
