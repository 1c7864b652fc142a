// One export in a process of its own, so that its memory is its own. Told how by its arguments, it prints one line of JSON.

import { appendFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { freezeScores } from '#functions/exports/freeze-scores.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { dynamoTables } from '#shared/adapters/dynamo-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { snapshotPorts } from '#shared/adapters/score-snapshot.ts';
import { sealStore } from '#shared/adapters/seal-store.ts';
import { type FrozenRow, scoreRow } from '#shared/domain/exports/score-row.ts';
import { writeSnapshot } from '#shared/domain/exports/snapshot.ts';
import type { Subject } from '#shared/domain/policy/directory.ts';
import type { Files } from '#shared/domain/ports/files.ts';
import { localClient } from '#test/support/dynamodb-local-tables.ts';
import { POLICY, ZONE } from '#test/support/sample.ts';

const PERIOD = '2026-10';
const AS_OF = '2026-11-20T02:31:00Z';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000' },
    folder: { type: 'string', default: '' },
    endpoint: { type: 'string' },
    prefix: { type: 'string', default: '' },
  },
});
/** Bytes of everything that was written. */
let written = 0;
const rows = Number(values.rows);
const files = filesIn(values.folder);
const began = performance.now();
const { controls } = values.endpoint === undefined ? await generated() : await onEngine(values.endpoint);
const seconds = (performance.now() - began) / 1000;
const rssMib = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`${JSON.stringify({ rows: controls.rows, seconds, rssMib, bytes: written })}\n`);

/** A million subjects whose rows are computed, but whose cards nobody has read. */
function generated() {
  const about = {
    exportId: 'bench',
    period: PERIOD,
    asOf: AS_OF,
    versions: { policy: POLICY.version, rows: 1 },
  } as const;
  return writeSnapshot(about, 'exports/bench', generatedRows(), snapshotPorts(files));
}

async function* generatedRows(): AsyncIterable<FrozenRow> {
  for (let number = 0; number < rows; number += 1)
    yield { row: scoreRow(subjectOf(number), PERIOD, [], POLICY, AS_OF), head: null };
}

/** The cards that stand in an engine: sealed, read, computed and written. */
function onEngine(endpoint: string) {
  const tables = dynamoTables(localClient(endpoint), { scorecards: `${values.prefix}-scorecards` });
  const clock = { now: () => AS_OF };
  const seals = sealStore(tables);
  const reference = referenceStore(tables, clock);
  const ports = { seals, reference, clock, zone: ZONE, snapshot: snapshotPorts(files), newId: () => 'bench' };
  const subjects = Array.from({ length: rows }, (_, number) => subjectOf(number));
  return freezeScores(derivedId('bench'), { period: PERIOD, subjects, policy: POLICY }, ports);
}

function subjectOf(number: number): Subject {
  const id = `E-${String(number).padStart(7, '0')}`;
  return { kind: 'employee', id, name: `李文濤 ${id}`, department: 'logistics', activeFrom: '2015-01-01' };
}

/** Files on this disk, in place of a bucket, whose upload would be measured along. */
function filesIn(folder: string): Files {
  const missing = () => {
    throw new Error('an export only writes and reads');
  };
  return {
    async write(key, _type, chunks) {
      const file = join(folder, key);
      mkdirSync(dirname(file), { recursive: true });
      appendFileSync(file, '');
      for await (const chunk of chunks) appendFileSync(file, chunk);
      written += statSync(file).size;
    },
    read: async (key) => readFileSync(join(folder, key)),
    writeNew: missing,
    versions: missing,
    link: missing,
  };
}
