import type { Day, Instant } from '../calendar/civil-date.ts';
import type { Fault } from '../refusal.ts';

/** The source under which in-house messages stand that cannot be read or are not entitled (I-2). */
export const IN_HOUSE = 'in-house';

/** What became of one arrival; `queued` ones are in flight (I-7). */
export const OUTCOMES = ['queued', 'opened', 'joined', 'duplicate', 'rejected', 'dead-lettered'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What finds an arrival: its id, under the source and the local day on which it came. */
export interface ArrivalKey {
  readonly source: string;
  readonly day: Day;
  readonly arrivalId: string;
}

/** One signed POST or one in-house message, without its content (I-7). */
export interface Arrival extends ArrivalKey {
  readonly outcome: Outcome;
  /** Absent where the report could not be read. */
  readonly receiptId?: string;
  /** The dispute that it opened. */
  readonly disputeId?: string;
  /** Whether that dispute waits for an officer (I-9); gone once it is filed. */
  readonly awaited?: boolean;
}

/** What became of one report; several arrivals of the same content share it (I-4, I-5). */
export const RECEIPT_STATUSES = ['queued', 'opened', 'joined', 'rejected', 'dead-lettered'] as const;
export type ReceiptStatus = (typeof RECEIPT_STATUSES)[number];

export interface Receipt {
  readonly receiptId: string;
  readonly source: string;
  /** The sender's id; for an in-house message that could not be read, the message's. */
  readonly externalId: string;
  readonly status: ReceiptStatus;
  /** Raised by every change; the condition of the next one. */
  readonly version: number;
  readonly changedAt: Instant;
  readonly disputeId?: string;
  /** Why it was rejected; the messages quote nothing of the report. */
  readonly reasons?: readonly Fault[];
}

/** Whether an arrival has its outcome for good: a message that comes again changes nothing (I-7). */
export function isSettled(arrival: Arrival | undefined): boolean {
  return arrival !== undefined && arrival.outcome !== 'queued' && arrival.outcome !== 'dead-lettered';
}
