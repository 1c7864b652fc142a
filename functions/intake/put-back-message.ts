import type { DeadMessage, ReturnedMessage } from '#shared/domain/intake/dead-message.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { IntakeStore } from '#shared/domain/ports/intake-store.ts';
import type { MessageQueue } from '#shared/domain/ports/message-queue.ts';

export interface PutBackPorts {
  readonly intake: Pick<IntakeStore, 'dead' | 'forgetDead'>;
  /** The webhook door's queue: what is kept was let in by its door before. */
  readonly queue: MessageQueue;
  readonly clock: Clock;
}

/** How many messages were put back, or which of them stay, and with them all, because they are no JSON. */
export type PutBack = { readonly returned: number } | { readonly unreadable: readonly DeadMessage[] };

/**
 * Puts what is kept under one receipt back on the worker's queue, each with the arrival it came with; the worker's
 * success then replaces `dead-lettered` (I-4). Each is sent first and forgotten afterwards: a crash in between sends it
 * twice, and the worker takes it once.
 *
 * @param deadId the receipt, or the message id of a message that could not be read at all
 * @param returnedBy who puts it back
 */
export async function putBack(
  deadId: string,
  returnedBy: ReturnedMessage['returnedBy'],
  { intake, queue, clock }: PutBackPorts,
): Promise<PutBack> {
  const { kept } = await intake.dead(deadId);
  const read = kept.map((message) => ({ message, json: jsonIn(message.body) }));
  const unreadable = read.flatMap(({ message, json }) => (json ? [] : [message]));
  if (unreadable.length > 0) return { unreadable };
  for (const { message, json } of read) {
    await queue.send(json?.value);
    await intake.forgetDead(message, { returnedAt: clock.now(), returnedBy });
  }
  return { returned: kept.length };
}

/** Undefined for a text that is no JSON. */
export function jsonIn(body: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
