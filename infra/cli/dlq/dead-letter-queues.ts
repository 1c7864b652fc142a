import { DEAD_LETTERS_OUTPUT, DeadLettersTold } from '../../dead-letters.ts';
import type { OperatedEnvironment } from '../operated-environment.ts';

/**
 * Every dead-letter queue of an environment, in the order of their names.
 * @throws RangeError when its stacks tell of none: they were deployed before they did
 */
export function deadLettersOf({ name, outputs }: OperatedEnvironment): readonly DeadLettersTold[] {
  const told = Object.entries(outputs).filter(([key]) => key.startsWith(DEAD_LETTERS_OUTPUT));
  if (told.length === 0) throw new RangeError(`${name} does not say its dead letters; deploy it once more`);
  return told
    .map(([, json]) => DeadLettersTold.parse(JSON.parse(json)))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * The queue that somebody means: by its name, its queue's name or URL, or any part of a name that no other has.
 * @throws RangeError listing those that it could be, or all there are
 */
export function meantBy(word: string, all: readonly DeadLettersTold[]): DeadLettersTold {
  const exact = all.find(({ name, queue }) => word === name || word === queue || word === nameOf(queue));
  if (exact) return exact;
  const like = all.filter(({ name }) => name.includes(word.toLowerCase()));
  const [only] = like;
  if (only && like.length === 1) return only;
  const names = (queues: readonly DeadLettersTold[]) => queues.map(({ name }) => name).join(', ');
  if (like.length > 1) throw new RangeError(`'${word}' may be any of ${names(like)}`);
  throw new RangeError(`no dead letters are called '${word}'; there are ${names(all)}`);
}

/** The name of a queue from its URL. */
export function nameOf(queueUrl: string): string {
  return queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
}
