import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BINARY = fileURLToPath(new URL('../../node_modules/@dynoxide/linux-x64/dynoxide', import.meta.url));
const START_SECONDS = 20;

/** A DynamoDB engine for one test run. */
export interface Engine {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Why no engine can be started here; undefined when one can. */
export const noEngineBecause: string | undefined =
  process.env.AWS_ENDPOINT_URL_DYNAMODB || existsSync(BINARY)
    ? undefined
    : 'neither the package @dynoxide/linux-x64 nor AWS_ENDPOINT_URL_DYNAMODB is there';

/** The engine that AWS_ENDPOINT_URL_DYNAMODB names, or else the embedded one, in memory, on a free port. */
export async function startEngine(): Promise<Engine> {
  const named = process.env.AWS_ENDPOINT_URL_DYNAMODB;
  if (named) return { endpoint: named, stop: async () => {} };
  const port = await freePort();
  const child = spawn(BINARY, ['serve', '--port', String(port)], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill();
    await ended;
  };
  await untilAnswering(endpoint, () => child.exitCode !== null).catch(async (error) => {
    await stop();
    throw error;
  });
  return { endpoint, stop };
}

/** A port of 127.0.0.1 that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the probe got no port');
  return address.port;
}

/** Waits until anything at all answers over HTTP. @throws Error when the process ends first, or after 20 s */
export async function untilAnswering(endpoint: string, hasEnded: () => boolean): Promise<void> {
  for (const deadline = Date.now() + START_SECONDS * 1000; Date.now() < deadline; await pause(100)) {
    if (hasEnded()) throw new Error(`the engine for ${endpoint} ended at its start`);
    const answers = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answers) return;
  }
  throw new Error(`${endpoint} did not answer within ${START_SECONDS} s`);
}
