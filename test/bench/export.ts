import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import type { Tables, Write } from '#shared/domain/ports/tables.ts';
import { posted } from '#test/exports/system.ts';
import { freshTables, localClient } from '#test/support/dynamodb-local-tables.ts';
import { noEngineBecause, startEngine } from '#test/support/dynoxide.ts';
import type { Bench, Measurement } from './measurement.ts';

const SUBJECTS = 10_000;
const ROWS = 1_000_000;
/** Rows of a smaller export, to see that memory does not follow. */
const FEWER_ROWS = 100_000;
/** More memory than so many times that of the smaller export is not bounded. */
const BOUNDED_TIMES = 1.5;
const POSTINGS = 2;
/** Of a transaction. */
const MOST_WRITES = 100;
/** Heap of a function with 512 MiB. */
const HEAP_MIB = 400;
const WORKER = fileURLToPath(new URL('./export-worker.ts', import.meta.url));

const Exported = z.object({ rows: z.number(), seconds: z.number(), rssMib: z.number(), bytes: z.number() });
type Exported = z.infer<typeof Exported>;

/** Exports of a month's scores: many cards out of the engine, and very many rows through the same code. */
export const exporting: Measurement = {
  name: 'export',
  async run(bench: Bench) {
    if (noEngineBecause) bench.say(`the export out of an engine is left out: ${noEngineBecause}`);
    else addAll(bench, `${SUBJECTS} subjects on the engine`, await fromEngine(bench));
    const fewer = await exported([], FEWER_ROWS);
    addAll(bench, `${FEWER_ROWS} generated rows`, fewer);
    const many = await exported([], ROWS);
    addAll(bench, `${ROWS} generated rows`, many);
    const value = many.rssMib / fewer.rssMib;
    bench.add({ what: 'memory, ten times the rows', value, unit: 'times', target: { atMost: BOUNDED_TIMES } });
  },
};

async function fromEngine(bench: Bench): Promise<Exported> {
  const engine = await startEngine();
  const prefix = `bench-${Date.now()}`;
  const client = localClient(engine.endpoint);
  try {
    const { tables } = await freshTables(client, prefix, ['scorecards']);
    await fill(tables);
    bench.say(`${SUBJECTS} cards with ${2 * POSTINGS} entries each`);
    return await exported(['--endpoint', engine.endpoint, '--prefix', prefix], SUBJECTS);
  } finally {
    client.destroy();
    await engine.stop();
  }
}

async function fill(tables: Tables): Promise<void> {
  let writes: Write[] = [];
  for (let number = 0; number < SUBJECTS; number += 1) {
    const subject = `E-${String(number).padStart(7, '0')}`;
    for (let posting = 0; posting < POSTINGS; posting += 1) {
      for (const entry of posted(subject, posting, -100 * (posting + 1))) {
        const keys = { pk: `CARD#${subject}#${entry.period}`, sk: `ENTRY#${entry.entryId}` };
        writes.push({ table: 'scorecards', put: { ...keys, kind: 'entry', entry }, if: { absent: true } });
      }
    }
    if (writes.length < MOST_WRITES && number < SUBJECTS - 1) continue;
    await tables.write(writes);
    writes = [];
  }
}

/** One export in a process of its own. */
async function exported(args: readonly string[], rows: number): Promise<Exported> {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-export-'));
  try {
    const given = [WORKER, '--rows', String(rows), '--folder', folder, ...args];
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      `--max-old-space-size=${HEAP_MIB}`,
      ...given,
    ]);
    return Exported.parse(JSON.parse(stdout));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function addAll({ add }: Bench, what: string, { seconds, rssMib, bytes }: Exported): void {
  add({ what: `${what}, time`, value: seconds, unit: 's' });
  add({ what: `${what}, written`, value: bytes / 2 ** 20, unit: 'MiB' });
  add({ what: `${what}, peak memory`, value: rssMib, unit: 'MiB' });
}
