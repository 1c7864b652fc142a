import { beforeEach, describe, expect, test } from 'vitest';
import { referenceKeys } from '#shared/contracts/items/reference-item.ts';
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

  test.each(['no JSON', '{"a":1}'])('what is no message of ours is kept under its message id: %s', async (body) => {
    const delivery = webhookDelivery(body, house);
    await keepDead(house, delivery);
    expect(kept()).toMatchObject([{ pk: `DEAD#${delivery.messageId}`, body }]);
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
