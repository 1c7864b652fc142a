import type { Day } from '../calendar/civil-date.ts';
import type { Fault } from '../refusal.ts';

/** A report was accepted or put on the in-house queue, and then could not become a dispute. Its aggregate is the receipt. */
export interface ReportRejected {
  readonly type: 'ReportRejected.v1';
  readonly data: {
    readonly source: string;
    readonly receiptId: string;
    /** The local day of its arrival. */
    readonly day: Day;
    /** Why; neither path nor message quotes the report (T-2). */
    readonly reasons: readonly Fault[];
  };
}
export type IntakeEvent = ReportRejected;
