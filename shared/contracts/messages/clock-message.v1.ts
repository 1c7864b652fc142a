import { z } from 'zod';
import { Instant } from '../shapes.ts';

/** A sweep's note that something falls due: its reader looks at the state again (C-11). */
export const ClockMessageV1 = z.object({
  /** A dispute's filing (C-4), an alert's acknowledgement (C-1), or a posting group's appeal window (C-8). */
  kind: z.enum(['filing', 'alert', 'group']),
  /** Partition key of the aggregate in its gear's own table. */
  pk: z.string().min(1),
  dueAt: Instant,
});
export type ClockMessageV1 = z.infer<typeof ClockMessageV1>;
