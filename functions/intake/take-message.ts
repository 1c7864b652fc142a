import { IntakeMessageV1 } from '#shared/contracts/messages/intake-message.v1.ts';
import { InHouseMessageV1 } from '#shared/contracts/report.v1.ts';
import { dayIn, type Instant, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import { IN_HOUSE } from '#shared/domain/intake/arrival.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import { isOpen, type Source } from '#shared/domain/policy/source.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';
import type { IntakeStore } from '#shared/domain/ports/intake-store.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import type { Fault } from '#shared/domain/refusal.ts';
import { contentDigest, receiptIdOf } from './content-digest.ts';
import { openReport, type WorkerPorts } from './open-dispute.ts';
import { policyAtReceipt } from './policy-at-receipt.ts';
import { readReport } from './read-report.ts';
import { type Rejected, rejection, storableReasons } from './reject-report.ts';

/** How one message came off its queue. */
export interface Delivered {
  readonly messageId: string;
  /** Who put it there, as the queue attests it: for a role `<role id>:<session>` (I-2). */
  readonly senderId: string;
  readonly sentAt: Instant;
}

/** Why an in-house message cannot be taken, and the registered source it names all the same. */
interface RefusedMessage {
  readonly faults: readonly Fault[];
  readonly named?: string;
}

/** What reading an in-house message takes. */
export interface ReadingPorts {
  readonly intake: IntakeStore;
  readonly reference: Reference;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly zone: TimeZone;
}

/**
 * Takes a message off either door's queue; both end here under the same rules (I-2).
 *
 * @param ports `inHouseQueue` tells the one that any system of the company may write to
 */
export function takeMessage(
  body: string,
  delivered: Delivered & { readonly queueArn: string },
  ports: WorkerPorts & { readonly inHouseQueue: string },
): Promise<void> {
  return delivered.queueArn === ports.inHouseQueue ? takeInHouse(body, delivered, ports) : takeAccepted(body, ports);
}

/**
 * Takes a message of the webhook door's own queue, whose report the door has checked.
 *
 * @throws ZodError or SyntaxError for what no door of ours sent; the message goes to the dead letters
 */
async function takeAccepted(body: string, ports: WorkerPorts): Promise<void> {
  await openReport(IntakeMessageV1.parse(JSON.parse(body)), ports, 'webhook');
}

/**
 * Takes a message of the in-house queue, which any system of the company may write to (I-2). It has to name a source
 * whose registered principal sent it; what cannot be read or is not entitled becomes a rejected receipt under the
 * source `in-house`, never a dead letter.
 */
async function takeInHouse(body: string, delivered: Delivered, ports: WorkerPorts): Promise<void> {
  const read = await readInHouse(body, delivered, ports);
  if ('message' in read) await openReport(read.message, ports, 'in-house');
  else await rejectInHouse(delivered, read, ports);
}

/**
 * Reads an in-house message as the webhook door reads a POST: size, form, and who may send in the source's name. Its
 * arrival derives from the queue's message id, so that it is one arrival however often it comes.
 *
 * @returns the message as the webhook door would have sent it, or why it cannot be taken
 */
export async function readInHouse(
  body: string,
  delivered: Delivered,
  { reference, digest, zone }: ReadingPorts,
): Promise<{ readonly message: IntakeMessageV1 } | RefusedMessage> {
  const { maxBodyBytes, maxDepth } = (await policyAtReceipt(reference, delivered.sentAt, zone)).intake;
  const bytes = Buffer.from(body);
  if (bytes.byteLength > maxBodyBytes) return { faults: [{ path: '', message: `is over ${maxBodyBytes} bytes` }] };
  const read = readReport(bytes, InHouseMessageV1, maxDepth);
  if ('faults' in read) return { faults: read.faults };
  const { source, ...report } = read.value;
  const maySend = (known: Source | undefined) =>
    isOpen(known) && known.principal !== undefined && known.principal === principalOf(delivered.senderId);
  let known = await reference.source(source);
  if (!maySend(known)) known = await reference.sourceNow(source); // It may have been registered a moment ago.
  if (!maySend(known)) {
    return { faults: [{ path: 'source', message: 'is not one that this sender may send for' }], named: known?.source };
  }
  const arrivalId = arrivalIdOf(delivered, digest);
  const receiptId = receiptIdOf(source, report.externalId, contentDigest(source, report, digest), digest);
  const way = { arrivalId, receiptId, source, receivedAt: delivered.sentAt, correlationId: arrivalId };
  return { message: { kind: 'webhook', ...way, report } };
}

/**
 * Puts the rejected receipt and arrival of an in-house message that cannot be taken; a repeat changes nothing. One that
 * was taken in its source's name before the sender lost the right is an arrival of that source already.
 */
export function rejectInHouse(
  delivered: Delivered,
  { faults, named }: RefusedMessage,
  ports: ReadingPorts,
): Promise<void> {
  const { messageId, sentAt } = delivered;
  const { reference, digest, zone, clock, intake } = ports;
  const arrivalId = arrivalIdOf(delivered, digest);
  const day = dayIn(zone, sentAt);
  const rejected: Rejected = {
    arrival: { source: IN_HOUSE, day, arrivalId },
    receiptId: digest.id('receipt', IN_HOUSE, messageId),
    externalId: messageId,
    correlationId: arrivalId,
    reasons: storableReasons(faults),
  };
  return untilCommitted(async () => {
    const { arrival, receiptId } = rejected;
    if (named !== undefined && (await intake.known({ arrival: { ...arrival, source: named } })).arrival) return;
    const before = await intake.known({ receiptId, arrival });
    if (before.arrival?.outcome === 'rejected') return;
    const policy = await policyAtReceipt(reference, sentAt, zone);
    await intake.record(rejection(rejected, { before, policy, now: clock.now(), id: digest.id }));
  });
}

function arrivalIdOf({ messageId }: Delivered, digest: Digest): string {
  return digest.id('arrival', messageId);
}

/** Of a role, the part before the colon: the rest names one session of it. */
function principalOf(senderId: string): string {
  return senderId.split(':', 1)[0] ?? senderId;
}
