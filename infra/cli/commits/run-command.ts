import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { type OperatedEnvironment, openEnvironment } from '../operated-environment.ts';

/**
 * Runs a command for people: a sentence and no stack for what is their matter.
 *
 * @param run whether all is well
 * @returns its exit code: 0 all is well, 1 not so, 2 asked for what cannot be done, or it broke off
 */
export async function runCommand(run: () => Promise<boolean>, tell: (line: string) => void): Promise<0 | 1 | 2> {
  try {
    return (await run()) ? 0 : 1;
  } catch (error) {
    if (!isForPeople(error)) throw error;
    tell(error.message);
    return 2;
  }
}

/**
 * As {@link openEnvironment}; whatever keeps an environment from opening is said in a sentence.
 * @throws RangeError
 */
export async function openedEnvironment(asked: { env?: string; url?: string }): Promise<OperatedEnvironment> {
  return openEnvironment(asked).catch((error: unknown) => {
    if (error instanceof RangeError) throw error;
    const [why] = String(error instanceof SyntaxError ? 'its answer is no JSON' : error).split('\n');
    throw new RangeError(`${asked.env ?? asked.url ?? 'the local system'} does not say where its stores are: ${why}`);
  });
}

/** Wrong arguments, a store that refuses, and what the operating system says of files and connections. */
function isForPeople(error: unknown): error is Error {
  const ofSystem = error instanceof Error && 'syscall' in error;
  return error instanceof RangeError || error instanceof DynamoDBServiceException || ofSystem;
}
