import { beforeEach, describe, expect, test } from 'vitest';
import {
  CHAT_ROLE,
  disputes,
  events,
  type House,
  inHouse,
  intakeHouse,
  outsideCustomers,
  PLANTED,
  post,
  receiptOf,
  reconciled,
  report,
  work,
} from './intake-house.ts';

let house: House;
beforeEach(async () => {
  house = await intakeHouse();
});
const message = (change: object = {}) => ({ source: 'chat', ...report(change) });

describe('an in-house message of the source’s own principal is a report like any other (I-2)', () => {
  test.each([
    ['a role, by the part before the colon', `${CHAT_ROLE}:i-0123`],
    ['the principal itself', CHAT_ROLE],
  ])('%s', async (_, senderId) => {
    await work(house, inHouse(house, message(), { senderId }));
    expect(await disputes(house)).toMatchObject([{ source: 'chat', channel: 'chat', status: 'filed' }]);
    expect((await reconciled(house)).of('chat')).toMatchObject({ received: 1, opened: 1 });
  });

  test('redelivered, it is one arrival', async () => {
    await work(house, inHouse(house, message()));
    const before = house.tables.dump();
    await work(house, inHouse(house, message()));
    expect(house.tables.dump()).toEqual(before);
  });

  test('redelivered after its sender lost the right, it is the arrival that it was', async () => {
    await work(house, inHouse(house, message()));
    const before = (await reconciled(house)).total;
    await work(house, inHouse(house, message(), { senderId: 'AROASOMEBODYELSE00001:x' }));
    expect((await reconciled(house)).total).toEqual(before);
  });

  test('sent twice, it is two arrivals and one dispute', async () => {
    await work(house, inHouse(house, message()));
    await work(house, inHouse(house, message(), { messageId: 'another' }));
    expect((await reconciled(house)).of('chat')).toMatchObject({ received: 2, opened: 1, duplicate: 1 });
  });

  test('other content under a known id is rejected, also when the first came by webhook', async () => {
    await work(house, inHouse(house, message()));
    await work(house, inHouse(house, message({ demand: 'another' })));
    expect((await reconciled(house)).of('chat')).toMatchObject({ received: 2, opened: 1, rejected: 1 });
  });

  test.each([
    ['an unknown type', { type: 'levitation' }, 'type'],
    ['a time ahead', { occurredAt: '2026-11-20T03:31:00Z' }, 'occurredAt'],
  ])('%s is rejected under its own source', async (_, change, path) => {
    await work(house, inHouse(house, message(change)));
    expect((await reconciled(house)).of('chat')).toMatchObject({ received: 1, rejected: 1 });
    const reply = await receiptOf(house, 'chat', 'call-88231');
    expect(reply).toMatchObject({ body: { status: 'rejected', reasons: [{ path }] } });
  });

  test('its day of arrival is the day it was put on the queue', async () => {
    const delivery = inHouse(house, message());
    house.clock.advance(3 * 86_400);
    await work(house, delivery);
    expect((await reconciled(house, '2026-11-20')).of('chat')).toMatchObject({ received: 1, opened: 1 });
  });
});

describe('what cannot be read or is not entitled is a rejected receipt under in-house, never a dead letter (I-2)', () => {
  const big = { ...message(), attachments: Array.from({ length: 50 }, () => ({ url: 'u'.repeat(2_048) })) };
  test.each<[string, unknown, string, string]>([
    ['another role', message(), 'AROASOMEBODYELSE00001:x', 'source'],
    ['a role whose name only starts like it', message(), `${CHAT_ROLE}X:x`, 'source'],
    ['a source without a principal', message({ source: 'phone' }), CHAT_ROLE, 'source'],
    ['an unknown source', message({ source: 'fax' }), CHAT_ROLE, 'source'],
    ['no source', report(), CHAT_ROLE, 'source'],
    ['not JSON', '王小明 13912345678', CHAT_ROLE, ''],
    ['deeper than 32', `${'['.repeat(33)}${']'.repeat(33)}`, CHAT_ROLE, ''],
    ['an unknown field', message({ '王小明 13912345678': 1 }), CHAT_ROLE, ''],
    ['an unknown field inside', message({ customer: { '13912345678': 1 } }), CHAT_ROLE, 'customer'],
    ['a wrong attribute', message({ attributes: { 王小明: { deep: 1 } } }), CHAT_ROLE, 'attributes'],
    ['a number where text belongs', message({ text: 13_912_345_678 }), CHAT_ROLE, 'text'],
    ['a message like the door’s own', { kind: 'webhook', arrivalId: 'a', report: report() }, CHAT_ROLE, 'source'],
    ['over 262,144 bytes', JSON.stringify(big) + ' '.repeat(262_144), CHAT_ROLE, ''],
  ])('%s', async (_, body, senderId, path) => {
    const delivery = inHouse(house, body, { senderId });
    await work(house, delivery);
    await work(house, delivery);
    expect(await disputes(house)).toEqual([]);
    expect((await reconciled(house)).of('in-house')).toMatchObject({ received: 1, rejected: 1 });
    const reply = await receiptOf(house, 'in-house', delivery.messageId);
    expect(reply).toMatchObject({ status: 200, body: { status: 'rejected', source: 'in-house' } });
    const { reasons } = reply.body as { reasons: { path: string }[] };
    expect(reasons.map((reason) => reason.path)).toContain(path);
    expect(events(house)).toMatchObject([{ type: 'ReportRejected.v1', data: { source: 'in-house', reasons } }]);
    for (const word of [...PLANTED, '13_912_345_678']) expect(outsideCustomers(house)).not.toContain(word);
    expect(house.tables.dump().customers).toEqual([]);
  });
});

test('both doors end under the same rules: one id, one report, whichever door it takes', async () => {
  await work(house, inHouse(house, message()));
  const secret = await house.secrets.rotate('chat', house.clock.now(), 0, 2);
  house.secret = secret;
  expect(await post(house, report(), { source: 'chat' })).toMatchObject({ status: 202, body: { duplicate: true } });
  expect(await post(house, report({ demand: 'x' }), { source: 'chat' })).toMatchObject({ status: 409 });
});
