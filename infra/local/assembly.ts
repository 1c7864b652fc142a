import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
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
  const PATH = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH, INTERLOCK_ISSUER: `${THIS_MACHINE}/_local/issuer` };
  const synth = ['synth', '--quiet', '-c', `env=${environment}`, '--output', unfinished];
  const { status, stdout, stderr, error } = spawnSync('cdk', synth, { cwd: root, env, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`the templates could not be synthesized:\n${stdout}${stderr}`);
  try {
    renameSync(unfinished, folder);
  } catch (failed) {
    if (!existsSync(folder)) throw failed; // Another start may have made the same meanwhile.
    rmSync(unfinished, { recursive: true, force: true });
  }
  const changedAt = (path: string) => statSync(path).mtimeMs;
  const byAge = readdirSync(all)
    .map((name) => join(all, name))
    .sort((a, b) => changedAt(b) - changedAt(a));
  for (const path of byAge.slice(KEPT)) rmSync(path, { recursive: true, force: true });
  return folder;
}

function fingerprint(environment: string): string {
  const contents = globSync(SOURCES, { cwd: root })
    .sort()
    .map((file) => `${file}\0${readFileSync(join(root, file), 'utf8')}`);
  return hash('sha256', [environment, process.version, ...contents].join('\0')).slice(0, 20);
}
