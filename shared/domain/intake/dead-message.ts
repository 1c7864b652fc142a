import type { Instant } from '../calendar/civil-date.ts';
import type { Fault } from '../refusal.ts';

/** A message that no worker could take, kept until a person puts it back (I-4). */
export interface DeadMessage {
  /** Its receipt, or its message id where nothing of it can be read. */
  readonly deadId: string;
  readonly messageId: string;
  /** As it goes back to the worker's queue; personal data. */
  readonly body: string;
  readonly sentAt: Instant;
  readonly keptAt: Instant;
  /** Absent where nothing of it can be read, like the source. */
  readonly receiptId?: string;
  readonly source?: string;
  /** Why no worker can read it; none where it reads, and what failed was on our side. They quote nothing of it (T-2). */
  readonly reasons: readonly Fault[];
}

/** A kept message without what it says. */
export interface DeadEntry extends Omit<DeadMessage, 'body'> {
  readonly bytes: number;
}

/** That a person put a message back (T-3). */
export interface ReturnedMessage {
  readonly deadId: string;
  readonly messageId: string;
  readonly sentAt: Instant;
  readonly returnedAt: Instant;
  readonly returnedBy: string;
}

export function entryOf({ body, ...message }: DeadMessage): DeadEntry {
  return { ...message, bytes: new TextEncoder().encode(body).byteLength };
}
