import { commandLine, runCommand, TEXT, WHERE, whereAsked } from './command-line.ts';
import { recountCounters } from './commits/recount-counters.ts';
import { openEnvironment } from './operated-environment.ts';

// npm run recount -- [--month 2026-10] [--env E | --url U] [--dump FILE]
// Computes the counters anew from all commits and compares them with those that are stored; reads, and changes nothing.
// --dump writes every event to FILE, one JSON object a line with its envelope, for other engines to count.
// A commit or event that cannot be read is named, and keeps no other back.
// Exit code 0: every counter stands as the commits say. 1: not so. 2: asked for what cannot be done, or it broke off.

const USAGE = 'npm run recount -- [--month 2026-10] [--env E | --url U] [--dump FILE]';

const OPTIONS = { ...WHERE, month: TEXT, dump: TEXT };

async function recount(): Promise<boolean> {
  const { env, url, month, dump } = commandLine(USAGE, { options: OPTIONS }).values;
  if (month !== undefined && !/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
    throw new RangeError(`--month is a month like 2026-10; got '${month}'`);
  const environment = await openEnvironment({ env, url });
  const out = (line: string) => console.log(line);
  return recountCounters(environment, { month, dump: dump && whereAsked(dump), out });
}

process.exitCode = await runCommand(recount);
