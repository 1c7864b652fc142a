import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { writeFirstRows } from '#test/e2e/kill/replaying.ts';
import { noEngineBecause } from '#test/support/dynoxide.ts';
import { startInterlock } from '#test/support/local-interlock.ts';

// npm run test:reviews     reviews of a replayed complaint file, on a local system of its own
// PYTHON, one with duckdb   computes every month's figures again from the events
// ROWS=500                  only the first rows of COMPLAINTS
// CHROMIUM                  shows the pages of one month, each language, light and dark
// PICTURES=docs/images      keeps there what is seen of them first

const root = join(import.meta.dirname, '..', '..');
const beside = join(root, '..', 'shared', 'data', 'complaints', 'cfpb-6664.csv');
const {
  COMPLAINTS = beside,
  PYTHON = 'python3',
  CHROMIUM = '/usr/bin/chromium',
  ROWS,
  PICTURES,
  MONTH = '2019-04',
} = process.env;
const COUNTED_WITHIN_MS = 300_000;
/** Languages times light and dark. */
const PAGES = 6;
/** A page without anything on it is smaller. */
const LEAST_BYTES = 20_000;
const tell = (line: string) => console.log(`reviews: ${line}`);

async function main(): Promise<number> {
  const missing = existsSync(COMPLAINTS) ? noEngineBecause : `there is no complaint file at ${COMPLAINTS} (COMPLAINTS)`;
  if (missing) {
    tell(`skipped: ${missing}`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'interlock-reviews-'));
  const system = await startInterlock({ folder: join(folder, 'data'), empty: true });
  try {
    await reviewed(system.url, folder);
    return 0;
  } finally {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function reviewed(url: string, folder: string): Promise<void> {
  const file = ROWS === undefined ? COMPLAINTS : join(folder, 'complaints.csv');
  if (ROWS !== undefined) writeFirstRows(COMPLAINTS, Number(ROWS), file);
  const once = join(folder, 'once.ndjson');
  await replayed(file, url);
  await counted(url, once);
  await replayed(file, url);
  const twice = join(folder, 'twice.ndjson');
  await counted(url, twice);
  if (sortedLines(once) !== sortedLines(twice)) throw new Error('a second replay changed what was decided');
  tell('a second replay changed nothing but what was received');

  const checking = ['test/reviews/duckdb_check.py', '--url', url, '--events', twice];
  await run(PYTHON, [...checking, '--from', '2015-01', '--to', '2020-12']);
  await pictured(url, PICTURES ?? join(folder, 'pictures'));
  await run(process.execPath, ['infra/cli/verify.ts', 'ledger', '--url', url]);
}

async function replayed(file: string, url: string): Promise<void> {
  await run(process.execPath, ['infra/cli/replay.ts', file, '--url', url, '--restart']);
}

/** Waits until the stored counters are those that the commits make, and keeps the events that say so. */
async function counted(url: string, dump: string): Promise<void> {
  const recount = ['infra/cli/recount.ts', '--url', url, '--dump', dump];
  for (const deadline = performance.now() + COUNTED_WITHIN_MS; ; await sleep(5_000)) {
    const done = await run(process.execPath, recount).then(
      () => true,
      (error: unknown) => {
        if (performance.now() > deadline) throw error;
        return false;
      },
    );
    if (done) return;
  }
}

async function pictured(url: string, folder: string): Promise<void> {
  if (!existsSync(CHROMIUM)) {
    tell(`the pages are not shown: there is no Chromium at ${CHROMIUM} (CHROMIUM)`);
    return;
  }
  await run(process.execPath, ['test/reviews/work-on-month.ts', '--url', url, '--month', MONTH]);
  await sleep(5_000); // What was done there is counted.
  const seenFirst = PICTURES === undefined ? [] : ['--top'];
  const picturing = ['test/reviews/pictures.ts', '--url', url, '--month', MONTH, '--out', folder];
  await run(process.execPath, [...picturing, ...seenFirst]);
  const sizes = readdirSync(folder).map((name) => readFileSync(join(folder, name)).length);
  if (sizes.length < PAGES || sizes.some((size) => size < LEAST_BYTES))
    throw new Error(`${PAGES} pages with something on them were expected, there are some of ${sizes.join(', ')} bytes`);
}

/** @throws Error with what it printed when it fails */
async function run(command: string, args: readonly string[]): Promise<void> {
  const began = performance.now();
  const { stdout } = await promisify(execFile)(command, args, { cwd: root, maxBuffer: 2 ** 26 });
  const lines = stdout.trim().split('\n');
  tell(`${args[0]}, ${((performance.now() - began) / 1000).toFixed(0)} s: ${lines.at(-1) ?? ''}`);
}

function sortedLines(file: string): string {
  return readFileSync(file, 'utf8').split('\n').sort().join('\n');
}

process.exitCode = await main();
