import * as z from 'zod';
import { Instant } from '../shapes.ts';
import { EntryTotalV1, entryGroup } from './entry-group.ts';
import { eventContract } from './envelope.ts';

/** `EntriesPending` v1: a group of points was written and waits (S-13). Written by scoring; read by insights. */
export const EntriesPendingV1 = eventContract(
  'EntriesPending.v1',
  z.object({
    ...entryGroup,
    totals: z.array(EntryTotalV1),
    /** End of the appeal window (C-8); a rating's group has none. */
    windowEndsAt: Instant.optional(),
  }),
);
export type EntriesPendingV1 = z.infer<typeof EntriesPendingV1>;
