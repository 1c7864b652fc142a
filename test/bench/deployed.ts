import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import * as z from 'zod';
import { deployedDoor } from '#test/e2e/deployed-system.ts';
import { overHttp } from '#test/e2e/http-system.ts';
import { OPERATOR } from '#test/e2e/people.ts';
import { startIssuer } from '#test/support/issuer.ts';
import type { Door } from './load.ts';

const SOURCE = 'web';
/** A door may keep what it has read of secrets for a minute (I-3). */
const KNOWN_WITHIN_SECONDS = 120;

/**
 * Deploys `dev` as `npm run e2e:deployed` does and runs something at its webhook; what is deployed stays.
 * @throws Error with what it printed when the deploy fails, or when the door does not learn the secret in time
 */
export async function onDeployedSystem(say: (line: string) => void, use: (door: Door) => Promise<void>): Promise<void> {
  const issuer = await startIssuer({ keyFile: '.local/issuer-key.json' });
  process.env.INTERLOCK_ISSUER = issuer.url;
  try {
    say(`deploying dev to ${process.env.AWS_ENDPOINT_URL}`);
    // What it prints is long; an error carries it.
    await promisify(execFile)('npm', ['run', 'deploy', '--', '--env', 'dev'], { maxBuffer: 64 * 2 ** 20 });
    await use(await doorWithSecret());
  } finally {
    await issuer.close();
  }
}

async function doorWithSecret(): Promise<Door> {
  const { url, host, ...door } = deployedDoor();
  const system = overHttp({ url, host, ...door });
  const made = await system.call('POST', `/sources/${SOURCE}/secret`, OPERATOR);
  if (made.status !== 200) throw new Error(`no secret for ${SOURCE}: ${made.status} ${JSON.stringify(made.body)}`);
  const { secret } = z.object({ secret: z.string() }).parse(made.body);
  for (let waited = 0; waited < KNOWN_WITHIN_SECONDS; waited += 1) {
    const { status } = await system.deliver({ source: SOURCE, body: '{}', headers: await system.sign('{}', secret) });
    if (status === 422) return { url, host, source: SOURCE, secret };
    await sleep(1000);
  }
  throw new Error(`the door did not learn the new secret of ${SOURCE} within ${KNOWN_WITHIN_SECONDS} s`);
}
