import { parseArgs } from 'node:util';
import { recountCounters } from './commits/recount-counters.ts';
import { openedEnvironment, runCommand } from './commits/run-command.ts';
import { whereAsked } from './where-asked.ts';

// npm run recount -- [--month 2026-10] [--env E | --url U] [--dump FILE]
// Computes the counters anew from all commits and compares them with those that are stored; reads, and changes nothing.
// --dump writes every event to FILE, one JSON object a line with its envelope, for other engines to count.
// A commit or event that cannot be read is named, and keeps no other back.
// Exit code 0: every counter stands as the commits say. 1: not so. 2: asked for what cannot be done, or it broke off.

const USAGE = 'npm run recount -- [--month 2026-10] [--env E | --url U] [--dump FILE]';

async function recount(): Promise<boolean> {
  const { env, url, month, dump } = optionsOf(process.argv.slice(2));
  const environment = await openedEnvironment({ env, url });
  const out = (line: string) => console.log(line);
  return recountCounters(environment, { month, dump: dump && whereAsked(dump), out });
}

/** @throws RangeError when the command line is not as the usage says */
function optionsOf(args: string[]) {
  const { month, ...values } = parsed(args);
  if (month !== undefined && !/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
    throw new RangeError(`--month is a month like 2026-10; got '${month}'`);
  return { month, ...values };
}

function parsed(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({ args, options: { env: text, url: text, month: text, dump: text } }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new RangeError(`${error.message}\n${USAGE}`);
  }
}

process.exitCode = await runCommand(recount, (line) => console.error(line));
