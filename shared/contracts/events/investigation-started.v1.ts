import * as z from 'zod';
import { Instant } from '../shapes.ts';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';

/** `InvestigationStarted` v1: who looks for the cause, and why jointly (D-1). Written by disputes; read by insights. */
export const InvestigationStartedV1 = eventContract(
  'InvestigationStarted.v1',
  z.object({
    dispute: CaseHeaderV1,
    investigator: Id,
    joint: z.boolean(),
    team: z.array(Id),
    jointBecause: z.array(z.string()),
    /** C-5, of a joint investigation. */
    dueAt: Instant.optional(),
    startedBy: Id,
  }),
);
export type InvestigationStartedV1 = z.infer<typeof InvestigationStartedV1>;
