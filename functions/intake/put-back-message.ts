import type { DeadMessage } from '#shared/domain/intake/dead-message.ts';
import type { MessageQueue } from '#shared/domain/ports/message-queue.ts';
import { type ReadingPorts, readInHouse, rejectInHouse } from './take-message.ts';

/** What putting back reaches out to: the worker's queue, where the doors' checks are behind a message. */
export interface PutBackPorts extends ReadingPorts {
  readonly queue: MessageQueue;
}

/**
 * Puts what is kept under one receipt back on the worker's queue, each with the arrival it came with; the worker's
 * success then replaces `dead-lettered` (I-4). An in-house message is read again under the sender it came from. It is
 * sent first and forgotten afterwards: a crash in between sends it twice, and the worker takes it once.
 *
 * @param deadId the receipt, or the message id of a message that could not be read at all
 * @returns how many were put back or found to be no reports after all
 * @throws SyntaxError for a kept message that is no JSON; it stays where it is
 */
export async function putBack(deadId: string, ports: PutBackPorts): Promise<number> {
  const kept = await ports.intake.dead(deadId);
  for (const message of kept) {
    await putBackOne(message, ports);
    await ports.intake.forgetDead(message);
  }
  return kept.length;
}

async function putBackOne(message: DeadMessage, ports: PutBackPorts): Promise<void> {
  if (message.door === 'webhook') return ports.queue.send(JSON.parse(message.body));
  const read = await readInHouse(message.body, message, ports);
  return 'message' in read ? ports.queue.send(read.message) : rejectInHouse(message, read.faults, ports);
}
