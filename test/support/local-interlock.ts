import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './dynoxide.ts';

const root = join(import.meta.dirname, '..', '..');
const READY_WITHIN_SECONDS = 120;

/** The local system as a process of its own, as `npm start` runs it. */
export interface RunningInterlock {
  readonly url: string;
  readonly folder: string;
  readonly process: ChildProcess;
  /** Everything printed so far. */
  printed(): string;
  /** As Ctrl-C; takes away the folder where it was made here. @returns the exit status */
  stop(): Promise<number>;
  /** As `kill -9` of the process, which ends all at once; the folder stays. */
  kill(): Promise<void>;
}

/**
 * Starts the local system and waits until it is ready.
 * @param options.folder a new one that goes away with it unless given
 * @throws Error with what it printed when it ends or is not ready within two minutes
 */
export async function startInterlock(
  options: {
    readonly empty?: boolean;
    readonly folder?: string;
    readonly port?: number;
    /** As `kill -9`, so long after it was started. */
    readonly killAfterMs?: number;
  } = {},
): Promise<RunningInterlock> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'interlock-'));
  const port = options.port ?? (await freePort());
  const args = ['infra/cli/start.ts', '--port', String(port), '--data', folder, ...(options.empty ? ['--empty'] : [])];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const ended = once(child, 'exit');
  if (options.killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), options.killAfterMs).unref();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`not ready in time:\n${lines.join('\n')}`)),
      READY_WITHIN_SECONDS * 1000,
    );
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (/^ready /.test(line)) resolve();
      });
    }
    child.once('exit', () => reject(new Error(`ended before it was ready:\n${lines.join('\n')}`)));
    void ended.finally(() => clearTimeout(timer));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    folder,
    process: child,
    printed: () => lines.join('\n'),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      const [status] = await ended;
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
      return Number(status ?? 1);
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
