import * as z from 'zod';
import { Day, Identifier } from '../shapes.ts';
import { eventContract, Id } from './envelope.ts';

/** `ReportRejected` v1: an accepted or in-house report could not become a dispute (I-2, I-4). Written by intake; read by insights. */
export const ReportRejectedV1 = eventContract(
  'ReportRejected.v1',
  z.object({
    source: Id,
    receiptId: Identifier,
    /** Day of arrival in the organisation's zone (I-7). */
    day: Day,
    reasons: z.array(z.object({ path: z.string(), message: z.string() })),
  }),
);
export type ReportRejectedV1 = z.infer<typeof ReportRejectedV1>;
