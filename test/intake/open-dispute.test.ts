import { beforeEach, describe, expect, test } from 'vitest';
import { customerStore } from '#shared/adapters/customer-store.ts';
import { referenceKeys } from '#shared/contracts/items/reference-item.ts';
import type { Write } from '#shared/domain/ports/tables.ts';
import {
  type Delivery,
  disputes,
  events,
  type House,
  intakeHouse,
  interrupted,
  onQueue,
  outsideCustomers,
  PLANTED,
  post,
  receipt,
  receiptOf,
  reconciled,
  report,
  work,
  workAll,
} from './intake-house.ts';

let house: House;
beforeEach(async () => {
  house = await intakeHouse();
});

async function only<T>(all: Promise<readonly T[]>): Promise<T> {
  const found = await all;
  expect(found).toHaveLength(1);
  return found[0] as T;
}
const opened = async (change: object) => {
  await post(house, report(change));
  await workAll(house);
  const all = await disputes(house);
  return all.find(({ externalId }) => externalId === report(change).externalId) ?? expect.fail('nothing was opened');
};
/** Two messages on their way at once: each sender was answered 202 before a worker saw either. */
async function twoOnTheirWay(second: object): Promise<readonly [Delivery, Delivery]> {
  const { receiptId: one } = (await post(house, report())).body as { receiptId: string };
  const queued = onQueue(house);
  const { receiptId: other } = (await post(house, report(second))).body as { receiptId: string };
  expect(one).not.toBe(other);
  const [a, b] = [...queued, ...onQueue(house)];
  return a && b ? [a, b] : expect.fail('two messages were expected');
}

describe('a report opens a dispute, graded, in one transaction (G-2, I-9)', () => {
  test('with its claim, receipt, arrival, customer and words, and nothing else', async () => {
    await post(house, report());
    const [delivery] = onQueue(house);
    const transactions: (readonly Write[])[] = [];
    const counted = {
      ...house.tables,
      write: (writes: readonly Write[]) => {
        transactions.push(writes);
        return house.tables.write(writes);
      },
    };
    await work(house, delivery ?? expect.fail(), counted);
    expect(transactions).toHaveLength(1);
    const kinds = house.tables.dump();
    expect(kinds.cases.map(({ kind }) => kind).sort()).toEqual(['arrival', 'claim', 'commit', 'dispute', 'receipt']);
    expect(kinds.customers.map(({ kind }) => kind).sort()).toEqual(['identity', 'profile', 'report-texts']);
  });

  test('one with all mandatory fields files itself', async () => {
    const dispute = await opened({});
    expect(dispute).toMatchObject({ status: 'filed', awaiting: [], type: 'late-delivery', department: 'logistics' });
    expect(events(house).map(({ type }) => type)).toEqual(['DisputeOpened.v1', 'DisputeGraded.v1', 'DisputeFiled.v1']);
  });

  test('one without demand waits as received, graded all the same', async () => {
    const dispute = await opened({ demand: undefined, amount: { minor: 15_000_000, currency: 'CNY' } });
    expect(dispute).toMatchObject({ status: 'received', awaiting: ['demand'], grade: { level: 2, colour: 'yellow' } });
  });

  test('its number has the month of receipt and ten characters that can be read out', async () => {
    expect((await opened({})).number).toMatch(/^D-202611-[0-9A-HJKMNP-TV-Z]{10}$/);
  });

  test('it keeps policy and calendar of its receipt, however late the worker is (P-2)', async () => {
    await post(house, report());
    const policy = house.tables.dump().reference.find(({ pk }) => pk === 'POLICY') ?? expect.fail();
    const document = { ...(policy.document as object), version: 2, effectiveFrom: '2026-11-21' };
    const put = { ...policy, ...referenceKeys.policy(2), version: 2, document };
    await house.tables.write([{ table: 'reference', put }]);
    house.clock.advance(3 * 86_400);
    await workAll(house);
    expect(await only(disputes(house))).toMatchObject({
      policyVersion: 1,
      receivedAt: '2026-11-20T02:31:05Z',
      openedAt: '2026-11-23T02:31:05Z',
      calendar: { id: 'cn', version: 1 },
    });
  });

  test('the receipt says opened and names the dispute, by its id and by the sender’s', async () => {
    const { disputeId } = await opened({});
    const byId = await receiptOf(house, 'phone', 'call-88231');
    expect(byId).toMatchObject({ status: 200, body: { status: 'opened', disputeId, source: 'phone' } });
    const { receiptId } = byId.body as { receiptId: string };
    expect(await receipt(house, receiptId)).toEqual(byId);
  });

  test('ids and numbers derive from source and external id, so another house gives the same', async () => {
    const first = await opened({});
    house = await intakeHouse();
    const again = await opened({});
    expect([again.disputeId, again.number]).toEqual([first.disputeId, first.number]);
  });
});

describe('who the customer is lives in the customers store alone (I-8, T-2)', () => {
  test('none of the planted words stands in any other table or its stream', async () => {
    await opened({});
    for (const word of PLANTED) {
      expect(outsideCustomers(house)).not.toContain(word);
      expect(JSON.stringify(house.tables.dump().customers)).toContain(word);
    }
  });

  test('an entitled reader gets the words back as they came', async () => {
    const { customer, disputeId, receivedAt, reports } = await opened({
      thread: 'thread-9',
      attachments: [{ name: 'photo.jpg', url: 'https://example.com/1' }],
    });
    const store = customerStore(house.tables);
    const { text, language, demand, order, attributes } = report();
    expect(await store.texts(customer, disputeId)).toEqual({
      demand,
      reports: [
        {
          receiptId: reports[0],
          receivedAt,
          ...{ text, language, demand, order, attributes },
          thread: 'thread-9',
          attachments: [{ name: 'photo.jpg', url: 'https://example.com/1' }],
          ref: 'C-10023',
        },
      ],
      officers: [],
    });
    expect(await store.profile(customer)).toEqual(report().customer);
  });

  test('a customer is recognised again by the company’s reference, whatever else changed', async () => {
    const first = await opened({ externalId: 'a' });
    const again = await opened({ externalId: 'b', customer: { ref: ' C-10023 ', phone: '13900000000' } });
    expect(again.customer).toBe(first.customer);
    expect(await customerStore(house.tables).profile(first.customer)).toMatchObject({
      name: '王小明',
      phone: '13900000000',
    });
  });

  test('else by phone, else by mail, in any spelling; a name recognises nobody', async () => {
    const pseudonyms = async (...customers: readonly object[]) => {
      const found = [];
      for (const customer of customers) {
        const { customer: pseudonym } = await opened({ externalId: `c-${++made}`, customer });
        found.push(pseudonym);
      }
      return new Set(found).size;
    };
    let made = 0;
    expect(
      await pseudonyms({ phone: '+86 139-1234' }, { phone: '0086 (139) 1234' }, { phone: '＋８６ 139 1234' }),
    ).toBe(1);
    expect(await pseudonyms({ email: 'A@Example.com' }, { email: 'a@example.COM' })).toBe(1);
    expect(await pseudonyms({ name: '王小明' }, { name: '王小明' })).toBe(2);
    expect(await pseudonyms({ ref: '1' }, { phone: '1' })).toBe(2);
  });

  test('a report that names nobody has a pseudonym of its own and no profile, and waits for the customer', async () => {
    const a = await opened({ externalId: 'a', customer: undefined });
    const b = await opened({ externalId: 'b', customer: { tier: 'at-risk' } });
    expect(a.customer).not.toBe(b.customer);
    expect([a.awaiting, b.awaiting]).toEqual([['customer'], ['customer']]);
    expect(house.tables.dump().customers.map(({ kind }) => kind)).toEqual(['report-texts', 'report-texts']);
    expect((await customerStore(house.tables).texts(b.customer, b.disputeId)).reports[0]).toMatchObject({
      tier: 'at-risk',
    });
  });

  test('equal values in two reports leave no equal digest outside it', async () => {
    await opened({ externalId: 'a' });
    await opened({ externalId: 'b' });
    const digests = house.tables.dump().cases.flatMap(({ kind, content, fields }) => {
      return kind === 'claim' ? [content, ...Object.values(fields as object)] : [];
    });
    expect(digests).toHaveLength(2 * (1 + Object.keys(report()).length));
    expect(new Set(digests).size).toBe(digests.length);
  });

  test('pseudonyms are random: nothing of the customer leads to them', async () => {
    const first = await opened({});
    house = await intakeHouse();
    house.shared().newId();
    await post(house, report({ externalId: 'something-else', customer: { ref: 'C-9' } }));
    await workAll(house);
    const again = await opened({});
    expect(again.customer).not.toBe(first.customer);
  });
});

describe('everything arrives twice one day (I-5, S-14)', () => {
  test('a message that comes again changes nothing', async () => {
    await post(house, report());
    const [delivery] = onQueue(house);
    await work(house, delivery ?? expect.fail());
    const before = house.tables.dump();
    house.clock.advance(3_600);
    await work(house, delivery ?? expect.fail());
    expect(house.tables.dump()).toEqual(before);
  });

  test('two arrivals of one content, both queued: one dispute, one duplicate, one receipt', async () => {
    const lost = { ...house.queue };
    await post(house, report(), { queue: lost });
    house.tables.dump();
    const [first] = onQueue(house);
    const message = JSON.parse(first?.body ?? '{}');
    const second = { ...message, arrivalId: '11111111-1111-4111-8111-111111111111' };
    await work(house, first ?? expect.fail());
    await work(house, { ...(first ?? expect.fail()), body: JSON.stringify(second) });
    expect(await disputes(house)).toHaveLength(1);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 2, opened: 1, duplicate: 1 });
  });

  test('the same message on two workers at once opens one dispute', async () => {
    await post(house, report());
    const [delivery] = onQueue(house);
    const other = () => work(house, delivery ?? expect.fail());
    await work(house, delivery ?? expect.fail(), interrupted(house.tables, other));
    expect(await disputes(house)).toHaveLength(1);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 1, opened: 1, duplicate: 0 });
  });

  test('two reports of a new customer on two workers at once get one pseudonym', async () => {
    await post(house, report({ externalId: 'a' }));
    await post(house, report({ externalId: 'b' }));
    const [a, b] = onQueue(house);
    await work(
      house,
      a ?? expect.fail(),
      interrupted(house.tables, () => work(house, b ?? expect.fail())),
    );
    const all = await disputes(house);
    expect(all).toHaveLength(2);
    expect(new Set(all.map(({ customer }) => customer)).size).toBe(1);
  });
});

describe('other content under one id in a race: both senders got 202, the worker decides (I-5)', () => {
  test.each(['one after the other', 'on two workers at once'])('%s', async (how) => {
    const [winner, loser] = await twoOnTheirWay({ text: 'another text', demand: undefined, product: 'sofa-3' });
    const first = () => work(house, winner);
    if (how === 'one after the other') {
      await first();
      await work(house, loser);
    } else {
      await work(house, loser, interrupted(house.tables, first));
    }

    expect(await disputes(house)).toHaveLength(1);
    const { receiptId: lost } = JSON.parse(loser.body);
    expect(await receipt(house, lost)).toMatchObject({
      status: 200,
      body: { status: 'rejected', reasons: [{ path: 'demand' }, { path: 'product' }, { path: 'text' }] },
    });
    expect(await receiptOf(house, 'phone', 'call-88231')).toMatchObject({ body: { status: 'opened' } });
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 2, opened: 1, rejected: 1, inFlight: 0 });
    const told = events(house).filter(({ type }) => type === 'ReportRejected.v1');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ aggregateId: lost, data: { source: 'phone', receiptId: lost, day: '2026-11-20' } });
    expect(outsideCustomers(house)).not.toContain('another text');
  });

  test('the loser comes again, and posts again: still one dispute, one event, and 409 at the door', async () => {
    const [winner, loser] = await twoOnTheirWay({ text: 'another text' });
    await work(house, winner);
    await work(house, loser);
    await work(house, loser);
    expect(await post(house, report({ text: 'another text' }))).toMatchObject({ status: 409 });
    expect(events(house).filter(({ type }) => type === 'ReportRejected.v1')).toHaveLength(1);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 3, opened: 1, rejected: 2 });
  });
});

describe('what the worker finds unknown although the door knew it', () => {
  const removeEmployee = () => house.tables.write([{ table: 'reference', remove: referenceKeys.subject('E-204') }]);

  test('is a rejected receipt that says why, quotes nothing, and an event', async () => {
    const { receiptId } = (await post(house, report({ employee: 'E-204' }))).body as { receiptId: string };
    await removeEmployee();
    await workAll(house);
    expect(await disputes(house)).toEqual([]);
    const reasons = [{ path: 'employee', message: 'is no employee of the directory' }];
    expect(await receipt(house, receiptId)).toMatchObject({ body: { status: 'rejected', reasons } });
    expect(events(house)).toMatchObject([
      { type: 'ReportRejected.v1', policyVersion: 1, data: { receiptId, reasons } },
    ]);
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 1, rejected: 1 });
    expect(house.tables.dump().customers).toEqual([]);
  });

  test('may be sent again once the directory knows it, and then opens under the same receipt', async () => {
    const first = await post(house, report({ employee: 'E-204' }));
    const subject = house.tables.dump().reference.find(({ sk }) => sk === 'SUBJECT#E-204') ?? expect.fail();
    await removeEmployee();
    await workAll(house);
    await house.tables.write([{ table: 'reference', put: subject }]);
    house.clock.advance(61);
    const again = await post(house, report({ employee: 'E-204' }));
    const { receiptId } = first.body as { receiptId: string };
    expect(again).toMatchObject({ status: 202, body: { receiptId, status: 'queued', duplicate: false } });
    await workAll(house);
    expect(await receipt(house, receiptId)).toMatchObject({ body: { status: 'opened' } });
    expect((await reconciled(house)).of('phone')).toMatchObject({ received: 2, opened: 1, rejected: 1 });
  });

  test('a source that is gone rejects what it sent before', async () => {
    const { receiptId } = (await post(house, report())).body as { receiptId: string };
    await house.tables.write([{ table: 'reference', remove: referenceKeys.source('phone') }]);
    await workAll(house);
    expect(await receipt(house, receiptId)).toMatchObject({
      body: { status: 'rejected', reasons: [{ path: 'source' }] },
    });
  });
});
