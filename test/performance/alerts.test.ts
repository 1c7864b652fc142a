import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { alertAnswers } from '#functions/alerts/answer-alerts.ts';
import { checkAlert } from '#functions/alerts/check-alert-clock.ts';
import { raiseAlertOf } from '#functions/alerts/raise-alert.ts';
import { dueStore } from '#shared/adapters/due-store.ts';
import { AlertPage, Alert as AlertReply } from '#shared/contracts/api/replies.ts';
import { AlertCorrectedV1 } from '#shared/contracts/events/alert-corrected.v1.ts';
import { AlertRaisedV1 } from '#shared/contracts/events/alert-raised.v1.ts';
import { ClockBreachedV1 } from '#shared/contracts/events/clock-breached.v1.ts';
import { CommitItem } from '#shared/contracts/items/commit-item.ts';
import type { Actor } from '#shared/domain/access/roles.ts';
import { plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import type { AlertState } from '#shared/domain/performance/alert.ts';
import { alertLines, deliver, type Gear, gear, type Mishap, told } from './gear.ts';
import { actor, DISPUTE, graded, id, permutations, START } from './scored-events.ts';

const soon = (seconds: number) => ({ at: plusSeconds(START, seconds) });
const OFFICER = actor('E-703', 'performance');
const DUE = { kind: 'alert' as const, pk: `ALERTS#${DISPUTE}`, dueAt: START };

const GRADINGS = [
  graded(1, 3, undefined, soon(0)),
  graded(4, 2, 3, soon(7201)),
  graded(6, 1, 2, soon(7300)),
  graded(9, 2, 1, soon(9000)),
];

/** The API on the gear; only the story's customer asked for something. */
function api(system: Gear) {
  return alertAnswers({
    ...system.ports,
    customers: {
      texts: async (_customer, disputeId) => ({
        ...(disputeId === DISPUTE && { demand: 'refund of freight' }),
        reports: [],
        officers: [],
      }),
    },
  });
}

const ENVELOPE = { correlationId: 'flow', requestId: 'request' };

function list(system: Gear, query: { state?: AlertState[]; limit?: number; cursor?: string } = {}) {
  return api(system)['GET /alerts']({
    ...ENVELOPE,
    actor: OFFICER,
    params: {},
    query: { limit: 50, ...query },
    body: undefined,
  });
}

function acknowledge(system: Gear, alertId: string, change: { by?: Actor; special?: string[]; key?: string } = {}) {
  const { by = OFFICER, special = [], key } = change;
  return api(system)['POST /alerts/{id}/acknowledgement']({
    ...ENVELOPE,
    actor: by,
    params: { id: alertId },
    query: {},
    body: { specialIndicators: special },
    ...(key && { idempotencyKey: key }),
  });
}

async function raised(...gradings: readonly (typeof GRADINGS)[number][]) {
  const system = await gear(START);
  for (const grading of gradings) await raiseAlertOf(grading, system.ports);
  const all = (await system.ports.alerts.load(DISPUTE))?.alerts ?? [];
  return { system, ids: all.map(({ alertId }) => alertId) };
}

async function deadlines({ memory }: Gear) {
  const store = dueStore(memory, 'scorecards');
  const found: { kind: string; pk: string; dueAt: string }[] = [];
  for (const partition of store.partitions) {
    for await (const page of store.dueUntil(partition, '2099-01-01T00:00:00Z')) found.push(...page);
  }
  return found;
}

function events({ memory }: Gear) {
  return memory.dump().scorecards.flatMap((item) => {
    const parsed = CommitItem.safeParse(item);
    return parsed.success ? parsed.data.commit.events : [];
  });
}

describe('raising alerts (G-10)', () => {
  it('of a level 2 report: yellow, due in 30 minutes, in the index of deadlines and on the list', async () => {
    const { system, ids } = await raised(graded(1, 2, undefined, soon(0)));
    expect(await deadlines(system)).toEqual([{ ...DUE, dueAt: plusSeconds(START, 1800) }]);
    const reply = await list(system);
    expect(reply.status).toBe(200);
    expect(AlertPage.parse(reply.body).items).toEqual([
      {
        alertId: ids[0],
        disputeId: DISPUTE,
        level: 2,
        colour: 'yellow',
        type: 'late-delivery',
        department: 'logistics',
        demand: 'refund of freight',
        indicators: ['on-time-delivery'],
        dueAt: plusSeconds(START, 1800),
        state: 'open',
        breached: false,
      },
    ]);
    expect(AlertRaisedV1.parse(events(system)[0]).data.alertId).toBe(ids[0]);
  });

  it('of a report that is placed when it is filed: the list shows the new place, and its indicator can be triggered', async () => {
    const unknown = { category: 'service', type: 'other', department: 'service' };
    const system = await gear(START);
    await raiseAlertOf(graded(2, 2, 2, soon(60)), system.ports);
    expect(await deadlines(system)).toEqual([]);
    await raiseAlertOf(graded(1, 2, undefined, { ...soon(0), header: unknown }), system.ports);
    const [alert] = AlertPage.parse((await list(system)).body).items;
    const placed = { type: 'late-delivery', department: 'logistics', indicators: ['on-time-delivery'] };
    expect(alert).toMatchObject({ ...placed, dueAt: plusSeconds(START, 1800) });
    expect(told(system)).toEqual(['AlertRaised.v1', 'AlertCorrected.v1']);
    expect(AlertCorrectedV1.parse(events(system)[1]).data.indicators).toEqual(placed.indicators);
    const reply = await acknowledge(system, alert?.alertId ?? '', { special: ['on-time-delivery'] });
    expect(reply.status).toBe(200);
  });

  it('a grading that is known writes nothing', async () => {
    const { system } = await raised(graded(1, 2), graded(2, 2, 2));
    const before = system.memory.dump();
    await raiseAlertOf(graded(2, 2, 2), system.ports);
    expect(system.memory.dump()).toEqual(before);
  });

  it('takes one transaction of four items, what is at stake among them', async () => {
    const { system } = await raised(graded(1, 2));
    expect(
      system.memory
        .dump()
        .scorecards.map(({ kind }) => kind)
        .toSorted(),
    ).toEqual(['alert', 'alerts', 'commit', 'stake']);
  });

  it('every order of delivery with duplicates leaves the same alerts and tells the same', async () => {
    const clean = await raised(...GRADINGS);
    for (const order of permutations(GRADINGS)) {
      const { system, ids } = await raised(...order, ...order);
      expect(ids).toEqual(clean.ids);
      expect(alertLines(system)).toEqual(alertLines(clean.system));
      expect(told(system).toSorted()).toEqual(told(clean.system).toSorted());
      expect(await deadlines(system)).toEqual(await deadlines(clean.system));
    }
  });

  test.prop(
    [
      fc.array(fc.constantFrom<Mishap>('crash-before', 'crash-after', 'race'), { maxLength: 10 }),
      fc.shuffledSubarray(GRADINGS, { minLength: GRADINGS.length }),
    ],
    { numRuns: 60 },
  )('crashes and lost races between load and write change nothing', async (mishaps, order) => {
    const clean = await raised(...GRADINGS);
    const system = await gear(START);
    system.mishaps.push(...mishaps);
    for (const grading of order) await deliver(() => raiseAlertOf(grading, system.ports));
    expect(alertLines(system)).toEqual(alertLines(clean.system));
    expect(told(system).toSorted()).toEqual(told(clean.system).toSorted());
  });

  it('gradings on several workers at once both count', async () => {
    const system = await gear(START);
    await Promise.all([...GRADINGS, ...GRADINGS].map((grading) => raiseAlertOf(grading, system.ports)));
    expect(alertLines(system)).toEqual(alertLines((await raised(...GRADINGS)).system));
  });
});

describe('listing alerts', () => {
  it('shows open ones unless another state is asked for, and several states page by page', async () => {
    const { system, ids } = await raised(...GRADINGS);
    expect(AlertPage.parse((await list(system)).body).items.map(({ alertId }) => alertId)).toEqual(ids.slice(3));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const reply = await list(system, { state: ['superseded', 'open', 'acknowledged'], limit: 1, cursor });
      const page = AlertPage.parse(reply.body);
      seen.push(...page.items.map(({ state }) => state));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(seen).toEqual(['open', 'superseded', 'superseded', 'superseded']);
  });

  it('fills a page from the next state', async () => {
    const { system } = await raised(...GRADINGS);
    const page = AlertPage.parse((await list(system, { state: ['open', 'superseded'] })).body);
    expect(page.items).toHaveLength(4);
    expect(page).not.toHaveProperty('next');
  });

  it('refuses a cursor of another list', async () => {
    const { system } = await raised();
    expect(await list(system, { cursor: 'superseded.x' })).toMatchObject({ status: 422 });
  });

  it('shows an alert without a demand where the customer made none', async () => {
    const { system } = await raised(graded(1, 2, undefined, { header: { disputeId: id('other') } }));
    expect(AlertPage.parse((await list(system)).body).items[0]?.demand).toBeUndefined();
  });
});

describe('acknowledging over the API (C-1)', () => {
  it('in time: 200 with the alert, off the open list and off the deadlines', async () => {
    const { system, ids } = await raised(graded(1, 2, undefined, soon(0)));
    system.clock.set(plusSeconds(START, 1800));
    const reply = await acknowledge(system, ids[0] ?? '', { special: ['on-time-delivery'] });
    expect(AlertReply.parse(reply.body)).toMatchObject({
      state: 'acknowledged',
      breached: false,
      acknowledgedBy: 'E-703',
      acknowledgedAt: plusSeconds(START, 1800),
      specialIndicators: ['on-time-delivery'],
    });
    expect(AlertPage.parse((await list(system)).body).items).toEqual([]);
    expect(AlertPage.parse((await list(system, { state: ['acknowledged'] })).body).items).toHaveLength(1);
    expect(await deadlines(system)).toEqual([]);
  });

  it.each(['before', 'after'])(
    'late, with a sweep %s it: one breach, at the deadline’s second (C-10)',
    async (when) => {
      const { system, ids } = await raised(graded(1, 2, undefined, soon(0)));
      system.clock.set(plusSeconds(START, 1801));
      if (when === 'before') await checkAlert(DUE, system.ports);
      system.clock.advance(60);
      await acknowledge(system, ids[0] ?? '');
      await checkAlert(DUE, system.ports);
      const breaches = events(system).filter(({ type }) => type === 'ClockBreached.v1');
      expect(breaches.map((event) => ClockBreachedV1.parse(event))).toMatchObject([
        { occurredAt: plusSeconds(START, 1800), data: { clock: 'C-1', alertId: ids[0] } },
      ]);
      expect(alertLines(system)).toEqual(['2 acknowledged true']);
    },
  );

  it('a second time: 409 with the first acknowledgement', async () => {
    const { system, ids } = await raised(graded(1, 2));
    await acknowledge(system, ids[0] ?? '');
    const again = await acknowledge(system, ids[0] ?? '', { by: actor('E-702', 'performance') });
    expect(again).toMatchObject({ status: 409, body: { alert: { acknowledgedBy: 'E-703', acknowledgedAt: START } } });
  });

  it('two at once: one is 200, the other 409', async () => {
    const { system, ids } = await raised(graded(1, 2));
    const by = [OFFICER, actor('E-702', 'performance')];
    const replies = await Promise.all(by.map((each) => acknowledge(system, ids[0] ?? '', { by: each })));
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    expect(told(system).filter((type) => type === 'AlertAcknowledged.v1')).toHaveLength(1);
  });

  it('again under the same key and with the same indicators: 200 as before; with others 409', async () => {
    const { system, ids } = await raised(graded(1, 2));
    const first = await acknowledge(system, ids[0] ?? '', { key: 'k' });
    expect(await acknowledge(system, ids[0] ?? '', { key: 'k' })).toEqual(first);
    expect(await acknowledge(system, ids[0] ?? '', { key: 'k', special: ['on-time-delivery'] })).toMatchObject({
      status: 409,
    });
    expect(told(system).filter((type) => type === 'AlertAcknowledged.v1')).toHaveLength(1);
  });

  it('superseded 409, unknown 404, indicator of another type 422, level 1 by an officer 403', async () => {
    const { system, ids } = await raised(graded(1, 2, undefined, soon(0)), graded(2, 1, 2, soon(60)));
    expect(await acknowledge(system, ids[0] ?? '')).toMatchObject({ status: 409 });
    expect(await acknowledge(system, id('nobody'))).toMatchObject({ status: 404 });
    expect(await acknowledge(system, ids[1] ?? '')).toMatchObject({ status: 403, body: { rule: 'C-1' } });
    const head = actor('E-701', 'performance', 'head');
    const wrong = await acknowledge(system, ids[1] ?? '', { by: head, special: ['product-quality'] });
    expect(wrong).toMatchObject({ status: 422, body: { rule: 'G-10', errors: [{ path: 'specialIndicators.0' }] } });
    expect(await acknowledge(system, ids[1] ?? '', { by: head })).toMatchObject({ status: 200 });
  });
});

describe("the alert's clock", () => {
  it('looked at in the deadline’s second, or for nobody’s alerts, writes nothing', async () => {
    const { system } = await raised(graded(1, 2, undefined, soon(0)));
    const before = system.memory.dump().scorecards;
    system.clock.set(plusSeconds(START, 1800));
    await checkAlert(DUE, system.ports);
    await checkAlert({ ...DUE, pk: 'ALERTS#nobody' }, system.ports);
    expect(system.memory.dump().scorecards).toEqual(before);
  });
});
