import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { raiseAlertOf } from '#functions/alerts/raise-alert.ts';
import { scorecardAnswers } from '#functions/scorecards/answer-scorecards.ts';
import { postGroupOf } from '#functions/scoring/post-group.ts';
import { recordStake } from '#functions/scoring/record-stake.ts';
import { scoreDispute } from '#functions/scoring/score-dispute.ts';
import { Card, CardPage, EntryPage, Explanation } from '#shared/contracts/api/replies.ts';
import { EntryState } from '#shared/contracts/items/entry-item.ts';
import { StakeEventV1 } from '#shared/contracts/items/stake-item.ts';
import type { Actor } from '#shared/domain/access/roles.ts';
import { plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import { recompute } from '#shared/domain/performance/explanation.ts';
import type { StakeEvent } from '#shared/domain/performance/stake.ts';
import { DIRECTORY, POLICY } from '#test/support/sample.ts';
import { deliver, type Gear, gear, type Mishap } from './gear.ts';
import {
  actor,
  at,
  closed,
  corrected,
  DISPUTE,
  determined,
  graded,
  header,
  id,
  noticed,
  rated,
  reopened,
  START,
  waived,
} from './scored-events.ts';

const OFFICER = actor('E-703', 'performance');
const ENVELOPE = { correlationId: 'flow', requestId: 'request', body: undefined };

const read = (system: Gear, subject: string, by: Actor = OFFICER, period = '2026-11') =>
  scorecardAnswers(system.ports)['GET /scorecards/{subject}/{period}']({
    ...ENVELOPE,
    actor: by,
    params: { subject, period },
    query: {},
  });
const explained = (system: Gear, subject: string, by: Actor = OFFICER) =>
  scorecardAnswers(system.ports)['GET /scorecards/{subject}/{period}/explanation']({
    ...ENVELOPE,
    actor: by,
    params: { subject, period: '2026-11' },
    query: {},
  });
const entriesOf = (system: Gear, subject: string, query: { limit: number; cursor?: string }, by: Actor = OFFICER) =>
  scorecardAnswers(system.ports)['GET /scorecards/{subject}/{period}/entries']({
    ...ENVELOPE,
    actor: by,
    params: { subject, period: '2026-11' },
    query,
  });
const listed = (
  system: Gear,
  query: { period?: string; department?: string; limit?: number; cursor?: string } = {},
  by: Actor = OFFICER,
) =>
  scorecardAnswers(system.ports)['GET /scorecards']({
    ...ENVELOPE,
    actor: by,
    params: {},
    query: { limit: 50, ...query },
  });

/** Every page of a list of cards. */
async function allCards(system: Gear, limit: number, by: Actor = OFFICER) {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = CardPage.parse((await listed(system, { limit, cursor }, by)).body);
    ids.push(...page.items.map(({ subject }) => subject.id));
    cursor = page.next;
  } while (cursor !== undefined);
  return ids;
}

/** The story up to posted points and a dissatisfied rating, in November. */
async function story() {
  const system = await gear(START);
  const miss = { rule: 'G-2.1a', level: 1, have: '150000.00', need: '500000.00', text: 'not reached' } as const;
  await heard(graded(1, 2, undefined, { nearestMiss: miss }), system.ports);
  await scoreDispute(noticed(1), system.ports);
  system.clock.set(at(2));
  await postGroupOf({ kind: 'group', pk: `SCORING#${DISPUTE}`, dueAt: at(2) }, system.ports);
  await scoreDispute(rated(2, { responsibility: 'final' }), system.ports);
  return system;
}

describe('cards over the API', () => {
  it('of an active subject without entries: 200 with 100.00', async () => {
    const system = await gear(START);
    const reply = await read(system, 'E-204');
    expect(reply.status).toBe(200);
    expect(Card.parse(reply.body)).toEqual({
      subject: { kind: 'employee', id: 'E-204', name: DIRECTORY.get('E-204')?.name },
      period: '2026-11',
      base: '100.00',
      adjustments: '0.00',
      pendingPoints: '0.00',
      result: '100.00',
      band: 'excellent',
      status: 'provisional',
      policyVersion: 1,
      asOf: START,
    });
  });

  it('after the story: −6.00, −3.00, and −6.00 for the department with its rating', async () => {
    const system = await story();
    expect((await read(system, 'E-204')).body).toMatchObject({ adjustments: '-6.00', result: '94.00' });
    expect((await read(system, 'E-201')).body).toMatchObject({ adjustments: '-3.00', result: '97.00' });
    expect((await read(system, 'logistics')).body).toMatchObject({ adjustments: '-6.00', pendingPoints: '0.00' });
  });

  it('pending points stand beside the result', async () => {
    const system = await gear(START);
    await scoreDispute(noticed(1), system.ports);
    expect((await read(system, 'E-204')).body).toMatchObject({ pendingPoints: '-6.00', result: '100.00' });
  });

  it.each([
    { who: 'an unknown id', subject: 'E-999', by: OFFICER },
    { who: 'a foreign employee', subject: 'E-203', by: actor('E-204', 'employee') },
    { who: 'a foreign department', subject: 'product', by: actor('E-201', 'head') },
    { who: 'a foreign partner', subject: 'P-11', by: { sub: 'P-07', roles: ['partner'] } satisfies Actor },
  ])('$who is 404 on every route, and never 403 (T-1)', async ({ subject, by }) => {
    const system = await story();
    for (const reply of await Promise.all([
      read(system, subject, by),
      explained(system, subject, by),
      entriesOf(system, subject, { limit: 50 }, by),
    ])) {
      expect(reply.status).toBe(404);
    }
  });

  it('before the first policy, and before a subject was active, there is none', async () => {
    const system = await gear(START);
    expect((await read(system, 'E-204', OFFICER, '1999-01')).status).toBe(404);
    expect((await read(system, 'E-204', OFFICER, '2014-12')).status).toBe(404);
    expect((await listed(system, { period: '1999-01' })).body).toEqual({ items: [] });
  });

  it('lists every active subject once, by kind and id, page by page', async () => {
    const system = await gear(START);
    const all = await allCards(system, 7);
    expect(all).toEqual(await allCards(system, 200));
    expect(all.toSorted()).toEqual([...DIRECTORY.keys()].toSorted());
  });

  it('lists what the caller may see: a head the department, an employee their own', async () => {
    const system = await gear(START);
    const members = [...DIRECTORY.values()]
      .filter(({ department }) => department === 'logistics')
      .map((each) => each.id);
    expect((await allCards(system, 200, actor('E-201', 'head'))).toSorted()).toEqual(members.toSorted());
    expect(await allCards(system, 200, actor('E-204', 'employee'))).toEqual(['E-204']);
    const narrowed = CardPage.parse((await listed(system, { department: 'logistics', period: '2026-10' })).body);
    expect(narrowed.items.map(({ subject }) => subject.id).toSorted()).toEqual(members.toSorted());
  });
});

describe('the ledger over the API', () => {
  it('shows every entry with what it counts as, page by page', async () => {
    const system = await story();
    const all = EntryPage.parse((await entriesOf(system, 'logistics', { limit: 50 })).body).items;
    expect(all.map(({ kind, status, points }) => `${kind} ${status} ${points ?? ''}`.trim()).toSorted()).toEqual([
      'points posted -1.00',
      'points posted -5.00',
      'posted posted',
      'posted posted',
    ]);
    const first = EntryPage.parse((await entriesOf(system, 'logistics', { limit: 3 })).body);
    const second = EntryPage.parse((await entriesOf(system, 'logistics', { limit: 3, cursor: first.next })).body);
    expect([...first.items, ...second.items]).toEqual(all);
    expect(second).not.toHaveProperty('next');
  });
});

describe('the explanation over the API (S-19)', () => {
  it('names rule, versions, inputs and deciders of every point, and its last balance is the card', async () => {
    const system = await story();
    const reply = await explained(system, 'logistics');
    const { card, entries } = Explanation.parse(reply.body);
    expect(card.result).toBe('94.00');
    expect(entries).toMatchObject([
      {
        rule: 'S-5',
        text: POLICY.rules['S-5'],
        points: '-1.00',
        share: { kind: 'system', subject: 'logistics', bp: 1000 },
        inputs: { level: 2, base: 1000, rounding: 'largest-remainder' },
        policyVersion: 1,
        calendarVersion: 1,
        decidedBy: 'E-703',
        noticedBy: 'E-703',
        noticedAt: at(1),
        windowEndsAt: plusSeconds(at(1), 40_000),
        nearestMiss: { rule: 'G-2.1a' },
      },
      { rule: 'S-1', points: '-5.00', ratedBy: 'E-602', ratedAt: at(2), inputs: { value: 'dissatisfied' } },
    ]);
    expect(reply.body).toMatchObject({ entries: [{ balance: '99.00' }, { balance: '94.00', settledAt: at(2) }] });
  });

  it('its inputs, as they were stored, reproduce every effect', async () => {
    const system = await story();
    const attitude = { category: 'service', type: 'service-attitude', disputeId: id('rude') };
    const header = { ...rated(1).data.dispute, ...attitude };
    await scoreDispute(rated(1, { dispute: header, employee: 'E-204' }), system.ports);
    await scoreDispute(waived(2, { dispute: header }), system.ports);
    await scoreDispute(reopened(3), system.ports);
    await scoreDispute(noticed(4, { responsibleDepartment: 'product' }), system.ports);
    system.clock.set(at(9));
    await postGroupOf({ kind: 'group', pk: `SCORING#${DISPUTE}`, dueAt: at(9) }, system.ports);
    const rules = new Set<string>();
    for (const subject of ['E-204', 'E-201', 'logistics', 'product']) {
      for (const stored of await system.ports.ledger.entries(subject, '2026-11')) {
        const { inputs, points } = EntryState.parse(stored);
        if (!inputs) continue;
        rules.add(inputs.rule);
        expect(recompute(inputs)).toEqual({ points });
      }
    }
    expect([...rules].toSorted()).toEqual(['S-1', 'S-2', 'S-5', 'reversal']);
  });

  it('an entry under a policy that is no longer known is a fault, not a gap', async () => {
    const system = await story();
    const later = await gear(START, [{ ...POLICY, version: 2 }]);
    await scoreDispute(noticed(1, { policyVersion: 2 }), later.ports);
    const broken = { ...later, ports: { ...later.ports, reference: system.ports.reference } };
    await expect(explained(broken, 'E-204')).rejects.toThrow('policy 2');
  });
});

/** What the two consumers that keep stakes make of an event: gradings come with their alert. */
function heard(event: StakeEvent, ports: Gear['ports']): Promise<void> {
  const { data, type } = event;
  return type === 'DisputeGraded.v1' ? raiseAlertOf({ ...event, type, data }, ports) : recordStake(event, ports);
}

describe('what is at stake (S-21)', () => {
  const STAKES: readonly StakeEvent[] = [
    graded(1, 3),
    graded(2, 2, 3),
    corrected(3, { department: 'product' }),
    determined(5, { dispute: header({ department: 'product' }) }),
  ];
  const HEAD = actor('E-301', 'head');

  it('stands on the preliminary department’s running month for its head, and is gone with the notice', async () => {
    const system = await gear(START);
    await heard(graded(1, 2), system.ports);
    const logistics = actor('E-201', 'head');
    expect((await read(system, 'logistics', logistics)).body).toMatchObject({
      atStake: { disputes: 1, points: '-10.00' },
    });
    expect((await read(system, 'logistics', logistics)).body).toMatchObject({
      result: '100.00',
      pendingPoints: '0.00',
    });
    expect((await read(system, 'logistics', actor('E-901', 'hr'))).body).not.toHaveProperty('atStake');
    expect((await read(system, 'E-201', logistics)).body).not.toHaveProperty('atStake');
    expect((await read(system, 'logistics', logistics, '2026-10')).body).not.toHaveProperty('atStake');
    await heard(noticed(6), system.ports);
    expect((await read(system, 'logistics', logistics)).body).toMatchObject({
      atStake: { disputes: 0, points: '0.00' },
    });
  });

  test.prop(
    [
      fc.shuffledSubarray([...STAKES, ...STAKES], { minLength: 2 * STAKES.length }),
      fc.array(fc.constantFrom<Mishap>('crash-before', 'crash-after', 'race'), { maxLength: 8 }),
    ],
    { numRuns: 60 },
  )('does not depend on order, repetition or crashes', async (order, mishaps) => {
    const system = await gear(START);
    system.mishaps.push(...mishaps);
    for (const event of order) await deliver(() => heard(event, system.ports));
    expect((await read(system, 'product', HEAD)).body).toMatchObject({
      atStake: { disputes: 1, points: '-10.00', awaitingNotice: 1 },
    });
    expect(await system.ports.stakes.shown('logistics')).toEqual([]);
    for (const regraded of [graded(6, 1, 2), corrected(7, { department: 'logistics' })])
      await deliver(() => heard(regraded, system.ports));
    expect((await read(system, 'product', HEAD)).body).toMatchObject({ atStake: { points: '-10.00' } });
    await deliver(() => heard(closed(9), system.ports));
    system.mishaps.length = 0;
    for (const event of order) await heard(event, system.ports);
    expect(await system.ports.stakes.shown('product')).toEqual([]);
  });

  it('a stake that is not written twice costs no write', async () => {
    const system = await gear(START);
    await heard(graded(1, 2), system.ports);
    const before = system.memory.stream('scorecards').length;
    await heard(graded(1, 2), system.ports);
    expect(system.memory.stream('scorecards')).toHaveLength(before);
  });

  it('reads its events by their contracts', () => {
    for (const event of STAKES) expect(StakeEventV1.parse(event)).toEqual(event);
  });
});
