import { join } from 'node:path';
import { environments } from '../environments.ts';
import { type LocalSystem, startLocalSystem } from '../local/local-system.ts';
import { commandLine, reasonOf, whereAsked } from './command-line.ts';
import { prepareInterlock } from './start/prepare-interlock.ts';
import { sourcesWithSecrets } from './start/source-secrets.ts';

// npm start                 everything on this machine at http://127.0.0.1:4400, with the sample organisation and disputes
// npm start -- --empty      the same without disputes
// npm start -- --port N     at another port; --data DIR keeps everything in another folder than .local/data

const USAGE = 'npm start -- [--empty] [--port N] [--data DIR]';
const OPTIONS = {
  port: { type: 'string', default: '4400' },
  data: { type: 'string', default: join(import.meta.dirname, '..', '..', '.local', 'data') },
  empty: { type: 'boolean', default: false },
} as const;
const started = performance.now();
const say = (line: string) => console.log(`interlock: ${line}`);

async function main(): Promise<void> {
  const { port, folder, empty } = options();
  const { oidc } = environments.local;
  const system = await startLocalSystem({
    environment: 'local',
    port,
    folder,
    audience: oidc.audience,
    say,
    prepare: (cloud) => prepareInterlock(cloud, { folder, empty, audience: oidc.audience }),
    routes: ({ machine }) => ({ 'GET /sources': async () => ({ items: await sourcesWithSecrets(machine.url) }) }),
    onGivenUp: () => process.exit(1),
  });
  stopOnSignal(system);
  await introduce(system);
}

function options(): { port: number; folder: string; empty: boolean } {
  const { values } = commandLine(USAGE, { options: OPTIONS });
  const port = /^\d+$/.test(values.port) ? Number(values.port) : Number.NaN;
  if (!(port <= 65_535)) throw new RangeError(`--port takes a whole number up to 65535, got '${values.port}'`);
  if (values.data === '') throw new RangeError("--data takes a folder, got ''");
  return { port, folder: whereAsked(values.data), empty: values.empty };
}

function stopOnSignal(system: LocalSystem): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(130);
      stopping = true;
      say('stopping; what is accepted stays and goes on with the next start');
      system.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          say(`stopped with an error: ${String(error)}`);
          process.exit(1);
        },
      );
    });
  }
}

async function introduce(system: LocalSystem): Promise<void> {
  const { url } = system;
  const secrets = await sourcesWithSecrets(url);
  const month = new Intl.DateTimeFormat('sv', {
    timeZone: environments.local.timeZone,
    year: 'numeric',
    month: '2-digit',
  });
  console.log(`
Sources and the secrets they sign with:
${secrets.map(({ source, secret }) => `  ${source.padEnd(10)} ${secret}`).join('\n')}

Try next:
  TOKEN=$(curl -s ${url}/_local/token -d '{"sub":"me","roles":["officer","performance"]}' | cut -d'"' -f4)
  curl -s ${url}/disputes -H "authorization: Bearer $TOKEN"
  curl -s ${url}/scorecards/E-204/${month.format(new Date(system.cloud.machine.clock.now()))}/explanation -H "authorization: Bearer $TOKEN"

ready at ${url} after ${((performance.now() - started) / 1000).toFixed(1)} s (Ctrl-C stops it)`);
}

main().catch((error: unknown) => {
  console.error(`interlock: ${error instanceof RangeError ? error.message : reasonOf(error)}`);
  process.exit(1);
});
