import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DeadLettersTold } from '../../dead-letters.ts';
import { countIn, lookAt, move, remove, sentAt, take } from './queue-access.ts';
import { counted, type Lying, listing, nextStep, readable } from './report.ts';

/** How many messages of a queue a listing looks at to tell how old they are. */
const LOOKED_AT = 100;

/** Where the actions act, and on what. */
export interface Scene {
  readonly sqs: SQSClient;
  /** Milliseconds since 1970, on the environment's clock. */
  readonly now: number;
  /** The options that lead there: `--env prod`. */
  readonly where: string;
  readonly out: (text: string) => void;
}

/** Prints every queue with how much lies there since when, and what the business loses meanwhile. */
export async function list(queues: readonly DeadLettersTold[], { sqs, now, where, out }: Scene): Promise<void> {
  const lying = await Promise.all(
    queues.map(async (queue): Promise<Lying> => {
      const count = await countIn(sqs, queue.queue);
      // A function is about to take the reports, and looking would hide them from it.
      if (count.visible === 0 || queue.holds === 'reports') return { queue, ...count };
      const seen = await lookAt(sqs, queue.queue, LOOKED_AT);
      const [oldest] = seen.map(sentAt);
      return { queue, ...count, oldest, all: seen.length >= count.visible };
    }),
  );
  out(listing(lying, now, where));
}

/**
 * Prints the oldest messages and leaves them where they are.
 * @throws RangeError for reports of customers, which are not for operators' eyes (I-8)
 */
export async function show(queue: DeadLettersTold, limit: number, { sqs, now, where, out }: Scene): Promise<void> {
  if (queue.holds === 'reports')
    throw new RangeError(`${queue.name} holds what customers wrote, which is not printed; ${nextStep(queue, where)}`);
  const { visible } = await countIn(sqs, queue.queue);
  const messages = await lookAt(sqs, queue.queue, limit);
  for (const message of messages) out(`${readable(message, now)}\n`);
  out(
    messages.length === 0
      ? `${queue.name} is empty`
      : `${messages.length} of ${counted(Math.max(visible, messages.length))}`,
  );
  if (messages.length > 0) out(`next: ${nextStep(queue, where)}`);
}

/**
 * Puts messages back into the queue that they came from. It stops after as many as lay there when it began, so that what
 * fails again at once is not put back for ever.
 *
 * @param limit all unless given
 * @throws RangeError where nothing can be put back, saying what to do instead
 */
export async function redrive(queue: DeadLettersTold, limit: number | undefined, scene: Scene): Promise<void> {
  const { sqs, out, where } = scene;
  const { of } = queue;
  if (queue.holds !== 'messages' || of === undefined)
    throw new RangeError(`nothing in ${queue.name} can be put back; ${nextStep(queue, where)}`);
  const done = await each(queue, limit, scene, (message) => move(sqs, message, queue.queue, of));
  out(`${counted(done)} of ${queue.name} put back`);
}

/**
 * Takes out what has no work in it, so that its alarm is still and the next one is heard.
 * @throws RangeError where work would be lost
 */
export async function discard(queue: DeadLettersTold, limit: number | undefined, scene: Scene): Promise<void> {
  const { sqs, out, where } = scene;
  if (queue.holds === 'messages' || queue.holds === 'reports')
    throw new RangeError(`what lies in ${queue.name} is work and is not discarded; ${nextStep(queue, where)}`);
  const done = await each(queue, limit, scene, (message) => remove(sqs, message, queue.queue));
  out(`${counted(done)} of ${queue.name} discarded`);
}

type Act = (message: Parameters<typeof remove>[1]) => Promise<void>;

/** @returns how many were acted on; says how many are left */
async function each(queue: DeadLettersTold, limit: number | undefined, { sqs, out }: Scene, act: Act): Promise<number> {
  const { visible } = await countIn(sqs, queue.queue);
  const most = Math.min(limit ?? visible, visible);
  let done = 0;
  try {
    if (most > 0)
      for await (const message of take(sqs, queue.queue, most)) {
        await act(message);
        done += 1;
      }
  } catch (error) {
    out(`stopped after ${counted(done)}; what was taken and is still there can be taken again in a minute`);
    throw error;
  }
  if (visible > done) out(`${counted(visible - done)} left in ${queue.name}`);
  return done;
}
