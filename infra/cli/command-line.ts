import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import * as z from 'zod';

/** An option with a value, and one without. */
export const TEXT = { type: 'string' } as const;
export const FLAG = { type: 'boolean' } as const;
/** Where an operator's command works: a deployed environment, or a local system by its address. */
export const WHERE = { env: TEXT, url: TEXT } as const;

/**
 * What the command line asks for.
 * @throws RangeError for what it may not say, with the usage
 */
export function commandLine<const T extends ParseArgsConfig>(usage: string, config: T) {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new RangeError(`${error.message}\n${usage}`);
  }
}

/** A path as the person at the terminal means it: npm runs a command in the project's folder, wherever it was called. */
export function whereAsked(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}

/**
 * Runs a command for people: a sentence for what is their matter, and a stack for what is ours.
 *
 * @param run whether all is well
 * @returns its exit code: 0 all is well, 1 not so, 2 asked for what cannot be done, or it broke off
 */
export async function runCommand(
  run: () => Promise<boolean>,
  tell: (line: string) => void = console.error,
): Promise<0 | 1 | 2> {
  try {
    return (await run()) ? 0 : 1;
  } catch (error) {
    tell(error instanceof RangeError ? error.message : `it broke off: ${reasonOf(error)}`);
    return 2;
  }
}

/** Why it broke off: in a sentence where something around us says so, with the stack where the fault is ours. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof z.ZodError) return `what was read has another form than expected: ${z.prettifyError(error)}`;
  return isOfElsewhere(error) ? `${error.name}: ${error.message}` : (error.stack ?? error.message);
}

/** What a service of AWS refuses, missing credentials, and what the operating system says of files and connections. */
function isOfElsewhere(error: Error): boolean {
  return '$metadata' in error || 'syscall' in error || error.name === 'CredentialsProviderError';
}
