import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Random, seeded } from '#test/simulation/random.ts';
import { noEngineBecause } from '#test/support/dynoxide.ts';
import { startInterlock } from '#test/support/local-interlock.ts';
import { differences } from './kill/canonical.ts';
import { writeFirstRows } from './kill/replaying.ts';
import { type Kill, type Left, roughRun } from './kill/rough-run.ts';

// npm run test:kill     kill -9 of the whole system, and of its engine alone, at random moments of a replay
// KILLS=20 ROWS=6664    so many kills over so many rows of COMPLAINTS; SEED chooses the moments

const beside = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'complaints', 'cfpb-6664.csv');
const { COMPLAINTS = beside, KILLS = '5', ROWS = '300', SEED = '1' } = process.env;
/** Kills of the engine alone; a few more within a minute, and the system would give up. */
const ENGINE_KILLS = 3;
/** Differences that are shown, and how much of each. */
const NAMED = 20;
const LONGEST = 2_000;
const tell = (line: string) => console.log(`kill: ${line}`);

async function main(): Promise<number> {
  const missing = existsSync(COMPLAINTS) ? noEngineBecause : `there is no complaint file at ${COMPLAINTS} (COMPLAINTS)`;
  if (missing ?? process.env.AWS_ENDPOINT_URL_DYNAMODB) {
    tell(`skipped: ${missing ?? 'an engine that runs elsewhere is not ours to kill'}`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'interlock-kill-'));
  try {
    return await compared(folder, { kills: Number(KILLS), rows: Number(ROWS), seed: Number(SEED) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Extent {
  readonly kills: number;
  readonly rows: number;
  readonly seed: number;
}

/** One run without and two with kills, over copies of one prepared folder: the keys of all digests are the same. */
async function compared(folder: string, { kills, rows, seed }: Extent): Promise<number> {
  const file = join(folder, 'complaints.csv');
  writeFirstRows(COMPLAINTS, rows, file);
  const prepared = join(folder, 'prepared');
  await (await startInterlock({ folder: prepared, empty: true })).stop();
  const run = async (name: string, planned: readonly Kill[]): Promise<Left> => {
    const began = performance.now();
    cpSync(prepared, join(folder, name), { recursive: true });
    const left = await roughRun(file, join(folder, name), planned, (line) => tell(`${name}: ${line}`));
    rmSync(join(folder, name), { recursive: true });
    const seconds = Math.round((performance.now() - began) / 1000);
    tell(
      `${name}: ${planned.length} kills, ${rows} rows, received ${left.received}, duplicate ${left.duplicate}, ${left.lines.length} items, ${seconds} s`,
    );
    return left;
  };
  tell(`seed ${seed}`);
  const random = seeded(seed);
  const calm = await run('uninterrupted', []);
  const killed = await run('killed', plannedKills(kills, rows, random));
  const engine = await run(
    'engine alone',
    plannedKills(ENGINE_KILLS, rows, random).map((kill) => ({
      ...kill,
      of: 'engine',
      replayToo: false,
      startToo: undefined,
    })),
  );
  const broken = Object.entries({ uninterrupted: calm, killed, 'engine alone': engine }).flatMap(([name, left]) => [
    ...left.broken.map((line) => `${name}: ${line}`),
    ...differences(calm.lines, left.lines).map((line) => `${name}: ${line}`),
  ]);
  if (calm.received !== rows) broken.push(`uninterrupted: received ${calm.received} of ${rows} rows`);
  for (const line of broken.slice(0, NAMED)) console.error(line.slice(0, LONGEST));
  tell(broken.length === 0 ? 'the same end each time' : `${broken.length} differences`);
  return broken.length === 0 ? 0 : 1;
}

/** Moments over the whole replay and shortly after its last row; every third kill takes the engine along. */
function plannedKills(count: number, rows: number, random: Random): readonly Kill[] {
  const moments = Array.from({ length: count }, () => random.int(0, rows)).sort((a, b) => a - b);
  return moments.map((atRow, index) => ({
    atRow,
    laterMs: random.int(0, 500),
    of: index % 3 === 1 ? 'system and engine' : 'system',
    replayToo: random.chance(0.5),
    startToo: random.chance(0.25) ? random.int(0, 1_500) : undefined,
  }));
}

process.exitCode = await main();
