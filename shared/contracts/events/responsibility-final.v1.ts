import * as z from 'zod';
import { Identifier } from '../shapes.ts';
import { CaseHeaderV1, eventContract } from './envelope.ts';

/** `ResponsibilityFinal` v1: the responsibility track ended. Written by disputes; read by insights. */
export const ResponsibilityFinalV1 = eventContract(
  'ResponsibilityFinal.v1',
  z.object({
    dispute: CaseHeaderV1,
    because: z.enum(['posted', 'voided', 'no-points']),
    determinationId: Identifier,
  }),
);
export type ResponsibilityFinalV1 = z.infer<typeof ResponsibilityFinalV1>;
