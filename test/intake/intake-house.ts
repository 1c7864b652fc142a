import { createHash, createHmac } from 'node:crypto';
import { findReceipt, readReceipt, reconcile } from '#functions/intake/answer-intake.ts';
import { keepDeadMessage } from '#functions/intake/keep-dead-message.ts';
import { putBack } from '#functions/intake/put-back-message.ts';
import { receiveReport } from '#functions/intake/receive-report.ts';
import { takeMessage } from '#functions/intake/take-message.ts';
import { customerStore } from '#shared/adapters/customer-store.ts';
import { keyedDigest } from '#shared/adapters/digest.ts';
import { disputeStore } from '#shared/adapters/dispute-store.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { type MemoryTables, memoryTables } from '#shared/adapters/memory-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { sourceRegister } from '#shared/adapters/source-register.ts';
import { Reconciliation } from '#shared/contracts/api/replies.ts';
import type { Reply } from '#shared/contracts/api/request.ts';
import { AnyEvent } from '#shared/contracts/events/events.ts';
import { CommitItem } from '#shared/contracts/items/commit-item.ts';
import { referenceKeys } from '#shared/contracts/items/reference-item.ts';
import type { Actor } from '#shared/domain/access/roles.ts';
import { type Day, epochSeconds } from '#shared/domain/calendar/civil-date.ts';
import type { Dispute } from '#shared/domain/dispute/dispute.ts';
import type { MessageQueue } from '#shared/domain/ports/message-queue.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import { memoryMessageQueue } from '#test/support/memory-message-queue.ts';
import { memorySourceSecrets } from '#test/support/memory-source-secrets.ts';
import { movableClock } from '#test/support/movable-clock.ts';
import { loadSample } from '#test/support/reference.ts';
import { ZONE } from '#test/support/sample.ts';

export const START = '2026-11-20T02:31:05Z';
export const DAY = '2026-11-20';
/** May send for `chat` on the in-house queue. */
export const CHAT_ROLE = 'AROACHATSYSTEM0000001';
const OFFICER: Actor = { sub: 'o-1', roles: ['officer'], department: 'disputes', employee: 'E-602' };

/** What the planted words are searched by, in every store but the customers'. */
export const PLANTED = [
  '王小明',
  '13912345678',
  'xm.wang@example.com',
  'C-10023',
  '包裹晚到',
  'refund of freight',
  'SO-7781',
];

/** A report with everything that is mandatory for filing; tests name only what they are about. */
export function report(change: object = {}) {
  return {
    externalId: 'call-88231',
    occurredAt: '2026-11-20T02:31:00Z',
    customer: { ref: 'C-10023', name: '王小明', phone: '13912345678', email: 'xm.wang@example.com' },
    text: '包裹晚到五天，再不處理我就向市場監管部門投訴',
    language: 'zh-Hant',
    demand: 'refund of freight',
    type: 'late-delivery',
    order: 'SO-7781',
    attributes: { store: 'A1', weight: 1e300 },
    ...change,
  };
}

export interface Delivery {
  readonly body: string;
  readonly messageId: string;
  readonly senderId: string;
  readonly queueArn: string;
  readonly sentAt: string;
}

/** Both doors, the worker and the answers on in-memory ports, wired as the handlers wire them. */
export async function intakeHouse() {
  const tables = memoryTables();
  await loadSample(tables);
  const chat = { source: 'chat', channel: 'chat', adapter: 'plain', scheme: 'standard-webhooks', principal: CHAT_ROLE };
  await tables.write([
    { table: 'reference', put: { ...referenceKeys.source('chat'), kind: 'source', document: chat } },
  ]);
  const clock = movableClock(START);
  const secrets = memorySourceSecrets(clock);
  const secret = await secrets.rotate('phone', START, 86_400, 2);
  const queue = memoryMessageQueue();
  let made = 0;
  const shared = (on: Tables = tables) => ({
    intake: intakeStore(on),
    customers: customerStore(on),
    reference: referenceStore(on, clock),
    register: sourceRegister(on),
    clock,
    digest: keyedDigest('a key for tests, long enough'),
    newId: () => uuid(`id ${++made}`),
    zone: ZONE,
  });
  return { tables, clock, secrets, secret, queue, shared };
}
export type House = Awaited<ReturnType<typeof intakeHouse>>;

/** A UUID that looks random and is the same in every run. */
function uuid(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The headers of a signed POST, by the scheme's own words; the code under test is not asked. */
export function signed(body: Uint8Array, secret: string, sentAt: string, id = 'msg_1') {
  const timestamp = String(epochSeconds(sentAt));
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]))
    .digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

/** Bytes as they are, anything else as JSON. */
export function bytesOf(body: unknown): Uint8Array {
  return body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Posts a signed report; `change` replaces headers, source or ports. */
export function post(
  house: House,
  body: unknown,
  change: {
    readonly headers?: Readonly<Record<string, string | undefined>>;
    readonly source?: string;
    readonly tables?: Tables;
    readonly queue?: MessageQueue;
  } = {},
): Promise<Reply> {
  const bytes = bytesOf(body);
  const headers = { ...signed(bytes, house.secret, house.clock.now()), ...change.headers };
  const params = { source: change.source ?? 'phone' };
  const ports = { ...house.shared(change.tables), queue: change.queue ?? house.queue, secrets: house.secrets };
  return receiveReport({ params, headers, body: bytes, correlationId: 'corr-1' }, ports);
}

const WEBHOOK_ARN = 'arn:webhook';
const IN_HOUSE_ARN = 'arn:in-house';

/** Everything on the webhook door's queue, as the worker gets it. */
export function onQueue(house: House): readonly Delivery[] {
  return house.queue.drain().map(({ body }) => webhookDelivery(JSON.stringify(body), house));
}

export function webhookDelivery(body: string, house: House): Delivery {
  const messageId = uuid(`webhook ${body}`);
  return { body, messageId, senderId: 'AROADOOR:door', queueArn: WEBHOOK_ARN, sentAt: house.clock.now() };
}

/** A message of an in-house system. */
export function inHouse(house: House, body: unknown, change: Partial<Delivery> = {}): Delivery {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const messageId = uuid(`in-house ${text}`);
  const senderId = `${CHAT_ROLE}:session-7`;
  return { body: text, messageId, senderId, queueArn: IN_HOUSE_ARN, sentAt: house.clock.now(), ...change };
}

/** The worker, on one message. */
export function work(house: House, { body, ...delivered }: Delivery, on: Tables = house.tables): Promise<void> {
  return takeMessage(body, delivered, { ...house.shared(on), inHouseQueue: IN_HOUSE_ARN });
}

/** The worker, on everything that waits. */
export async function workAll(house: House): Promise<void> {
  for (const delivery of onQueue(house)) await work(house, delivery);
}

/** The function behind the dead letters, on one message. */
export function keepDead(house: House, { body, ...delivered }: Delivery): Promise<void> {
  return keepDeadMessage(body, delivered, { ...house.shared(), inHouseQueue: IN_HOUSE_ARN });
}

/** How many were put back. */
export async function putBackAll(house: House, deadId: string): Promise<number> {
  const done = await putBack(deadId, 'op-1', { ...house.shared(), queue: house.queue });
  return 'returned' in done ? done.returned : 0;
}

const call = { body: undefined, correlationId: 'corr-1', requestId: 'request-1' };
export function receipt(house: House, receiptId: string, actor: Actor = OFFICER): Promise<Reply> {
  return readReceipt({ ...call, actor, params: { receiptId }, query: {} }, house.shared());
}
export function receiptOf(house: House, source: string, externalId: string, actor: Actor = OFFICER): Promise<Reply> {
  return findReceipt({ ...call, actor, params: {}, query: { source, externalId } }, house.shared());
}

/** The day's reconciliation, held to its contract. */
export async function reconciled(house: House, day: Day = DAY) {
  const { body } = await reconcile({ ...call, actor: OFFICER, params: {}, query: { day } }, house.shared());
  const { sources, total } = Reconciliation.parse(body);
  return { total, of: (source: string) => sources.find((each) => each.source === source), sources };
}

/** Every dispute there is. */
export async function disputes(house: House): Promise<readonly Dispute[]> {
  return (await disputeStore(house.tables, house.clock).list({}, { limit: 100 })).items;
}

/** Every event of every commit in the cases table, held to its contract. */
export function events({ tables }: { readonly tables: MemoryTables }) {
  const commits = tables.dump().cases.filter(({ kind }) => kind === 'commit');
  return commits.flatMap((item) => CommitItem.parse(item).commit.events).map((event) => AnyEvent.parse(event));
}

/** Everything that is stored outside the customers table, and every change that ever was, as text. */
export function outsideCustomers({ tables }: { readonly tables: MemoryTables }): string {
  const { customers, reference, ...rest } = tables.dump();
  return JSON.stringify([rest, tables.stream('cases'), tables.stream('improvement'), tables.stream('scorecards')]);
}

/** Runs `between` once, after everything was read and just before the first transaction is written. */
export function interrupted(tables: Tables, between: () => Promise<unknown>): Tables {
  let done = false;
  return {
    ...tables,
    async write(writes) {
      if (!done) {
        done = true;
        await between();
      }
      return tables.write(writes);
    },
  };
}

export class Crash extends Error {}
/** Dies at one of its writes, before it or right after it. */
export function crashing(tables: Tables, at: number, when: 'before' | 'after'): Tables {
  let writes = 0;
  return {
    ...tables,
    async write(list) {
      const dies = ++writes === at;
      if (dies && when === 'before') throw new Crash();
      await tables.write(list);
      if (dies) throw new Crash();
    },
  };
}
