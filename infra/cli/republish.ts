import { commandLine, FLAG, runCommand, TEXT, WHERE } from './command-line.ts';
import { hoursOfRange, republishCommits } from './commits/republish-commits.ts';
import { openEnvironment } from './operated-environment.ts';

// npm run republish -- --from 2026-11-22T09:00Z --to 2026-11-22T12:00Z [--env E | --url U] [--dry-run]
// Publishes again what was recorded in these hours and never counted, as the hourly check does; safe to repeat.
// Events of the last minutes may only be on their way: publishing them twice changes nothing.
// A commit that cannot be read is named, and keeps no other back.
// Exit code 0: nothing was missing, or all of it is on the bus again. 1: not so. 2: asked for what cannot be done, or it
// broke off.

const USAGE = 'npm run republish -- --from 2026-11-22T09:00Z --to 2026-11-22T12:00Z [--env E | --url U] [--dry-run]';

const OPTIONS = { ...WHERE, from: TEXT, to: TEXT, 'dry-run': FLAG };

async function republish(): Promise<boolean> {
  const { from, to, env, url, 'dry-run': dryRun = false } = commandLine(USAGE, { options: OPTIONS }).values;
  const hours = hoursOfRange(from, to);
  const out = (line: string) => console.log(line);
  return republishCommits(await openEnvironment({ env, url }), { hours, dryRun, out });
}

process.exitCode = await runCommand(republish);
