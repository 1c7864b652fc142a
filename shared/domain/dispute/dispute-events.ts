import type { Day, Instant, Month } from '../calendar/civil-date.ts';
import type { Facts, Grade, PublicOpinion } from '../grading/grade.ts';
import type { Level, Money, Rating } from '../policy/policy.ts';
import type { Channel } from '../policy/source.ts';
import type { AwaitedField, CauseBranch, Responsibility, Share, Validity } from './dispute.ts';

/** What every event says of its dispute, so that no consumer has to ask back. */
export interface CaseHeader {
  readonly disputeId: string;
  /** Pseudonym: under it, and only there, entitled readers find who the customer is and what they said (I-8). */
  readonly customer: string;
  readonly month: Month;
  readonly source: string;
  readonly channel: Channel;
  readonly category: string;
  readonly type: string;
  readonly department: string;
  readonly level: Level;
}

/** Where a dispute was filed before a correction. */
export interface Classification {
  readonly category: string;
  readonly type: string;
  readonly department: string;
}

export interface DisputeOpened {
  readonly type: 'DisputeOpened.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly number: string;
    readonly externalId: string;
    readonly receiptId: string;
    readonly receivedAt: Instant;
    readonly receivedOn: Day;
    readonly occurredAt: Instant;
    readonly calendar: { readonly id: string; readonly version: number };
    readonly facts: Facts;
    readonly publicOpinion: PublicOpinion;
    readonly amount?: Money;
    readonly employee?: string;
    readonly partner?: string;
    readonly region?: string;
    readonly product?: string;
    readonly batch?: string;
    readonly awaiting: readonly AwaitedField[];
    readonly departmentNamed: boolean;
    readonly filingDueAt: Instant;
  };
}
export interface DisputeGraded {
  readonly type: 'DisputeGraded.v1';
  readonly data: { readonly dispute: CaseHeader; readonly previousLevel?: Level; readonly grade: Grade };
}
export interface DisputeCorrected {
  readonly type: 'DisputeCorrected.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly from: Classification;
    /** The level before; the grading of the same decision says the new one. */
    readonly previousLevel: Level;
    readonly facts: Facts;
    readonly publicOpinion: PublicOpinion;
    readonly amount?: Money;
    /** What an officer still has to find out (I-9). */
    readonly awaiting: readonly AwaitedField[];
    readonly departmentNamed: boolean;
    readonly correctedBy: string;
  };
}
export interface DisputeFiled {
  readonly type: 'DisputeFiled.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly automatic: boolean;
    readonly filedBy?: string;
    readonly dueAt: Instant;
    readonly inTime: boolean;
  };
}
export interface DisputeAssigned {
  readonly type: 'DisputeAssigned.v1';
  readonly data: { readonly dispute: CaseHeader; readonly assignee: string; readonly assignedBy: string };
}
export interface InvestigationStarted {
  readonly type: 'InvestigationStarted.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly investigator: string;
    readonly joint: boolean;
    readonly team: readonly string[];
    /** Why D-1 asks for a joint investigation; empty when it does not. */
    readonly jointBecause: readonly string[];
    readonly dueAt?: Instant;
    readonly startedBy: string;
  };
}
export interface CausesReported {
  readonly type: 'CausesReported.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly branches: readonly CauseBranch[];
    readonly reportedBy: string;
    readonly inTime: boolean;
  };
}
export interface ResponsibilityDetermined {
  readonly type: 'ResponsibilityDetermined.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly determinationId: string;
    readonly validity: Validity;
    readonly shares: readonly Share[];
    readonly responsibleDepartment: string;
    readonly decidedBy: string;
  };
}
export interface PartiesNoticed {
  readonly type: 'PartiesNoticed.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly scoringSequence: number;
    readonly determinationId: string;
    readonly validity: Validity;
    readonly shares: readonly Share[];
    /** The level at determination, which counts for points (D-3). */
    readonly determinedLevel: Level;
    readonly responsibleDepartment: string;
    readonly decidedBy: string;
    readonly noticedBy: string;
    readonly windowEndsAt: Instant;
    readonly calendar: { readonly id: string; readonly version: number };
  };
}
export interface ResponsibilityWaived {
  readonly type: 'ResponsibilityWaived.v1';
  readonly data: { readonly dispute: CaseHeader; readonly scoringSequence: number; readonly waivedBy: string };
}
/** The responsibility track ended: points posted or void, or a notice that moves none. */
export interface ResponsibilityFinal {
  readonly type: 'ResponsibilityFinal.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly because: 'posted' | 'voided' | 'no-points';
    readonly determinationId: string;
  };
}
export interface DisputeResolved {
  readonly type: 'DisputeResolved.v1';
  readonly data: { readonly dispute: CaseHeader; readonly resolvedBy: string; readonly compensation?: Money };
}
export interface SatisfactionRated {
  readonly type: 'SatisfactionRated.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly scoringSequence: number;
    readonly value: Rating;
    readonly kind: 'officer';
    /** Whether it is the rating that counts from now on; otherwise it is recorded and moves nothing (D-7). */
    readonly counts: boolean;
    /** The rating that it takes the place of, with where the dispute stood then. */
    readonly replaces?: { readonly value: Rating; readonly type: string; readonly department: string };
    readonly ratedBy: string;
    readonly employee?: string;
    /** The track and determination at the rating: they decide which department it meets, and when (S-13). */
    readonly responsibility: Responsibility;
    readonly noticed?: {
      readonly determinationId: string;
      readonly validity: Validity;
      readonly responsibleDepartment: string;
    };
    readonly calendar: { readonly id: string; readonly version: number };
  };
}
export interface DisputeClosed {
  readonly type: 'DisputeClosed.v1';
  readonly data: { readonly dispute: CaseHeader; readonly closedBy: string };
}
export interface DisputeReopened {
  readonly type: 'DisputeReopened.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly scoringSequence: number;
    readonly responsibility: Responsibility;
    readonly reopenedBy: string;
  };
}
/** A clock's deadline passed unmet. The envelope's `occurredAt` is the deadline itself (C-10). */
export interface ClockBreached {
  readonly type: 'ClockBreached.v1';
  readonly data: {
    readonly dispute: CaseHeader;
    readonly clock: 'C-1' | 'C-4';
    readonly alertId?: string;
    readonly dueAt: Instant;
  };
}

export type DisputeEvent =
  | DisputeOpened
  | DisputeGraded
  | DisputeCorrected
  | DisputeFiled
  | DisputeAssigned
  | InvestigationStarted
  | CausesReported
  | ResponsibilityDetermined
  | PartiesNoticed
  | ResponsibilityWaived
  | ResponsibilityFinal
  | DisputeResolved
  | SatisfactionRated
  | DisputeClosed
  | DisputeReopened
  | ClockBreached;
