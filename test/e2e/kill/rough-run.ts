import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { Reconciliation } from '#shared/contracts/api/replies.ts';
import { dayIn } from '#shared/domain/calendar/civil-date.ts';
import { OPERATOR } from '#test/e2e/people.ts';
import { freePort } from '#test/support/dynoxide.ts';
import { type RunningInterlock, startInterlock } from '#test/support/local-interlock.ts';
import { ZONE } from '#test/support/sample.ts';
import { canonical, itemsAt, miscounted } from './canonical.ts';
import { type Replaying, replaying, until, waitingAt } from './replaying.ts';

/** Everything has happened long before that: what is overdue at the end is overdue in every run. */
const LONG_AFTER = 'P20D';
/** What is under way after the last row is done within this. */
const SETTLED_SECONDS = 600;

/** How much of what the system printed is shown with a failure. */
const LAST_WORDS = 4_000;

/** One end of something, at a moment of the replay. */
export interface Kill {
  /** When so many rows are answered for good, and a moment later. */
  readonly atRow: number;
  readonly laterMs: number;
  readonly of: 'system' | 'system and engine' | 'engine';
  /** Whether the replay ends with it and is resumed, or waits for the system and goes on by itself. */
  readonly replayToo: boolean;
  /** Kills the next start, too, when it has run for so long. */
  readonly startToo?: number;
}

/** What a run left. */
export interface Left {
  readonly lines: readonly string[];
  /** Promises that do not hold, in words. */
  readonly broken: readonly string[];
  readonly received: number;
  readonly duplicate: number;
  readonly restartsOfEngine: number;
}

const Token = z.object({ token: z.string() });

/** Replays a file into the system on this folder while it is killed, and reads what stands at the end. */
export async function roughRun(file: string, folder: string, kills: readonly Kill[], tell: (line: string) => void) {
  const began = Date.now();
  const port = await freePort(); // The same after each kill: whoever sends knows no other.
  let system = await startInterlock({ folder, port, empty: true });
  let restartsOfEngine = 0;
  const sending = await replaying(file, system.url);
  try {
    for (const kill of kills) {
      await until(`row ${kill.atRow}`, SETTLED_SECONDS, async () =>
        sending.acknowledged() >= kill.atRow ? undefined : `${sending.acknowledged()} rows`,
      );
      await sleep(kill.laterMs);
      tell(`${kill.of} at row ${sending.acknowledged()}${kill.replayToo ? ', the replay with it' : ''}`);
      system = await carriedOut(kill, system, sending, { folder, port });
      if (kill.of === 'engine') restartsOfEngine += 1;
    }
    await sending.finished();
    return await leftAt(system, began, restartsOfEngine);
  } catch (error) {
    throw new Error(`the system said last:\n${system.printed().slice(-LAST_WORDS)}`, { cause: error });
  } finally {
    await sending.kill();
    await system.stop();
  }
}

async function carriedOut(
  { of, replayToo, startToo }: Kill,
  system: RunningInterlock,
  sending: Replaying,
  on: { readonly folder: string; readonly port: number },
): Promise<RunningInterlock> {
  const engine = engineIn(on.folder);
  if (of !== 'system' && engine > 0) process.kill(engine, 'SIGKILL'); // 0 would be everybody here.
  if (of === 'engine') {
    await until('the system says so and starts the engine again', 60, async () => {
      const said = system.printed().includes(`(process ${engine}) ended by itself; starting it again`);
      return said && ![0, engine].includes(engineIn(on.folder)) ? undefined : system.printed();
    });
    return system;
  }
  await Promise.all([system.kill(), replayToo ? sending.kill() : undefined]);
  if (startToo !== undefined) {
    const cut = startInterlock({ ...on, empty: true, killAfterMs: startToo });
    await cut.then(
      (started) => started.kill(),
      () => undefined, // Killed before it was ready, as it was meant to be.
    );
  }
  const again = await startInterlock({ ...on, empty: true });
  sending.resume();
  return again;
}

/** The engine's process, as the system notes it for its next start; 0 while it is being noted. */
function engineIn(folder: string): number {
  return Number(readFileSync(join(folder, 'engine.pid'), 'utf8'));
}

/** Waits until nothing is under way, lets every deadline pass, and reads everything. */
async function leftAt({ url }: RunningInterlock, began: number, restartsOfEngine: number): Promise<Left> {
  await until('everything is worked on', SETTLED_SECONDS, () => underWay(url));
  const day = dayIn(ZONE, new Date(began).toISOString());
  const days = new Set([day, dayIn(ZONE, new Date().toISOString())]);
  const tallies = await Promise.all([...days].map((each) => reconciliationAt(url, each)));
  await helper(url, '/clock', { advance: LONG_AFTER });
  await until('every deadline has passed', SETTLED_SECONDS, async () => {
    const still = (await underWay(url)) ?? (await overdue(url));
    // The sweeps look again each minute; before the last turn is worked off they would only send the same again.
    if (still?.endsWith(UNSEEN)) await helper(url, '/clock', { advance: 'PT1M' });
    return still;
  });
  const tables = await itemsAt(url);
  const dead = [...(await waitingAt(url))].map(([queue, messages]) => `${messages} messages stand in ${queue}`);
  const totals = tallies.map(({ total }) => total);
  const sum = (figure: keyof (typeof totals)[number]) => totals.reduce((all, total) => all + total[figure], 0);
  const outcomes = (['opened', 'joined', 'duplicate', 'rejected', 'deadLettered', 'inFlight'] as const).map(sum);
  const added = outcomes.reduce((a, b) => a + b, 0);
  return {
    lines: canonical(tables, began),
    broken: [
      ...dead,
      ...(added === sum('received') ? [] : [`received ${sum('received')}, but the outcomes add up to ${added}`]),
      ...(sum('inFlight') + sum('deadLettered') === 0 ? [] : [`not everything is open: ${JSON.stringify(totals)}`]),
      ...miscounted(tables).map((line) => `miscounted: ${line}`),
    ],
    received: sum('received'),
    duplicate: sum('duplicate'),
    restartsOfEngine,
  };
}

/** Messages in queues, or commits that nobody has counted yet. */
async function underWay(url: string): Promise<string | undefined> {
  const waiting = await waitingAt(url);
  if (waiting.size > 0) return JSON.stringify([...waiting]);
  const { CasesTable, ScorecardsTable, ImprovementTable } = await itemsAt(url);
  const commits = [...CasesTable, ...ScorecardsTable].filter(({ kind }) => kind === 'commit').length;
  const counted = ImprovementTable.filter(({ kind }) => kind === 'counted').length;
  return commits === counted ? undefined : `${counted} of ${commits} commits are counted`;
}

const UNSEEN = 'deadlines have passed unseen';

async function overdue(url: string): Promise<string | undefined> {
  const { now } = z.object({ now: z.string() }).parse(await helper(url, '/clock'));
  const { CasesTable, ScorecardsTable } = await itemsAt(url);
  const due = [...CasesTable, ...ScorecardsTable].filter(({ dueAt }) => dueAt !== undefined && String(dueAt) < now);
  return due.length === 0 ? undefined : `${due.length} ${UNSEEN}`;
}

async function reconciliationAt(url: string, day: string) {
  const { token } = Token.parse(await helper(url, '/token', OPERATOR));
  const answer = await fetch(`${url}/intake/reconciliation?day=${day}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return Reconciliation.parse(await answer.json());
}

async function helper(url: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${url}/_local${path}`, body && { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`/_local${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
