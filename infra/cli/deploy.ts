import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import * as z from 'zod';
import { type EnvironmentConfig, type EnvironmentName, environmentNamed, environments } from '../environments.ts';
import { commandLine, runCommand, TEXT } from './command-line.ts';
import { deployedShelf, fillEmptySecret } from './deployed-reference.ts';
import { loadReference, referenceOf } from './load-reference.ts';

// npm run deploy -- --env dev      builds, deploys, loads the environment's reference data; a repeat changes nothing
// npm run diff -- --env dev        shows what a deploy would change
// npm run destroy -- --env dev     takes the environment down; data stays where environments.ts keeps it
// Exit code 0: done. 1: the CDK failed, and said why. 2: asked for what cannot be done, or it broke off.
// With AWS_ENDPOINT_URL all of this happens on an AWS-compatible endpoint, through cdklocal.

const USAGE = 'npm run deploy | diff | destroy -- --env E';
const Action = z.enum(['deploy', 'diff', 'destroy']);
const root = join(import.meta.dirname, '..', '..');

/** What a deploy of the data stack answers with, as far as loading needs it. */
const Outputs = z.record(z.string(), z.record(z.string(), z.string()));

async function main(): Promise<boolean> {
  const { positionals, values } = commandLine(USAGE, { allowPositionals: true, options: { env: TEXT } });
  const action = Action.parse(positionals[0]);
  const name = environmentNamed(values.env ?? '');
  prepareEnvironment();
  const outputs = join(root, 'cdk.out', `outputs-${name}.json`);
  const status = runCdk(action, name, outputs);
  if (status === 0 && action === 'deploy') await load(environments[name], name, outputs);
  return status === 0;
}

function runCdk(action: z.infer<typeof Action>, name: EnvironmentName, outputs: string): number {
  mkdirSync(join(root, 'cdk.out'), { recursive: true });
  const own = {
    deploy: ['--require-approval', 'never', '--outputs-file', outputs],
    diff: [],
    destroy: ['--force'],
  }[action];
  const command = process.env.AWS_ENDPOINT_URL ? 'cdklocal' : 'cdk';
  const args = [action, '--all', '-c', `env=${name}`, ...own];
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}

/** Node 24 and the pinned tools first on the path; an emulator takes any credentials, but there must be some. */
function prepareEnvironment(): void {
  process.env.PATH = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const endpoint = process.env.AWS_ENDPOINT_URL;
  if (!endpoint) return;
  process.env.AWS_ENDPOINT_URL_S3 ??= endpoint;
  process.env.AWS_ACCESS_KEY_ID ??= 'test';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
  process.env.AWS_REGION ??= 'us-east-1';
}

async function load(config: EnvironmentConfig, name: EnvironmentName, outputsFile: string): Promise<void> {
  const { region } = config;
  const data = Outputs.parse(JSON.parse(readFileSync(outputsFile, 'utf8')))[`interlock-${name}-data`];
  const { ReferenceTable, DigestKeySecret } = z
    .object({ ReferenceTable: z.string(), DigestKeySecret: z.string() })
    .parse(data);
  const { added, changed, unchanged } = await loadReference(
    referenceOf(config),
    deployedShelf(ReferenceTable, { region }),
  );
  const filled = await fillEmptySecret(DigestKeySecret, region);
  console.log(
    `reference data of ${name}: ${added} added, ${changed} changed, ${unchanged} unchanged${filled ? '; digest key written' : ''}`,
  );
}

process.exitCode = await runCommand(main);
