import * as z from 'zod';
import { CauseBranchValue } from '../shapes.ts';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';

/** `CausesReported` v1: the causes found, by branch and without their texts (D-2). Written by disputes; read by insights. */
export const CausesReportedV1 = eventContract(
  'CausesReported.v1',
  z.object({
    dispute: CaseHeaderV1,
    branches: z.array(CauseBranchValue),
    reportedBy: Id,
    inTime: z.boolean(),
  }),
);
export type CausesReportedV1 = z.infer<typeof CausesReportedV1>;
