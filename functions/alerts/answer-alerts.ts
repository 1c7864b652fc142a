import type { EndpointsOf, RequestOf } from '#shared/contracts/api/endpoints.ts';
import { notFound, problem, type Reply } from '#shared/contracts/api/request.ts';
import { actorId } from '#shared/domain/access/roles.ts';
import { commitOf } from '#shared/domain/event.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import {
  ALERT_STATES,
  type Alert,
  type AlertRefusal,
  type AlertState,
  acknowledgeAlert,
} from '#shared/domain/performance/alert.ts';
import type { AlertStore } from '#shared/domain/ports/alert-store.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { CustomerStore } from '#shared/domain/ports/customer-store.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';

export interface AlertPorts {
  readonly alerts: AlertStore;
  readonly customers: Pick<CustomerStore, 'texts'>;
  readonly clock: Clock;
  /** UUIDv5 over its parts. */
  readonly id: Digest['id'];
}

/** What answers each route of alerts. */
export function alertAnswers(ports: AlertPorts): EndpointsOf<'alerts/answer-alerts'> {
  return {
    'GET /alerts': (request) => listAlerts(request, ports),
    'POST /alerts/{id}/acknowledgement': (request) => acknowledge(request, ports),
  };
}

/** Alerts of one or several states, state by state, the soonest due first. */
async function listAlerts(request: RequestOf<'GET /alerts'>, ports: AlertPorts): Promise<Reply> {
  const { state: asked = ['open'], limit, cursor } = request.query;
  const states = ALERT_STATES.filter((state) => asked.includes(state));
  const start = startOf(cursor, states);
  if (!start) {
    return problem(422, {
      detail: 'The cursor is not of this list.',
      errors: [{ path: 'cursor', message: 'unknown' }],
    });
  }
  const items: Alert[] = [];
  let { state, inner }: Place = start;
  for (;;) {
    const page = await ports.alerts.list(state, { limit: limit - items.length, cursor: inner });
    items.push(...page.items);
    const following = states[states.indexOf(state) + 1];
    const place = page.next ? { state, inner: page.next } : following && { state: following };
    if (!place || items.length >= limit) {
      const bodies = await Promise.all(items.map((alert) => alertBody(alert, ports)));
      return { status: 200, body: { items: bodies, ...(place && { next: cursorOf(place) }) } };
    }
    ({ state, inner } = { inner: undefined, ...place });
  }
}

/** Acknowledges one alert, once, with the special indicators that it triggers (C-1, G-10). */
function acknowledge(request: RequestOf<'POST /alerts/{id}/acknowledgement'>, ports: AlertPorts): Promise<Reply> {
  const { alerts, clock, id } = ports;
  const { actor, body, params, correlationId, requestId, idempotencyKey } = request;
  const special = body.specialIndicators;
  const repeat = idempotencyKey && id('acknowledged-with', actor.sub, idempotencyKey, ...special);
  return untilCommitted(async () => {
    const disputeId = await alerts.disputeOf(params.id);
    const before = disputeId === undefined ? undefined : await alerts.load(disputeId);
    const alert = before?.alerts.find(({ alertId }) => alertId === params.id);
    if (!before || !alert) return notFound();
    if (repeat && alert.acknowledgedWith === repeat) return { status: 200, body: await alertBody(alert, ports) };
    const now = clock.now();
    const decision = acknowledgeAlert(before, alert, special, actor, now, repeat);
    if ('refused' in decision) return refusalReply(decision, ports);
    const after = { ...decision.alerts, version: before.version + 1 };
    const cause = { causationId: requestId, correlationId, by: actorId(actor) };
    const aggregateId = id('alerts', before.disputeId);
    const commit = commitOf(aggregateId, after.version, decision.events, now, cause, id);
    await alerts.save(before, after, { commit });
    const acknowledged = after.alerts.find(({ alertId }) => alertId === params.id) ?? alert;
    return { status: 200, body: await alertBody(acknowledged, ports) };
  });
}

/** One alert as `interface.md` has it, with the customer's demand from the customers store (I-8). */
async function alertBody(alert: Alert, { customers }: AlertPorts) {
  const { disputeId, customer, type, department } = alert.dispute;
  const { demand } = await customers.texts(customer, disputeId);
  const { alertId, level, colour, indicators, dueAt, state, breached } = alert;
  const { acknowledgedAt, acknowledgedBy, specialIndicators } = alert;
  return {
    alertId,
    disputeId,
    level,
    colour,
    type,
    department,
    demand,
    indicators,
    dueAt,
    state,
    breached,
    acknowledgedAt,
    acknowledgedBy,
    specialIndicators,
  };
}

/** A second acknowledgement is told of the first. */
async function refusalReply(refusal: AlertRefusal, ports: AlertPorts): Promise<Reply> {
  const { detail } = refusal;
  switch (refusal.refused) {
    case 'state':
      return problem(409, { detail, rule: 'C-1', alert: await alertBody(refusal.alert, ports) });
    case 'person':
      return problem(403, { detail, rule: refusal.rule });
    case 'input':
      return problem(422, { detail, rule: refusal.rule, errors: refusal.faults });
  }
}

/** Where a list goes on: a state, and a place within it. */
interface Place {
  readonly state: AlertState;
  readonly inner?: string;
}

function cursorOf({ state, inner }: Place): string {
  return inner === undefined ? state : `${state}.${inner}`;
}

/** Undefined for a cursor that this list never gave. */
function startOf(cursor: string | undefined, states: readonly AlertState[]): Place | undefined {
  const [first] = states;
  if (cursor === undefined) return first && { state: first };
  const state = states.find((each) => cursor === each || cursor.startsWith(`${each}.`));
  if (!state) return undefined;
  return cursor === state ? { state } : { state, inner: cursor.slice(state.length + 1) };
}
