import * as z from 'zod';
import { AwaitedFieldValue, Day, Identifier, Instant } from '../shapes.ts';
import { CalendarVersion, CaseHeaderV1, eventContract, Id } from './envelope.ts';
import { FactsV1, MoneyV1, PublicOpinionV1 } from './graded-facts.ts';

/** `DisputeOpened` v1: a first report became a dispute. Written by intake; read by insights. */
export const DisputeOpenedV1 = eventContract(
  'DisputeOpened.v1',
  z.object({
    dispute: CaseHeaderV1,
    number: Id,
    externalId: Id,
    receiptId: Identifier,
    /** The pseudonym (I-8). */
    receivedAt: Instant,
    /** Day of arrival in the organisation's zone (I-7). */
    receivedOn: Day,
    occurredAt: Instant,
    calendar: CalendarVersion,
    facts: FactsV1,
    publicOpinion: PublicOpinionV1,
    amount: MoneyV1.optional(),
    employee: Id.optional(),
    partner: Id.optional(),
    region: Id.optional(),
    product: Id.optional(),
    batch: Id.optional(),
    awaiting: z.array(AwaitedFieldValue),
    departmentNamed: z.boolean(),
    filingDueAt: Instant,
  }),
);
export type DisputeOpenedV1 = z.infer<typeof DisputeOpenedV1>;
