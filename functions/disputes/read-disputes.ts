import { type ApiRequest, notFound, type Reply } from '#shared/contracts/api/request.ts';
import type { Actor, Role } from '#shared/domain/access/roles.ts';
import type { Dispute } from '#shared/domain/dispute/dispute.ts';
import type { CustomerStore } from '#shared/domain/ports/customer-store.ts';
import type { DisputeFilter, DisputeStore } from '#shared/domain/ports/dispute-store.ts';
import { disputeBody } from './dispute-body.ts';

export interface ReadPorts {
  readonly disputes: DisputeStore;
  readonly customers: CustomerStore;
}

/** Roles that see every dispute; a head without one of them sees those of their own department (T-1). */
const SEE_ALL: readonly Role[] = [
  'officer',
  'supervisor',
  'performance',
  'liaison',
  'legal',
  'pr',
  'leading',
  'oversight',
];

function seesAll(roles: readonly Role[]): boolean {
  return roles.some((role) => SEE_ALL.includes(role));
}

/** Whether a person may see this dispute; if not, it is as if it were not there. */
export function maySee(actor: Actor, dispute: Dispute): boolean {
  if (seesAll(actor.roles)) return true;
  const concerned = [dispute.department, dispute.determination?.department];
  return actor.department !== undefined && concerned.includes(actor.department);
}

/** One dispute with who the customer is and all words about it, joined from the customers store (I-8). */
export async function readDispute(
  request: ApiRequest<{ id: string }>,
  { disputes, customers }: ReadPorts,
): Promise<Reply> {
  const dispute = await disputes.load(request.params.id);
  if (!dispute || !maySee(request.actor, dispute)) return notFound();
  const texts = await customers.texts(dispute.customer, dispute.disputeId);
  const customer = await customers.profile(dispute.customer);
  return { status: 200, body: { ...disputeBody(dispute), texts: { customer, ...texts } }, etag: dispute.version };
}

/** Disputes, newest first; a head's own department's only. */
export async function listDisputes(
  request: ApiRequest<unknown, DisputeFilter & { limit: number; cursor?: string }>,
  { disputes }: ReadPorts,
): Promise<Reply> {
  const { limit, cursor, ...filter } = request.query;
  const { roles, department = '' } = request.actor;
  const own = seesAll(roles) ? {} : { concerning: department };
  const { items, next } = await disputes.list({ ...filter, ...own }, { limit, cursor });
  return { status: 200, body: { items: items.map(disputeBody), next } };
}

/** Every decision on one dispute: who, when, from which version to which, and its events (T-3). */
export async function readTimeline(request: ApiRequest<{ id: string }>, { disputes }: ReadPorts): Promise<Reply> {
  const dispute = await disputes.load(request.params.id);
  if (!dispute || !maySee(request.actor, dispute)) return notFound();
  const commits = await disputes.timeline(dispute.disputeId);
  return { status: 200, body: { items: commits } };
}
