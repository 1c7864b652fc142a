import { startIssuer } from '#test/support/issuer.ts';
import { run } from './run.ts';

// npm run e2e:deployed     starts the suite's token issuer, deploys dev, runs the end-to-end suite against it.
// With AWS_ENDPOINT_URL on an AWS-compatible endpoint; on AWS the issuer is INTERLOCK_ISSUER, a public https address,
// and INTERLOCK_TOKEN_COMMAND prints tokens. Nothing changes where dev already stands as it is here.

async function main(): Promise<number> {
  const own =
    process.env.INTERLOCK_ISSUER === undefined ? await startIssuer({ keyFile: '.local/issuer-key.json' }) : undefined;
  const env = { ...process.env, INTERLOCK_ISSUER: own?.url ?? process.env.INTERLOCK_ISSUER };
  try {
    const deployed = await run('npm', ['run', 'deploy', '--', '--env', 'dev'], env);
    return deployed === 0
      ? await run(
          'vitest',
          ['run', '--config', 'vitest.e2e.config.ts', 'deployed', 'unchanged', ...process.argv.slice(2)],
          env,
        )
      : deployed;
  } finally {
    await own?.close();
  }
}

process.exitCode = await main();
