import type { MessageQueue, QueuedMessage } from '#shared/domain/ports/message-queue.ts';

/** A queue that keeps what was sent, in that order, as the JSON that consumers get. */
export interface MemoryMessageQueue extends MessageQueue {
  readonly sent: readonly Required<QueuedMessage>[];
  /** Takes all messages off the queue. */
  drain(): readonly Required<QueuedMessage>[];
}

export function memoryMessageQueue(): MemoryMessageQueue {
  const sent: Required<QueuedMessage>[] = [];
  const keep = ({ body, delaySeconds = 0 }: QueuedMessage) =>
    sent.push({ body: JSON.parse(JSON.stringify(body)), delaySeconds });
  return {
    sent,
    async send(body, options) {
      keep({ body, ...options });
    },
    async sendMany(messages) {
      for (const message of messages) keep(message);
    },
    drain: () => sent.splice(0),
  };
}
