import * as z from 'zod';
import { Identifier, ValidityValue } from '../shapes.ts';
import { CaseHeaderV1, eventContract, Id } from './envelope.ts';
import { ShareV1 } from './graded-facts.ts';

/** `ResponsibilityDetermined` v1: who bears which share; moves nothing yet (D-3, D-5). Written by disputes; read by stakes and insights. */
export const ResponsibilityDeterminedV1 = eventContract(
  'ResponsibilityDetermined.v1',
  z.object({
    dispute: CaseHeaderV1,
    determinationId: Identifier,
    validity: ValidityValue,
    shares: z.array(ShareV1),
    responsibleDepartment: Id,
    decidedBy: Id,
  }),
);
export type ResponsibilityDeterminedV1 = z.infer<typeof ResponsibilityDeterminedV1>;
