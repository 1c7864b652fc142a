import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { commandLine, FLAG, runCommand, TEXT, WHERE } from './command-line.ts';
import { openEnvironment, outputsOf } from './operated-environment.ts';
import { type Asked, bringBack, type Difference } from './restore/bring-back.ts';

// npm run restore -- --from TABLE --to cases [--only PREFIX] [--exact] [--write] [--env E | --url U]
// Compares a table that was restored beside (TABLE) with the one that stands, and tells what differs; docs/operations/restore.md.
// --write puts back what is missing or changed, byte for byte; --exact also takes out what TABLE has not.
// Exit code 0: done. 2: asked for what cannot be done, or it broke off.

const USAGE =
  'npm run restore -- --from TABLE --to cases|scorecards|improvement|reference|customers [--only PREFIX] [--exact] [--write] [--env E | --url U]';
const OPTIONS = { ...WHERE, from: TEXT, to: TEXT, only: TEXT, exact: FLAG, write: FLAG };
const TABLES = {
  cases: 'CasesTable',
  scorecards: 'ScorecardsTable',
  improvement: 'ImprovementTable',
  reference: 'ReferenceTable',
  customers: 'CustomersTable',
} as const;
type Table = keyof typeof TABLES;
const isTable = (name: string | undefined): name is Table => name !== undefined && Object.hasOwn(TABLES, name);
/** Differences that are printed one by one; a table may have millions. */
const PRINTED = 50;

async function restore(): Promise<boolean> {
  const { env, url, from, to, only, exact = false, write = false } = commandLine(USAGE, { options: OPTIONS }).values;
  if (from === undefined || !isTable(to)) throw new RangeError(USAGE);
  const environment = await openEnvironment({ env, url });
  const output = TABLES[to];
  const standing = outputsOf(environment, output)[output];
  if (from === standing)
    throw new RangeError(`${from} is the table that stands; name the one that was restored beside it`);
  const asked: Asked = { from, to: standing, only, exact, write };
  let told = 0;
  const tell = ({ is, pk, sk }: Difference) => {
    told += 1;
    if (told <= PRINTED) console.log(`${is.padEnd(8)}${pk} ${sk}`);
    if (told === PRINTED + 1) console.log('and more');
  };
  const { same, changed, missing, newer } = await bringBack(new DynamoDBClient(environment.client), asked, tell);
  const back = write ? 'put back' : 'not written, for --write is not given';
  const rest = write && exact ? 'taken out' : 'left as they are';
  console.log(`${to}: ${same} the same; ${changed} changed and ${missing} missing, ${back}; ${newer} newer, ${rest}`);
  return true;
}

process.exitCode = await runCommand(restore);
