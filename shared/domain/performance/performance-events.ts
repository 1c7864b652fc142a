import type { Instant, Month } from '../calendar/civil-date.ts';
import type { CaseHeader } from '../dispute/dispute-events.ts';
import type { Colour } from '../grading/grade.ts';
import type { SubjectKind } from '../policy/directory.ts';
import type { Level } from '../policy/policy.ts';

/** A grade called the performance department (G-10); due by C-1. */
export interface AlertRaised {
  readonly type: 'AlertRaised.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly alertId: string;
    readonly level: Level;
    readonly colour: Colour;
    /** What the type is mapped to (W-3); who acknowledges says which of them is triggered. */
    readonly indicators: readonly string[];
    readonly dueAt: Instant;
  };
}
/**
 * A grading of the same level says anew what an alert is about (G-10). Only the last one told of an alert counts: how
 * many there are depends on the order in which gradings are heard.
 */
export interface AlertCorrected {
  readonly type: 'AlertCorrected.v1';
  readonly data: {
    /** As the alert shows it from now on. */
    readonly dispute: CaseHeader;
    readonly alertId: string;
    readonly indicators: readonly string[];
  };
}
/** A later grading took the alert's place; it can no longer be acknowledged. */
export interface AlertSuperseded {
  readonly type: 'AlertSuperseded.v1';
  readonly data: { readonly dispute: CaseHeader; readonly alertId: string; readonly supersededBy: string };
}
export interface AlertAcknowledged {
  readonly type: 'AlertAcknowledged.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly alertId: string;
    readonly acknowledgedBy: string;
    /** Empty when none of the alert's indicators is triggered. */
    readonly specialIndicators: readonly string[];
    readonly dueAt: Instant;
    readonly inTime: boolean;
  };
}

/**
 * The performance department and the responsible one learned of a filing: type, department and demand are theirs to
 * read from now on. How long the way took is measured (I-11).
 */
export interface FilingLearned {
  readonly type: 'FilingLearned.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly filedAt: Instant;
    /** From the filing to our knowing, in seconds. */
    readonly seconds: number;
    readonly inTime: boolean;
  };
}

/** What the points of a group rest on: a determination (S-5) or a customer's rating (S-1, S-2). */
export type ScoringBasis = 'determination' | 'rating';

/** What one act moves on one card under one rule, so that nobody has to ask back. */
export interface EntryTotal {
  readonly subject: { readonly kind: SubjectKind; readonly id: string };
  /** The department itself or the employee's; a partner has none. */
  readonly department?: string;
  readonly period: Month;
  readonly rule: string;
  /** Hundredths of a point; a deduction is negative. */
  readonly points: number;
  /** Effects in percent, which become points at the period's close. */
  readonly percentBp?: number;
}

interface EntryGroup {
  readonly dispute: CaseHeader;
  readonly groupId: string;
  readonly basis: ScoringBasis;
  /** Only where the basis is a determination. */
  readonly determinationId?: string;
  /** Ids of the entries written in this act (S-20). */
  readonly entries: readonly string[];
}

/** A group was written as pending (S-13). */
export interface EntriesPending {
  readonly type: 'EntriesPending.v1';
  readonly data: EntryGroup & {
    readonly totals: readonly EntryTotal[];
    /** End of the appeal window (C-8); a rating's group waits for the end of the responsibility track. */
    readonly windowEndsAt?: Instant;
  };
}
/** A group became final (S-13), and with it what reverses the posted group that it replaces (D-3). */
export interface EntriesPosted {
  readonly type: 'EntriesPosted.v1';
  readonly data: EntryGroup & {
    /** What was pending and is posted now; empty where the act only reverses. */
    readonly totals: readonly EntryTotal[];
    /** What the reversing entries move on the cards of the group that they reverse: the negative of its totals. */
    readonly reversals: readonly EntryTotal[];
    readonly reversedGroupId?: string;
  };
}
/** A pending group will never count. */
export interface EntriesVoided {
  readonly type: 'EntriesVoided.v1';
  readonly data: EntryGroup & {
    /** What was pending and is void now. */
    readonly totals: readonly EntryTotal[];
    readonly because: 'replaced' | 'unfounded' | 'external';
  };
}

/** What the performance gear says on the bus; `ClockBreached.v1` with clock `C-1` is its own, too. */
export type PerformanceEvent =
  | AlertRaised
  | AlertCorrected
  | AlertSuperseded
  | AlertAcknowledged
  | FilingLearned
  | EntriesPending
  | EntriesPosted
  | EntriesVoided;
