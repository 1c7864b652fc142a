import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import * as z from 'zod';
import { BUNDLE_SETTINGS } from '#infra/bundle.ts';
import type { Bench, Measurement } from './measurement.ts';
import { functionsIn, type SynthesizedFunction, synthesized } from './template.ts';

const ROUNDS = 9;
const TARGET_TIMES = 1.15;
const root = join(import.meta.dirname, '..', '..');
/** What a child process runs: it imports a bundle and says how long that took. */
const CHILD = `const [began, used] = [performance.now(), process.cpuUsage()];
const { handler } = await import(process.argv[1]);
const ms = performance.now() - began;
const { user, system } = process.cpuUsage(used);
if (typeof handler !== 'function') throw new Error('there is no handler');
process.stdout.write(JSON.stringify({ ms, cpuMs: (user + system) / 1000 }));
process.exit(0);`;
const Init = z.object({ ms: z.number(), cpuMs: z.number() });
type Init = z.infer<typeof Init>;

/** A function that is only what no function can be without, to compare with. */
export interface Clients {
  /** `DynamoDBClient`, sorted. */
  readonly names: readonly string[];
  /** Whether it reads the digest key before it can take a call. */
  readonly readsKey: boolean;
}

/** Each function's init, from its import until its handler is there, against one that only makes the same SDK clients. */
export const coldStart: Measurement = {
  name: 'cold-start',
  async run(bench: Bench) {
    const folder = mkdtempSync(join(root, '.build', 'bench-'));
    const aws = await standIn();
    try {
      // A step that stands twice differs in its table alone.
      const byStep = new Map(functionsIn(synthesized('local', aws.url)).map((each) => [each.step, each]));
      const functions = [...byStep.values()];
      const bundles = await bundled(folder, functions);
      const all: Compared[] = [];
      for (const each of functions) all.push(await compared(each, bundles, aws.url));
      report(bench, all);
    } finally {
      await aws.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Compared {
  readonly step: string;
  /** Whether the bare one has any client: without, it is an empty file, and no measure. */
  readonly comparable: boolean;
  /** Milliseconds. */
  readonly ours: number;
  readonly bare: number;
  /** The middle of the rounds' ratios: the machine is not equally quick at all times. */
  readonly times: number;
  /** The same of processor time, which does not count while others have the cores. */
  readonly cpuTimes: number;
  /** KiB of the bundle. */
  readonly size: number;
  readonly bareSize: number;
}

function report(bench: Bench, all: readonly Compared[]): void {
  const sorted = all.filter(({ comparable }) => comparable).sort((a, b) => b.times - a.times);
  const alone = all.filter(({ comparable }) => !comparable);
  for (const { step, ours, bare, times, cpuTimes, size, bareSize } of [...sorted, ...alone])
    bench.say(
      `${step.padEnd(32)} ${ours.toFixed(0)} ms, bare ${bare.toFixed(0)} ms: ${times.toFixed(2)} times, by processor time ${cpuTimes.toFixed(2)}; ${size} KiB, bare ${bareSize} KiB`,
    );
  const value = (of: (each: Compared) => number) => middle(sorted.map(of));
  const target = { atMost: TARGET_TIMES };
  const within = sorted.filter(({ times }) => times <= TARGET_TIMES).length;
  bench.add({ what: 'worst function', value: sorted[0]?.times ?? Number.NaN, unit: 'times', target });
  bench.add({ what: 'middle function', value: value(({ times }) => times), unit: 'times', target });
  bench.add({ what: 'middle function, processor time', value: value(({ cpuTimes }) => cpuTimes), unit: 'times' });
  bench.add({ what: 'functions compared', value: sorted.length, unit: '' });
  bench.add({ what: 'of them within the target', value: within, unit: '' });
  bench.add({ what: 'init of the middle function', value: value(({ ours }) => ours), unit: 'ms' });
  bench.add({ what: 'init of the middle bare one', value: value(({ bare }) => bare), unit: 'ms' });
  bench.add({ what: 'bundle of the middle function', value: value(({ size }) => size), unit: 'KiB' });
  bench.add({ what: 'bundle of the middle bare one', value: value(({ bareSize }) => bareSize), unit: 'KiB' });
  for (const { step, times } of sorted) bench.add({ what: step, value: times, unit: 'times', target });
  for (const { step, ours } of alone) bench.add({ what: `${step}, which has no client`, value: ours, unit: 'ms' });
}

async function compared(
  { step, name, variables }: SynthesizedFunction,
  bundles: Bundles,
  url: string,
): Promise<Compared> {
  const { ours, bare, comparable } = bundles(step);
  const environment = { ...variables, ...ofLambda(name, url) };
  const rounds: { readonly ours: Init; readonly bare: Init }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const pair = { ours: await initOf(ours, environment), bare: await initOf(bare, environment) };
    if (round > 0) rounds.push(pair); // The first of each reads its file from the disk.
  }
  return {
    step,
    comparable,
    ours: middle(rounds.map((round) => round.ours.ms)),
    bare: middle(rounds.map((round) => round.bare.ms)),
    times: middle(rounds.map((round) => round.ours.ms / round.bare.ms)),
    cpuTimes: middle(rounds.map((round) => round.ours.cpuMs / round.bare.cpuMs)),
    size: kib(ours),
    bareSize: kib(bare),
  };
}

/** What Lambda adds to a function's own variables. */
function ofLambda(name: string, url: string) {
  return {
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_SESSION_TOKEN: 'bench',
    AWS_ENDPOINT_URL: url,
    TZ: ':UTC',
  };
}

async function initOf(file: string, env: Record<string, string>): Promise<Init> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', CHILD, file], {
    env: { ...env, HOME: tmpdir() }, // The SDK looks for a folder .aws in it.
  });
  return Init.parse(JSON.parse(stdout));
}

/** The bundles of a step: the function's own, and the bare one's. */
type Bundles = (step: string) => { readonly ours: string; readonly bare: string; readonly comparable: boolean };

/** Bundles every function, and one bare handler per set of clients, all with the settings of a deploy. */
async function bundled(folder: string, functions: readonly SynthesizedFunction[]): Promise<Bundles> {
  const bareOf = new Map<string, { readonly name: string; readonly comparable: boolean }>();
  const entryPoints: Record<string, string> = {};
  mkdirSync(join(folder, 'sources'));
  for (const { step } of functions) {
    const entry = `functions/${step}.handler.ts`;
    const clients = clientsIn(readFileSync(join(root, entry), 'utf8'));
    const bare = `bare-${clients.names.join('-')}${clients.readsKey ? '-key' : ''}`;
    const source = join(folder, 'sources', `${bare}.ts`);
    writeFileSync(source, bareHandler(clients));
    bareOf.set(step, { name: bare, comparable: clients.names.length > 0 });
    entryPoints[`${step}/index`] = entry;
    entryPoints[bare] = source;
  }
  await build({ ...BUNDLE_SETTINGS, absWorkingDir: root, entryPoints, outdir: folder });
  return (step) => {
    const bare = bareOf.get(step);
    if (!bare) throw new RangeError(`${step} was not bundled`);
    const { name, comparable } = bare;
    return { ours: join(folder, step, 'index.mjs'), bare: join(folder, `${name}.mjs`), comparable };
  };
}

/** Which SDK clients a handler makes, read from its text. */
export function clientsIn(handler: string): Clients {
  const readsKey = /\bdigestKey\(/.test(handler);
  const made = [...handler.matchAll(/new ([A-Z]\w*Client)\(/g)].map(([, name = '']) => name);
  return { names: [...new Set([...made, ...(readsKey ? ['SecretsManagerClient'] : [])])].sort(), readsKey };
}

const PACKAGES: Readonly<Record<string, string>> = {
  DynamoDBClient: '@aws-sdk/client-dynamodb',
  EventBridgeClient: '@aws-sdk/client-eventbridge',
  S3Client: '@aws-sdk/client-s3',
  SecretsManagerClient: '@aws-sdk/client-secrets-manager',
  SQSClient: '@aws-sdk/client-sqs',
};

/** A handler with these clients that does nothing. @throws RangeError for a client of an unknown package */
export function bareHandler({ names, readsKey }: Clients): string {
  const lines = names.map((name) => {
    if (!PACKAGES[name]) throw new RangeError(`of which package is the client ${name}?`);
    return `import { ${name} } from '${PACKAGES[name]}';`;
  });
  const document = names.includes('DynamoDBClient');
  if (document) lines.push("import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';");
  if (readsKey) lines.push("import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';");
  const made = names.map((name) => {
    if (name === 'DynamoDBClient') return 'DynamoDBDocumentClient.from(new DynamoDBClient())';
    return `new ${name}()`;
  });
  lines.push(`export const clients = [${made.join(', ')}];`);
  if (readsKey)
    lines.push(
      'export const key = await new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId: process.env.DIGEST_KEY_SECRET }));',
    );
  lines.push('export const handler = async () => clients.length;');
  return `${lines.join('\n')}\n`;
}

/** Answers every call as Secrets Manager would answer for the digest key: nothing else is called before a handler is there. */
async function standIn(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ Name: 'digest-key', SecretString: 'a key of the bench that is long enough' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function kib(file: string): number {
  return Math.round(statSync(file).size / 1024);
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
