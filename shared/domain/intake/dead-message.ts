import type { Day, Instant } from '../calendar/civil-date.ts';

/** A message that no worker could take, kept as it came until a person puts it back (I-4). */
export interface DeadMessage {
  /** Its receipt, or its message id where nothing of it can be read. */
  readonly deadId: string;
  readonly door: 'webhook' | 'in-house';
  readonly messageId: string;
  /** As it stood on the queue; personal data. */
  readonly body: string;
  /** Who put it on the in-house queue. */
  readonly senderId: string;
  readonly sentAt: Instant;
  readonly keptOn: Day;
}
