import * as z from 'zod';
import { Identifier } from '../shapes.ts';
import { EntryTotalV1, entryGroup } from './entry-group.ts';
import { eventContract } from './envelope.ts';

/** `EntriesPosted` v1: a group of points counts, and what it replaces is reversed (S-13, D-3). Written by scoring; read by disputes and insights. */
export const EntriesPostedV1 = eventContract(
  'EntriesPosted.v1',
  z.object({
    ...entryGroup,
    totals: z.array(EntryTotalV1),
    reversals: z.array(EntryTotalV1),
    reversedGroupId: Identifier.optional(),
  }),
);
export type EntriesPostedV1 = z.infer<typeof EntriesPostedV1>;
