import { join } from 'node:path';
import { Slug } from '#shared/contracts/shapes.ts';
import { commandLine, FLAG, TEXT, whereAsked } from './command-line.ts';
import { LOCAL_SYSTEM } from './operated-environment.ts';
import { Stopped } from './replay/exchange.ts';
import { BrokenFile } from './replay/file-lines.ts';
import { type ReplayOptions, replayFile } from './replay/replay-file.ts';

// npm run replay -- FILE [--rate N] [--source S] [--url U] [--restart]
// Feeds a complaint export (CSV) or reports (NDJSON) to a running system; docs/replay.md has the whole story.
// Exit code 0: every row was taken and the reconciliation balances. 1: not so, or it could not run. 130: interrupted.

const USAGE = 'npm run replay -- FILE [--rate N] [--source S] [--url U] [--restart]';
const OPTIONS = { rate: TEXT, source: TEXT, url: TEXT, restart: FLAG };
const root = join(import.meta.dirname, '..', '..');

async function main(): Promise<number> {
  const stop = new AbortController();
  let interrupted = false;
  const interrupt = () => {
    if (interrupted) process.exit(130); // Asked twice: without waiting for answers.
    interrupted = true;
    stop.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const taken = await replayFile(asked(), {
      env: process.env,
      stateFolder: join(root, '.local', 'replay'),
      stop,
      out: (line) => console.log(line),
      tell: (line) => console.error(line),
      terminal: process.stderr,
    });
    return taken ? 0 : 1;
  } catch (error) {
    if (interrupted && error instanceof Error && error.name === 'AbortError') {
      console.error('interrupted; the same command goes on where this one stood');
      return 130;
    }
    if (!isForPeople(error)) throw error;
    console.error(error.message);
    return interrupted ? 130 : 1;
  }
}

/** @throws RangeError when the command line is not as the usage says */
function asked(): ReplayOptions {
  const { positionals, values } = commandLine(USAGE, { allowPositionals: true, options: OPTIONS });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new RangeError(`name one file: ${USAGE}`);
  const rate = values.rate === undefined ? undefined : Number(values.rate);
  if (rate !== undefined && !(rate > 0 && rate <= 1_000_000)) {
    throw new RangeError(`--rate is rows per second, over 0; got '${values.rate}'`);
  }
  const { source, url = LOCAL_SYSTEM, restart = false } = values;
  if (source !== undefined && !Slug.safeParse(source).success)
    throw new RangeError(`--source '${source}' is no source`);
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new RangeError(`--url is an address like ${LOCAL_SYSTEM}; got '${url}'`);
  }
  if (new URL(url).username || new URL(url).password) throw new RangeError('--url may hold no user and no password');
  return { file: whereAsked(file), url, rate, source, restart };
}

function isForPeople(error: unknown): error is Error {
  return error instanceof RangeError || error instanceof BrokenFile || error instanceof Stopped;
}

process.exitCode = await main();
