import { beforeEach, describe, expect, test } from 'vitest';
import { sourceAnswers } from '#functions/intake/manage-sources.ts';
import { disputeStore } from '#shared/adapters/dispute-store.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import type { Actor } from '#shared/domain/access/roles.ts';
import {
  bytesOf,
  DAY,
  type House,
  inHouse,
  intakeHouse,
  onQueue,
  post,
  receipt,
  receiptOf,
  reconciled,
  report,
  signed,
  work,
  workAll,
} from './intake-house.ts';

let house: House;
beforeEach(async () => {
  house = await intakeHouse();
});
const integrator = (source: string | undefined): Actor => ({ sub: 'i-1', roles: ['integrator'], source });

describe('a receipt (I-4)', () => {
  test.each([
    ['its own source', integrator('phone'), 200],
    ['another source', integrator('chat'), 404],
    ['a token without source', integrator(undefined), 404],
    ['an officer', { sub: 'o', roles: ['officer'] } as Actor, 200],
    ['a supervisor with a source', { sub: 's', roles: ['integrator', 'supervisor'], source: 'chat' } as Actor, 200],
  ])('is there for %s: %s', async (_, actor, status) => {
    const { receiptId } = (await post(house, report())).body as { receiptId: string };
    expect(await receipt(house, receiptId, actor)).toMatchObject({ status });
    expect(await receiptOf(house, 'phone', 'call-88231', actor)).toMatchObject({ status });
  });

  test('of nothing is 404', async () => {
    expect(await receipt(house, '6c1b6b3e-0000-4000-8000-000000000000')).toMatchObject({ status: 404 });
    expect(await receiptOf(house, 'phone', 'nothing')).toMatchObject({ status: 404 });
  });

  test('by the sender’s id is the one that holds it, not a later one that was rejected', async () => {
    const first = (await post(house, report())).body as { receiptId: string };
    const [winner] = onQueue(house);
    await post(house, report({ demand: 'another' }));
    await work(house, winner ?? expect.fail());
    house.clock.advance(10);
    await workAll(house);
    expect(await receiptOf(house, 'phone', 'call-88231')).toMatchObject({
      body: { receiptId: first.receiptId, status: 'opened' },
    });
  });
});

describe('reconciliation of a day (I-7)', () => {
  test('counts every arrival of every source under what became of it', async () => {
    await post(house, report({ externalId: 'a' }));
    await post(house, report({ externalId: 'b', demand: undefined }));
    await workAll(house);
    await post(house, report({ externalId: 'a' }));
    await post(house, report({ externalId: 'a', demand: 'another' }));
    await post(house, { wrong: 1 });
    await post(house, report({ externalId: 'c' }));
    await work(house, inHouse(house, 'unreadable'));
    await work(house, inHouse(house, { source: 'chat', ...report({ externalId: 'd' }) }));
    const { of, total, sources } = await reconciled(house);
    expect(of('phone')).toEqual({
      source: 'phone',
      ...{ received: 6, opened: 2, joined: 0, duplicate: 1, rejected: 2, deadLettered: 0, inFlight: 1 },
      awaitingCompletion: 1,
    });
    expect(of('chat')).toMatchObject({ received: 1, opened: 1 });
    expect(of('in-house')).toMatchObject({ received: 1, rejected: 1 });
    expect(total).toMatchObject({ received: 8, opened: 3, rejected: 3, awaitingCompletion: 1 });
    expect(sources.map(({ source }) => source)).toEqual([
      'chat',
      'email',
      'in-house',
      'letter',
      'phone',
      'regulator',
      'social',
      'web',
    ]);
  });

  test('counts a day of which no single page holds all', async () => {
    const intake = intakeStore(house.tables);
    const arrivals = Array.from({ length: 9000 }, (_, at) => `a-${at}`);
    for (const arrivalId of arrivals) await intake.note({ source: 'web', day: DAY, arrivalId, outcome: 'duplicate' });
    expect((await reconciled(house)).of('web')).toMatchObject({ received: 9000, duplicate: 9000 });
  });

  test('awaitingCompletion falls as soon as an officer has filed', async () => {
    await post(house, report({ demand: undefined }));
    await workAll(house);
    expect((await reconciled(house)).of('phone')).toMatchObject({ opened: 1, awaitingCompletion: 1 });
    const disputes = disputeStore(house.tables, house.clock);
    const { items } = await disputes.list({}, { limit: 1 });
    const dispute = items[0] ?? expect.fail();
    const filed = { ...dispute, status: 'filed', version: 2 } as const;
    const commit = {
      ...{ commitId: dispute.disputeId, aggregateId: dispute.disputeId, aggregateVersion: 2 },
      ...{ recordedAt: house.clock.now(), by: 'E-602', events: [] },
    };
    const completed = await disputes.awaitedArrival(dispute, '2026-11-20');
    await disputes.save(filed, commit, { completed });
    expect((await reconciled(house)).of('phone')).toMatchObject({ opened: 1, awaitingCompletion: 0 });
  });

  test('a day is a day of the organisation’s zone', async () => {
    house.clock.set('2026-11-20T15:59:59Z');
    await post(house, report({ externalId: 'a' }));
    house.clock.advance(1);
    await post(house, report({ externalId: 'b' }));
    expect((await reconciled(house, '2026-11-20')).total.received).toBe(1);
    expect((await reconciled(house, '2026-11-21')).total.received).toBe(1);
    expect((await reconciled(house, '2026-11-22')).total.received).toBe(0);
  });
});

describe('a new secret of a source (I-3)', () => {
  const call = { actor: { sub: 'op', roles: ['operator'] } as Actor, query: {}, body: {} };
  const rotate = (source: string) => {
    const ids = { correlationId: 'c', requestId: 'r' };
    const answers = sourceAnswers({ ...house.shared(), secrets: house.secrets });
    return answers['POST /sources/{source}/secret']({ ...call, ...ids, params: { source } });
  };

  test('is shown once, signs at once, and the one before stays active for the policy’s overlap', async () => {
    const reply = await rotate('phone');
    expect(reply).toMatchObject({ status: 200, body: { source: 'phone', activeSecrets: 2 } });
    const { secret } = reply.body as { secret: string };
    const body = bytesOf(report());
    const headers = signed(body, secret, house.clock.now());
    expect(await post(house, body, { headers })).toMatchObject({ status: 202 });
    house.clock.advance(86_400);
    expect(await post(house, report({ externalId: 'old' }))).toMatchObject({ status: 401 });
  });

  test('a source’s first secret is the only active one', async () => {
    expect(await rotate('chat')).toMatchObject({ body: { source: 'chat', activeSecrets: 1 } });
  });

  test('of an unknown source is 404', async () => {
    expect(await rotate('fax')).toMatchObject({ status: 404 });
  });
});
