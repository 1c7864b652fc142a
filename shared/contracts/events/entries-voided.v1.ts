import * as z from 'zod';
import { EntryTotalV1, entryGroup } from './entry-group.ts';
import { eventContract } from './envelope.ts';

/** `EntriesVoided` v1: a pending group will never count (S-13). Written by scoring; read by disputes and insights. */
export const EntriesVoidedV1 = eventContract(
  'EntriesVoided.v1',
  z.object({
    ...entryGroup,
    totals: z.array(EntryTotalV1),
    because: z.enum(['replaced', 'unfounded', 'external']),
  }),
);
export type EntriesVoidedV1 = z.infer<typeof EntriesVoidedV1>;
