import type { Instant, Month } from '../calendar/civil-date.ts';
import type { Facts, Grade, PublicOpinion } from '../grading/grade.ts';
import type { Level, Money, Rating, ShareKind } from '../policy/policy.ts';
import type { Channel } from '../policy/source.ts';

/** The customer's track (section 5). */
export type Status = 'received' | 'filed' | 'handling' | 'resolved' | 'followed-up' | 'closed';
/** The responsibility track (section 5). */
export type Responsibility = 'open' | 'investigating' | 'reported' | 'determined' | 'noticed' | 'final' | 'not-needed';
export type Validity = 'valid' | 'partly-valid' | 'unfounded' | 'external';
export type CauseBranch = 'people' | 'process' | 'system' | 'institution';

/** What an officer still has to find out before the dispute can be filed (I-9). */
export type AwaitedField = 'customer' | 'details' | 'demand' | 'department' | 'type';

/** One party's part in the responsibility, in basis points of the whole dispute (D-3). */
export interface Share {
  readonly kind: ShareKind;
  /** A department, employee or partner. */
  readonly subject: string;
  readonly bp: number;
  readonly causeCode?: string;
}

export interface Investigation {
  readonly investigator: string;
  readonly joint: boolean;
  readonly team: readonly string[];
  readonly startedAt: Instant;
  /** C-5; only a joint investigation has it. */
  readonly dueAt?: Instant;
}

export interface CauseReport {
  readonly branches: readonly CauseBranch[];
  readonly reportedAt: Instant;
  readonly reportedBy: string;
  /** Whether a joint team reported (D-1). */
  readonly joint: boolean;
}

export interface Determination {
  readonly determinationId: string;
  readonly validity: Validity;
  readonly shares: readonly Share[];
  /** The level at determination counts for points (D-3). */
  readonly level: Level;
  readonly decidedBy: string;
  readonly decidedAt: Instant;
  /** Largest sum of shares with its people's (S-13); the preliminary department where no department holds one. */
  readonly department: string;
  readonly policyVersion: number;
}

/**
 * One customer's case. Who the customer is and every text stand in the customers store (I-8, T-2);
 * this holds a pseudonym, ids and facts only.
 */
export interface Dispute {
  readonly disputeId: string;
  readonly number: string;
  /** Raised by every decision; the condition of the next write. */
  readonly version: number;
  readonly source: string;
  readonly channel: Channel;
  readonly externalId: string;
  readonly openedAt: Instant;
  readonly receivedAt: Instant;
  /** The first report's; it decides the month and the exchange rate. */
  readonly occurredAt: Instant;
  readonly month: Month;
  /** The version in force at receipt, which the dispute follows (P-2). */
  readonly policyVersion: number;
  readonly calendar: { readonly id: string; readonly version: number };
  readonly status: Status;
  readonly responsibility: Responsibility;
  readonly grade: Grade;
  readonly category: string;
  readonly type: string;
  /** Preliminary responsible department (I-9). */
  readonly department: string;
  /** Whether somebody named it; else it is the type's default, and another type brings its own. */
  readonly departmentNamed: boolean;
  readonly employee?: string;
  readonly partner?: string;
  readonly region?: string;
  readonly product?: string;
  readonly batch?: string;
  readonly customer: string;
  readonly facts: Facts;
  readonly publicOpinion: PublicOpinion;
  readonly amount?: Money;
  readonly reports: readonly string[];
  readonly awaiting: readonly AwaitedField[];
  /** C-4. */
  readonly filingDueAt: Instant;
  readonly filingBreached: boolean;
  readonly filedAt?: Instant;
  readonly assignee?: string;
  readonly investigation?: Investigation;
  readonly causeReport?: CauseReport;
  /** Everyone who was ever named in an investigation of it, or reported its causes: they do not decide (D-4). */
  readonly investigators: readonly string[];
  readonly determination?: Determination;
  /** Everyone who ever decided on it: they do not investigate (D-4). */
  readonly deciders: readonly string[];
  readonly notice?: { readonly noticedAt: Instant; readonly windowEndsAt: Instant };
  /** The determination that the parties were told last; it stays when a second one is in the making. */
  readonly lastNoticed?: {
    readonly determinationId: string;
    readonly validity: Validity;
    readonly responsibleDepartment: string;
  };
  readonly resolvedAt?: Instant;
  /** The rating that counts; once the track has ended with it, it stays (D-7). */
  readonly rating?: {
    readonly value: Rating;
    readonly ratedAt: Instant;
    readonly ratedBy: string;
    readonly settled: boolean;
    /** Where the dispute stood at the rating: there it is counted. */
    readonly type: string;
    readonly department: string;
  };
  readonly closedAt?: Instant;
  /** How many events scoring was sent of this dispute; it applies them in this order. */
  readonly scoringSequence: number;
}
