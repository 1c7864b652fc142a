import { parseArgs } from 'node:util';
import { hoursOfRange, republishCommits } from './commits/republish-commits.ts';
import { openedEnvironment, runCommand } from './commits/run-command.ts';

// npm run republish -- --from 2026-11-22T09:00Z --to 2026-11-22T12:00Z [--env E | --url U] [--dry-run]
// Publishes again what was recorded in these hours and never counted, as the hourly check does; safe to repeat.
// Events of the last minutes may only be on their way: publishing them twice changes nothing.
// A commit that cannot be read is named, and keeps no other back.
// Exit code 0: nothing was missing, or all of it is on the bus again. 1: not so. 2: asked for what cannot be done, or it
// broke off.

const USAGE = 'npm run republish -- --from 2026-11-22T09:00Z --to 2026-11-22T12:00Z [--env E | --url U] [--dry-run]';

async function republish(): Promise<boolean> {
  const { from, to, env, url, 'dry-run': dryRun = false } = parsed(process.argv.slice(2));
  const hours = hoursOfRange(from, to);
  const out = (line: string) => console.log(line);
  return republishCommits(await openedEnvironment({ env, url }), { hours, dryRun, out });
}

function parsed(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    const options = { from: text, to: text, env: text, url: text, 'dry-run': { type: 'boolean' } } as const;
    return parseArgs({ args, options }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new RangeError(`${error.message}\n${USAGE}`);
  }
}

process.exitCode = await runCommand(republish, (line) => console.error(line));
