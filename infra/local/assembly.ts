import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** Everything that a template or a bundle is made from. */
const SOURCES = ['infra/**/*.ts', 'functions/**/*.ts', 'shared/**/*.{ts,json}', 'cdk.json', 'package-lock.json'];
/** Another instance may still run one of the assemblies before this one. */
const KEPT = 3;

/** Stands in the templates for the address of the machine that runs them, which `readAssembly` puts in its place. */
export const THIS_MACHINE = 'http://this-machine.invalid';

/**
 * The folder with the synthesized templates and bundled functions of an environment; synthesized when anything that it
 * is made from has changed since. It is the same at every port: tokens are issued by {@link THIS_MACHINE}.
 *
 * @throws Error with what the synthesis printed when it fails
 */
export function assemblyOf(environment: string, say: (line: string) => void): string {
  const all = join(root, '.local', 'assemblies');
  const folder = join(all, fingerprint(environment));
  if (existsSync(folder)) return folder;
  say('synthesizing the templates and bundling the functions (only after a change)');
  mkdirSync(all, { recursive: true });
  const unfinished = `${folder}.${process.pid}.tmp`;
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const { status, stdout, stderr, error } = spawnSync(
    'cdk',
    ['synth', '--quiet', '-c', `env=${environment}`, '--output', unfinished],
    {
      cwd: root,
      env: { ...process.env, PATH: path, INTERLOCK_ISSUER: `${THIS_MACHINE}/_local/issuer` },
      encoding: 'utf8',
    },
  );
  if (error) throw error;
  if (status !== 0) throw new Error(`the templates could not be synthesized:\n${stdout}${stderr}`);
  moveTo(folder, unfinished);
  removeOld(all);
  return folder;
}

function fingerprint(environment: string): string {
  const hash = createHash('sha256').update(`${environment}\0${process.version}\0`);
  for (const file of globSync(SOURCES, { cwd: root }).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 20);
}

/** Another start may have made the same meanwhile. */
function moveTo(folder: string, unfinished: string): void {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function removeOld(all: string): void {
  const byAge = readdirSync(all)
    .map((name) => ({ path: join(all, name), changed: statSync(join(all, name)).mtimeMs }))
    .sort((a, b) => b.changed - a.changed);
  for (const { path } of byAge.slice(KEPT)) rmSync(path, { recursive: true, force: true });
}
