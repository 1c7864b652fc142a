import type { Instant } from '#shared/domain/calendar/civil-date.ts';
import { commitOf, type Decided } from '#shared/domain/event.ts';
import type { ArrivalKey, Receipt } from '#shared/domain/intake/arrival.ts';
import type { ReportRejected } from '#shared/domain/intake/intake-events.ts';
import type { Policy } from '#shared/domain/policy/policy.ts';
import type { IntakeDecision, Known } from '#shared/domain/ports/intake-store.ts';
import type { Fault } from '#shared/domain/refusal.ts';

/** A report that cannot become a dispute, and why. */
export interface Rejected {
  readonly arrival: ArrivalKey;
  readonly receiptId: string;
  readonly externalId: string;
  readonly correlationId: string;
  /** From {@link storableReasons}: receipts and events hold them (T-2). */
  readonly reasons: readonly Fault[];
}

/**
 * The decision that rejects a report: its arrival and its receipt say so, and an event tells it (I-4). A receipt that
 * was rejected before only takes the newer reasons; one that was opened stays as it is.
 */
export function rejection(
  { arrival, receiptId, externalId, correlationId, reasons }: Rejected,
  context: {
    readonly before: Known;
    readonly policy: Policy;
    readonly now: Instant;
    readonly id: (...parts: string[]) => string;
  },
): IntakeDecision {
  const { before, policy, now, id } = context;
  const { source, day, arrivalId } = arrival;
  const noted = { before, arrival: { ...arrival, outcome: 'rejected', receiptId } } as const;
  if (before.receipt?.status === 'opened') return noted;
  const version = (before.receipt?.version ?? 0) + 1;
  const receipt: Receipt = { receiptId, source, externalId, status: 'rejected', version, changedAt: now, reasons };
  if (before.receipt?.status === 'rejected') return { ...noted, receipt };
  const event: Decided<ReportRejected> = {
    type: 'ReportRejected.v1',
    policyVersion: policy.version,
    data: { source, receiptId, day, reasons },
  };
  const cause = { causationId: arrivalId, correlationId, by: source };
  return { ...noted, receipt, commit: commitOf(receiptId, version, [event], now, cause, id) };
}

/** Fields whose faults name what the sender wrote; a receipt says of them only that the directory does not know it. */
const DIRECTORY_FIELDS: readonly string[] = ['department', 'employee', 'partner'];

/** Reasons as they may be stored: names of ours alone, and nothing that the sender wrote (T-2). */
export function storableReasons(faults: readonly (Fault & { readonly ownPath?: string })[]): readonly Fault[] {
  const reasons = faults.map(({ path, ownPath = path, message }) => ({
    path: ownPath,
    message: DIRECTORY_FIELDS.includes(ownPath) ? `is no ${ownPath} of the directory` : message,
  }));
  const distinct = new Map(reasons.map((reason) => [`${reason.path} ${reason.message}`, reason]));
  return [...distinct.values()];
}
