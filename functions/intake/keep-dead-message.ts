import * as z from 'zod';
import { IntakeMessageV1 } from '#shared/contracts/messages/intake-message.v1.ts';
import { Instant } from '#shared/contracts/shapes.ts';
import { type Instant as AnInstant, dayIn } from '#shared/domain/calendar/civil-date.ts';
import { type ArrivalKey, isSettled, type Receipt } from '#shared/domain/intake/arrival.ts';
import type { DeadMessage } from '#shared/domain/intake/dead-message.ts';
import { untilCommitted } from '#shared/domain/lost-race.ts';
import type { Known } from '#shared/domain/ports/intake-store.ts';
import type { Fault } from '#shared/domain/refusal.ts';
import { readReport } from './read-report.ts';
import { storableReasons } from './reject-report.ts';
import { type Delivered, type ReadingPorts, readInHouse, rejectInHouse } from './take-message.ts';

/** What finds arrival and receipt of a message, whatever else of it can no longer be read. */
const Wrapper = z.object({
  arrivalId: z.string(),
  receiptId: z.string(),
  source: z.string(),
  receivedAt: Instant,
  report: z.object({ externalId: z.string() }),
});
type Wrapper = z.infer<typeof Wrapper>;

/**
 * Keeps a dead letter of either door (I-4).
 *
 * @param ports `inHouseQueue` tells the in-house door's dead letters
 */
export function keepDeadMessage(
  body: string,
  delivered: Delivered & { readonly queueArn: string },
  ports: ReadingPorts & { readonly inHouseQueue: string },
): Promise<void> {
  return delivered.queueArn === ports.inHouseQueue
    ? keepDeadInHouse(body, delivered, ports)
    : keepDeadWebhook(body, delivered, ports);
}

/**
 * Keeps a message of the webhook door's queue that no worker could take, and marks its arrival and receipt (I-4). One
 * that a worker took after all is let go. What is no message of ours is kept under its message id, without an arrival.
 */
async function keepDeadWebhook(body: string, delivered: Delivered, ports: ReadingPorts): Promise<void> {
  const wrapper = wrapperIn(body);
  await keep(wrapper, wrapper ? JSON.stringify(JSON.parse(body)) : body, delivered, ports);
}

/**
 * As {@link keepDeadWebhook} for the in-house queue, in the form in which the webhook door sends it on; what cannot be
 * read or is not entitled is rejected (I-2).
 */
async function keepDeadInHouse(body: string, delivered: Delivered, ports: ReadingPorts): Promise<void> {
  const read = await readInHouse(body, delivered, ports);
  if ('message' in read) await keep(read.message, JSON.stringify(read.message), delivered, ports);
  else await rejectInHouse(delivered, read, ports);
}

function wrapperIn(body: string): Wrapper | undefined {
  try {
    return Wrapper.safeParse(JSON.parse(body)).data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function keep(
  wrapper: Wrapper | undefined,
  body: string,
  { messageId, sentAt }: Delivered,
  { intake, clock, zone }: ReadingPorts,
): Promise<void> {
  const now = clock.now();
  const deadId = wrapper?.receiptId ?? messageId;
  const way = wrapper && { receiptId: wrapper.receiptId, source: wrapper.source };
  const dead: DeadMessage = { deadId, messageId, body, sentAt, keptAt: now, ...way, reasons: whyUnread(body) };
  if (!wrapper) return intake.record({ before: {}, dead });
  const { source, receivedAt, arrivalId, receiptId } = wrapper;
  const arrival: ArrivalKey = { source, day: dayIn(zone, receivedAt), arrivalId };
  return untilCommitted(async () => {
    const before = await intake.known({ receiptId, arrival });
    if (isSettled(before.arrival)) return;
    const receipt = deadReceipt(wrapper, before, now);
    const noted = { ...arrival, outcome: 'dead-lettered', receiptId } as const;
    await intake.record({ before, arrival: noted, dead, ...(receipt && { receipt }) });
  });
}

/** What the worker's own contract says of it. */
function whyUnread(body: string): readonly Fault[] {
  const read = readReport(Buffer.from(body), IntakeMessageV1, Number.POSITIVE_INFINITY);
  return 'faults' in read ? storableReasons(read.faults) : [];
}

/** Undefined where another arrival of the same content already led the receipt to its end. */
function deadReceipt({ receiptId, source, report }: Wrapper, { receipt }: Known, now: AnInstant): Receipt | undefined {
  if (receipt && receipt.status !== 'queued' && receipt.status !== 'rejected') return undefined;
  const version = (receipt?.version ?? 0) + 1;
  const { externalId } = report;
  return { receiptId, source, externalId, status: 'dead-lettered', version, changedAt: now };
}
