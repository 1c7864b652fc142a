import type { IntakeMessageV1 } from '#shared/contracts/messages/intake-message.v1.ts';
import { occurredAtInstant, type ReportV1 } from '#shared/contracts/report.v1.ts';
import { dayIn, type TimeZone } from '#shared/domain/calendar/civil-date.ts';
import { type Opening, openDispute } from '#shared/domain/dispute/open-dispute.ts';
import type { Commit } from '#shared/domain/event.ts';
import { type Arrival, type ArrivalKey, isSettled, type Receipt } from '#shared/domain/intake/arrival.ts';
import { type ContentDigest, conflicts } from '#shared/domain/intake/claim.ts';
import { identityOf } from '#shared/domain/intake/customer.ts';
import { disputeNumber } from '#shared/domain/intake/dispute-number.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { CustomerStore, ReportTexts } from '#shared/domain/ports/customer-store.ts';
import type { Digest } from '#shared/domain/ports/digest.ts';
import type { IntakeDecision, IntakeStore, Known } from '#shared/domain/ports/intake-store.ts';
import type { Reference } from '#shared/domain/ports/reference.ts';
import { type Fault, isRefusal } from '#shared/domain/refusal.ts';
import { contentDigest } from './content-digest.ts';
import { policyAtReceipt } from './policy-at-receipt.ts';
import { aheadOfReceipt } from './read-report.ts';
import { rejection, storableReasons } from './reject-report.ts';

export interface WorkerPorts {
  readonly intake: IntakeStore;
  readonly customers: CustomerStore;
  readonly reference: Reference;
  readonly clock: Clock;
  readonly digest: Digest;
  /** A fresh random UUID: a customer's pseudonym derives from nothing (I-8). */
  readonly newId: () => string;
  readonly zone: TimeZone;
}

/** Where a report came in: the webhook notes its arrival and receipt, the in-house queue nothing. */
export type Door = 'webhook' | 'in-house';

/** A report on its way, with what is known of it at this moment. */
interface Standing {
  readonly message: IntakeMessageV1;
  readonly content: ContentDigest;
  readonly arrival: ArrivalKey;
  readonly before: Known;
}

/**
 * Takes one report off a queue: it opens a dispute, is a repeat of one, or is rejected; each in one transaction with its
 * arrival and receipt (I-4, I-5). A message that comes again changes nothing; a lost race decides again.
 */
export function openReport(message: IntakeMessageV1, ports: WorkerPorts, door: Door): Promise<void> {
  const { source, receivedAt, receiptId, report, arrivalId } = message;
  const content = contentDigest(source, report, ports.digest);
  const arrival = { source, day: dayIn(ports.zone, receivedAt), arrivalId };
  let expected: Known | undefined = door === 'webhook' ? notedByTheDoor(message, arrival) : {};
  return untilCommitted(async () => {
    const about = { report: { source, externalId: report.externalId }, receiptId, arrival };
    const before = expected ?? (await ports.intake.known(about));
    expected = undefined;
    if (isSettled(before.arrival)) return;
    await ports.intake.record(await decide({ message, content, arrival, before }, ports));
  });
}

/**
 * What is there of a report that is new, as nearly every one is: decided upon without reading. Where it is otherwise,
 * the conditions of the transaction refuse it, and the next try reads.
 */
function notedByTheDoor({ source, report, receiptId, receivedAt }: IntakeMessageV1, arrival: ArrivalKey): Known {
  const { externalId } = report;
  return {
    arrival: { ...arrival, outcome: 'queued', receiptId },
    receipt: { receiptId, source, externalId, status: 'queued', version: 1, changedAt: receivedAt },
  };
}

function decide(standing: Standing, ports: WorkerPorts): Promise<IntakeDecision> {
  const { message, content, arrival, before } = standing;
  const { claim } = before;
  if (!claim) return firstReport(standing, ports);
  if (claim.content !== content.content) return rejected(standing, conflicts(claim, content), ports);
  const duplicate: Arrival = { ...arrival, outcome: 'duplicate', receiptId: message.receiptId };
  return Promise.resolve({ before, arrival: duplicate });
}

async function rejected(standing: Standing, reasons: readonly Fault[], ports: WorkerPorts): Promise<IntakeDecision> {
  const { message, arrival, before } = standing;
  const { receiptId, receivedAt, correlationId, report } = message;
  const policy = await policyAtReceipt(ports.reference, receivedAt, ports.zone);
  return rejection(
    { arrival, receiptId, externalId: report.externalId, correlationId, reasons: storableReasons(reasons) },
    { before, policy, now: ports.clock.now(), id: ports.digest.id },
  );
}

async function firstReport(standing: Standing, ports: WorkerPorts): Promise<IntakeDecision> {
  const { message, arrival, before } = standing;
  const { source, report, receivedAt } = message;
  const { reference, digest, zone, clock } = ports;
  const [policy, known, directory] = await Promise.all([
    policyAtReceipt(reference, receivedAt, zone),
    reference.source(source),
    reference.directory(),
  ]);
  if (!known) return rejected(standing, [{ path: 'source', message: 'is no source any more' }], ports);
  const ahead = aheadOfReceipt(report, receivedAt, policy, zone);
  if (ahead) return rejected(standing, [ahead], ports);

  const customer = await customerOf(report, ports);
  const now = clock.now();
  const disputeId = digest.id('dispute', source, report.externalId);
  const opened = openDispute(openingOf(message, known.channel, customer.pseudonym, zone), {
    policy,
    calendar: await reference.calendar(policy.calendar.id, policy.calendar.version),
    directory,
    zone,
    now,
    disputeId,
    number: disputeNumber(disputeId, receivedAt, zone),
    cause: { causationId: message.arrivalId, correlationId: message.correlationId, by: source },
    id: digest.id,
  });
  if (isRefusal(opened)) return rejected(standing, opened.refused === 'input' ? opened.faults : [], ports);
  const { receiptId } = message;
  const receipt: Receipt = {
    receiptId,
    source,
    externalId: report.externalId,
    status: 'opened',
    version: (before.receipt?.version ?? 0) + 1,
    changedAt: now,
    disputeId,
  };
  const awaited = opened.dispute.awaiting.length > 0;
  return {
    before,
    arrival: { ...arrival, outcome: 'opened', receiptId, disputeId, ...(awaited && { awaited }) },
    receipt,
    opened: openedFrom(standing, opened, customer),
  };
}

/** Who the customer is to us: the pseudonym under which they are known, else a new random one. */
interface Recognised {
  readonly pseudonym: string;
  readonly newIdentity?: string;
}

async function customerOf({ customer }: ReportV1, { customers, digest, newId }: WorkerPorts): Promise<Recognised> {
  const identity = identityOf(customer);
  if (identity === undefined) return { pseudonym: newId() };
  const key = digest.keyed(`identity ${identity}`);
  const known = await customers.pseudonymOf(key);
  return known === undefined ? { pseudonym: newId(), newIdentity: key } : { pseudonym: known };
}

/** The part of a report that a dispute may hold: facts and ids, no words (I-8). */
function openingOf(message: IntakeMessageV1, channel: Opening['channel'], customer: string, zone: TimeZone): Opening {
  const { report, source, receiptId, receivedAt } = message;
  const { externalId, category, type, department, employee, partner } = report;
  const { region, product, batch, facts, publicOpinion, amount } = report;
  return {
    source,
    channel,
    externalId,
    receiptId,
    receivedAt,
    occurredAt: occurredAtInstant(report.occurredAt, zone),
    customer,
    has: {
      customer: namesCustomer(report),
      text: report.text !== undefined,
      demand: report.demand !== undefined,
    },
    ...{ category, type, department, employee, partner, region, product, batch, facts, publicOpinion, amount },
  };
}

/** A tier alone says nothing about who it is. */
function namesCustomer({ customer }: ReportV1): boolean {
  const { ref, name, phone, email } = customer ?? {};
  return [ref, name, phone, email].some((detail) => detail !== undefined);
}

function openedFrom(
  { message, content, arrival }: Standing,
  { dispute, commit }: { readonly dispute: Opened['dispute']; readonly commit: Commit },
  { newIdentity }: Recognised,
): Opened {
  const { report, source, receiptId } = message;
  const { arrivalId } = arrival;
  return {
    dispute,
    commit,
    claim: { source, externalId: report.externalId, receiptId, arrivalId, disputeId: dispute.disputeId, ...content },
    texts: textsOf(message),
    ...(namesCustomer(report) && { details: report.customer }),
    newIdentity,
  };
}
type Opened = NonNullable<IntakeDecision['opened']>;

function textsOf({ report, receiptId, receivedAt }: IntakeMessageV1): ReportTexts {
  const { text, language, demand, attachments, order, thread, attributes, customer } = report;
  const { ref, tier } = customer ?? {};
  return { receiptId, receivedAt, text, language, demand, attachments, order, thread, attributes, ref, tier };
}
