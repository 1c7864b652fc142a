import type { FrozenRow, RowBatches, ScoreRow } from '#shared/domain/exports/score-row.ts';

/** A valid row of an export; a test names only what it is about. */
export function scoreRowOf(change: Partial<ScoreRow> = {}): ScoreRow {
  return {
    period: '2026-10',
    subjectType: 'employee',
    subjectId: 'E-204',
    subjectName: '李文濤',
    departmentId: 'logistics',
    base: '100.00',
    adjustments: '-6.00',
    vetoPercent: 0,
    negations: [],
    result: '94.00',
    band: 'excellent',
    bonusFactor: '1.00',
    pendingPoints: '0.00',
    entries: 2,
    status: 'provisional',
    policyVersion: 1,
    asOf: '2026-11-20T02:31:00Z',
    ...change,
  };
}

export function frozenRowOf(change: Partial<ScoreRow> = {}, head: FrozenRow['head'] = null): FrozenRow {
  return { row: scoreRowOf(change), head };
}

/** As many rows as asked for, each of another subject, made one at a time. */
export async function* generatedRows(count: number): AsyncIterable<FrozenRow> {
  for (let index = 0; index < count; index += 1) {
    const adjustments = index % 700;
    yield frozenRowOf(
      {
        subjectId: `E-${String(index).padStart(7, '0')}`,
        subjectName: `李文濤 ${index}`,
        adjustments: `-${Math.floor(adjustments / 100)}.${String(adjustments % 100).padStart(2, '0')}`,
        result: `${100 - Math.ceil(adjustments / 100)}.${String((10_000 - adjustments) % 100).padStart(2, '0')}`,
      },
      index % 3 === 0 ? null : { seal: 1, entries: 2, hash: index.toString(16).padStart(64, '0') },
    );
  }
}

export async function* one(rows: readonly FrozenRow[]): AsyncIterable<FrozenRow> {
  yield* rows;
}

export async function* batchesOf(...batches: (readonly FrozenRow[])[]): RowBatches {
  yield* batches;
}

export async function textOf(parts: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const part of parts) text += part;
  return text;
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
