import type { IntakeStore } from '#shared/domain/ports/intake-store.ts';
import type { MessageQueue } from '#shared/domain/ports/message-queue.ts';

export interface PutBackPorts {
  readonly intake: IntakeStore;
  /** The webhook door's queue: what is kept was let in by its door before. */
  readonly queue: MessageQueue;
}

/**
 * Puts what is kept under one receipt back on the worker's queue, each with the arrival it came with; the worker's
 * success then replaces `dead-lettered` (I-4). Each is sent first and forgotten afterwards: a crash in between sends it
 * twice, and the worker takes it once.
 *
 * @param deadId the receipt, or the message id of a message that could not be read at all
 * @returns how many were put back
 * @throws SyntaxError for a kept message that is no JSON; it stays where it is
 */
export async function putBack(deadId: string, { intake, queue }: PutBackPorts): Promise<number> {
  const kept = await intake.dead(deadId);
  for (const message of kept) {
    await queue.send(JSON.parse(message.body));
    await intake.forgetDead(message);
  }
  return kept.length;
}
