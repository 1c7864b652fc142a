import { type Problem, problem, type Reply } from '#shared/contracts/api/request.ts';
import type { IntakeMessageV1 } from '#shared/contracts/messages/intake-message.v1.ts';
import { ReportV1 } from '#shared/contracts/report.v1.ts';
import { dayIn, type Instant, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import { classify } from '#shared/domain/dispute/classify.ts';
import type { Arrival, Outcome, ReceiptStatus } from '#shared/domain/intake/arrival.ts';
import { type ContentDigest, conflicts } from '#shared/domain/intake/claim.ts';
import type { Policy } from '#shared/domain/policy/policy.ts';
import { isOpen, type Source } from '#shared/domain/policy/source.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';
import type { IntakeStore, Known } from '#shared/domain/ports/intake-store.ts';
import type { MessageQueue } from '#shared/domain/ports/message-queue.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { SourceSecrets } from '#shared/domain/ports/source-secrets.ts';
import { type Fault, isRefusal } from '#shared/domain/refusal.ts';
import { contentDigest, receiptIdOf } from './content-digest.ts';
import { policyAtReceipt } from './policy-at-receipt.ts';
import { aheadOfReceipt, readReport } from './read-report.ts';
import { type Headers, isSigned } from './webhook-signature.ts';

/** Faults that one answer names at most. */
const MOST_FAULTS = 100;
/** How old the secrets may be by which a signature is refused: they may have been rotated a moment ago. */
const ROTATED_SECONDS = 1;

/** One POST as it came in. */
export interface PostedReport {
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly correlationId: string;
}

export interface DoorPorts {
  readonly intake: IntakeStore;
  readonly queue: MessageQueue;
  readonly secrets: SourceSecrets;
  readonly reference: Reference;
  readonly clock: Clock;
  readonly digest: Digest;
  /** A fresh random UUID: every signed POST is an arrival of its own (I-7). */
  readonly newId: () => string;
  readonly zone: TimeZone;
}

/** A signed POST, as one arrival. */
interface SignedPost {
  readonly source: string;
  readonly arrivalId: string;
  readonly receivedAt: Instant;
  readonly correlationId: string;
  readonly policy: Policy;
}

/** One report whose form is right, and what tells whether it came before. */
interface ReadReport {
  readonly report: ReportV1;
  readonly content: ContentDigest;
  readonly receiptId: string;
}

/**
 * The webhook door (I-3). In this order: unknown source, or one that is
 * switched off, 404, too large 413, not signed 401, not readable or not known
 * to policy and directory 422, known id with other content 409; else 202. Sending the message is what accepts a
 * report; nothing is claimed before, so that a crash loses nothing (I-4). Nothing is stored of what is not signed.
 */
export async function receiveReport(posted: PostedReport, ports: DoorPorts): Promise<Reply> {
  const { reference, secrets, clock, zone } = ports;
  const { body, headers, correlationId, params } = posted;
  const known = params.source === undefined ? undefined : await openSource(params.source, reference);
  if (!known) return problem(404, { detail: 'There is no such source.' });
  const { source } = known;
  const receivedAt = clock.now();
  const policy = await policyAtReceipt(reference, receivedAt, zone);
  const { maxBodyBytes, signatureToleranceSeconds, secretCacheSeconds } = policy.intake;
  if (body.byteLength > maxBodyBytes) {
    return problem(413, { detail: `A report may have ${maxBodyBytes} bytes.`, rule: 'I-3' });
  }
  const isSignedWith = (active: readonly string[]) =>
    isSigned(body, headers, active, receivedAt, signatureToleranceSeconds);
  const fits =
    isSignedWith(await secrets.active(source, secretCacheSeconds)) ||
    isSignedWith(await secrets.active(source, Math.min(secretCacheSeconds, ROTATED_SECONDS)));
  if (!fits) {
    return problem(401, { detail: 'The signature is missing, wrong or out of its time.', rule: 'I-3' });
  }
  return takeSigned(body, { source, arrivalId: ports.newId(), receivedAt, correlationId, policy }, ports);
}

/** One that is known as switched off is looked up again: it may have been switched on a moment ago. */
async function openSource(source: string, reference: Reference): Promise<Source | undefined> {
  const known = await reference.source(source);
  if (known === undefined || isOpen(known)) return known;
  const now = await reference.sourceNow(source);
  return isOpen(now) ? now : undefined;
}

/** From here on the POST is an arrival: whatever the answer, it is noted before it is given (I-7). */
async function takeSigned(body: Uint8Array, post: SignedPost, ports: DoorPorts): Promise<Reply> {
  const read = readReport(body, ReportV1, post.policy.intake.maxDepth);
  if ('faults' in read) return refuse(post, ports, unreadable('I-3', read.faults));
  const report = read.value;
  const ahead = aheadOfReceipt(report, post.receivedAt, post.policy, ports.zone);
  if (ahead) return refuse(post, ports, unreadable('I-5', [ahead]));

  const content = contentDigest(post.source, report, ports.digest);
  const receiptId = receiptIdOf(post.source, report.externalId, content, ports.digest);
  const known = await ports.intake.known({ report: { source: post.source, externalId: report.externalId }, receiptId });
  const before = statusBefore(known, content);
  if (before) return repeat(post, receiptId, before, ports);
  const place = classify(report, post.policy, await ports.reference.directory());
  if (isRefusal(place)) {
    return refuse(post, ports, unreadable(place.rule, place.refused === 'input' ? place.faults : []), receiptId);
  }
  if (known.claim) return refuse(post, ports, otherContent(conflicts(known.claim, content)), receiptId);
  return accept(post, { report, content, receiptId }, ports);
}

/**
 * What became of the same content when it came before; undefined when it never came or was only rejected, which may
 * end otherwise this time. A receipt is put after its message was sent, so a known one is safe.
 */
function statusBefore({ claim, receipt }: Known, { content }: ContentDigest): ReceiptStatus | undefined {
  if (claim) return claim.content === content ? (receipt?.status ?? 'opened') : undefined;
  return receipt?.status === 'rejected' ? undefined : receipt?.status;
}

async function accept(post: SignedPost, { report, receiptId }: ReadReport, ports: DoorPorts): Promise<Reply> {
  const { source, arrivalId, receivedAt, correlationId } = post;
  const way = { arrivalId, receiptId, source, receivedAt, correlationId };
  const message: IntakeMessageV1 = { kind: 'webhook', ...way, report };
  await ports.queue.send(message);
  const { externalId } = report;
  const receipt = { receiptId, source, externalId, status: 'queued', version: 1, changedAt: receivedAt } as const;
  await ports.intake.note(arrivalOf(post, ports.zone, 'queued', receiptId), receipt);
  return { status: 202, body: { receiptId, status: 'queued', duplicate: false } };
}

async function repeat(post: SignedPost, receiptId: string, status: ReceiptStatus, ports: DoorPorts): Promise<Reply> {
  await ports.intake.note(arrivalOf(post, ports.zone, 'duplicate', receiptId));
  return { status: 202, body: { receiptId, status, duplicate: true } };
}

async function refuse(
  post: SignedPost,
  ports: DoorPorts,
  answer: Reply<Problem>,
  receiptId?: string,
): Promise<Reply<Problem>> {
  await ports.intake.note(arrivalOf(post, ports.zone, 'rejected', receiptId));
  return answer;
}

function arrivalOf(post: SignedPost, zone: TimeZone, outcome: Outcome, receiptId?: string): Arrival {
  const { source, arrivalId, receivedAt } = post;
  return { source, day: dayIn(zone, receivedAt), arrivalId, outcome, receiptId };
}

function unreadable(rule: string, faults: readonly Fault[]): Reply<Problem> {
  const errors = faults.slice(0, MOST_FAULTS).map(({ path, message }) => ({ path, message }));
  return problem(422, { detail: 'The report cannot be taken as it is.', rule, errors });
}

function otherContent(errors: readonly Fault[]): Reply<Problem> {
  return problem(409, { detail: 'Another report came under this external id.', rule: 'I-5', errors });
}
