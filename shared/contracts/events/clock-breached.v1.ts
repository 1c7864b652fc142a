import * as z from 'zod';
import { Identifier, Instant } from '../shapes.ts';
import { CaseHeaderV1, eventContract } from './envelope.ts';

/** `ClockBreached` v1: a deadline passed unmet; `occurredAt` is the deadline (C-10). Written by disputes (C-4) and performance (C-1); read by insights. */
export const ClockBreachedV1 = eventContract(
  'ClockBreached.v1',
  z.object({
    dispute: CaseHeaderV1,
    clock: z.enum(['C-1', 'C-4']),
    alertId: Identifier.optional(),
    dueAt: Instant,
  }),
);
export type ClockBreachedV1 = z.infer<typeof ClockBreachedV1>;
