import { ACCOUNT_KEY, REGION } from '#infra/local/cloud.ts';
import { startInterlock } from '#test/support/local-interlock.ts';
import { run } from './run.ts';

// npm run e2e     the end-to-end suite on one machine: against INTERLOCK_URL, or a system that it starts itself

async function main(): Promise<number> {
  const given = process.env.INTERLOCK_URL;
  const own = given === undefined ? await startInterlock({ empty: true }) : undefined;
  const url = given ?? own?.url;
  const env = {
    ...process.env,
    INTERLOCK_URL: url,
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: ACCOUNT_KEY,
    AWS_SECRET_ACCESS_KEY: ACCOUNT_KEY,
    AWS_REGION: REGION,
  };
  try {
    const args = ['run', '--config', 'vitest.e2e.config.ts', 'local', ...process.argv.slice(2)];
    return await run('vitest', args, env);
  } finally {
    await own?.stop();
  }
}

process.exitCode = await main();
