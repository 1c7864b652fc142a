import type { Day } from '../calendar/civil-date.ts';
import type { Dispute } from '../dispute/dispute.ts';
import type { Commit } from '../event.ts';
import type { Arrival, ArrivalKey, Receipt } from '../intake/arrival.ts';
import type { Claim } from '../intake/claim.ts';
import type { DeadEntry, DeadMessage, ReturnedMessage } from '../intake/dead-message.ts';
import type { Tally } from '../intake/reconciliation.ts';
import type { ReportTexts } from './customer-store.ts';
import type { CustomerDetails } from './dispute-store.ts';

/** What is known of a report before a decision; also the condition under which the decision is written. */
export interface Known {
  readonly claim?: Claim;
  readonly receipt?: Receipt;
  readonly arrival?: Arrival;
}

/** A dispute that a report opened, with everything that is written in the same transaction. */
export interface OpenedDispute {
  readonly dispute: Dispute;
  readonly commit: Commit;
  readonly claim: Claim;
  readonly texts: ReportTexts;
  /** Who the report says that the customer is; absent for a report that names nobody. */
  readonly details?: CustomerDetails;
  /** By what the customer will be recognised, where that is new: a keyed digest. */
  readonly newIdentity?: string;
}

/** One decision on one arrival: all of it is written, or nothing. */
export interface IntakeDecision {
  readonly before: Known;
  readonly arrival?: Arrival;
  readonly receipt?: Receipt;
  /** The receipt's own event, when a report is rejected. */
  readonly commit?: Commit;
  readonly opened?: OpenedDispute;
  readonly dead?: DeadMessage;
}

/** Arrivals, receipts, claims and dead messages. */
export interface IntakeStore {
  /** Reads what is there, its own writes included; parts that are not asked for are undefined. */
  known(about: {
    readonly report?: { readonly source: string; readonly externalId: string };
    readonly receiptId?: string;
    readonly arrival?: ArrivalKey;
  }): Promise<Known>;
  /** Puts what the door saw; whatever is there already stays as it is. */
  note(arrival: Arrival, receipt?: Receipt): Promise<void>;
  /** @throws WriteRefused when something of what was known has changed in between */
  record(decision: IntakeDecision): Promise<void>;
  receipt(receiptId: string): Promise<Receipt | undefined>;
  /** The receipt that holds the sender's id, else the latest one that named it. */
  receiptOf(source: string, externalId: string): Promise<Receipt | undefined>;
  /** The arrivals of a source on a local day, counted as they stand at the moment (I-7); a day may have any number. */
  tally(source: string, day: Day): Promise<Tally>;
  /** What is kept under one receipt, and what was put back from there. */
  dead(deadId: string): Promise<{
    readonly kept: readonly DeadMessage[];
    readonly returned: readonly ReturnedMessage[];
  }>;
  /** One page of everything that is kept, the oldest message first. */
  deadEntries(page: {
    readonly limit: number;
    readonly cursor?: string;
  }): Promise<{ readonly items: readonly DeadEntry[]; readonly next?: string }>;
  /** Removes a message that is back on its queue, and records who put it there. */
  forgetDead(message: DeadMessage, returned: Pick<ReturnedMessage, 'returnedAt' | 'returnedBy'>): Promise<void>;
}
