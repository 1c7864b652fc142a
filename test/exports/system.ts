import { type ExportPorts, exportAnswers } from '#functions/exports/answer-exports.ts';
import { writeExport } from '#functions/exports/write-export.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { exportStore } from '#shared/adapters/export-store.ts';
import { ledgerStore } from '#shared/adapters/ledger-store.ts';
import { memoryFiles } from '#shared/adapters/memory-files.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { snapshotPorts } from '#shared/adapters/score-snapshot.ts';
import { sealStore } from '#shared/adapters/seal-store.ts';
import type { EndpointsOf } from '#shared/contracts/api/endpoints.ts';
import { referenceKeys } from '#shared/contracts/items/reference-item.ts';
import { ExportMessageV1 } from '#shared/contracts/messages/export-message.v1.ts';
import type { Actor } from '#shared/domain/access/roles.ts';
import type { Entry } from '#shared/domain/performance/entry.ts';
import type { Subject } from '#shared/domain/policy/directory.ts';
import type { Files } from '#shared/domain/ports/files.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import { memoryMessageQueue } from '#test/support/memory-message-queue.ts';
import { movableClock } from '#test/support/movable-clock.ts';
import { loadSample } from '#test/support/reference.ts';
import { POLICY, ZONE } from '#test/support/sample.ts';

export const HR: Actor = { sub: 'u-901', roles: ['hr'], employee: 'E-901' };
export const PERIOD = '2026-10';
export const NOW = '2026-11-20T02:31:00Z';

export interface Seams {
  /** Who is in the directory; the sample organisation unless given. */
  readonly subjects?: readonly Subject[];
  readonly tables?: (tables: Tables) => Tables;
  readonly files?: (files: Files) => Files;
}

/** Exports over tables and files in memory. */
export async function exportSystem({
  subjects,
  tables: around = (same) => same,
  files: through = (same) => same,
}: Seams = {}) {
  const memory = memoryTables();
  if (subjects) await seedDirectory(memory, subjects);
  else await loadSample(memory);
  const tables = around(memory);
  const stored = memoryFiles();
  const clock = movableClock(NOW);
  const queue = memoryMessageQueue();
  let ids = 0;
  const ports: ExportPorts & { readonly tries: number } = {
    exports: exportStore(tables),
    seals: sealStore(tables),
    reference: referenceStore(tables, clock),
    snapshot: snapshotPorts(through(stored)),
    queue,
    clock,
    zone: ZONE,
    id: derivedId,
    newId: () => derivedId('test', String(++ids)),
    tries: 5,
  };
  const answers = exportAnswers(ports);
  return {
    memory,
    files: stored,
    ports,
    clock,
    queue,
    ledger: ledgerStore(memory),
    scores: (query: Partial<Query>) => answers['GET /exports/scores']({ ...CALL, query: { format: 'json', ...query } }),
    ask: (body: { period: string; format?: 'json' | 'ndjson' | 'csv' }, idempotencyKey?: string, actor = HR) =>
      answers['POST /exports']({
        ...CALL,
        actor,
        body,
        query: {},
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      }),
    read: (exportId: string) => answers['GET /exports/{exportId}']({ ...CALL, params: { exportId }, query: {} }),
    /** Delivers what is on the queue, once. */
    work: async (receiveCount = 1) => {
      for (const { body } of queue.drain()) await writeExport(ExportMessageV1.parse(body), { receiveCount }, ports);
    },
    post: (entry: Entry) =>
      memory.write([
        {
          table: 'scorecards',
          put: { pk: `CARD#${entry.subject.id}#${entry.period}`, sk: `ENTRY#${entry.entryId}`, kind: 'entry', entry },
          if: { absent: true },
        },
      ]),
  };
}
export type ExportSystem = Awaited<ReturnType<typeof exportSystem>>;
type Query = Parameters<EndpointsOf<'exports/answer-exports'>['GET /exports/scores']>[0]['query'];

const CALL = { actor: HR, params: {}, body: undefined, correlationId: 'flow', requestId: 'request' };

/** A directory as HR brought it in, with the policy that it needs. */
export async function seedDirectory(tables: Tables, subjects: readonly Subject[]): Promise<void> {
  const policy = { kind: 'policy', ...referenceKeys.policy(1), version: 1, digest: '0'.repeat(64), document: POLICY };
  await tables.write([{ table: 'reference', put: policy }]);
  for (let from = 0; from < subjects.length; from += 100) {
    const some = subjects.slice(from, from + 100);
    await tables.write(
      some.map((document) => ({
        table: 'reference',
        put: { kind: 'subject', ...referenceKeys.subject(document.id), document },
      })),
    );
  }
}

export function subjectOf(id: string, change: Partial<Subject> = {}): Subject {
  return { kind: 'employee', id, name: `李文濤 ${id}`, department: 'logistics', activeFrom: '2015-01-01', ...change };
}

/** A posting and the word that makes it count, on one card. */
export function posted(subject: string, n: number, points: number, period = PERIOD): readonly [Entry, Entry] {
  const common = {
    groupId: `g-${subject}-${n}`,
    subject: { kind: 'employee', id: subject },
    period,
    rule: 'S-5',
    disputeId: derivedId('dispute', String(n)),
    basis: 'determination',
    policyVersion: 1,
    calendar: { id: 'cn', version: 1 },
  } as const;
  return [
    { ...common, entryId: `e-${subject}-${n}`, kind: 'points', points, recordedAt: '2026-10-05T00:00:00Z' },
    { ...common, entryId: `w-${subject}-${n}`, kind: 'posted', recordedAt: '2026-10-06T00:00:00Z' },
  ];
}
