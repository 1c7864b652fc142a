import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshSecret } from './fresh-secret.ts';
import { DECIDER, OFFICER, OPERATOR } from './people.ts';
import type { Answer, System } from './system.ts';

/** The policy's limit of a webhook's body, in bytes (I-3). */
const MOST_BYTES = 262_144;

/**
 * What bad or strange input meets at both doors, in the order of I-3, through everything that lies in front of them:
 * gateways read bytes and encodings in ways of their own.
 */
export function theHostileDoor(start: () => Promise<System>): void {
  describe('bad input at the doors (I-2, I-3, I-5)', () => {
    let system: System;
    let secret: string;
    let run: number;
    let counter = 0;

    beforeAll(async () => {
      system = await start();
      run = (await system.now()).getTime();
      secret = await freshSecret(system, 'chat');
    });

    afterAll(() => system?.close());

    const report = (change: object = {}) => ({
      externalId: `chat-${run}-${++counter}`,
      occurredAt: '2026-11-20T02:31:00Z',
      type: 'late-delivery',
      ...change,
    });
    const deliver = async (body: string | Uint8Array, offsetSeconds = 0) =>
      system.deliver({ source: 'chat', body, headers: await system.sign(body, secret, offsetSeconds) });
    const post = (change: object = {}) => deliver(JSON.stringify(report(change)));
    const opened = async (accepted: Answer) => {
      expect(accepted).toMatchObject({ status: 202 });
      return system.eventually('the dispute is open', async () => {
        const { body } = await system.call('GET', `/intake/receipts/${accepted.body.receiptId}`, OFFICER);
        return body.disputeId && (await system.call('GET', `/disputes/${body.disputeId}`, OFFICER)).body;
      });
    };
    const padded = (bytes: number) => {
      const empty = JSON.stringify(report({ text: '' }));
      return empty.replace('"text":""', `"text":"${'x'.repeat(bytes - empty.length)}"`);
    };

    test('an unknown source is 404', async () => {
      const body = JSON.stringify(report());
      const answer = await system.deliver({ source: 'carrier-pigeon', body, headers: await system.sign(body, secret) });
      expect(answer).toMatchObject({ status: 404 });
    });

    test('one byte over 262,144 is 413, before anybody looks at its signature', async () => {
      const body = padded(MOST_BYTES + 1);
      expect(Buffer.byteLength(body)).toBe(262_145);
      expect(await system.deliver({ source: 'chat', body })).toMatchObject({ status: 413 });
    });

    test('exactly 262,144 bytes are read', async () => {
      // The text is longer than a report's may be, which is the first thing that anybody reads of it.
      expect(await deliver(padded(MOST_BYTES))).toMatchObject({ status: 422, body: { errors: [{ path: 'text' }] } });
    });

    test.each([
      { title: 'unsigned', headers: async () => ({}) },
      {
        title: 'signed with another secret',
        headers: (body: string) => system.sign(body, `whsec_${btoa('x'.repeat(32))}`),
      },
      { title: 'signed for another body', headers: () => system.sign('{}', secret) },
      { title: 'signed six minutes ago', headers: (body: string) => system.sign(body, secret, -360) },
      { title: 'signed six minutes ahead', headers: (body: string) => system.sign(body, secret, 360) },
    ])('a body that is $title is 401', async ({ headers }) => {
      const body = JSON.stringify(report());
      expect(await system.deliver({ source: 'chat', body, headers: await headers(body) })).toMatchObject({
        status: 401,
      });
    });

    test('a correctly signed body that is not UTF-8 is 422', async () => {
      const body = Buffer.concat([
        Buffer.from(JSON.stringify(report()).slice(0, -1)),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('}'),
      ]);
      // Under a content type of text or JSON a gateway has replaced the bytes before we see them, and the signature fails.
      const headers = { ...(await system.sign(body, secret)), 'content-type': 'application/octet-stream' };
      expect(await system.deliver({ source: 'chat', body, headers })).toMatchObject({ status: 422 });
    });

    test.each([
      { title: 'not JSON', body: () => '{"externalId": ', path: '' },
      {
        title: '33 levels deep',
        body: () => JSON.stringify(report()).replace('}', `,"x":${'['.repeat(32)}${']'.repeat(32)}}`),
        path: '',
      },
    ])('what is $title is 422', async ({ body }) => {
      expect(await deliver(body())).toMatchObject({ status: 422, body: { errors: [expect.any(Object)] } });
    });

    test.each([
      { title: 'a number where text belongs', change: { text: 7 }, path: 'text' },
      { title: 'an unknown field', change: { mood: 'angry' }, path: 'mood' },
      { title: 'an unknown type', change: { type: 'rain' }, path: 'type' },
      { title: 'an unknown employee', change: { employee: 'E-999' }, path: 'employee' },
      { title: 'neither text nor type', change: { type: undefined }, path: 'text' },
      { title: 'a negative amount', change: { amount: { minor: -1, currency: 'CNY' } }, path: 'amount.minor' },
      {
        title: 'a future more than five minutes ahead',
        change: { occurredAt: '2126-11-20T02:31:00Z' },
        path: 'occurredAt',
      },
    ])('$title is 422 with its path', async ({ change, path }) => {
      const answer = await post(change);
      expect(answer).toMatchObject({ status: 422 });
      expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    });

    test.each([
      { title: 'exactly 500,000.00 CNY is level 2', amount: { minor: 50_000_000, currency: 'CNY' }, level: 2 },
      { title: '500,000.01 CNY is level 1', amount: { minor: 50_000_001, currency: 'CNY' }, level: 1 },
      {
        title: '1,000,000 JPY, which has no smaller unit, is level 3',
        amount: { minor: 1_000_000, currency: 'JPY' },
        level: 3,
      },
      { title: '20,000.000 KWD, in thousandths, is level 2', amount: { minor: 20_000_000, currency: 'KWD' }, level: 2 },
    ])('an amount of $title', async ({ amount, level }) => {
      expect(await opened(await post({ amount }))).toMatchObject({ amount, grade: { level, notEvaluable: [] } });
    });

    test('a currency without rate is accepted, its rules not answered, and listed for an officer', async () => {
      const dispute = await opened(await post({ amount: { minor: 1, currency: 'XTS' } }));
      expect(dispute.grade.notEvaluable).toContainEqual({
        rule: 'G-2.1a',
        reason: expect.stringContaining('no rate for XTS'),
      });
      await system.eventually('it is listed', async () => {
        const { body } = await system.call('GET', '/disputes?notEvaluable=true&limit=200', OFFICER);
        return body.items.some((item: { disputeId: string }) => item.disputeId === dispute.disputeId) || undefined;
      });
    });

    test('one dispute of two reports that race with other content under one id', async () => {
      const externalId = `chat-${run}-race`;
      const answers = await Promise.all([
        post({ externalId, product: 'sofa-3' }),
        post({ externalId, product: 'sofa-4' }),
      ]);
      const receipts = await system.eventually('both are decided', async () => {
        const found = await Promise.all(
          answers.map(async ({ status, body }) =>
            status === 409
              ? { status: 'rejected' }
              : (await system.call('GET', `/intake/receipts/${body.receiptId}`, OFFICER)).body,
          ),
        );
        return found.some(({ status }) => status === 'queued') ? undefined : found;
      });
      expect(receipts.map(({ status }) => status).sort()).toEqual(['opened', 'rejected']);
      const rejected = receipts.find(({ status, reasons }) => status === 'rejected' && reasons);
      if (rejected) expect(rejected.reasons).toMatchObject([{ path: 'product' }]);
    });

    test.each(['/disputes', '/alerts', '/scorecards', '/scorecards/logistics/2026-11/entries'])(
      'a cursor of %s that no page gave is 422',
      async (list) => {
        for (const cursor of ['xx', 'open.zzz', btoa('{"pk":"DISPUTE#1","sk":"STATE"}')]) {
          const answer = await system.call('GET', `${list}?cursor=${encodeURIComponent(cursor)}`, DECIDER);
          expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'cursor' }] } });
        }
      },
    );

    test('an in-house message opens a dispute; one that cannot be read, or is not entitled, is rejected', async () => {
      const externalId = `web-${run}`;
      await system.sendInHouse(JSON.stringify({ ...report({ externalId }), source: 'web' }));
      await system.sendInHouse('this is no report');
      await system.sendInHouse(JSON.stringify({ ...report({ externalId: `email-${run}` }), source: 'email' }));
      await system.eventually('the entitled one is opened', async () => {
        const { body } = await system.call('GET', `/intake/receipts?source=web&externalId=${externalId}`, OFFICER);
        return body.status === 'opened' ? true : undefined;
      });
      const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(await system.now());
      await system.eventually('both others are rejected under in-house', async () => {
        const { body } = await system.call('GET', `/intake/reconciliation?day=${day}`, OPERATOR);
        const inHouse = body.sources.find(({ source }: { source: string }) => source === 'in-house');
        return inHouse.rejected >= 2 && inHouse.received === inHouse.rejected ? true : undefined;
      });
    });
  });
}
