import type { EndpointsOf, RequestOf } from '#shared/contracts/api/endpoints.ts';
import { notFound, problem, type Reply } from '#shared/contracts/api/request.ts';
import { IntakeMessageV1 } from '#shared/contracts/messages/intake-message.v1.ts';
import { ReportV1 } from '#shared/contracts/report.v1.ts';
import { type Actor, actorId, type Role } from '#shared/domain/access/roles.ts';
import { type DeadEntry, type DeadMessage, entryOf, type ReturnedMessage } from '#shared/domain/intake/dead-message.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { IntakeStore } from '#shared/domain/ports/intake-store.ts';
import type { MessageQueue } from '#shared/domain/ports/message-queue.ts';
import { jsonIn, putBack } from './put-back-message.ts';

export interface DeadMessagePorts {
  readonly intake: Pick<IntakeStore, 'dead' | 'deadEntries' | 'forgetDead'>;
  /** The webhook door's queue. */
  readonly queue: MessageQueue;
  readonly clock: Clock;
}

/** Roles that read what customers wrote, here as on a dispute (I-8). */
const READ_WORDS: readonly Role[] = ['officer', 'supervisor'];

/** What answers each route of dead messages (I-4). */
export function deadMessageAnswers(ports: DeadMessagePorts): EndpointsOf<'intake/answer-dead-messages'> {
  return {
    'GET /intake/dead-messages': (request) => listDead(request, ports),
    'GET /intake/dead-messages/{deadId}': (request) => readDead(request, ports),
    'POST /intake/dead-messages/{deadId}/return': (request) => returnDead(request, ports),
  };
}

async function listDead({ query }: RequestOf<'GET /intake/dead-messages'>, ports: DeadMessagePorts): Promise<Reply> {
  const { items, next } = await ports.intake.deadEntries(query);
  return { status: 200, body: { items: items.map(entryBody), next } };
}

async function readDead(
  { actor, params }: RequestOf<'GET /intake/dead-messages/{deadId}'>,
  { intake }: DeadMessagePorts,
): Promise<Reply> {
  const { deadId } = params;
  const { kept, returned } = await intake.dead(deadId);
  if (kept.length + returned.length === 0) return notFound();
  const messages = kept.map((message) => messageBody(message, actor));
  return { status: 200, body: { deadId, messages, returned: returned.map(returnedBody) } };
}

async function returnDead(
  { actor, params }: RequestOf<'POST /intake/dead-messages/{deadId}/return'>,
  ports: DeadMessagePorts,
): Promise<Reply> {
  const { deadId } = params;
  const done = await putBack(deadId, actorId(actor), ports);
  if ('unreadable' in done) {
    const errors = done.unreadable.map(({ messageId }) => ({ path: messageId, message: 'is not JSON' }));
    return problem(409, { detail: 'No worker can ever read what is kept here; it stays.', errors });
  }
  if (done.returned === 0) return notFound('Nothing is kept under this id.');
  return { status: 200, body: { deadId, returned: done.returned } };
}

function entryBody({ deadId, messageId, receiptId, source, sentAt, keptAt, bytes, reasons }: DeadEntry) {
  return { deadId, messageId, receiptId, source, sentAt, keptAt, bytes, reasons };
}

function returnedBody({ messageId, sentAt, returnedAt, returnedBy }: ReturnedMessage) {
  return { messageId, sentAt, returnedAt, returnedBy };
}

/** With its words for those who may read them; everybody else sees of what it is made, and how much. */
function messageBody(message: DeadMessage, actor: Actor) {
  const mayRead = actor.roles.some((role) => READ_WORDS.includes(role));
  return { ...entryBody(entryOf(message)), ...outlineOf(message.body), ...(mayRead && { body: message.body }) };
}

/** Fields of ours; the names of all others are the sender's words. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(IntakeMessageV1.shape).filter((name) => name !== 'report'),
  ...Object.keys(ReportV1.shape).map((name) => `report.${name}`),
]);

/** Which fields a message has and how much each holds, and nothing of what. */
function outlineOf(body: string) {
  const { report, ...way } = recordIn(jsonIn(body)?.value);
  const inReport = Object.entries(recordIn(report)).map(([name, value]) => [`report.${name}`, value] as const);
  const all = [...Object.entries(way), ...inReport];
  const own = all.filter(([path]) => OWN_FIELDS.has(path));
  const fields = own.map(([path, value]) => ({ path, bytes: Buffer.byteLength(JSON.stringify(value)) }));
  return { fields, unknownFields: all.length - own.length };
}

function recordIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
