import * as z from 'zod';
import { verifyExportCommand } from './verify/export-command.ts';
import { verifyLedgerCommand } from './verify/ledger.ts';

// npm run verify -- ledger [--env E | --url U]        every entry, seal and anchor of the ledger, and its sums
// npm run verify -- export FILE [--id EXPORT] [--page] [--manifest M] [--env E | --url U]   an export of scores
// Without --env or --url: the local system where `npm start` puts it.
// Exit code 0: all is well. 1: something differs, the first of it named first. 2: it could not look: wrong arguments, no
// credentials, an environment that does not answer, what cannot be read.

const USAGE = `npm run verify -- ledger [--env E | --url U]
npm run verify -- export FILE [--id EXPORT] [--page] [--manifest M] [--env E | --url U]`;

/** What can be verified; each answers with its exit code, and throws a RangeError or TypeError for wrong arguments. */
const VERIFIERS: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  export: verifyExportCommand,
  ledger: verifyLedgerCommand,
};

async function main([what = '', ...args]: string[]): Promise<number> {
  const verify = Object.hasOwn(VERIFIERS, what) ? VERIFIERS[what] : undefined;
  if (!verify) {
    console.error(USAGE);
    return 2;
  }
  try {
    return await verify(args);
  } catch (error) {
    const isAsked = error instanceof RangeError || error instanceof TypeError;
    console.error(isAsked ? `${error.message}\n${USAGE}` : `could not verify: ${reasonOf(error)}`);
    return 2;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return `what was read has another form than expected: ${z.prettifyError(error)}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

process.exitCode = await main(process.argv.slice(2));
