import * as z from 'zod';
import { assemblyOf } from '#infra/local/assembly.ts';
import { type RunningInterlock, startInterlock } from '#test/support/local-interlock.ts';
import type { Door } from './load.ts';

/** Every system of the bench stands here, one after the other; BENCH_PORT names another port. */
export const PORT = Number(process.env.BENCH_PORT ?? 4470);
const SOURCE = 'web';
const Sources = z.object({ items: z.array(z.object({ source: z.string(), secret: z.string() })) });

/**
 * Runs something on a local system of its own, without disputes and with a folder that goes away with it.
 * @throws Error with what the system printed when it does not start
 */
export async function onLocalSystem<T>(use: (system: RunningInterlock) => Promise<T>): Promise<T> {
  assemblyOf('local', () => {}); // A start that synthesizes may not be ready in time on a busy machine.
  const system = await startInterlock({ empty: true, port: PORT });
  try {
    return await use(system);
  } finally {
    await system.stop();
  }
}

/** One source's webhook of a local system. */
export async function localDoor(url: string): Promise<Door> {
  const { items } = Sources.parse(await localJson(url, 'sources'));
  const secret = items.find(({ source }) => source === SOURCE)?.secret;
  if (secret === undefined) throw new Error(`${url} has no source ${SOURCE}`);
  return { url, source: SOURCE, secret };
}

/** What a helper under `/_local/` answers to GET. */
export async function localJson(url: string, helper: string): Promise<unknown> {
  const answer = await fetch(`${url}/_local/${helper}`);
  if (!answer.ok) throw new Error(`GET /_local/${helper}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
