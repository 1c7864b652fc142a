import { dayIn, type Instant, monthIn, type TimeZone } from '../calendar/civil-date.ts';
import { deadline, type WorkingCalendar } from '../calendar/working-calendar.ts';
import { type Cause, type Commit, commitOf, type Decided } from '../event.ts';
import type { Facts, PublicOpinion } from '../grading/grade.ts';
import { gradeDispute } from '../grading/grade-dispute.ts';
import type { Directory } from '../policy/directory.ts';
import type { Money, Policy } from '../policy/policy.ts';
import type { Channel } from '../policy/source.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { type ClassificationParts, classify } from './classify.ts';
import type { AwaitedField, Dispute } from './dispute.ts';
import type { CaseHeader, DisputeEvent, DisputeOpened } from './dispute-events.ts';
import { evolveAll } from './evolve.ts';

/** The first report of a dispute, without texts and without who the customer is (I-8). */
export interface Opening extends ClassificationParts {
  readonly source: string;
  readonly channel: Channel;
  readonly externalId: string;
  readonly receiptId: string;
  readonly receivedAt: Instant;
  readonly occurredAt: Instant;
  /** Pseudonym. */
  readonly customer: string;
  /** Which mandatory texts the report brought (I-9). */
  readonly has: { readonly customer: boolean; readonly text: boolean; readonly demand: boolean };
  readonly region?: string;
  readonly product?: string;
  readonly batch?: string;
  readonly facts?: Partial<Facts>;
  readonly publicOpinion?: Partial<PublicOpinion>;
  readonly amount?: Money;
}

export interface OpeningContext {
  /** The version in force at receipt (P-2). */
  readonly policy: Policy;
  readonly calendar: WorkingCalendar;
  readonly directory: Directory;
  readonly zone: TimeZone;
  readonly now: Instant;
  readonly disputeId: string;
  readonly number: string;
  readonly cause: Cause;
  /** UUIDv5 over its parts. */
  readonly id: (...parts: string[]) => string;
}

export const NO_FACTS: Facts = {
  personalSafety: false,
  hazard: false,
  leaving: false,
  interrupted: false,
  threat: 'none',
};
export const NO_OPINION: PublicOpinion = { reach: 0, media: false, regulator: false };

/**
 * Opens a dispute from its first report: classified, graded and, when nothing mandatory is missing, filed, in one
 * decision (G-2, I-9). Otherwise it waits as received, graded all the same.
 *
 * @returns the new dispute with its commit, or a refusal that names what the policy or directory does not know (G-1)
 */
export function openDispute(
  opening: Opening,
  context: OpeningContext,
): { readonly dispute: Dispute; readonly commit: Commit } | Refusal {
  const { policy, calendar, zone, now } = context;
  const classification = classify(opening, policy, context.directory);
  if (isRefusal(classification)) return classification;

  const facts = { ...NO_FACTS, ...opening.facts };
  const publicOpinion = { ...NO_OPINION, ...opening.publicOpinion };
  const { channel, occurredAt, amount } = opening;
  const grade = gradeDispute({ facts, publicOpinion, amount, channel, occurredAt }, policy, zone, now);
  const dispute: CaseHeader = {
    disputeId: context.disputeId,
    customer: opening.customer,
    month: monthIn(zone, occurredAt),
    source: opening.source,
    channel,
    ...classification,
    level: grade.level,
  };
  const filingDueAt = deadline(calendar, opening.receivedAt, policy.clocks['C-4'][grade.level]);
  const awaiting = awaited(opening);
  const opened: DisputeOpened['data'] = {
    dispute,
    number: context.number,
    externalId: opening.externalId,
    receiptId: opening.receiptId,
    receivedAt: opening.receivedAt,
    receivedOn: dayIn(zone, opening.receivedAt),
    occurredAt,
    calendar: { id: calendar.id, version: calendar.version },
    facts,
    publicOpinion,
    amount,
    employee: opening.employee,
    partner: opening.partner,
    region: opening.region,
    product: opening.product,
    batch: opening.batch,
    awaiting,
    departmentNamed: opening.department !== undefined,
    filingDueAt,
  };
  const { version: policyVersion } = policy;
  const events: Decided<DisputeEvent>[] = [
    { type: 'DisputeOpened.v1', policyVersion, data: opened },
    { type: 'DisputeGraded.v1', policyVersion, data: { dispute, grade } },
  ];
  if (awaiting.length === 0) {
    const inTime = now <= filingDueAt;
    if (!inTime) {
      const data = { dispute, clock: 'C-4', dueAt: filingDueAt } as const;
      events.push({ type: 'ClockBreached.v1', policyVersion, occurredAt: filingDueAt, data });
    }
    events.push({
      type: 'DisputeFiled.v1',
      policyVersion,
      data: { dispute, automatic: true, dueAt: filingDueAt, inTime },
    });
  }
  return {
    dispute: evolveAll(undefined, events, now),
    commit: commitOf(context.disputeId, 1, events, now, context.cause, context.id),
  };
}

/** What an officer has to find out before it can be filed, in the order of I-9. Details are the customer's words, or a type. */
function awaited(opening: Opening): AwaitedField[] {
  const awaiting: AwaitedField[] = [];
  if (!opening.has.customer) awaiting.push('customer');
  if (!opening.has.text && opening.type === undefined) awaiting.push('details');
  if (!opening.has.demand) awaiting.push('demand');
  if (opening.type === undefined && opening.category === undefined) awaiting.push('type');
  return awaiting;
}
