import { parseArgs } from 'node:util';
import { DynamoDBClient, DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { openEnvironment, outputsOf } from './operated-environment.ts';
import { type Asked, bringBack, type Difference } from './restore/bring-back.ts';

// npm run restore -- --from TABLE --to cases [--only PREFIX] [--exact] [--write] [--env E | --url U]
// Compares a table that was restored beside (TABLE) with the one that stands, and tells what differs; docs/operations/restore.md.
// --write puts back what is missing or changed, byte for byte; --exact also takes out what TABLE has not.
// Exit code 0: done. 1: it broke off. 2: asked for what cannot be done, or the environment or a table does not answer.

const USAGE =
  'npm run restore -- --from TABLE --to cases|scorecards|improvement|reference|customers [--only PREFIX] [--exact] [--write] [--env E | --url U]';
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

async function main(): Promise<void> {
  const { env, url, from, to, only, exact = false, write = false } = parsed(process.argv.slice(2));
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
}

function parsed(args: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    const options = { env: text, url: text, from: text, to: text, only: text, exact: flag, write: flag } as const;
    return parseArgs({ args, options }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new RangeError(`${error.message}\n${USAGE}`);
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof RangeError || error instanceof DynamoDBServiceException)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof RangeError ? 2 : 1;
}
