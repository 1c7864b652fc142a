import type { RequestOf } from '#shared/contracts/api/endpoints.ts';
import { notFound, type Reply } from '#shared/contracts/api/request.ts';
import type { Actor, Role } from '#shared/domain/access/roles.ts';
import { IN_HOUSE, type Receipt } from '#shared/domain/intake/arrival.ts';
import { NOTHING_RECEIVED, sumOf } from '#shared/domain/intake/reconciliation.ts';
import type { IntakeStore } from '#shared/domain/ports/intake-store.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';

/** Roles that see every receipt; an integrator without one of them sees those of their own source (T-1). */
const SEE_ALL: readonly Role[] = ['officer', 'supervisor'];

/** What became of a report, by its receipt (I-4). Another source's is not there. */
export async function readReceipt(
  { actor, params }: RequestOf<'GET /intake/receipts/{receiptId}'>,
  { intake }: { readonly intake: IntakeStore },
): Promise<Reply> {
  return answer(actor, await intake.receipt(params.receiptId));
}

/** As {@link readReceipt}, by the sender's id: the receipt that holds it, else the latest that named it. */
export async function findReceipt(
  { actor, query }: RequestOf<'GET /intake/receipts'>,
  { intake }: { readonly intake: IntakeStore },
): Promise<Reply> {
  return answer(actor, await intake.receiptOf(query.source, query.externalId));
}

function answer(actor: Actor, receipt: Receipt | undefined): Reply {
  const seesAll = actor.roles.some((role) => SEE_ALL.includes(role));
  if (!receipt || !(seesAll || actor.source === receipt.source)) return notFound();
  const { receiptId, source, externalId, status, disputeId, reasons } = receipt;
  return { status: 200, body: { receiptId, source, externalId, status, disputeId, reasons } };
}

/** Arrivals of a local day, source by source, and what became of them (I-7); in-house stands for what names no source. */
export async function reconcile(
  { query: { day } }: RequestOf<'GET /intake/reconciliation'>,
  { intake, reference }: { readonly intake: IntakeStore; readonly reference: Reference },
): Promise<Reply> {
  const registered = (await reference.sourcesNow()).map(({ source }) => source);
  const names = [...new Set([...registered, IN_HOUSE])].sort();
  const sources = await Promise.all(names.map(async (source) => ({ source, ...(await intake.tally(source, day)) })));
  return { status: 200, body: { day, sources, total: sources.reduce(sumOf, NOTHING_RECEIVED) } };
}
