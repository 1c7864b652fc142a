import { beforeEach, describe, expect, test } from 'vitest';
import { commandDispute } from '#functions/disputes/command-dispute.ts';
import { GIVEN } from '#functions/disputes/given-command.ts';
import { listDisputes, readDispute, readTimeline } from '#functions/disputes/read-disputes.ts';
import { customerStore } from '#shared/adapters/customer-store.ts';
import { keyedDigest } from '#shared/adapters/digest.ts';
import { disputeStore, disputeWrites } from '#shared/adapters/dispute-store.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import type { ApiRequest } from '#shared/contracts/api/request.ts';
import type { Actor } from '#shared/domain/access/roles.ts';
import { type Tables, WriteRefused } from '#shared/domain/ports/tables.ts';
import { isRefusal } from '#shared/domain/refusal.ts';
import { actor, DECIDER, OFFICER, open } from '#test/support/disputes.ts';
import { movableClock } from '#test/support/movable-clock.ts';
import { loadSample } from '#test/support/reference.ts';
import { ZONE } from '#test/support/sample.ts';

const clock = movableClock('2026-11-20T03:00:00Z');
const digest = keyedDigest('a key for tests, long enough');
const DEMAND = '退還運費 teal-walrus';
let memory: ReturnType<typeof memoryTables>;
let id: string;

beforeEach(async () => {
  memory = memoryTables();
  clock.set('2026-11-20T03:00:00Z');
  await loadSample(memory);
  id = await opened('call-1', { has: { customer: true, text: true, demand: false } });
});

async function opened(externalId: string, change: object = {}): Promise<string> {
  const answer = open({ externalId, ...change });
  if (isRefusal(answer)) throw new Error(answer.detail);
  await memory.write(disputeWrites(answer.dispute, 0, answer.commit));
  return answer.dispute.disputeId;
}

const ports = (tables: Tables = memory) => ({
  disputes: disputeStore(tables, clock),
  customers: customerStore(tables),
  reference: referenceStore(tables, clock),
  clock,
  digest,
  zone: ZONE,
});
let calls = 0;
const request = <B>(by: Actor, body: B, change: Partial<ApiRequest<{ id: string }>> = {}) => ({
  actor: by,
  params: { id },
  query: {},
  body,
  correlationId: '0b0e2f3a-7a58-4f0e-9c0e-0d6d3f1c0001',
  requestId: `request-${++calls}`,
  ...change,
});
const file = (change: Partial<ApiRequest<{ id: string }>> = {}, body = { demand: DEMAND }, tables: Tables = memory) =>
  commandDispute(request(OFFICER, body, change), GIVEN.filing(body), ports(tables));
const timeline = async () =>
  (await readTimeline(request(OFFICER, undefined), ports())).body as { items: { by: string }[] };

/** Tables in which somebody else decides just before the first write of ours. */
function overtakenOnce(other: () => Promise<unknown>): Tables {
  let overtaken = false;
  return {
    ...memory,
    async write(writes) {
      if (!overtaken) {
        overtaken = true;
        await other();
      }
      return memory.write(writes);
    },
  };
}

describe('a command on a dispute', () => {
  test('is written with its commit in one decision, and answered with the dispute and its version', async () => {
    const reply = await file();
    expect(reply).toMatchObject({ status: 200, etag: 2, body: { disputeId: id, status: 'filed', version: 2 } });
    expect(reply.body).not.toHaveProperty('scoringSequence');
    expect((await timeline()).items).toMatchObject([
      { aggregateVersion: 1 },
      { aggregateVersion: 2, by: 'E-602', recordedAt: '2026-11-20T03:00:00Z', events: [{ type: 'DisputeFiled.v1' }] },
    ]);
  });

  test('its words are in the customers table only, and joined for who may read the dispute (T-2)', async () => {
    await file({}, { demand: DEMAND, customer: { name: 'Quillfeather' } } as { demand: string });
    const { customers, ...others } = memory.dump();
    expect(JSON.stringify(others)).not.toContain('teal-walrus');
    expect(JSON.stringify(others)).not.toContain('Quillfeather');
    expect(JSON.stringify(customers)).toContain('teal-walrus');
    const { body } = await readDispute(request(OFFICER, undefined), ports());
    expect(body).toMatchObject({ texts: { demand: DEMAND, customer: { name: 'Quillfeather' } } });
  });

  test('on an unknown dispute, or one of another department, is 404', async () => {
    expect(await file({ params: { id: '0b0e2f3a-7a58-4f0e-9c0e-0d6d3f1c0002' } })).toMatchObject({ status: 404 });
    expect(await file({ actor: actor('E-301', 'head') })).toMatchObject({ status: 404 });
  });

  test('that does not fit is 409 with both tracks and what would', async () => {
    const reply = await commandDispute(request(OFFICER, {}), GIVEN.closure({}), ports());
    expect(reply).toMatchObject({
      status: 409,
      body: { tracks: { status: 'received', responsibility: 'open' }, allowed: expect.arrayContaining(['filing']) },
    });
  });

  test('under an outdated If-Match changes nothing', async () => {
    expect(await file({ ifMatch: 7 })).toMatchObject({
      status: 412,
      body: { detail: expect.stringContaining('version 1') },
    });
    expect((await timeline()).items).toHaveLength(1);
    expect(await file({ ifMatch: 1 })).toMatchObject({ status: 200, etag: 2 });
  });

  test('repeated under its Idempotency-Key changes nothing for 24 hours; another body is 409', async () => {
    const idempotencyKey = 'k-1';
    expect(await file({ idempotencyKey })).toMatchObject({ status: 200, etag: 2 });
    expect(await file({ idempotencyKey })).toMatchObject({ status: 200, etag: 2 });
    expect(await file({ idempotencyKey }, { demand: 'other' })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('Idempotency-Key') },
    });
    expect(await file({ idempotencyKey: 'k-2' })).toMatchObject({ status: 409, body: { allowed: expect.any(Array) } });
    expect((await timeline()).items).toHaveLength(2);
    clock.advance(86_400);
    expect(await file({ idempotencyKey })).toMatchObject({ status: 409, body: { allowed: expect.any(Array) } });
  });

  test('a key that has expired but still stands can be used again', async () => {
    const assign = (idempotencyKey: string, assignee: string) =>
      commandDispute(request(OFFICER, { assignee }, { idempotencyKey }), GIVEN.assignment({ assignee }), ports());
    await file();
    expect(await assign('k-1', 'E-603')).toMatchObject({ status: 200, etag: 3 });
    clock.advance(86_401);
    expect(await assign('k-1', 'E-602')).toMatchObject({ status: 200, etag: 4, body: { assignee: 'E-602' } });
  });

  test('that lost a race is decided again on the newer state', async () => {
    const reply = await file(
      {},
      { demand: DEMAND },
      overtakenOnce(() => file()),
    );
    expect(reply).toMatchObject({ status: 409, body: { tracks: { status: 'filed' } } });
    expect((await timeline()).items).toHaveLength(2);
  });

  test('of two at once under one key only one is carried out', async () => {
    const idempotencyKey = 'k-1';
    const reply = await file(
      { idempotencyKey },
      { demand: DEMAND },
      overtakenOnce(() => file({ idempotencyKey })),
    );
    expect(reply).toMatchObject({ status: 200, etag: 2 });
    expect((await timeline()).items).toHaveLength(2);
  });

  test('that keeps losing gives up without having written', async () => {
    const lost: Tables = { ...memory, write: () => Promise.reject(new WriteRefused([0])) };
    await expect(file({}, { demand: DEMAND }, lost)).rejects.toThrow(WriteRefused);
    expect((await timeline()).items).toHaveLength(1);
  });
});

describe('lists of disputes', () => {
  const list = async (query: object, by = OFFICER) => {
    const all = { limit: 2, ...query };
    const { body } = await listDisputes({ ...request(by, undefined), query: all }, ports());
    return body as { items: { externalId: string }[]; next?: string };
  };
  beforeEach(async () => {
    await opened('call-2', { receivedAt: '2026-11-20T02:40:00Z', facts: { hazard: true } });
    await opened('call-3', { receivedAt: '2026-11-20T02:50:00Z', type: 'billing-error', category: 'service' });
    await opened('call-4', { receivedAt: '2026-11-20T02:55:00Z', amount: { minor: 1, currency: 'XYZ' } });
  });

  test('page through everything, newest first', async () => {
    const first = await list({});
    expect(first.items.map(({ externalId }) => externalId)).toEqual(['call-4', 'call-3']);
    const second = await list({ cursor: first.next });
    expect(second.items.map(({ externalId }) => externalId)).toEqual(['call-2', 'call-1']);
    expect(second.next).toBeUndefined();
  });

  test.each([
    { query: { level: 1 }, found: ['call-2'] },
    { query: { status: 'received' }, found: ['call-1'] },
    { query: { responsibility: 'final' }, found: [] },
    { query: { department: 'service' }, found: ['call-3'] },
    { query: { type: 'late-delivery', status: 'filed', limit: 9 }, found: ['call-4', 'call-2'] },
    { query: { notEvaluable: true }, found: ['call-4'] },
    { query: { notEvaluable: false, department: 'service' }, found: ['call-3'] },
  ])('are narrowed by $query', async ({ query, found }) => {
    expect((await list(query)).items.map(({ externalId }) => externalId)).toEqual(found);
  });

  test('show a head their own department only, in full pages', async () => {
    expect((await list({ limit: 9 }, actor('E-401', 'head'))).items.map(({ externalId }) => externalId)).toEqual([
      'call-3',
    ]);
  });

  test('a dispute shows itself to the head whose department was found responsible', async () => {
    await file();
    const decided = GIVEN.determination({
      validity: 'valid',
      reasons: 'found',
      shares: [{ kind: 'direct', subject: 'E-302', bp: 10_000 }],
    });
    await commandDispute(request(DECIDER, {}), decided, ports());
    expect(await readDispute(request(actor('E-301', 'head'), undefined), ports())).toMatchObject({ status: 200 });
    expect(await readTimeline(request(actor('E-401', 'head'), undefined), ports())).toMatchObject({ status: 404 });
  });
});
