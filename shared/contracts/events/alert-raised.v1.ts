import * as z from 'zod';
import { ColourValue, Identifier, Instant, Level } from '../shapes.ts';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';

/** `AlertRaised` v1: a grade called the performance department (G-10). Written by alerts; read by insights. */
export const AlertRaisedV1 = eventContract(
  'AlertRaised.v1',
  z.object({
    dispute: CaseHeaderV1,
    alertId: Identifier,
    level: Level,
    colour: ColourValue,
    indicators: z.array(Id),
    /** C-1. */
    dueAt: Instant,
  }),
);
export type AlertRaisedV1 = z.infer<typeof AlertRaisedV1>;
