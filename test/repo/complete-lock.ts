import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';

// node test/repo/complete-lock.ts     after `npm install` of a new version: adds to package-lock.json what a registry
// that lacks some platforms' packages made npm leave out. Without those entries `npm ci` refuses the file everywhere.

const Package = z.looseObject({
  optionalDependencies: z.record(z.string(), z.string()).optional(),
  dev: z.boolean().optional(),
});
const Lock = z.looseObject({ packages: z.record(z.string(), Package) });
export type Lock = z.infer<typeof Lock>;

export const LOCK_FILE = new URL('../../package-lock.json', import.meta.url);

export function readLock(): Lock {
  return Lock.parse(JSON.parse(readFileSync(LOCK_FILE, 'utf8')));
}

/** Optional packages that some package names and the lock file does not hold. */
export function missingIn({ packages }: Lock): { name: string; version: string; dev?: boolean }[] {
  const held = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)));
  return Object.values(packages).flatMap(({ optionalDependencies = {}, dev }) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !held.has(name))
      .map(([name, version]) => ({ name, version, ...(dev && { dev }) })),
  );
}

/** For which machines a package is, as its name says: `@swc/core-linux-ppc64-gnu`. */
function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } {
  const words = name.split(/[/-]/);
  const found = (known: string[]) => known.filter((word) => words.includes(word));
  const os = found(['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']);
  const cpu = found(['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']);
  if (words.includes('arm') || words.includes('eabi')) cpu.splice(0, cpu.length, 'arm');
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : undefined;
  if (os.length !== 1 || cpu.length !== 1) throw new RangeError(`cannot tell for which machines ${name} is`);
  return { os, cpu, ...(libc && { libc }) };
}

if (import.meta.main) {
  const lock = readLock();
  for (const { name, version, dev } of missingIn(lock)) {
    lock.packages[`node_modules/${name}`] = { version, ...platformOf(name), ...(dev && { dev }), optional: true };
  }
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(LOCK_FILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}
