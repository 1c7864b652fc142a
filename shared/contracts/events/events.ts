import * as z from 'zod';
import type { DisputeEvent } from '../../domain/dispute/dispute-events.ts';
import type { Event } from '../../domain/event.ts';
import type { IntakeEvent } from '../../domain/intake/intake-events.ts';
import type { PerformanceEvent } from '../../domain/performance/performance-events.ts';
import { AlertAcknowledgedV1 } from './alert-acknowledged.v1.ts';
import { AlertCorrectedV1 } from './alert-corrected.v1.ts';
import { AlertRaisedV1 } from './alert-raised.v1.ts';
import { AlertSupersededV1 } from './alert-superseded.v1.ts';
import { CausesReportedV1 } from './causes-reported.v1.ts';
import { ClockBreachedV1 } from './clock-breached.v1.ts';
import { DisputeAssignedV1 } from './dispute-assigned.v1.ts';
import { DisputeClosedV1 } from './dispute-closed.v1.ts';
import { DisputeCorrectedV1 } from './dispute-corrected.v1.ts';
import { DisputeFiledV1 } from './dispute-filed.v1.ts';
import { DisputeGradedV1 } from './dispute-graded.v1.ts';
import { DisputeOpenedV1 } from './dispute-opened.v1.ts';
import { DisputeReopenedV1 } from './dispute-reopened.v1.ts';
import { DisputeResolvedV1 } from './dispute-resolved.v1.ts';
import { EntriesPendingV1 } from './entries-pending.v1.ts';
import { EntriesPostedV1 } from './entries-posted.v1.ts';
import { EntriesVoidedV1 } from './entries-voided.v1.ts';
import { FilingLearnedV1 } from './filing-learned.v1.ts';
import { InvestigationStartedV1 } from './investigation-started.v1.ts';
import { PartiesNoticedV1 } from './parties-noticed.v1.ts';
import type { Proven } from './proven.ts';
import { ReportRejectedV1 } from './report-rejected.v1.ts';
import { ResponsibilityDeterminedV1 } from './responsibility-determined.v1.ts';
import { ResponsibilityFinalV1 } from './responsibility-final.v1.ts';
import { ResponsibilityWaivedV1 } from './responsibility-waived.v1.ts';
import { SatisfactionRatedV1 } from './satisfaction-rated.v1.ts';

/** Everything that is said on the bus. */
export type InterlockEvent = IntakeEvent | DisputeEvent | PerformanceEvent;

const contracts = {
  'ReportRejected.v1': ReportRejectedV1,
  'DisputeOpened.v1': DisputeOpenedV1,
  'DisputeGraded.v1': DisputeGradedV1,
  'DisputeCorrected.v1': DisputeCorrectedV1,
  'DisputeFiled.v1': DisputeFiledV1,
  'DisputeAssigned.v1': DisputeAssignedV1,
  'InvestigationStarted.v1': InvestigationStartedV1,
  'CausesReported.v1': CausesReportedV1,
  'ResponsibilityDetermined.v1': ResponsibilityDeterminedV1,
  'PartiesNoticed.v1': PartiesNoticedV1,
  'ResponsibilityWaived.v1': ResponsibilityWaivedV1,
  'ResponsibilityFinal.v1': ResponsibilityFinalV1,
  'DisputeResolved.v1': DisputeResolvedV1,
  'SatisfactionRated.v1': SatisfactionRatedV1,
  'DisputeClosed.v1': DisputeClosedV1,
  'DisputeReopened.v1': DisputeReopenedV1,
  'ClockBreached.v1': ClockBreachedV1,
  'AlertRaised.v1': AlertRaisedV1,
  'AlertCorrected.v1': AlertCorrectedV1,
  'AlertSuperseded.v1': AlertSupersededV1,
  'AlertAcknowledged.v1': AlertAcknowledgedV1,
  'FilingLearned.v1': FilingLearnedV1,
  'EntriesPending.v1': EntriesPendingV1,
  'EntriesPosted.v1': EntriesPostedV1,
  'EntriesVoided.v1': EntriesVoidedV1,
};

/** The contract of every event by its name; compiles only while each one equals its domain type. */
export const EVENTS = contracts satisfies Proven<typeof contracts, { [E in InterlockEvent as E['type']]: Event<E> }>;
export type EventName = keyof typeof EVENTS;

/** Any event, by its `type`. */
export const AnyEvent = z.discriminatedUnion('type', [
  ReportRejectedV1,
  DisputeOpenedV1,
  DisputeGradedV1,
  DisputeCorrectedV1,
  DisputeFiledV1,
  DisputeAssignedV1,
  InvestigationStartedV1,
  CausesReportedV1,
  ResponsibilityDeterminedV1,
  PartiesNoticedV1,
  ResponsibilityWaivedV1,
  ResponsibilityFinalV1,
  DisputeResolvedV1,
  SatisfactionRatedV1,
  DisputeClosedV1,
  DisputeReopenedV1,
  ClockBreachedV1,
  AlertRaisedV1,
  AlertCorrectedV1,
  AlertSupersededV1,
  AlertAcknowledgedV1,
  FilingLearnedV1,
  EntriesPendingV1,
  EntriesPostedV1,
  EntriesVoidedV1,
] as const satisfies readonly (typeof EVENTS)[EventName][]);
export type AnyEvent = z.infer<typeof AnyEvent>;
