import { beforeEach, describe, expect, test } from 'vitest';
import { deadMessageAnswers } from '#functions/intake/answer-dead-messages.ts';
import { DeadMessagePage, DeadMessages } from '#shared/contracts/api/replies.ts';
import { referenceKeys } from '#shared/contracts/items/reference-item.ts';
import type { Actor } from '#shared/domain/access/roles.ts';
import {
  disputes,
  type House,
  inHouse,
  intakeHouse,
  keepDead,
  onQueue,
  outsideCustomers,
  PLANTED,
  post,
  putBackAll,
  receipt,
  reconciled,
  report,
  webhookDelivery,
  work,
  workAll,
} from './intake-house.ts';

let house: House;
beforeEach(async () => {
  house = await intakeHouse();
});
const posted = async (change: object = {}) => {
  const { receiptId } = (await post(house, report(change))).body as { receiptId: string };
  const [delivery] = onQueue(house);
  return { receiptId, delivery: delivery ?? expect.fail() };
};
const kept = () => house.tables.dump().customers.filter(({ kind }) => kind === 'dead-message');

describe('a message that no worker could take is kept with its receipt (I-4)', () => {
  test('receipt and arrival say so, the message lies in the customers store alone', async () => {
    const { receiptId, delivery } = await posted();
    await keepDead(house, delivery);
    expect(await receipt(house, receiptId)).toMatchObject({ body: { status: 'dead-lettered' } });
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 1, deadLettered: 1, inFlight: 0 });
    expect(kept()).toMatchObject([{ pk: `DEAD#${receiptId}`, body: delivery.body }]);
    for (const word of PLANTED) expect(outsideCustomers(house)).not.toContain(word);
  });

  test('kept twice, it is there once', async () => {
    const { delivery } = await posted();
    await keepDead(house, delivery);
    const before = house.tables.dump();
    await keepDead(house, delivery);
    expect(house.tables.dump()).toEqual(before);
  });

  test('put back, it comes with the arrival it had, and the worker’s success replaces dead-lettered', async () => {
    const { receiptId, delivery } = await posted();
    await keepDead(house, delivery);
    house.clock.advance(20 * 86_400);
    expect(await putBackAll(house, receiptId)).toBe(1);
    expect(kept()).toEqual([]);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 1, deadLettered: 1 });
    await workAll(house);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 1, opened: 1, deadLettered: 0 });
    expect(await receipt(house, receiptId)).toMatchObject({ body: { status: 'opened' } });
  });

  test('put back twice by a crash, it is taken once', async () => {
    const { receiptId, delivery } = await posted();
    await keepDead(house, delivery);
    await putBackAll(house, receiptId);
    await work(house, delivery);
    await workAll(house);
    expect(await disputes(house)).toHaveLength(1);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 1, opened: 1 });
  });

  test('it may die again', async () => {
    const { receiptId, delivery } = await posted();
    await keepDead(house, delivery);
    await putBackAll(house, receiptId);
    const [again] = onQueue(house);
    await keepDead(house, again ?? expect.fail());
    expect(kept()).toHaveLength(1);
    expect(await receipt(house, receiptId)).toMatchObject({ body: { status: 'dead-lettered' } });
  });

  test('one that a worker took after all is let go', async () => {
    const { receiptId, delivery } = await posted();
    await work(house, delivery);
    await keepDead(house, delivery);
    expect(kept()).toEqual([]);
    expect(await receipt(house, receiptId)).toMatchObject({ body: { status: 'opened' } });
    expect((await reconciled(house)).of('phone')).toMatchObject({ opened: 1, deadLettered: 0 });
  });

  test('a dead repeat of an opened report leaves the receipt opened', async () => {
    const { receiptId, delivery } = await posted();
    await work(house, delivery);
    const body = JSON.stringify({ ...JSON.parse(delivery.body), arrivalId: '11111111-1111-4111-8111-111111111111' });
    await keepDead(house, webhookDelivery(body, house));
    expect(await receipt(house, receiptId)).toMatchObject({ body: { status: 'opened' } });
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 2, opened: 1, deadLettered: 1 });
    await putBackAll(house, receiptId);
    await workAll(house);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 2, opened: 1, duplicate: 1 });
  });

  test('posted again while it lies there, it is a duplicate: it is not lost', async () => {
    const { receiptId, delivery } = await posted();
    await keepDead(house, delivery);
    const reply = await post(house, report());
    expect(reply).toMatchObject({ status: 202, body: { receiptId, status: 'dead-lettered', duplicate: true } });
  });

  test('one whose report no longer reads still finds its arrival', async () => {
    const { receiptId, delivery } = await posted();
    const body = JSON.stringify({ ...JSON.parse(delivery.body), report: { externalId: 'call-88231', old: true } });
    await expect(work(house, { ...delivery, body })).rejects.toThrow();
    await keepDead(house, { ...delivery, body });
    expect(await receipt(house, receiptId)).toMatchObject({ body: { status: 'dead-lettered' } });
  });

  test.each([
    'no JSON',
    '{"a":1}',
    JSON.stringify({ arrivalId: 'a', receiptId: 'b', source: 'phone', receivedAt: 'x', report: { externalId: 'e' } }),
  ])('what is no message of ours is kept under its message id: %s', async (body) => {
    const delivery = webhookDelivery(body, house);
    await keepDead(house, delivery);
    expect(kept()).toMatchObject([{ pk: `DEAD#${delivery.messageId}`, body }]);
  });
});

describe('people look at what is kept, and put it back (I-4)', () => {
  const call = { body: undefined, correlationId: 'c', requestId: 'r' };
  const operator: Actor = { sub: 'op-1', roles: ['operator'] };
  const supervisor: Actor = { sub: 's-1', roles: ['supervisor'] };
  const answers = () => deadMessageAnswers({ ...house.shared(), queue: house.queue });
  const list = (query: { limit: number; cursor?: string } = { limit: 50 }) =>
    answers()['GET /intake/dead-messages']({ ...call, query, params: {}, actor: operator });
  const look = (deadId: string, actor = operator) =>
    answers()['GET /intake/dead-messages/{deadId}']({ ...call, query: {}, params: { deadId }, actor });
  const giveBack = (deadId: string, actor = operator) =>
    answers()['POST /intake/dead-messages/{deadId}/return']({
      ...call,
      query: {},
      body: {},
      params: { deadId },
      actor,
    });
  const die = async (externalId: string) => {
    const { receiptId, delivery } = await posted({ externalId });
    await keepDead(house, delivery);
    return receiptId;
  };

  test('the list is the oldest first, page by page, without a word of what customers wrote', async () => {
    const ids = [];
    for (const externalId of ['a', 'b', 'c']) {
      ids.push(await die(externalId));
      house.clock.advance(1);
    }
    const first = DeadMessagePage.parse((await list({ limit: 2 })).body);
    const second = DeadMessagePage.parse((await list({ limit: 2, cursor: first.next })).body);
    expect([...first.items, ...second.items].map(({ deadId }) => deadId)).toEqual(ids);
    for (const word of PLANTED) expect(JSON.stringify([first, second])).not.toContain(word);
  });

  test('an operator sees of what it is made; a supervisor, what it says', async () => {
    const deadId = await die('a');
    const seen = DeadMessages.parse((await look(deadId)).body);
    expect(seen.messages[0]?.fields).toContainEqual({ path: 'report.order', bytes: '"SO-7781"'.length });
    for (const word of PLANTED) expect(JSON.stringify(seen)).not.toContain(word);
    const read = DeadMessages.parse((await look(deadId, supervisor)).body);
    for (const word of PLANTED) expect(read.messages[0]?.body).toContain(word);
  });

  test('a name that the sender made up is no reason and no field of ours', async () => {
    const { delivery } = await posted();
    const { report: given, ...way } = JSON.parse(delivery.body);
    const attributes = { 王小明: [] };
    await keepDead(house, { ...delivery, body: JSON.stringify({ ...way, report: { ...given, attributes } }) });
    const seen = DeadMessages.parse((await look(way.receiptId)).body);
    expect(seen.messages[0]?.reasons).toMatchObject([{ path: 'report.attributes' }]);
    await keepDead(house, webhookDelivery(JSON.stringify({ 王小明: 1 }), house));
    expect(JSON.stringify([seen, (await list()).body])).not.toContain('王小明');
  });

  test('put back, it leaves the list, and who put it back stays on record', async () => {
    const deadId = await die('a');
    house.clock.advance(60);
    expect(await giveBack(deadId)).toMatchObject({ status: 200, body: { deadId, returned: 1 } });
    expect((await list()).body).toEqual({ items: [] });
    const { messages, returned } = DeadMessages.parse((await look(deadId)).body);
    expect(messages).toEqual([]);
    expect(returned).toMatchObject([{ returnedBy: 'op-1', returnedAt: house.clock.now() }]);
    expect(await giveBack(deadId)).toMatchObject({ status: 404 });
  });

  test('what is no JSON cannot be put back, and nothing is sent', async () => {
    const delivery = webhookDelivery('王小明', house);
    await keepDead(house, delivery);
    const refused = await giveBack(delivery.messageId);
    expect(refused).toMatchObject({ status: 409, body: { errors: [{ path: delivery.messageId }] } });
    expect(JSON.stringify(refused)).not.toContain('王小明');
    expect(house.queue.sent).toEqual([]);
    expect(kept()).toHaveLength(1);
  });

  test('what was never kept is 404', async () => {
    expect(await look('nothing')).toMatchObject({ status: 404 });
    expect(await giveBack('nothing')).toMatchObject({ status: 404 });
  });
});

describe('an in-house message that no worker could take (I-2, I-4)', () => {
  const message = { source: 'chat', ...report() };

  test('is kept under its source, and put back under its own sender and arrival', async () => {
    const delivery = inHouse(house, message);
    await keepDead(house, delivery);
    expect((await reconciled(house)).of('chat')).toMatchObject({ received: 1, deadLettered: 1 });
    const [dead] = kept();
    await putBackAll(house, String(dead?.deadId));
    await workAll(house);
    expect((await reconciled(house)).of('chat')).toMatchObject({ received: 1, opened: 1, deadLettered: 0 });
  });

  test('put back after its source is gone, it is rejected under the arrival it had', async () => {
    await keepDead(house, inHouse(house, message));
    const [dead] = kept();
    await putBackAll(house, String(dead?.deadId));
    await house.tables.write([{ table: 'reference', remove: referenceKeys.source('chat') }]);
    await workAll(house);
    expect(await receipt(house, String(dead?.deadId))).toMatchObject({ body: { status: 'rejected' } });
    expect(house.tables.dump().cases.filter(({ kind }) => kind === 'arrival')).toMatchObject([
      { source: 'chat', outcome: 'rejected' },
    ]);
  });

  test('one that cannot be read is rejected, not kept', async () => {
    await keepDead(house, inHouse(house, '王小明'));
    expect(kept()).toEqual([]);
    expect((await reconciled(house)).of('in-house')).toMatchObject({ received: 1, rejected: 1 });
  });
});
