import { runCommand } from './command-line.ts';
import { verifyExportCommand } from './verify/export-command.ts';
import { verifyLedgerCommand } from './verify/ledger.ts';

// npm run verify -- ledger [--env E | --url U]        every entry, seal and anchor of the ledger, and its sums
// npm run verify -- export FILE [--id EXPORT] [--page] [--manifest M] [--env E | --url U]   an export of scores
// Without --env or --url: the local system where `npm start` puts it.
// Exit code 0: all is well. 1: something differs, the first of it named first. 2: it could not look: wrong arguments, no
// credentials, an environment that does not answer, what cannot be read.

const USAGE = `npm run verify -- ledger [--env E | --url U]
npm run verify -- export FILE [--id EXPORT] [--page] [--manifest M] [--env E | --url U]`;

/** What can be verified; whether it is as it was written. */
const VERIFIERS: Readonly<Record<string, (usage: string, args: string[]) => Promise<boolean>>> = {
  export: verifyExportCommand,
  ledger: verifyLedgerCommand,
};

async function verify(): Promise<boolean> {
  const [what = '', ...args] = process.argv.slice(2);
  const verifier = Object.hasOwn(VERIFIERS, what) ? VERIFIERS[what] : undefined;
  if (!verifier) throw new RangeError(USAGE);
  return verifier(USAGE, args);
}

process.exitCode = await runCommand(verify);
