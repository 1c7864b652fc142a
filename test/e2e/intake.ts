import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayIn } from '#shared/domain/calendar/civil-date.ts';
import { ZONE } from '#test/support/sample.ts';
import { freshSecret } from './fresh-secret.ts';
import { HEAD_OF_DISPUTES, OFFICER, OPERATOR } from './people.ts';
import type { Answer, System } from './system.ts';

/** The sources that every environment starts with, each its channel's. */
const PLAIN = ['chat', 'email', 'letter', 'phone', 'regulator', 'social', 'web'] as const;
/** What customers wrote in these reports; no operator is ever shown a word of it. */
const WORDS = { text: '門市 pewter-finch 拒絕退貨', demand: '換貨 linen-harpoon' };
const MOST_BYTES = 262_144;

/**
 * Intake at full strength: sources as data, each with secrets that rotate, both doors under bad input, messages that
 * died and are put back, and a reconciliation that balances under all of it. A source of the run's own is counted to
 * the unit; whatever stays of it is switched off at the end, for nothing is deleted.
 */
export function theIntake(start: () => Promise<System>): void {
  describe('intake at full strength (I-1 to I-7)', () => {
    let system: System;
    let desk: string;
    let secret: string;
    let run: number;
    let counter = 0;
    const days = new Set<string>();
    /** What the run's own source must have come to. */
    const told = { received: 0, opened: 0, duplicate: 0, rejected: 0, deadLettered: 0 };

    afterAll(() => system?.close());

    const report = (change: object = {}) => ({
      externalId: `intake-${run}-${++counter}`,
      occurredAt: '2026-11-20T02:31:00Z',
      type: 'late-delivery',
      ...change,
    });
    const today = async () => {
      const day = dayIn(ZONE, (await system.now()).toISOString());
      days.add(day);
      return day;
    };
    const deliver = async (source: string, body: string, signedWith: string): Promise<Answer> => {
      await today();
      return system.deliver({ source, body, headers: await system.sign(body, signedWith) });
    };
    const post = (change: object = {}) => deliver(desk, JSON.stringify(report(change)), secret);
    const operate = (method: 'GET' | 'POST' | 'PUT', path: string, body?: object, headers?: Record<string, string>) =>
      system.call(method, path, OPERATOR, body, headers);
    const put = (body: object, headers?: Record<string, string>) => operate('PUT', `/sources/${desk}`, body, headers);
    const ended = (receiptId: string) =>
      system.eventually(`the receipt ${receiptId} has its end`, async () => {
        const { status, body } = await system.call('GET', `/intake/receipts/${receiptId}`, OFFICER);
        return status === 200 && body.status !== 'queued' ? body : undefined;
      });
    const opened = async (accepted: Answer) => {
      expect(accepted).toMatchObject({ status: 202 });
      const receipt = await ended(accepted.body.receiptId);
      expect(receipt.status).toBe('opened');
      return (await system.call('GET', `/disputes/${receipt.disputeId}`, OFFICER)).body;
    };
    /** A source's figures over the days of this run. */
    const tallyOf = async (source: string): Promise<Tally> => {
      await today();
      const tallies = await Promise.all(
        [...days].map(async (day) => {
          const { body } = await operate('GET', `/intake/reconciliation?day=${day}`);
          return body.sources.find((each: { source: string }) => each.source === source) ?? NOTHING;
        }),
      );
      return tallies.reduce((sum: Tally, each: Tally) => added(sum, each), NOTHING);
    };
    const dead = (deadId: string, by = OPERATOR) => system.call('GET', `/intake/dead-messages/${deadId}`, by);
    const kept = (deadId: string) =>
      system.eventually(`${deadId} is kept`, async () => {
        const { status, body } = await dead(deadId);
        return status === 200 && body.messages.length > 0 ? body.messages[0] : undefined;
      });
    /** Every message that is kept, page by page. */
    const listed = async () => {
      const items = [];
      for (let next = ''; ; ) {
        const { body } = await operate('GET', `/intake/dead-messages?limit=2${next}`);
        items.push(...body.items);
        if (body.next === undefined) return items;
        next = `&cursor=${encodeURIComponent(body.next)}`;
      }
    };
    const message = (change: object = {}, reported: object = report({ ...WORDS })) => ({
      kind: 'webhook',
      arrivalId: randomUUID(),
      receiptId: randomUUID(),
      source: desk,
      correlationId: randomUUID(),
      report: reported,
      ...change,
    });
    const receivedAt = async () => `${(await system.now()).toISOString().slice(0, 19)}Z`;

    beforeAll(async () => {
      system = await start();
      run = (await system.now()).getTime();
      desk = `desk-${run}`;
      await today();
    });

    describe('sources are data (I-1)', () => {
      test('an operator lists them page by page, and reads one with its version', async () => {
        const names: string[] = [];
        for (let next = ''; ; ) {
          const { status, body } = await operate('GET', `/sources?limit=3${next}`);
          expect(status).toBe(200);
          names.push(...body.items.map(({ source }: { source: string }) => source));
          if (body.next === undefined) break;
          next = `&cursor=${encodeURIComponent(body.next)}`;
        }
        expect(names).toEqual(expect.arrayContaining([...PLAIN]));
        expect(new Set(names).size).toBe(names.length);
        const phone = await operate('GET', '/sources/phone');
        expect(phone).toMatchObject({ status: 200, body: { source: 'phone', channel: 'phone', active: true } });
        expect(phone.headers.etag).toBe(`"${phone.body.version}"`);
        expect(await operate('GET', `/sources/${desk}`)).toMatchObject({ status: 404 });
      });

      test('what does not fit is 422 with its paths, and nothing is registered', async () => {
        const { status, body } = await put({
          ...DESK,
          channel: 'fax',
          adapter: 'magic',
          colour: 'red',
          principal: 'a:b',
        });
        expect(status).toBe(422);
        const paths = body.errors.map(({ path }: { path: string }) => path);
        expect(paths.sort()).toEqual(['adapter', 'channel', 'colour', 'principal']);
        expect(await put({})).toMatchObject({ status: 422 });
        expect(await operate('PUT', '/sources/in-house', DESK)).toMatchObject({
          status: 422,
          body: { errors: [{ path: 'source' }] },
        });
        expect(await system.call('PUT', `/sources/${desk}`, OFFICER, DESK)).toMatchObject({ status: 403 });
        expect(await operate('GET', `/sources/${desk}`)).toMatchObject({ status: 404 });
      });

      test('a new one is created once; a version that does not stand any more is 412', async () => {
        expect(await put(DESK, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
        expect(await put(DESK, { 'if-match': '*' })).toMatchObject({ status: 412 });
        const created = await put(DESK, { 'if-none-match': '*' });
        expect(created).toMatchObject({ status: 201, body: { source: desk, version: 1, changedBy: 'operator' } });
        expect(await put(DESK, { 'if-none-match': '*' })).toMatchObject({ status: 412 });

        const { principal } = (await operate('GET', '/sources/web')).body;
        const entitled = { ...DESK, channel: 'chat', principal };
        const changed = await put(entitled, { 'if-match': String(created.headers.etag) });
        expect(changed).toMatchObject({ status: 200, body: { version: 2, channel: 'chat', principal } });
        expect(changed.headers.etag).toBe('"2"');
        expect(await put(DESK, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
        expect(await put(entitled)).toMatchObject({ status: 200, body: { version: 2 } });
        expect(await operate('GET', `/sources/${desk}`)).toMatchObject({ status: 200, body: { version: 2 } });
      });

      test('it gets a secret, and its first report opens a dispute of its channel', async () => {
        const before = await tallyOf(desk);
        secret = await freshSecret(system, desk);
        // The probes of the new secret were signed and unreadable: arrivals, each rejected.
        const probed = await tallyOf(desk);
        expect(probed.rejected).toBeGreaterThan(before.rejected);
        told.received = probed.received;
        told.rejected = probed.rejected;
        expect(await opened(await post())).toMatchObject({ source: desk, channel: 'chat' });
        count({ opened: 1 });
      });
    });

    describe('all channels through the webhook (I-1, I-3)', () => {
      test.each(PLAIN)('%s', async (source) => {
        const before = await tallyOf(source);
        const own = await freshSecret(system, source);
        const body = JSON.stringify(report(WORDS));
        expect(await opened(await deliver(source, body, own))).toMatchObject({ source, channel: source });
        expect(await deliver(source, body, own)).toMatchObject({ status: 202, body: { duplicate: true } });
        const after = await tallyOf(source);
        expect(after.opened - before.opened).toBe(1);
        expect(after.duplicate - before.duplicate).toBe(1);
        expect(difference(after)).toBe(0);
      });

      test('a secret before the last rotation still signs; the third retires the first', async () => {
        const first = secret;
        const probed = await tallyOf(desk);
        const second = await freshSecret(system, desk);
        await opened(await deliver(desk, JSON.stringify(report()), first));
        const third = await freshSecret(system, desk);
        await opened(await deliver(desk, JSON.stringify(report()), second));
        await system.eventually('the first secret is retired', async () => {
          const { status } = await deliver(desk, '{}', first);
          return status === 401 ? true : undefined;
        });
        secret = third;
        const { received, opened: both, rejected } = await tallyOf(desk);
        expect(both - probed.opened).toBe(2);
        // Beside the two, nothing but signed probes came in; what was refused by its signature is no arrival.
        expect(received - probed.received - 2).toBe(rejected - probed.rejected);
        told.received = received;
        told.opened = both;
        told.rejected = rejected;
      });

      test('the same id with other content is 409 with the differing fields, an arrival that is rejected', async () => {
        const externalId = `intake-${run}-same`;
        await opened(await post({ externalId, product: 'sofa-3' }));
        expect(await post({ externalId, product: 'sofa-4', batch: 'B-7' })).toMatchObject({
          status: 409,
          body: { errors: expect.arrayContaining([expect.objectContaining({ path: 'batch' })]) },
        });
        expect(await post({ externalId, product: 'sofa-3' })).toMatchObject({ status: 202, body: { duplicate: true } });
        count({ opened: 1, rejected: 1, duplicate: 1 });
      });
    });

    describe('the in-house queue under bad input (I-2)', () => {
      test('what cannot be read or is not entitled is a rejected receipt under in-house, and never a dead letter', async () => {
        const before = await tallyOf('in-house');
        const deadBefore = (await listed()).length;
        const deep = JSON.stringify({ ...report(), source: desk }).replace(
          '}',
          `,"x":${'['.repeat(32)}${']'.repeat(32)}}`,
        );
        const bad = [
          'this is no report',
          'null',
          '[]',
          JSON.stringify(report()),
          JSON.stringify({ ...report(), source: 7 }),
          JSON.stringify({ ...report(), source: 'nobody-knows' }),
          JSON.stringify({ ...report(), source: 'email' }),
          JSON.stringify({ ...report(), source: desk, text: 7 }),
          JSON.stringify({ ...report(), source: desk, mood: 'angry' }),
          JSON.stringify({ ...report(), source: desk, text: `half \ud800` }),
          JSON.stringify({ ...report(), source: desk, occurredAt: 'yesterday' }),
          JSON.stringify({ ...report(), source: desk, text: 'x'.repeat(MOST_BYTES) }),
          deep,
        ];
        for (const body of bad) await system.sendInHouse(body);
        const after = await system.eventually('all of them are rejected', async () => {
          const tally = await tallyOf('in-house');
          return tally.rejected - before.rejected >= bad.length ? tally : undefined;
        });
        expect(after.rejected - before.rejected).toBe(bad.length);
        expect(after.received).toBe(after.rejected);
        expect(await listed()).toHaveLength(deadBefore);
      });

      test('an unknown type is rejected under its source, with a reason that quotes nothing', async () => {
        const externalId = `intake-${run}-rain`;
        await system.sendInHouse(JSON.stringify({ ...report({ externalId, type: 'rain' }), source: desk }));
        const receipt = await system.eventually('it is rejected', async () => {
          const { body } = await system.call(
            'GET',
            `/intake/receipts?source=${desk}&externalId=${externalId}`,
            OFFICER,
          );
          return body.status === 'rejected' ? body : undefined;
        });
        expect(receipt.reasons).toMatchObject([{ path: 'type' }]);
        expect(JSON.stringify(receipt.reasons)).not.toContain('rain');
        count({ rejected: 1 });
      });

      test('an id that the webhook brought is one report at both doors', async () => {
        const externalId = `intake-${run}-both`;
        const { disputeId } = await opened(await post({ externalId, product: 'sofa-3' }));
        await system.sendInHouse(JSON.stringify({ ...report({ externalId, product: 'sofa-3' }), source: desk }));
        await system.sendInHouse(JSON.stringify({ ...report({ externalId, product: 'sofa-4' }), source: desk }));
        count({ opened: 1, duplicate: 1, rejected: 1 });
        await counted();
        const { body } = await system.call('GET', `/intake/receipts?source=${desk}&externalId=${externalId}`, OFFICER);
        expect(body).toMatchObject({ status: 'opened', disputeId });
      });

      test('one and the same message sent three times opens one dispute', async () => {
        const body = JSON.stringify({ ...report(), source: desk });
        for (let times = 0; times < 3; times += 1) await system.sendInHouse(body);
        count({ opened: 1, duplicate: 2 });
        await counted();
      });
    });

    describe('what no worker could take (I-4)', () => {
      test('is kept with its receipt, is listed and looked at, and opens its dispute when it is put back', async () => {
        const sent = message({ receivedAt: await receivedAt() });
        await system.sendDeadLetter('webhook', JSON.stringify(sent));
        count({ deadLettered: 1 });
        const { receiptId, source } = sent;
        expect(await kept(receiptId)).toMatchObject({ deadId: receiptId, receiptId, source, reasons: [] });
        expect(await ended(receiptId)).toMatchObject({ status: 'dead-lettered' });
        expect(await listed()).toContainEqual(expect.objectContaining({ deadId: receiptId, source }));
        await counted();

        const byOperator = await dead(receiptId);
        expect(byOperator.body.messages[0].fields).toContainEqual({
          path: 'report.text',
          bytes: Buffer.byteLength(JSON.stringify(WORDS.text)),
        });
        for (const word of Object.values(WORDS)) {
          expect(JSON.stringify([byOperator.body, await listed()])).not.toContain(word);
          expect((await dead(receiptId, HEAD_OF_DISPUTES)).body.messages[0].body).toContain(word);
        }

        const back = await operate('POST', `/intake/dead-messages/${receiptId}/return`);
        expect(back).toMatchObject({ status: 200, body: { deadId: receiptId, returned: 1 } });
        const receipt = await system.eventually('it is opened', async () => {
          const { body } = await system.call('GET', `/intake/receipts/${receiptId}`, OFFICER);
          return body.status === 'opened' ? body : undefined;
        });
        const { body: dispute } = await system.call('GET', `/disputes/${receipt.disputeId}`, OFFICER);
        expect(JSON.stringify(dispute.texts)).toContain(WORDS.text);
        expect((await dead(receiptId)).body).toMatchObject({ messages: [], returned: [{ returnedBy: 'operator' }] });
        expect(await operate('POST', `/intake/dead-messages/${receiptId}/return`)).toMatchObject({ status: 404 });
        count({ deadLettered: -1, opened: 1 });
        await counted();
      });

      test('of the in-house door comes back under the source and the sender that it had', async () => {
        const externalId = `intake-${run}-dead-in-house`;
        await system.sendDeadLetter('in-house', JSON.stringify({ ...report({ externalId, ...WORDS }), source: desk }));
        const { receiptId } = await system.eventually('its receipt says dead-lettered', async () => {
          const { body } = await system.call(
            'GET',
            `/intake/receipts?source=${desk}&externalId=${externalId}`,
            OFFICER,
          );
          return body.status === 'dead-lettered' ? body : undefined;
        });
        expect(await operate('POST', `/intake/dead-messages/${receiptId}/return`)).toMatchObject({ status: 200 });
        count({ opened: 1 });
        await counted();
      });

      test('and cannot be read names why, without its words, and stays dead-lettered', async () => {
        const unreadable = message(
          { receivedAt: await receivedAt() },
          { ...report(), text: 7, [WORDS.text]: WORDS.demand },
        );
        await system.sendDeadLetter('webhook', JSON.stringify(unreadable));
        const { reasons, fields, unknownFields } = await kept(unreadable.receiptId);
        expect(reasons.map(({ path }: { path: string }) => path)).toEqual(
          expect.arrayContaining(['report.text', 'report']),
        );
        expect(unknownFields).toBe(1);
        expect(JSON.stringify([reasons, fields])).not.toContain(WORDS.text);
        count({ deadLettered: 1 });
        await counted();
      });

      test('and is no JSON is kept under its message id, and cannot be put back', async () => {
        const before = new Set((await listed()).map(({ deadId }) => deadId));
        await system.sendDeadLetter('webhook', `{"text": "${WORDS.text}`);
        const entry = await system.eventually('it is kept', async () =>
          (await listed()).find(({ deadId }) => !before.has(deadId)),
        );
        expect(entry).toMatchObject({ deadId: entry.messageId, reasons: [{ path: '', message: 'is not JSON' }] });
        expect(await operate('POST', `/intake/dead-messages/${entry.deadId}/return`)).toMatchObject({
          status: 409,
          body: { errors: [{ path: entry.messageId }] },
        });
        expect((await dead(entry.deadId)).body.messages).toHaveLength(1);
      });

      test('is nobody else’s to see, and unknown ones are 404', async () => {
        const unknown = `/intake/dead-messages/${randomUUID()}`;
        expect(await operate('GET', unknown)).toMatchObject({ status: 404 });
        expect(await operate('POST', `${unknown}/return`)).toMatchObject({ status: 404 });
        expect(await system.call('POST', `${unknown}/return`, OFFICER)).toMatchObject({ status: 403 });
        expect(await operate('GET', '/intake/dead-messages?cursor=xx')).toMatchObject({ status: 422 });
      });
    });

    describe('a source that is switched off (I-1)', () => {
      test('is unknown at the door, what it sent stays counted, and it can be switched on again', async () => {
        const { channel, adapter, scheme, principal } = (await operate('GET', `/sources/${desk}`)).body;
        const own = { channel, adapter, scheme, principal };
        expect(await put({ ...own, active: false })).toMatchObject({ status: 200, body: { active: false } });
        // What nobody signed is no arrival, whether the door knows of the change or not yet.
        const unsigned = () => system.deliver({ source: desk, body: '{}' });
        await system.eventually('its webhooks are 404', async () =>
          (await unsigned()).status === 404 ? true : undefined,
        );
        await counted();
        expect(await put({ ...own, active: true })).toMatchObject({ status: 200, body: { active: true } });
        const accepted = await system.eventually('its door is open', async () => {
          const answer = await post();
          return answer.status === 404 ? undefined : answer;
        });
        await opened(accepted);
        count({ opened: 1 });
        await counted();
        expect(await put({ ...own, active: false })).toMatchObject({ status: 200, body: { active: false } });
      });
    });

    test('every source of every day balances, each figure counted for itself (I-7)', async () => {
      for (const day of days) {
        const { body } = await operate('GET', `/intake/reconciliation?day=${day}`);
        for (const tally of [...body.sources, body.total]) expect(difference(tally)).toBe(0);
      }
    });

    /** More arrivals that came to this; what only changes its outcome is taken from the one it had. */
    function count({ opened: more = 0, duplicate = 0, rejected = 0, deadLettered = 0 }: Partial<typeof told>): void {
      told.received += more + duplicate + rejected + deadLettered;
      told.opened += more;
      told.duplicate += duplicate;
      told.rejected += rejected;
      told.deadLettered += deadLettered;
    }

    /** The reconciliation shows what the run's own source came to, to the unit. */
    async function counted(): Promise<void> {
      await system.eventually(`${desk} came to ${JSON.stringify(told)}`, async () => {
        const tally = await tallyOf(desk);
        expect(difference(tally)).toBe(0);
        const shown = Object.entries(told).every(([figure, n]) => tally[figure as keyof typeof told] === n);
        return (shown && tally.inFlight === 0) || undefined;
      });
    }
  });
}

const DESK = { channel: 'phone', adapter: 'plain', scheme: 'standard-webhooks' };

interface Tally {
  readonly received: number;
  readonly opened: number;
  readonly joined: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly deadLettered: number;
  readonly inFlight: number;
}
const NOTHING: Tally = { received: 0, opened: 0, joined: 0, duplicate: 0, rejected: 0, deadLettered: 0, inFlight: 0 };

function added(one: Tally, other: Tally): Tally {
  return {
    received: one.received + other.received,
    opened: one.opened + other.opened,
    joined: one.joined + other.joined,
    duplicate: one.duplicate + other.duplicate,
    rejected: one.rejected + other.rejected,
    deadLettered: one.deadLettered + other.deadLettered,
    inFlight: one.inFlight + other.inFlight,
  };
}

/** Arrivals beyond those that the outcomes account for: none, ever. */
function difference({ received, opened, joined, duplicate, rejected, deadLettered, inFlight }: Tally): number {
  return received - opened - joined - duplicate - rejected - deadLettered - inFlight;
}
