import * as z from 'zod';

/**
 * What a queue of dead letters says of itself in an output of its stack, so that an operator's command finds it on
 * AWS, on an emulator and on one machine alike.
 */
export const DeadLettersTold = z.object({
  /** As people call it: gear and step, `performance/score-dispute`. */
  name: z.string(),
  /** Its URL. */
  queue: z.url(),
  /** The URL of the queue that its messages came from. */
  of: z.url().optional(),
  holds: z.enum([
    'messages', // Work that goes on when it is put back: ids, never what a person wrote.
    'reports', // What customers wrote: kept in the customers table by a function, and for officers' eyes (I-4, I-8).
    'turns', // Missed turns of a schedule: the next one does their work.
    'places', // Places in a table's stream: the records stand in the table.
  ]),
  /** What the business loses while they lie there. */
  loses: z.string(),
});
export type DeadLettersTold = z.infer<typeof DeadLettersTold>;

/** What the keys of these outputs begin with: `DeadLettersPerformanceScoreDispute`. */
export const DEAD_LETTERS_OUTPUT = 'DeadLetters';
