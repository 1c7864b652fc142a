import { v5 } from 'uuid';
import type { Actor, Role } from '#shared/domain/access/roles.ts';
import type { Instant } from '#shared/domain/calendar/civil-date.ts';
import type { DisputeCommand } from '#shared/domain/dispute/commands.ts';
import { decide } from '#shared/domain/dispute/decide.ts';
import type { DecisionContext } from '#shared/domain/dispute/decision-context.ts';
import type { Dispute } from '#shared/domain/dispute/dispute.ts';
import type { DisputeEvent } from '#shared/domain/dispute/dispute-events.ts';
import { evolveAll } from '#shared/domain/dispute/evolve.ts';
import { type Opening, openDispute } from '#shared/domain/dispute/open-dispute.ts';
import type { Decided } from '#shared/domain/event.ts';
import { isRefusal, type Refusal } from '#shared/domain/refusal.ts';
import { CALENDAR, DIRECTORY, POLICY, ZONE } from './sample.ts';

/** A Friday, 10:31 in Shanghai, inside working hours. */
export const RECEIVED: Instant = '2026-11-20T02:31:00Z';
export const id = (...parts: string[]) => v5(JSON.stringify(parts), v5.URL);

/** A complete report: it files itself. */
export function opening(change: Partial<Opening> = {}): Opening {
  return {
    source: 'phone',
    channel: 'phone',
    externalId: 'call-88231',
    receiptId: id('receipt'),
    receivedAt: RECEIVED,
    occurredAt: RECEIVED,
    customer: id('pseudonym'),
    has: { customer: true, text: true, demand: true },
    category: 'logistics',
    type: 'late-delivery',
    ...change,
  };
}

/** The answer to an opening, with its events. */
export function open(change: Partial<Opening> = {}, now: Instant = change.receivedAt ?? RECEIVED) {
  const disputeId = id('dispute', change.externalId ?? 'call-88231');
  const cause = { causationId: id('cause'), correlationId: id('flow'), by: 'intake' };
  const context = { policy: POLICY, calendar: CALENDAR, directory: DIRECTORY, zone: ZONE, now, disputeId, cause, id };
  return openDispute(opening(change), { ...context, number: 'D-202611-0000000001' });
}

/** A dispute just opened. */
export function dispute(change: Partial<Opening> = {}): Dispute {
  const opened = open(change);
  if (isRefusal(opened)) throw new Error(JSON.stringify(opened));
  return opened.dispute;
}

export function actor(employee: string, ...roles: Role[]): Actor {
  return { sub: `user-${employee}`, roles, employee, department: DIRECTORY.get(employee)?.department };
}

export const OFFICER = actor('E-602', 'officer');
export const DECIDER = actor('E-703', 'performance');

/** Everything a decision takes besides dispute and command. */
export function context(change: Partial<DecisionContext> = {}): DecisionContext {
  return {
    actor: OFFICER,
    now: '2026-11-20T03:00:00Z',
    zone: ZONE,
    directory: DIRECTORY,
    policy: POLICY,
    calendar: CALENDAR,
    currentPolicy: POLICY,
    determinationPolicy: POLICY,
    determinationCalendar: CALENDAR,
    id,
    ...change,
  };
}

/** The events of a command, which must be accepted. */
export function accepted(
  state: Dispute,
  command: DisputeCommand,
  change: Partial<DecisionContext> = {},
): readonly Decided<DisputeEvent>[] {
  const decision = decide(state, command, context(change));
  if (isRefusal(decision)) throw new Error(`refused: ${JSON.stringify(decision)}`);
  return decision;
}

/** The dispute after commands that must be accepted, each with who gave it where it was not the officer. */
export function carryOut(
  state: Dispute,
  ...commands: readonly (DisputeCommand | [DisputeCommand, Partial<DecisionContext>])[]
): Dispute {
  return commands.reduce<Dispute>((current, given) => {
    const [command, change] = Array.isArray(given) ? given : [given, {}];
    return evolveAll(current, accepted(current, command, change), context(change).now);
  }, state);
}

/** The refusal of a command, which must be refused. */
export function refused(state: Dispute, command: DisputeCommand, change: Partial<DecisionContext> = {}): Refusal {
  const decision = decide(state, command, context(change));
  if (!isRefusal(decision)) throw new Error(`accepted: ${JSON.stringify(decision)}`);
  return decision;
}

/** The joint investigation of the sample story, and its finding. */
export const INVESTIGATION: DisputeCommand = {
  command: 'investigation',
  investigator: 'E-601',
  joint: true,
  team: ['E-702', 'E-201'],
};
export const REPORT: DisputeCommand = { command: 'cause-report', branches: ['process', 'people'] };
export const DETERMINATION: Extract<DisputeCommand, { command: 'determination' }> = {
  command: 'determination',
  validity: 'valid',
  shares: [
    { kind: 'direct', subject: 'E-204', bp: 6000 },
    { kind: 'management', subject: 'E-201', bp: 3000 },
    { kind: 'system', subject: 'logistics', bp: 1000 },
  ],
};
