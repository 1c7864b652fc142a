import * as z from 'zod';
import { ReportV1 } from '../report.v1.ts';
import { Identifier, Instant, Slug } from '../shapes.ts';

/** What the webhook door puts on its queue: a report whose signature and form it has checked (architecture section 3.1). */
export const IntakeMessageV1 = z.strictObject({
  kind: z.literal('webhook'),
  /** One per signed POST (I-7). */
  arrivalId: Identifier,
  /** Derived from source, external id and content. */
  receiptId: Identifier,
  source: Slug,
  receivedAt: Instant,
  correlationId: Identifier,
  report: ReportV1,
});
export type IntakeMessageV1 = z.infer<typeof IntakeMessageV1>;
