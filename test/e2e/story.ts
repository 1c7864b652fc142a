import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayIn, monthIn } from '#shared/domain/calendar/civil-date.ts';
import { recompute } from '#shared/domain/performance/explanation.ts';
import { pointsText } from '#shared/domain/performance/points.ts';
import { ZONE } from '#test/support/sample.ts';
import { freshSecret } from './fresh-secret.ts';
import {
  COLLEAGUE,
  COURIER,
  DECIDER,
  HEAD_OF_DISPUTES,
  HEAD_OF_LOGISTICS,
  OFFICER,
  OPERATOR,
  PERFORMANCE_IN_TEAM,
  PHONE_SYSTEM,
} from './people.ts';
import type { Answer, System } from './system.ts';

/** Words that must never be found outside the customers store. */
export const PLANTED = {
  name: '歐陽紫薇-Quillfeather',
  phone: '+86-139-5550-7781',
  email: 'ziwei.quillfeather@mail.example',
  ref: 'REF-QF-90417',
  order: 'SO-QF-551907',
  text: '包裹晚到五天還破損了，窗簾 marmalade-lantern 全濕',
  demand: '退還運費並賠償 saffron-compass',
  attachment: 'photo-velvet-otter.jpg',
  causes: '倉庫爆倉，派送員 cobalt-thimble 未聯絡',
  reasons: '派件記錄與監控一致 juniper-anvil',
  solution: '全額退款並致歉 copper-lullaby',
} as const;

/**
 * One dispute's whole way: a signed report becomes an alert, points and a card, is decided a second time, and every
 * point explains itself. The same steps run in memory and on a deployed system.
 */
export function theStory(start: () => Promise<System>): void {
  describe('the story of a late delivery', () => {
    let system: System;
    let secret: string;
    let dispute = '';
    let month = '';
    /** Where cards and stakes stood: the environment may have been used before. */
    const before = new Map<string, { adjustments: number; pendingPoints: number }>();
    let stakeBefore = { disputes: 0, points: '0.00' };
    /** Disputes of the day and source that waited for an officer before. */
    let awaitingBefore = 0;
    let externalId = '';
    const days = new Set<string>();

    afterAll(() => system?.close());

    const report = (change: object = {}) => ({
      externalId,
      occurredAt: '2026-11-20T02:31:00Z',
      customer: { ref: PLANTED.ref, name: PLANTED.name, phone: PLANTED.phone, email: PLANTED.email, tier: 'ordinary' },
      text: PLANTED.text,
      language: 'zh-Hant',
      category: 'logistics',
      type: 'late-delivery',
      amount: { minor: 15_000_000, currency: 'CNY' },
      order: PLANTED.order,
      product: 'sofa-3',
      attachments: [{ name: PLANTED.attachment, url: `https://files.example/${PLANTED.attachment}` }],
      ...change,
    });
    const post = async (body: object): Promise<Answer> => {
      const text = JSON.stringify(body);
      days.add(dayIn(ZONE, (await system.now()).toISOString()));
      return system.deliver({ source: 'phone', body: text, headers: await system.sign(text, secret) });
    };
    const read = async () => (await system.call('GET', `/disputes/${dispute}`, OFFICER)).body;
    const command = (name: string, by: typeof OFFICER, body: object = {}) =>
      system.call('POST', `/disputes/${dispute}/${name}`, by, body);
    const card = async (subject: string, by = DECIDER) =>
      (await system.call('GET', `/scorecards/${subject}/${month}`, by)).body;
    /** What the story has moved on a card that others may have used before; its result follows from its sum. */
    const moved = async (subject: string) => {
      const { adjustments, pendingPoints, result } = await card(subject);
      expect(hundredths(result)).toBe(Math.max(0, 10_000 + hundredths(adjustments)));
      const { adjustments: adjusted = 0, pendingPoints: pending = 0 } = before.get(subject) ?? {};
      return {
        adjustments: pointsText(hundredths(adjustments) - adjusted),
        pendingPoints: pointsText(hundredths(pendingPoints) - pending),
      };
    };
    const eventually = <T>(what: string, found: () => Promise<T | undefined>) => system.eventually(what, found);
    const cardShows = (subject: string, expected: object) =>
      eventually(`the card of ${subject} shows ${JSON.stringify(expected)}`, async () => {
        const shown = await moved(subject);
        return (
          Object.entries(expected).every(([key, value]) => shown[key as keyof typeof shown] === value) || undefined
        );
      });
    const alertOf = async (state: string) => {
      const { body } = await system.call('GET', `/alerts?state=${state}`, DECIDER);
      return body.items.find((alert: { disputeId: string }) => alert.disputeId === dispute);
    };

    beforeAll(async () => {
      system = await start();
      externalId = `call-${(await system.now()).getTime()}`;
      secret = await freshSecret(system, 'phone');
      month = monthIn(ZONE, (await system.now()).toISOString());
      for (const subject of SCORED) {
        const { adjustments } = await eventually(`nothing is pending on the card of ${subject}`, async () => {
          const shown = await card(subject);
          return shown.pendingPoints === '0.00' ? shown : undefined;
        });
        before.set(subject, { adjustments: hundredths(adjustments), pendingPoints: 0 });
      }
      stakeBefore = (await card('logistics')).atStake ?? { disputes: 0, points: '0.00' };
      const today = dayIn(ZONE, (await system.now()).toISOString());
      const { body } = await system.call('GET', `/intake/reconciliation?day=${today}`, OPERATOR);
      awaitingBefore = body.sources.find(({ source }: { source: string }) => source === 'phone').awaitingCompletion;
    });

    test('a signed report of 150,000.00 CNY is accepted with a receipt, and opens a dispute of level 2', async () => {
      const first = await post(report());
      expect(first).toMatchObject({ status: 202, body: { receiptId: expect.any(String), duplicate: false } });
      const receipt = await eventually('the receipt says opened', async () => {
        const { body } = await system.call('GET', `/intake/receipts/${first.body.receiptId}`, PHONE_SYSTEM);
        return body.status === 'opened' ? body : undefined;
      });
      expect(receipt).toMatchObject({ source: 'phone', externalId, status: 'opened' });
      dispute = receipt.disputeId;
      const state = await read();
      expect(state).toMatchObject({
        status: 'received',
        responsibility: 'open',
        department: 'logistics',
        awaiting: ['demand'],
        grade: { level: 2, colour: 'yellow', reasons: [{ rule: 'G-2.2a' }], nearestMiss: { rule: 'G-2.1a', level: 1 } },
      });
    });

    test('the same report again is a duplicate: one dispute, the same receipt', async () => {
      const again = await post(report());
      expect(again).toMatchObject({ status: 202, body: { status: 'opened', duplicate: true } });
      const { body } = await system.call('GET', `/intake/receipts?source=phone&externalId=${externalId}`, OFFICER);
      expect(body).toMatchObject({ receiptId: again.body.receiptId, disputeId: dispute });
    });

    test('the same id with other content is refused, the differing fields named', async () => {
      const other = await post(report({ product: 'sofa-4' }));
      expect(other).toMatchObject({ status: 409, body: { errors: [{ path: 'product' }] } });
    });

    test("a yellow alert calls the performance department, due at C-1's time, with the customer's words joined", async () => {
      const alert = await eventually('the alert is open', () => alertOf('open'));
      const { grade } = await read();
      const allowed = system.policy === 'fast' ? 5 : 1800;
      expect(alert).toMatchObject({
        level: 2,
        colour: 'yellow',
        state: 'open',
        type: 'late-delivery',
        department: 'logistics',
      });
      expect(Date.parse(alert.dueAt) - Date.parse(grade.gradedAt)).toBe(allowed * 1000);
      expect(alert.indicators).toContain('on-time-delivery');
    });

    test("10.00 points are at stake on logistics' card, for its head and performance, and for nobody else", async () => {
      const stake = {
        disputes: stakeBefore.disputes + 1,
        points: pointsText(hundredths(stakeBefore.points) - 1000),
      };
      await eventually('the stake is shown', async () => {
        const { atStake } = await card('logistics');
        return atStake?.disputes === stake.disputes ? true : undefined;
      });
      expect((await card('logistics')).atStake).toMatchObject(stake);
      expect((await card('logistics', HEAD_OF_LOGISTICS)).atStake).toMatchObject(stake);
      expect((await card('E-201')).atStake).toBeUndefined();
      expect(await moved('logistics')).toEqual({ adjustments: '0.00', pendingPoints: '0.00' });
    });

    test('an employee cannot acknowledge; a performance officer can, late, and the breach stands at its second', async () => {
      const open = await eventually('the alert is open', () => alertOf('open'));
      const acknowledge = (by: typeof OFFICER) =>
        system.call('POST', `/alerts/${open.alertId}/acknowledgement`, by, { specialIndicators: ['on-time-delivery'] });
      expect(await acknowledge(COURIER)).toMatchObject({ status: 403 });
      await system.reach(new Date(Date.parse(open.dueAt) + 2000).toISOString());
      const late = await acknowledge(PERFORMANCE_IN_TEAM);
      expect(late).toMatchObject({
        status: 200,
        body: {
          state: 'acknowledged',
          breached: true,
          acknowledgedBy: 'E-702',
          specialIndicators: ['on-time-delivery'],
        },
      });
      expect(await acknowledge(DECIDER)).toMatchObject({
        status: 409,
        body: { alert: { acknowledgedBy: 'E-702', breached: true } },
      });
      expect(await eventually('it is listed as acknowledged', () => alertOf('acknowledged'))).toMatchObject({
        breached: true,
      });
      const breach = await eventually('the breach is on the bus', async () =>
        (await system.events()).find(
          ({ 'detail-type': type, detail }) => type === 'ClockBreached.v1' && detail.data.alertId === open.alertId,
        ),
      );
      expect(breach.detail).toMatchObject({ occurredAt: open.dueAt, data: { clock: 'C-1', dueAt: open.dueAt } });
    });

    test('an officer files it with the demand that was missing', async () => {
      expect(await command('filing', OFFICER, {})).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'demand' }] },
      });
      const filed = await command('filing', OFFICER, { demand: PLANTED.demand });
      expect(filed).toMatchObject({ status: 200, body: { status: 'filed', awaiting: [] } });
      expect(filed.headers.etag).toBe(`"${filed.body.version}"`);
      expect(JSON.stringify((await read()).texts)).toContain(PLANTED.demand);
    });

    test('it is assigned, investigated jointly, and reported; no decision before the report', async () => {
      expect(await command('assignment', OFFICER, { assignee: 'E-602' })).toMatchObject({
        status: 200,
        body: { status: 'handling' },
      });
      const investigation = { investigator: 'E-601', joint: true, team: ['E-702', 'E-201'] };
      expect(await command('investigation', HEAD_OF_DISPUTES, investigation)).toMatchObject({
        status: 200,
        body: { responsibility: 'investigating', investigation },
      });
      const early = await command('determination', DECIDER, DETERMINATION);
      expect(early).toMatchObject({
        status: 409,
        body: { rule: 'D-1', tracks: { status: 'handling', responsibility: 'investigating' } },
      });
      expect(early.body.allowed).toContain('cause-report');
      const causes = [{ branch: 'process', text: PLANTED.causes, evidence: PLANTED.causes }];
      expect(await command('cause-report', HEAD_OF_DISPUTES, { causes, suggestion: PLANTED.causes })).toMatchObject({
        status: 200,
        body: { responsibility: 'reported' },
      });
    });

    test('who investigated cannot decide (D-4); another performance officer can, and nothing moves yet', async () => {
      expect(await command('determination', PERFORMANCE_IN_TEAM, DETERMINATION)).toMatchObject({
        status: 403,
        body: { rule: 'D-4' },
      });
      expect(await command('determination', DECIDER, DETERMINATION)).toMatchObject({
        status: 200,
        body: { responsibility: 'determined', determination: { department: 'logistics', decidedBy: 'E-703' } },
      });
      for (const subject of ['E-204', 'E-201', 'logistics']) {
        expect(await moved(subject)).toEqual({ adjustments: '0.00', pendingPoints: '0.00' });
      }
    });

    test('notice puts -6.00, -3.00 and -1.00 on three cards as pending, and the stake is gone', async () => {
      const noticed = await command('notice', DECIDER);
      expect(noticed).toMatchObject({
        status: 200,
        body: { responsibility: 'noticed', notice: { windowEndsAt: expect.any(String) } },
      });
      await cardShows('E-204', { pendingPoints: '-6.00', adjustments: '0.00' });
      await cardShows('E-201', { pendingPoints: '-3.00', adjustments: '0.00' });
      await cardShows('logistics', { pendingPoints: '-1.00', adjustments: '0.00' });
      await eventually('the stake is gone', async () =>
        ((await card('logistics')).atStake?.disputes ?? 0) === stakeBefore.disputes ? true : undefined,
      );
    });

    test('when the appeal window is over they are posted, and the dispute is final', async () => {
      const { notice } = await read();
      await system.reach(new Date(Date.parse(notice.windowEndsAt) + 2000).toISOString());
      await cardShows('E-204', { pendingPoints: '0.00', adjustments: '-6.00' });
      await cardShows('E-201', { adjustments: '-3.00' });
      await cardShows('logistics', { adjustments: '-1.00' });
      await eventually('the responsibility track is final', async () =>
        (await read()).responsibility === 'final' ? true : undefined,
      );
    });

    test('resolved and rated dissatisfied: -5.00 on logistics, pending and posted in one act; then closed', async () => {
      const resolution = { solution: PLANTED.solution, basis: '消費者權益保護法第五十三條' };
      expect(await command('resolution', OFFICER, resolution)).toMatchObject({
        status: 200,
        body: { status: 'resolved' },
      });
      expect(await command('rating', OFFICER, { value: 'dissatisfied' })).toMatchObject({ status: 200 });
      await cardShows('logistics', { adjustments: '-6.00', pendingPoints: '0.00' });
      expect(await command('closure', OFFICER)).toMatchObject({ status: 200, body: { status: 'closed' } });
    });

    test('after reopening, a second determination reverses and re-posts in one act', async () => {
      expect(await command('reopening', OFFICER)).toMatchObject({
        body: { status: 'handling', responsibility: 'reported' },
      });
      const second = { ...DETERMINATION, shares: [{ kind: 'direct', subject: 'E-203', bp: 10_000 }] };
      expect(await command('determination', DECIDER, second)).toMatchObject({ status: 200 });
      const { body: noticed } = await command('notice', DECIDER);
      await cardShows('E-203', { pendingPoints: '-10.00', adjustments: '0.00' });
      await cardShows('E-204', { adjustments: '-6.00' });
      await system.reach(new Date(Date.parse(noticed.notice.windowEndsAt) + 2000).toISOString());
      await cardShows('E-203', { pendingPoints: '0.00', adjustments: '-10.00' });
      await cardShows('E-204', { adjustments: '0.00' });
      await cardShows('E-201', { adjustments: '0.00' });
      await cardShows('logistics', { adjustments: '-5.00' });
      const { body } = await system.call('GET', `/scorecards/E-204/${month}/entries`, COURIER);
      const [original, reversal] = body.items.filter(
        (entry: { kind: string; disputeId: string }) => entry.kind === 'points' && entry.disputeId === dispute,
      );
      expect(reversal.reverses ?? original.reverses).toBe(reversal.reverses ? original.entryId : reversal.entryId);
    });

    test('every point explains itself, and its inputs reproduce it', async () => {
      for (const subject of SCORED) {
        const { status, body } = await system.call('GET', `/scorecards/${subject}/${month}/explanation`, DECIDER);
        expect(status).toBe(200);
        const points = body.entries.filter((entry: { kind: string }) => entry.kind === 'points');
        expect(points.some((entry: { disputeId: string }) => entry.disputeId === dispute)).toBe(true);
        for (const entry of points) {
          expect(entry).toMatchObject({
            rule: expect.stringMatching(/^S-/),
            policyVersion: 1,
            calendarVersion: 1,
            disputeId: expect.any(String),
            text: { en: expect.any(String), 'zh-Hant': expect.any(String), 'zh-Hans': expect.any(String) },
          });
          expect(entry.decidedBy ?? entry.ratedBy).toMatch(/^E-\d+$/);
          const again = recompute(entry.inputs);
          expect('points' in again && pointsText(again.points)).toBe(entry.points);
        }
        const posted = points.filter((entry: { status: string }) => entry.status === 'posted');
        const sum = posted.reduce((total: number, entry: { points: string }) => total + hundredths(entry.points), 0);
        expect(pointsText(sum)).toBe((await card(subject)).adjustments);
      }
    });

    test('people see their own card and no other', async () => {
      expect(await system.call('GET', `/scorecards/E-204/${month}`, COURIER)).toMatchObject({ status: 200 });
      expect(await system.call('GET', `/scorecards/E-204/${month}`, COLLEAGUE)).toMatchObject({ status: 404 });
      expect(await system.call('GET', `/scorecards/E-301/${month}`, HEAD_OF_LOGISTICS)).toMatchObject({ status: 404 });
      expect(await system.call('GET', `/disputes/${dispute}`, COURIER)).toMatchObject({ status: 403 });
      expect(await system.call('GET', `/disputes/${dispute}`)).toMatchObject({ status: 401 });
    });

    test('the same report with a demand files itself', async () => {
      const complete = await post(report({ externalId: `${externalId}-b`, demand: PLANTED.demand }));
      await eventually('it is filed', async () => {
        const { body } = await system.call('GET', `/intake/receipts/${complete.body.receiptId}`, OFFICER);
        if (body.disputeId === undefined) return undefined;
        const { status } = (await system.call('GET', `/disputes/${body.disputeId}`, OFFICER)).body;
        return status === 'filed' ? true : undefined;
      });
    });

    test('the reconciliation of every day balances, each figure counted for itself', async () => {
      const sum = { received: 0, opened: 0, duplicate: 0, rejected: 0, awaitingCompletion: 0 };
      for (const day of days) {
        const { sources, total } = await eventually('nothing is in flight', async () => {
          const { body } = await system.call('GET', `/intake/reconciliation?day=${day}`, OPERATOR);
          return body.total.inFlight === 0 ? body : undefined;
        });
        for (const { received, ...tally } of [...sources, total]) {
          const { opened, joined, duplicate, rejected, deadLettered, inFlight } = tally;
          expect(opened + joined + duplicate + rejected + deadLettered + inFlight).toBe(received);
        }
        const phone = sources.find(({ source }: { source: string }) => source === 'phone');
        for (const figure of Object.keys(sum) as (keyof typeof sum)[]) sum[figure] += phone[figure];
      }
      expect(sum).toMatchObject({ awaitingCompletion: awaitingBefore });
      expect(sum.received).toBeGreaterThanOrEqual(4);
      expect(sum.opened).toBeGreaterThanOrEqual(2);
    });

    test('nothing of who the customer is or what anybody wrote stands outside the customers table', async () => {
      const customers = await system.storedOfCustomers();
      for (const planted of Object.values(PLANTED)) expect(customers).toContain(planted);
      const places = await system.storedOutsideCustomers();
      for (const place of Object.keys(places).filter((name) =>
        /events|(table|stream of) (cases|scorecards)/i.test(name),
      )) {
        expect(places[place]).toContain(dispute);
      }
      expect(Object.keys(places).filter((place) => place.startsWith('queue ')).length).toBeGreaterThan(5);
      for (const [place, bytes] of Object.entries(places)) {
        for (const [what, planted] of Object.entries(PLANTED)) {
          expect(bytes.includes(planted) ? `${what} in ${place}` : 'nothing').toBe('nothing');
        }
      }
    });
  });
}

const DETERMINATION = {
  validity: 'valid',
  reasons: PLANTED.reasons,
  shares: [
    { kind: 'direct', subject: 'E-204', bp: 6000 },
    { kind: 'management', subject: 'E-201', bp: 3000 },
    { kind: 'system', subject: 'logistics', bp: 1000 },
  ],
};

/** The cards on which the story moves points. */
const SCORED = ['E-204', 'E-201', 'E-203', 'logistics'];

/** Points as people read them, in hundredths. */
function hundredths(points: string): number {
  return Math.round(Number(points) * 100);
}
