import { type Actor, actorId } from '../access/roles.ts';
import type { Instant } from '../calendar/civil-date.ts';
import { deadline, isLate, type WorkingCalendar } from '../calendar/working-calendar.ts';
import type { CaseHeader, Classification, ClockBreached, DisputeGraded } from '../dispute/dispute-events.ts';
import type { Decided, Event } from '../event.ts';
import type { Colour } from '../grading/grade.ts';
import { findType, type Level, type Policy } from '../policy/policy.ts';
import type { Fault } from '../refusal.ts';
import type { AlertAcknowledged, AlertCorrected, AlertRaised, AlertSuperseded } from './performance-events.ts';

/** The department that alerts call; its head answers those of level 1 (C-1). */
const PERFORMANCE = 'performance';

export type AlertState = 'open' | 'acknowledged' | 'superseded';
export const ALERT_STATES = ['open', 'acknowledged', 'superseded'] as const satisfies readonly AlertState[];

/** One call to the performance department, raised by one grade (G-10). */
export interface Alert {
  readonly alertId: string;
  /** What the latest grading under this alert said of the dispute. */
  readonly dispute: CaseHeader;
  /** Where the grading that raised it saw the dispute: there its events count, in whatever order they come. */
  readonly raisedAs: Classification;
  /** The dispute's version at the grading: it puts the alerts of a dispute in order. */
  readonly gradedVersion: number;
  readonly gradedAt: Instant;
  readonly level: Level;
  readonly previousLevel?: Level;
  readonly colour: Colour;
  readonly indicators: readonly string[];
  /** C-1. */
  readonly dueAt: Instant;
  readonly policyVersion: number;
  readonly correlationId: string;
  readonly state: AlertState;
  readonly breached: boolean;
  readonly supersededBy?: string;
  readonly acknowledgedAt?: Instant;
  readonly acknowledgedBy?: string;
  /** What tells a repeat of the same acknowledgement from a second one, where the caller sent a key of its own. */
  readonly acknowledgedWith?: string;
  readonly specialIndicators?: readonly string[];
}

/** All alerts of one dispute, in the order of its gradings; at most the last one is open. */
export interface Alerts {
  readonly disputeId: string;
  /** Decisions so far; 0 before the first. */
  readonly version: number;
  readonly alerts: readonly Alert[];
  /** In their order; each belongs to the alert that was in force at its version, whether or not that is known yet. */
  readonly regradings: readonly Regrading[];
}

/** A grading that left the level as it was: it raises nothing, and says anew where the dispute stands. */
export interface Regrading extends Classification {
  /** The dispute's version. */
  readonly version: number;
}

export type AlertEvent = AlertRaised | AlertCorrected | AlertSuperseded | AlertAcknowledged | ClockBreached;
/** A decision: the alerts after it and what it tells; no events when nothing changed. */
export interface AlertDecision {
  readonly alerts: Alerts;
  readonly events: readonly Decided<AlertEvent>[];
}

/** Why an alert was not acknowledged. Nothing was changed. */
export type AlertRefusal =
  | { readonly refused: 'state'; readonly detail: string; readonly alert: Alert }
  | { readonly refused: 'person'; readonly rule: string; readonly detail: string }
  | { readonly refused: 'input'; readonly rule: string; readonly detail: string; readonly faults: readonly Fault[] };

/** The alerts of a dispute of which no grade was heard yet. */
export function noAlerts(disputeId: string): Alerts {
  return { disputeId, version: 0, alerts: [], regradings: [] };
}

/**
 * Raises the alert of a grade that differs from the one before, due by C-1 from the grading on. A later grade takes the
 * place of open earlier ones; an earlier grade that is heard of late is superseded from the start. A grading of the same
 * level moves the alert that was in force at its version to the type and department that it says, unless that one was
 * acknowledged. So the alerts do not depend on order or repetition of what is heard.
 *
 * @param policy the version that the grading followed (P-2)
 * @returns the very same alerts when the grading is known
 */
export function raiseAlert(
  alerts: Alerts,
  event: Event<DisputeGraded>,
  policy: Policy,
  calendar: WorkingCalendar,
  id: (...parts: string[]) => string,
): AlertDecision {
  const { data, aggregateVersion } = event;
  const heard = [
    ...alerts.alerts.map(({ gradedVersion }) => gradedVersion),
    ...alerts.regradings.map(({ version }) => version),
  ];
  if (heard.includes(aggregateVersion)) return { alerts, events: [] };
  const raises = data.grade.level !== data.previousLevel;
  const added = raises ? [alertOf(event, policy, calendar, id)] : [];
  const regraded = raises ? [] : [{ version: aggregateVersion, ...placeOf(data.dispute) }];
  const all = [...alerts.alerts, ...added].sort((a, b) => a.gradedVersion - b.gradedVersion);
  const regradings = [...alerts.regradings, ...regraded].sort((a, b) => a.version - b.version);
  const settled = all.map((was, index) => {
    const next = all[index + 1];
    return { was, after: supersede(place(was, next, regradings, policy), next) };
  });
  const told = [...added.map(raised), ...settled.flatMap(({ was, after }) => changes(was, after))];
  return { alerts: { ...alerts, alerts: settled.map(({ after }) => after), regradings }, events: told };
}

/**
 * Acknowledges an open alert, once, with those of its indicators that are triggered (G-10, C-1). After its deadline the
 * breach is recorded beside it, at the deadline's time (C-10).
 */
export function acknowledgeAlert(
  alerts: Alerts,
  alert: Alert,
  specialIndicators: readonly string[],
  actor: Actor,
  now: Instant,
  acknowledgedWith?: string,
): AlertDecision | AlertRefusal {
  const refusal = refusalOf(alert, specialIndicators, actor);
  if (refusal) return refusal;
  const late = isLate(now, alert.dueAt);
  const acknowledgedBy = actorId(actor);
  const after: Alert = {
    ...alert,
    state: 'acknowledged',
    breached: alert.breached || late,
    acknowledgedAt: now,
    acknowledgedBy,
    ...(acknowledgedWith && { acknowledgedWith }),
    specialIndicators: [...new Set(specialIndicators)],
  };
  const { alertId, dueAt, policyVersion } = alert;
  const acknowledged: Decided<AlertAcknowledged> = {
    type: 'AlertAcknowledged.v1',
    policyVersion,
    data: {
      dispute: raisedHeader(alert),
      alertId,
      acknowledgedBy,
      specialIndicators: [...new Set(specialIndicators)],
      dueAt,
      inTime: !late,
    },
  };
  return {
    alerts: replaced(alerts, after),
    events: [...(late && !alert.breached ? [breach(alert)] : []), acknowledged],
  };
}

/** Records the breach of an open alert whose deadline has passed, once and at the deadline's time (C-10). */
export function checkAlertClock(alerts: Alerts, now: Instant): AlertDecision {
  const alert = openUnbreached(alerts);
  if (!alert || !isLate(now, alert.dueAt)) return { alerts, events: [] };
  return { alerts: replaced(alerts, { ...alert, breached: true }), events: [breach(alert)] };
}

/** The deadline that is still to be looked at, if any. */
export function alertDueAt(alerts: Alerts): Instant | undefined {
  return openUnbreached(alerts)?.dueAt;
}

function openUnbreached({ alerts }: Alerts): Alert | undefined {
  return alerts.find(({ state, breached }) => state === 'open' && !breached);
}

function alertOf(
  { data, aggregateVersion, occurredAt, policyVersion, correlationId }: Event<DisputeGraded>,
  policy: Policy,
  calendar: WorkingCalendar,
  id: (...parts: string[]) => string,
): Alert {
  const { dispute, grade, previousLevel } = data;
  return {
    alertId: id('alert', dispute.disputeId, String(aggregateVersion)),
    dispute,
    raisedAs: placeOf(dispute),
    gradedVersion: aggregateVersion,
    gradedAt: occurredAt,
    level: grade.level,
    ...(previousLevel && { previousLevel }),
    colour: grade.colour,
    indicators: indicatorsOf(dispute, policy),
    dueAt: deadline(calendar, occurredAt, policy.clocks['C-1'][grade.level]),
    policyVersion,
    correlationId,
    state: 'open',
    breached: false,
  };
}

/** An alert where the last grading under it sees the dispute; once acknowledged it stays as it was then. */
function place(alert: Alert, next: Alert | undefined, regradings: readonly Regrading[], policy: Policy): Alert {
  if (alert.state === 'acknowledged') return alert;
  const until = next?.gradedVersion ?? Number.POSITIVE_INFINITY;
  const own = regradings.filter(({ version }) => version > alert.gradedVersion && version < until);
  const classification = placeOf(own.at(-1) ?? alert.raisedAs);
  return {
    ...alert,
    dispute: { ...alert.dispute, ...classification },
    indicators: indicatorsOf(classification, policy),
  };
}

function placeOf({ category, type, department }: Classification): Classification {
  return { category, type, department };
}

function indicatorsOf({ category, type }: Classification, policy: Policy): readonly string[] {
  return findType(policy, category, type)?.indicators ?? [];
}

function raisedHeader({ dispute, raisedAs }: Alert): CaseHeader {
  return { ...dispute, ...raisedAs };
}

/**
 * An alert under the next later one. Superseded after its deadline, it is breached as well, whether or not a sweep came
 * by; where a grading in between is still on its way, that one decides.
 */
function supersede(alert: Alert, next: Alert | undefined): Alert {
  if (!next || alert.state === 'acknowledged') return alert;
  const late = next.previousLevel === alert.level && isLate(next.gradedAt, alert.dueAt);
  return { ...alert, state: 'superseded', supersededBy: next.alertId, breached: alert.breached || late };
}

/** What is told of an alert that a grading changed. */
function changes(was: Alert, after: Alert): Decided<AlertEvent>[] {
  const told: Decided<AlertEvent>[] = [];
  const { dispute, alertId, policyVersion, supersededBy, indicators } = after;
  const { category, type, department } = was.dispute;
  if (dispute.category !== category || dispute.type !== type || dispute.department !== department)
    told.push({ type: 'AlertCorrected.v1', policyVersion, data: { dispute, alertId, indicators } });
  if (after.breached && !was.breached) told.push(breach(after));
  if (supersededBy && was.state === 'open')
    told.push({
      type: 'AlertSuperseded.v1',
      policyVersion,
      data: { dispute: raisedHeader(after), alertId, supersededBy },
    });
  return told;
}

function raised({ dispute, alertId, level, colour, indicators, dueAt, policyVersion }: Alert): Decided<AlertRaised> {
  return { type: 'AlertRaised.v1', policyVersion, data: { dispute, alertId, level, colour, indicators, dueAt } };
}

function breach(alert: Alert): Decided<ClockBreached> {
  const { alertId, dueAt, policyVersion } = alert;
  return {
    type: 'ClockBreached.v1',
    policyVersion,
    occurredAt: dueAt,
    data: { dispute: raisedHeader(alert), clock: 'C-1', alertId, dueAt },
  };
}

function refusalOf(alert: Alert, specialIndicators: readonly string[], actor: Actor): AlertRefusal | undefined {
  if (alert.state === 'acknowledged') {
    const detail = `the alert was acknowledged by ${alert.acknowledgedBy} at ${alert.acknowledgedAt}`;
    return { refused: 'state', detail, alert };
  }
  if (alert.state === 'superseded') {
    return { refused: 'state', detail: `a later grade raised alert ${alert.supersededBy} in its place`, alert };
  }
  const isHead = actor.roles.includes('head') && actor.department === PERFORMANCE;
  if (!actor.roles.includes('performance') || (alert.level === 1 && !isHead)) {
    const who = alert.level === 1 ? 'the head of the performance department' : 'the performance department';
    return { refused: 'person', rule: 'C-1', detail: `an alert of level ${alert.level} is acknowledged by ${who}` };
  }
  const faults = specialIndicators.flatMap((indicator, index): Fault[] =>
    alert.indicators.includes(indicator)
      ? []
      : [
          {
            path: `specialIndicators.${index}`,
            message: `must be one of the alert's: ${alert.indicators.join(', ') || 'it has none'}`,
          },
        ],
  );
  if (faults.length === 0) return undefined;
  return { refused: 'input', rule: 'G-10', detail: 'a special indicator is not mapped to the type', faults };
}

function replaced(alerts: Alerts, after: Alert): Alerts {
  return { ...alerts, alerts: alerts.alerts.map((alert) => (alert.alertId === after.alertId ? after : alert)) };
}
