import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

/** What a command that ended by itself printed, and its exit status. */
export interface Ended {
  readonly status: number | null;
  /** Without the empty ones. */
  readonly lines: readonly string[];
}

/**
 * Runs `npm start -- …` as a person does, until it ends.
 * @param uid as which user; as the one who tests unless given
 */
export async function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  uid = process.getuid?.(),
): Promise<Ended> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'infra/cli/start.ts', ...args], {
    cwd: root,
    ...(uid !== undefined && { uid }),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      printed += text.toString();
    });
  }
  const [status] = await once(child, 'close');
  return { status, lines: printed.split('\n').filter((line) => line !== '') };
}
