import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { ACCOUNT_KEY, REGION } from '#infra/local/cloud.ts';
import { localSystem } from '#test/e2e/local-system.ts';
import { startInterlock } from '#test/support/local-interlock.ts';
import { undigested } from './digested.ts';
import { KINDS, type Kind } from './kinds.ts';
import { knownValues } from './known-values.ts';

// npm run test:schemathesis             every kind of caller against INTERLOCK_URL, or a system that it starts itself
// npm run test:schemathesis -- officer  only the kinds with these names
//
// Needs `schemathesis` 4.32.5 on the path, or named by SCHEMATHESIS. The system that INTERLOCK_URL names has to hold the
// sample disputes, and is full of nonsense afterwards.

const Token = z.object({ token: z.string() });

interface Result {
  readonly kind: string;
  readonly seconds: number;
  readonly operations: number;
  readonly cases: number;
  readonly passed: boolean;
}

async function main(): Promise<number> {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !KINDS.some((kind) => kind.name === name));
  if (unknown.length > 0) throw new RangeError(`there is no kind of caller named ${unknown.join(', ')}`);
  const given = process.env.INTERLOCK_URL;
  const own = given === undefined ? await startInterlock() : undefined;
  const url = given ?? own?.url ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'schemathesis-'));
  try {
    await prepare(url, folder);
    const results: Result[] = [];
    for (const kind of KINDS.filter(({ name }) => wanted.length === 0 || wanted.includes(name)))
      results.push(await tried(kind, url, folder));
    const left = await undigested(url);
    for (const queue of left) console.log(`not digested: ${queue}`);
    return summed(results) && left.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await own?.stop();
  }
}

/** Puts the configuration, the hooks and what the system knows where Schemathesis reads them. */
async function prepare(url: string, folder: string): Promise<void> {
  Object.assign(process.env, {
    INTERLOCK_URL: url,
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: ACCOUNT_KEY,
    AWS_SECRET_ACCESS_KEY: ACCOUNT_KEY,
    AWS_REGION: REGION,
  });
  for (const file of ['schemathesis.toml', 'hooks.py'])
    copyFileSync(join(import.meta.dirname, file), join(folder, file));
  const system = await localSystem();
  for (const [name, values] of Object.entries(await knownValues(system)))
    writeFileSync(join(folder, `${name}.dict`), values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  await system.close();
}

async function tried({ name, claims, signs, options }: Kind, url: string, folder: string): Promise<Result> {
  const started = performance.now();
  const token = claims && (await tokenFor(url, claims));
  const args = [
    ...['run', `${url}/openapi.json`, '--no-color', '--continue-on-failure', '--warnings', 'off', ...options],
    ...(token ? ['--header', `Authorization: Bearer ${token}`] : []),
  ];
  const env = { ...process.env, INTERLOCK_SIGNS: signs ? 'yes' : 'no', PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(process.env.SCHEMATHESIS ?? 'schemathesis', args, { cwd: folder, env });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const [status] = await once(child, 'close');
  const result = {
    kind: name,
    seconds: (performance.now() - started) / 1000,
    operations: numberIn(printed, /Tested: (\d+)/),
    cases: numberIn(printed, /(\d+) generated/),
  };
  // Schemathesis also ends well where it has tried nothing.
  const passed = status === 0 && result.operations > 0 && result.cases > 0;
  if (!passed) console.log(`=== ${name}: exit ${status}\n${printed}`);
  console.log(line({ ...result, passed }));
  return { ...result, passed };
}

async function tokenFor(url: string, claims: object): Promise<string> {
  const answer = await fetch(`${url}/_local/token`, { method: 'POST', body: JSON.stringify(claims) });
  return Token.parse(await answer.json()).token;
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

function line({ kind, seconds, operations, cases, passed }: Result): string {
  const figures = `${String(operations).padStart(2)} operations, ${String(cases).padStart(4)} requests`;
  return `${kind.padEnd(18)} ${figures}, ${seconds.toFixed(1).padStart(5)} s  ${passed ? 'passed' : 'FAILED'}`;
}

/** @returns whether all kinds passed */
function summed(results: readonly Result[]): boolean {
  const failed = results.filter(({ passed }) => !passed);
  const requests = results.reduce((sum, { cases }) => sum + cases, 0);
  const seconds = results.reduce((sum, each) => sum + each.seconds, 0);
  console.log(
    `${results.length} kinds of caller, ${requests} requests in ${seconds.toFixed(0)} s, ${failed.length} failed`,
  );
  return failed.length === 0 && results.length > 0;
}

process.exitCode = await main();
