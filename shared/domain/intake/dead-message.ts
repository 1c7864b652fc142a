import type { Instant } from '../calendar/civil-date.ts';

/** A message that no worker could take, kept until a person puts it back (I-4). */
export interface DeadMessage {
  /** Its receipt, or its message id where nothing of it can be read. */
  readonly deadId: string;
  readonly messageId: string;
  /** As it goes back to the worker's queue; personal data. */
  readonly body: string;
  readonly sentAt: Instant;
  readonly keptAt: Instant;
}
