import { verifyExportCommand } from './verify/export-command.ts';
import { verifyLedgerCommand } from './verify/ledger.ts';

// npm run verify -- ledger [--env E | --url U]        every entry, seal and anchor of the ledger, and its sums
// npm run verify -- export FILE [--id EXPORT] [--page] [--manifest M] [--env E | --url U]   an export of scores
// Without --env or --url: the local system where `npm start` puts it.
// Exit code 0: all is well. 1: something differs, the first of it named first. 2: asked for what cannot be done.

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
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    console.error(`${error.message}\n${USAGE}`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
