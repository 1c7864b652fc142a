import { beforeEach, describe, expect, test } from 'vitest';
import { sourceAnswers } from '#functions/intake/manage-sources.ts';
import { SourceBody } from '#shared/contracts/api/bodies.ts';
import { SourcePage } from '#shared/contracts/api/replies.ts';
import type { ApiRequest } from '#shared/contracts/api/request.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import {
  CHAT_ROLE,
  disputes,
  type House,
  inHouse,
  intakeHouse,
  interrupted,
  onQueue,
  post,
  reconciled,
  report,
  signed,
  work,
} from './intake-house.ts';

const DESK = { channel: 'letter', adapter: 'plain', scheme: 'standard-webhooks' };
const CHAT = { ...DESK, channel: 'chat', principal: CHAT_ROLE };

let house: House;
beforeEach(async () => {
  house = await intakeHouse();
});

const answers = (on: Tables = house.tables) => sourceAnswers({ ...house.shared(on), secrets: house.secrets });
const call = {
  actor: { sub: 'op-1', roles: ['operator' as const] },
  query: {},
  correlationId: 'c',
  requestId: 'r',
};
/** A body as the door of the API hands it on. */
const put = (source: string, body: object, given: Partial<ApiRequest> & { on?: Tables } = {}) => {
  const { ifMatch, expects, on } = given;
  const request = { ...call, params: { source }, body: SourceBody.parse(body), ifMatch, expects };
  return answers(on)['PUT /sources/{source}'](request);
};
const changes = () => house.tables.dump().reference.filter(({ kind }) => kind === 'source-change');

describe('sources are data (I-1)', () => {
  test('a change is recorded for good: who, when, from what to what', async () => {
    expect(await put('desk', DESK)).toMatchObject({ status: 201, etag: 1 });
    house.clock.advance(60);
    expect(await put('desk', { ...DESK, active: false })).toMatchObject({ status: 200, etag: 2 });
    const [created, closed] = changes();
    expect(created).toMatchObject({ version: 1, changedBy: 'op-1', after: { source: 'desk', channel: 'letter' } });
    expect(created).not.toHaveProperty('before');
    expect(closed).toMatchObject({ version: 2, changedAt: house.clock.now(), before: {}, after: { active: false } });
  });

  test('what a deploy loaded is version 1, and a repeat makes no other', async () => {
    const loaded = await answers()['GET /sources/{source}']({ ...call, params: { source: 'phone' }, body: undefined });
    expect(loaded).toMatchObject({ status: 200, etag: 1, body: { active: true, changedBy: undefined } });
    expect(await put('phone', { ...DESK, channel: 'phone' })).toMatchObject({ status: 200, etag: 1 });
    expect(changes()).toEqual([]);
    expect(await put('phone', DESK, { ifMatch: 1 })).toMatchObject({ status: 200, etag: 2 });
  });

  test.each([
    { title: 'an older version', given: { ifMatch: 3 } },
    { title: 'that nothing stands there', given: { expects: 'absent' as const } },
  ])('who expects $title is 412, and nothing changes', async ({ given }) => {
    expect(await put('phone', DESK, given)).toMatchObject({ status: 412 });
    expect(changes()).toEqual([]);
  });

  test('two who changed the same version at once: the second is told', async () => {
    const on = interrupted(house.tables, () => put('phone', DESK));
    expect(await put('phone', { ...DESK, channel: 'email' }, { ifMatch: 1, on })).toMatchObject({ status: 412 });
    expect(changes()).toHaveLength(1);
  });

  test('two who create the same source at once: one creates it, the other finds it', async () => {
    const on = interrupted(house.tables, () => put('desk', DESK));
    expect(await put('desk', DESK, { expects: 'absent', on })).toMatchObject({ status: 412 });
    expect(changes()).toHaveLength(1);
  });

  test('the list shows every source once, by id', async () => {
    await put('desk', DESK);
    const { items } = SourcePage.parse(
      (await answers()['GET /sources']({ ...call, query: { limit: 50 }, params: {}, body: undefined })).body,
    );
    const names = items.map(({ source }) => source);
    expect(names).toEqual([...names].sort());
    expect(names).toHaveLength(8);
  });
});

describe('a container that has not seen a change yet', () => {
  test('works on a report of a source that its list does not know, and counts it', async () => {
    const ports = house.shared();
    await ports.reference.sources(); // Read before the source was there, and remembered for a minute.
    await put('desk', DESK);
    expect(await ports.reference.source('desk')).toMatchObject({ channel: 'letter' });
    expect((await ports.reference.sources()).some(({ source }) => source === 'desk')).toBe(false);
    expect((await ports.reference.sourcesNow()).some(({ source }) => source === 'desk')).toBe(true);
  });

  /** A house whose sources were read before they changed, and are remembered for a minute. */
  const behind = async (): Promise<House> => {
    const ports = house.shared();
    await ports.reference.sources();
    return { ...house, shared: () => ports };
  };

  test('takes what comes for a source that is switched on again', async () => {
    const secret = await house.secrets.rotate('chat', house.clock.now(), 86_400, 2);
    await put('chat', { ...CHAT, active: false });
    const on = await behind();
    await put('chat', CHAT);
    const body = Buffer.from(JSON.stringify(report()));
    const headers = signed(body, secret, house.clock.now());
    expect(await post(on, body, { source: 'chat', headers })).toMatchObject({ status: 202 });
  });

  test('takes in-house messages of a principal that was registered a moment ago', async () => {
    const on = await behind();
    await put('chat', { ...CHAT, principal: 'AROANEWSYSTEM00000001' });
    const senderId = 'AROANEWSYSTEM00000001:i-1';
    await work(on, inHouse(house, { source: 'chat', ...report() }, { senderId }));
    expect((await reconciled(house)).of('chat')).toMatchObject({ received: 1, opened: 1 });
  });

  test.each(['nobody-knows', 'no id', ''])('asks nothing amiss for %j', async (source) => {
    expect(await house.shared().reference.source(source)).toBeUndefined();
  });
});

describe('a source that is switched off', () => {
  const off = () => put('chat', { ...CHAT, active: false });
  const secretOf = () => house.secrets.rotate('chat', house.clock.now(), 86_400, 2);

  test('is unknown at the door, and nothing of its POST is stored', async () => {
    const secret = await secretOf();
    await off();
    const body = Buffer.from(JSON.stringify(report()));
    const headers = signed(body, secret, house.clock.now());
    expect(await post(house, body, { source: 'chat', headers })).toMatchObject({ status: 404 });
    expect((await reconciled(house)).of('chat')).toMatchObject({ received: 0 });
  });

  test('may send nothing in-house; the message is rejected under in-house', async () => {
    await off();
    await work(house, inHouse(house, { source: 'chat', ...report() }));
    expect((await reconciled(house)).of('in-house')).toMatchObject({ received: 1, rejected: 1 });
  });

  test('has what it handed in before worked on: accepted is accepted (I-4)', async () => {
    const secret = await secretOf();
    const body = Buffer.from(JSON.stringify(report()));
    const headers = signed(body, secret, house.clock.now());
    expect(await post(house, body, { source: 'chat', headers })).toMatchObject({ status: 202 });
    await off();
    for (const delivery of onQueue(house)) await work(house, delivery);
    expect(await disputes(house)).toHaveLength(1);
    expect((await reconciled(house)).of('chat')).toMatchObject({ received: 1, opened: 1 });
  });
});
