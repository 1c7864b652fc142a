import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import * as z from 'zod';
import { checkFile } from '#infra/cli/replay/check-file.ts';
import { cfpbMapping } from '#infra/cli/replay/mapping.ts';
import { loadState, statePath } from '#infra/cli/replay/resume-state.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const Row = z.object({ raw: z.string() });

/** A replay as somebody at a terminal runs it. */
export interface Replaying {
  /** Rows that are answered for good, as the replay itself keeps them. */
  acknowledged(): number;
  /** As `kill -9`. */
  kill(): Promise<void>;
  /** Goes on where it was killed. */
  resume(): void;
  /** @throws Error with what it printed unless every row was taken and the books balance */
  finished(): Promise<void>;
}

/** The header and the first rows of a complaint export, as they stand there. */
export function writeFirstRows(file: string, rows: number, to: string): void {
  const lines = z.array(Row).parse(parse(readFileSync(file, 'utf8'), { raw: true, to: rows + 1 }));
  writeFileSync(to, lines.map(({ raw }) => raw).join(''));
}

/** Starts `npm run replay -- FILE --url URL` from the first row. */
export async function replaying(file: string, url: string): Promise<Replaying> {
  const { digest } = await checkFile({ path: file, format: 'csv', mapping: cfpbMapping }, () => {});
  const state = statePath(join(root, '.local', 'replay'), digest, url, undefined);
  let running = start(file, url, '--restart');
  return {
    acknowledged: () => loadState(state)?.acknowledged ?? 0,
    async kill() {
      running.child.kill('SIGKILL');
      await running.ended;
    },
    resume() {
      if (running.child.exitCode === null && running.child.signalCode === null) return;
      running = start(file, url);
    },
    async finished() {
      const [status] = await running.ended;
      if (status !== 0) throw new Error(`the replay failed:\n${running.printed.join('')}`);
    },
  };
}

function start(file: string, url: string, ...options: string[]) {
  const args = ['infra/cli/replay.ts', file, '--url', url, ...options];
  const child: ChildProcess = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text: Buffer) => printed.push(text.toString()));
  return { child, printed, ended: once(child, 'exit') };
}

const Queues = z.object({
  items: z.array(z.object({ name: z.string(), visible: z.int(), inFlight: z.int(), delayed: z.int() })),
});

/** The messages that stand in any queue, by its name. */
export async function waitingAt(url: string): Promise<ReadonlyMap<string, number>> {
  const { items } = Queues.parse(await (await fetch(`${url}/_local/queues`)).json());
  const held = items.map(({ name, visible, inFlight, delayed }) => [name, visible + inFlight + delayed] as const);
  return new Map(held.filter(([, messages]) => messages > 0));
}

/** Waits until something holds; polls twice a second. @throws Error naming what never came, with what stood last */
export async function until(what: string, seconds: number, holds: () => Promise<string | undefined>): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; ; await sleep(500)) {
    const still = await holds();
    if (still === undefined) return;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s: ${still}`);
  }
}
