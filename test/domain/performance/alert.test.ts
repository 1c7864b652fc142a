import { describe, expect, it } from 'vitest';
import { plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import type { DisputeGraded } from '#shared/domain/dispute/dispute-events.ts';
import type { Event } from '#shared/domain/event.ts';
import {
  type Alert,
  type AlertDecision,
  type AlertEvent,
  type Alerts,
  acknowledgeAlert,
  alertDueAt,
  checkAlertClock,
  noAlerts,
  raiseAlert,
} from '#shared/domain/performance/alert.ts';
import { actor, at, DISPUTE, graded, id, permutations, START } from '#test/performance/scored-events.ts';
import { CALENDAR, POLICY } from '#test/support/sample.ts';

const raise = (alerts: Alerts, event: Event<DisputeGraded>) => raiseAlert(alerts, event, POLICY, CALENDAR, id);

/** Hears gradings one after the other; all that was told, with the alerts at the end. */
function hear(...events: readonly Event<DisputeGraded>[]): AlertDecision {
  return events.reduce<AlertDecision>(
    ({ alerts, events: told }, event) => {
      const after = raise(alerts, event);
      return { alerts: after.alerts, events: [...told, ...after.events] };
    },
    { alerts: noAlerts(DISPUTE), events: [] },
  );
}

function only({ alerts }: AlertDecision, index = 0): Alert {
  const alert = alerts.alerts[index];
  if (!alert) throw new Error(`no alert ${index}`);
  return alert;
}

const types = (events: readonly { type: string }[]) => events.map(({ type }) => type);
const MINUTE = 60;

describe('a grade raises an alert (G-10, C-1)', () => {
  it.each([
    { level: 1, colour: 'red', minutes: 10 },
    { level: 2, colour: 'yellow', minutes: 30 },
    { level: 3, colour: 'blue', minutes: 120 },
  ] as const)('of level $level: $colour, due in $minutes minutes', ({ level, colour, minutes }) => {
    const raised = hear(graded(1, level, undefined, { at: START }));
    expect(only(raised)).toMatchObject({ level, colour, dueAt: plusSeconds(START, minutes * MINUTE), state: 'open' });
    expect(raised.events).toMatchObject([{ type: 'AlertRaised.v1', policyVersion: 1, data: { level, colour } }]);
    expect(alertDueAt(raised.alerts)).toBe(plusSeconds(START, minutes * MINUTE));
  });

  it('names the indicators that the type is mapped to, and none for an unmapped type', () => {
    expect(only(hear(graded(1, 2))).indicators).toEqual(['on-time-delivery']);
    expect(only(hear(graded(1, 2, undefined, { header: { type: 'other' } }))).indicators).toEqual([]);
    expect(only(hear(graded(1, 2, undefined, { header: { type: 'unheard-of' } }))).indicators).toEqual([]);
  });

  it('that stays as it was raises none', () => {
    const before = hear(graded(1, 2));
    const after = raise(before.alerts, graded(2, 2, 2));
    expect([after.alerts.alerts, after.events]).toEqual([before.alerts.alerts, []]);
  });

  it('a repeat raises none', () => {
    const before = hear(graded(1, 2));
    expect(raise(before.alerts, graded(1, 2)).events).toEqual([]);
  });
});

describe('a later grade takes the place of an open alert', () => {
  const soon = (seconds: number) => ({ at: plusSeconds(START, seconds) });

  it('in time, and the earlier one is no breach', () => {
    const both = hear(graded(1, 3, undefined, soon(0)), graded(2, 2, 3, soon(7200)));
    expect(types(both.events)).toEqual(['AlertRaised.v1', 'AlertRaised.v1', 'AlertSuperseded.v1']);
    const [alertId, supersededBy] = [id('alert', DISPUTE, '1'), id('alert', DISPUTE, '2')];
    expect(only(both)).toMatchObject({ alertId, state: 'superseded', breached: false, supersededBy });
    expect(both.events[2]?.data).toEqual({ dispute: only(both).dispute, alertId, supersededBy });
    expect(alertDueAt(both.alerts)).toBe(only(both, 1).dueAt);
  });

  it('after its deadline, and the breach stands at the deadline although no sweep came by (C-10)', () => {
    const both = hear(graded(1, 3, undefined, soon(0)), graded(2, 2, 3, soon(7201)));
    expect(types(both.events)).toEqual(['AlertRaised.v1', 'AlertRaised.v1', 'ClockBreached.v1', 'AlertSuperseded.v1']);
    expect(both.events[2]).toMatchObject({ occurredAt: plusSeconds(START, 7200), data: { clock: 'C-1' } });
  });

  it('does not touch an acknowledged one', () => {
    const first = hear(graded(1, 3, undefined, soon(0)));
    const done = acknowledgeAlert(first.alerts, only(first), [], actor('E-703', 'performance'), START);
    if ('refused' in done) throw new Error(done.detail);
    const both = raise(done.alerts, graded(2, 2, 3, soon(9000)));
    expect(types(both.events)).toEqual(['AlertRaised.v1']);
    expect(only(both).state).toBe('acknowledged');
  });

  it('every order of delivery, each grading twice, leads to the same alerts and tells the same', () => {
    const gradings = [
      graded(1, 3, undefined, soon(0)),
      graded(4, 2, 3, soon(7201)),
      graded(6, 1, 2, soon(7300)),
      graded(7, 1, 1, soon(7400)),
      graded(9, 2, 1, soon(9000)),
    ];
    const clean = hear(...gradings);
    expect(clean.alerts.alerts.map(({ state, breached }) => `${state} ${breached}`)).toEqual([
      'superseded true',
      'superseded false',
      'superseded true',
      'open false',
    ]);
    for (const order of permutations(gradings)) {
      const shuffled = hear(...order, ...order);
      expect(shuffled.alerts).toEqual(clean.alerts);
      expect(types(shuffled.events).toSorted()).toEqual(types(clean.events).toSorted());
    }
  });

  it('does not call a breach while the grading in between is still on its way', () => {
    const early = hear(graded(1, 3, undefined, soon(0)), graded(9, 1, 2, soon(9000)));
    expect(only(early)).toMatchObject({ state: 'superseded', breached: false });
    const late = raise(early.alerts, graded(4, 2, 3, soon(60)));
    expect(only(late)).toMatchObject({ state: 'superseded', breached: false });
    expect(types(late.events)).toEqual(['AlertRaised.v1', 'ClockBreached.v1', 'AlertSuperseded.v1']);
    expect(late.events[1]?.data).toMatchObject({ alertId: only(late, 1).alertId });
  });
});

describe('a grading of the same level says anew what its alert is about (G-10)', () => {
  const soon = (seconds: number, type: string, department = 'logistics', category = 'logistics') => ({
    at: plusSeconds(START, seconds),
    header: { category, type, department },
  });
  const unknown = graded(1, 3, undefined, soon(0, 'other', 'service', 'service'));
  const placed = graded(2, 3, 3, soon(60, 'late-delivery'));

  it('type, department and indicators follow; grading, due time and alert stay', () => {
    const [before, after] = [only(hear(unknown)), hear(unknown, placed)];
    expect(before.indicators).toEqual([]);
    expect(only(after)).toEqual({ ...before, dispute: placed.data.dispute, indicators: ['on-time-delivery'] });
    expect(after.events.slice(1)).toEqual([
      {
        type: 'AlertCorrected.v1',
        policyVersion: 1,
        data: { dispute: placed.data.dispute, alertId: before.alertId, indicators: ['on-time-delivery'] },
      },
    ]);
    const done = acknowledgeAlert(
      after.alerts,
      only(after),
      ['on-time-delivery'],
      actor('E-703', 'performance'),
      START,
    );
    expect(done).toMatchObject({ events: [{ data: { specialIndicators: ['on-time-delivery'] } }] });
  });

  it('what happens to the alert counts where it was raised, whatever was heard by then', () => {
    const after = hear(unknown, placed);
    const late = plusSeconds(START, 7201);
    const done = acknowledgeAlert(after.alerts, only(after), [], actor('E-703', 'performance'), late);
    if ('refused' in done) throw new Error(done.detail);
    const replaced = raise(after.alerts, graded(3, 2, 3, soon(7201, 'late-delivery')));
    const told = [...done.events, ...replaced.events.slice(1)];
    expect(types(told)).toEqual(['ClockBreached.v1', 'AlertAcknowledged.v1', 'ClockBreached.v1', 'AlertSuperseded.v1']);
    for (const { data } of told) expect(data.dispute).toEqual(unknown.data.dispute);
  });

  it('an acknowledged alert stays as it was acknowledged', () => {
    const first = hear(unknown);
    const done = acknowledgeAlert(first.alerts, only(first), [], actor('E-703', 'performance'), START);
    if ('refused' in done) throw new Error(done.detail);
    const after = raise(done.alerts, placed);
    expect([after.alerts.alerts, after.events]).toEqual([done.alerts.alerts, []]);
  });

  it('one that says what is known tells nothing, and still counts before an earlier one', () => {
    const again = hear(unknown, graded(3, 3, 3, soon(90, 'other', 'service', 'service')), placed);
    expect(types(again.events)).toEqual(['AlertRaised.v1']);
    expect(only(again)).toEqual(only(hear(unknown)));
  });

  it('heard before the one that raised the alert, it is told right after', () => {
    const early = hear(placed);
    expect([early.alerts.alerts, early.events, alertDueAt(early.alerts)]).toEqual([[], [], undefined]);
    const both = hear(placed, unknown);
    expect(types(both.events)).toEqual(['AlertRaised.v1', 'AlertCorrected.v1']);
    expect(both.events[0]).toMatchObject({ data: { dispute: unknown.data.dispute, indicators: [] } });
  });

  it('every order of delivery, each grading twice, leads to the same alerts, each as of its own time', () => {
    const gradings = [
      unknown,
      placed,
      graded(4, 2, 3, soon(120, 'damaged-goods')),
      graded(5, 2, 2, soon(180, 'service-attitude', 'service', 'service')),
      graded(6, 2, 2, soon(240, 'late-delivery')),
    ];
    const clean = hear(...gradings);
    expect(clean.alerts.alerts.map(({ state, dispute }) => `${state} ${dispute.type}`)).toEqual([
      'superseded late-delivery',
      'open late-delivery',
    ]);
    const counted = ({ events }: AlertDecision) =>
      events
        .filter(({ type }) => type !== 'AlertCorrected.v1')
        .map((event) => JSON.stringify(event))
        .toSorted();
    for (const order of permutations(gradings)) {
      const shuffled = hear(...order, ...order);
      expect(shuffled.alerts).toEqual(clean.alerts);
      expect(counted(shuffled)).toEqual(counted(clean));
      const last = shuffled.events.findLast(({ type }) => type === 'AlertCorrected.v1');
      expect(last?.data.dispute.type).toBe('late-delivery');
    }
  });
});

describe('acknowledging (C-1, G-10)', () => {
  const raised = hear(graded(1, 2, undefined, { at: START }));
  const alert = only(raised);
  const officer = actor('E-703', 'performance');
  const due = plusSeconds(START, 30 * MINUTE);

  function accepted(decision: ReturnType<typeof acknowledgeAlert>): AlertDecision {
    if ('refused' in decision) throw new Error(decision.detail);
    return decision;
  }

  it('records who, when and which special indicators, each once', () => {
    const special = ['on-time-delivery', 'on-time-delivery'];
    const done = accepted(acknowledgeAlert(raised.alerts, alert, special, officer, due));
    const recorded = { acknowledgedBy: 'E-703', specialIndicators: ['on-time-delivery'] };
    expect(only(done)).toMatchObject({ ...recorded, state: 'acknowledged', breached: false, acknowledgedAt: due });
    expect(done.events).toMatchObject([{ type: 'AlertAcknowledged.v1', data: { ...recorded, inTime: true } }]);
    expect(alertDueAt(done.alerts)).toBeUndefined();
    expect(only(done)).not.toHaveProperty('acknowledgedWith');
  });

  it("keeps what tells a repeat, where the caller's key gives one", () => {
    const done = accepted(acknowledgeAlert(raised.alerts, alert, [], officer, due, 'key'));
    expect(only(done).acknowledgedWith).toBe('key');
  });

  it('may find that none of the indicators is triggered', () => {
    expect(only(accepted(acknowledgeAlert(raised.alerts, alert, [], officer, due))).specialIndicators).toEqual([]);
  });

  it('a second late records the breach at the deadline, beside the acknowledgement (C-10)', () => {
    const done = accepted(acknowledgeAlert(raised.alerts, alert, [], officer, plusSeconds(due, 1)));
    expect(done.events).toMatchObject([
      { type: 'ClockBreached.v1', occurredAt: due, data: { clock: 'C-1', alertId: alert.alertId, dueAt: due } },
      { type: 'AlertAcknowledged.v1', data: { inTime: false } },
    ]);
    expect(only(done).breached).toBe(true);
  });

  it('does not record the breach again that a sweep found', () => {
    const swept = checkAlertClock(raised.alerts, plusSeconds(due, 1));
    const done = accepted(acknowledgeAlert(swept.alerts, only(swept), [], officer, plusSeconds(due, 9)));
    expect(types(done.events)).toEqual(['AlertAcknowledged.v1']);
    expect(only(done).breached).toBe(true);
  });

  it('is refused a second time, with the first', () => {
    const done = accepted(acknowledgeAlert(raised.alerts, alert, [], officer, due));
    const again = acknowledgeAlert(done.alerts, only(done), [], officer, due);
    expect(again).toMatchObject({ refused: 'state', detail: `the alert was acknowledged by E-703 at ${due}` });
    expect(again).toMatchObject({ alert: { acknowledgedBy: 'E-703' } });
  });

  it('is refused for a superseded alert', () => {
    const both = hear(graded(1, 3), graded(2, 2, 3));
    expect(acknowledgeAlert(both.alerts, only(both), [], officer, due)).toEqual({
      refused: 'state',
      detail: `a later grade raised alert ${only(both, 1).alertId} in its place`,
      alert: only(both),
    });
  });

  it('is refused for an indicator that is not the alert’s', () => {
    expect(acknowledgeAlert(raised.alerts, alert, ['on-time-delivery', 'product-quality'], officer, due)).toMatchObject(
      {
        refused: 'input',
        rule: 'G-10',
        detail: 'a special indicator is not mapped to the type',
        faults: [{ path: 'specialIndicators.1', message: "must be one of the alert's: on-time-delivery" }],
      },
    );
    const about = { header: { category: 'service', type: 'service-attitude' } };
    const twoIndicators = hear(graded(1, 2, undefined, about));
    expect(acknowledgeAlert(twoIndicators.alerts, only(twoIndicators), ['any'], officer, due)).toMatchObject({
      faults: [{ message: "must be one of the alert's: service-satisfaction, service-attitude" }],
    });
    const unmapped = hear(graded(1, 2, undefined, { header: { type: 'other' } }));
    const refusal = acknowledgeAlert(unmapped.alerts, only(unmapped), ['any'], officer, due);
    expect(refusal).toMatchObject({ faults: [{ message: "must be one of the alert's: it has none" }] });
  });

  it('changes that alert alone', () => {
    const both = hear(graded(1, 3), graded(2, 2, 3));
    const done = accepted(acknowledgeAlert(both.alerts, only(both, 1), [], officer, at(2)));
    expect(only(done)).toEqual(only(both));
  });

  const red = hear(graded(1, 1, undefined, { at: START }));

  it.each([
    { who: 'an employee', alerts: raised, by: actor('E-204', 'employee'), allowed: false },
    { who: 'a head of another department', alerts: raised, by: actor('E-201', 'head'), allowed: false },
    { who: 'an officer of performance', alerts: raised, by: officer, allowed: true },
    { who: 'an officer of performance, of level 1,', alerts: red, by: officer, allowed: false },
    {
      who: 'a head of another department with the role, of level 1,',
      alerts: red,
      by: actor('E-201', 'performance', 'head'),
      allowed: false,
    },
    {
      who: 'a head of performance without the role',
      alerts: raised,
      by: actor('E-701', 'head'),
      allowed: false,
    },
    {
      who: 'the head of performance, of level 1,',
      alerts: red,
      by: actor('E-701', 'performance', 'head'),
      allowed: true,
    },
  ])('by $who is allowed: $allowed', ({ alerts, by, allowed }) => {
    const decision = acknowledgeAlert(alerts.alerts, only(alerts), [], by, START);
    expect('refused' in decision ? decision.refused : 'accepted').toBe(allowed ? 'accepted' : 'person');
    const { level } = only(alerts);
    const who = level === 1 ? 'the head of the performance department' : 'the performance department';
    if ('refused' in decision) {
      expect(decision).toMatchObject({
        rule: 'C-1',
        detail: `an alert of level ${level} is acknowledged by ${who}`,
      });
    }
  });
});

describe("the alert's clock (C-1, C-10)", () => {
  const raised = hear(graded(1, 2, undefined, { at: START }));
  const due = plusSeconds(START, 30 * MINUTE);
  const told = ({ events }: { events: readonly { type: AlertEvent['type'] }[] }) => types(events);

  it('is not breached at the deadline’s second, and is one second later, at the deadline', () => {
    expect(checkAlertClock(raised.alerts, due)).toEqual({ alerts: raised.alerts, events: [] });
    const late = checkAlertClock(raised.alerts, plusSeconds(due, 1));
    expect(late.events).toMatchObject([{ type: 'ClockBreached.v1', occurredAt: due }]);
    expect(alertDueAt(late.alerts)).toBeUndefined();
  });

  it('is breached once', () => {
    const late = checkAlertClock(raised.alerts, plusSeconds(due, 1));
    expect(told(checkAlertClock(late.alerts, plusSeconds(due, 60)))).toEqual([]);
  });

  it('says nothing of alerts that nobody raised', () => {
    expect(checkAlertClock(noAlerts(DISPUTE), due).events).toEqual([]);
  });
});
