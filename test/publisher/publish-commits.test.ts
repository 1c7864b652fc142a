import { describe, expect, test } from 'vitest';
import { publishCommits, type TableChange, type Tampering } from '#functions/publisher/publish-commits.ts';
import { commitWrite } from '#shared/adapters/commit-item.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { commitOf } from '#shared/domain/event.ts';
import type { EventBus, PublishedEvent } from '#shared/domain/ports/event-bus.ts';
import type { Item, Tables } from '#shared/domain/ports/tables.ts';

const NOW = '2026-11-20T02:31:00Z';

/** UUID-shaped ids that differ when their parts do. */
function id(...parts: string[]): string {
  const hex = [...parts.join('/')]
    .map((char) => char.charCodeAt(0).toString(16))
    .join('')
    .slice(-12)
    .padStart(12, '0');
  return `00000000-0000-5000-8000-${hex}`;
}

function closed(disputeId: string, version: number) {
  const event = { type: 'DisputeClosed.v1', policyVersion: 1, occurredAt: '2026-11-20T02:30:00Z', data: { disputeId } };
  const cause = { causationId: 'c', correlationId: 'f', by: 'E-602' };
  return commitOf(disputeId, version, [event, { ...event, type: 'DisputeGraded.v1' }], NOW, cause, id);
}

/** A table's stream after these writes. */
async function changesAfter(act: (tables: Tables) => Promise<void>): Promise<readonly TableChange[]> {
  const tables = memoryTables();
  await act(tables);
  return tables.stream('cases').map((record, index) => ({ ...record, sequenceNumber: String(index + 1) }));
}

/** A bus that remembers what it took and refuses what it is told to. */
function testBus(refuses: (event: PublishedEvent) => boolean = () => false) {
  const published: PublishedEvent[] = [];
  const bus: EventBus = {
    async publish(events) {
      if (events.some(refuses)) throw new Error('the bus refused 1 event');
      published.push(...events);
    },
  };
  return { bus, published };
}

async function publish(changes: readonly TableChange[], bus: EventBus) {
  const tamperings: Tampering[] = [];
  const stopped = await publishCommits(changes, {
    bus,
    source: 'interlock.disputes',
    tampered: (tampering) => tamperings.push(tampering),
  });
  return { stopped, tamperings };
}

const twoCommits = (tables: Tables) =>
  tables.write([
    commitWrite('cases', 'DISPUTE#a', closed('a', 1)),
    commitWrite('cases', 'DISPUTE#b', closed('b', 1)),
    { table: 'cases', put: { pk: 'DISPUTE#a', sk: 'STATE', kind: 'dispute', version: 1 } },
  ]);

describe('publishing commits (architecture section 3.5)', () => {
  test('every event of a new commit goes out whole, under its own name and time; states do not', async () => {
    const { bus, published } = testBus();
    expect(await publish(await changesAfter(twoCommits), bus)).toEqual({ stopped: undefined, tamperings: [] });
    expect(published.map(({ detailType }) => detailType)).toEqual([
      ...['DisputeClosed.v1', 'DisputeGraded.v1'],
      ...['DisputeClosed.v1', 'DisputeGraded.v1'],
    ]);
    expect(published[0]).toEqual({
      source: 'interlock.disputes',
      detailType: 'DisputeClosed.v1',
      detail: closed('a', 1).events[0],
      time: '2026-11-20T02:30:00Z',
    });
  });

  test('a refused commit stops there, and what comes before it has been published', async () => {
    const { bus, published } = testBus(({ detail }) => JSON.stringify(detail).includes('"b"'));
    const { stopped } = await publish(await changesAfter(twoCommits), bus);
    expect(stopped).toEqual({ sequenceNumber: '2', error: new Error('the bus refused 1 event') });
    expect(published).toHaveLength(2);
  });

  test('a commit that cannot be read stops there and is not passed over', async () => {
    const { bus, published } = testBus();
    const changes = await changesAfter(async (tables) => {
      await tables.write([commitWrite('cases', 'DISPUTE#a', closed('a', 1))]);
      await tables.write([
        { table: 'cases', put: { pk: 'DISPUTE#b', sk: 'COMMIT#1', kind: 'commit', commit: 'spoilt' } },
      ]);
      await tables.write([commitWrite('cases', 'DISPUTE#c', closed('c', 1))]);
    });
    const { stopped } = await publish(changes, bus);
    expect(stopped?.sequenceNumber).toBe('2');
    expect(published).toHaveLength(2);
  });

  test('a bus that failed once does not lose anything', async () => {
    let calls = 0;
    const { bus, published } = testBus(() => {
      calls += 1;
      return calls === 1;
    });
    expect((await publish(await changesAfter(twoCommits), bus)).stopped).toBeUndefined();
    expect(published).toHaveLength(4);
  });

  test('nothing to publish calls no bus', async () => {
    const { bus } = testBus(() => true);
    expect((await publish([], bus)).stopped).toBeUndefined();
  });
});

describe('records that are only ever added (T-3, S-20)', () => {
  test.each(['commit', 'entry', 'seal'])('a changed %s raises the alarm and is not published', async (kind) => {
    const { bus, published } = testBus();
    const [, ...changes] = await changesAfter(async (tables) => {
      await tables.write([{ table: 'cases', put: { pk: 'p', sk: 's', kind, points: 1 } }]);
      await tables.write([{ table: 'cases', put: { pk: 'p', sk: 's', kind, points: 2 } }]);
    });
    const { tamperings } = await publish(changes, bus);
    expect(tamperings).toEqual([{ kind, change: 'MODIFY', pk: 'p', sk: 's' }]);
    expect(published).toEqual([]);
  });

  test('an export raises it from when it is ready, and not while it becomes so', async () => {
    const asked = { exportId: 'x', period: '2026-10', requestedBy: 'E-901', requestedAt: NOW, version: 1 };
    const hash = '0'.repeat(64);
    const about = { exportId: 'x', period: '2026-10', asOf: NOW, versions: { policy: 1, rows: 1 } };
    const controls = { rows: 0, sumResult: '0.00', sumAdjustments: '0.00', heads: hash };
    const written = { about, controls, folder: 'f', parts: [], files: [], manifest: { bytes: 1, sha256: hash } };
    const stored = (progress: object): Item => ({
      ...{ pk: 'EXPORT#x', sk: 'STATE', kind: 'export', version: 1 },
      state: { ...asked, progress },
    });
    const [, toReady, after] = await changesAfter(async (tables) => {
      for (const progress of [{ state: 'running' }, { state: 'ready', ...written }, { state: 'running' }])
        await tables.write([{ table: 'cases', put: stored(progress) }]);
    });
    const { bus } = testBus();
    expect((await publish(toReady ? [toReady] : [], bus)).tamperings).toEqual([]);
    const told = { kind: 'export', change: 'MODIFY', pk: 'EXPORT#x', sk: 'STATE' };
    expect((await publish(after ? [after] : [], bus)).tamperings).toEqual([told]);
  });

  test('a removed one raises the alarm', async () => {
    const [, ...changes] = await changesAfter(async (tables) => {
      await tables.write([commitWrite('cases', 'DISPUTE#a', closed('a', 1))]);
      await tables.write([{ table: 'cases', remove: { pk: 'DISPUTE#a', sk: 'COMMIT#0000000001' } }]);
    });
    const { tamperings } = await publish(changes, testBus().bus);
    expect(tamperings).toEqual([{ kind: 'commit', change: 'REMOVE', pk: 'DISPUTE#a', sk: 'COMMIT#0000000001' }]);
  });

  test('one whose kind was rewritten raises the alarm', async () => {
    const [, ...changes] = await changesAfter(async (tables) => {
      await tables.write([{ table: 'cases', put: { pk: 'p', sk: 's', kind: 'entry' } }]);
      await tables.write([{ table: 'cases', put: { pk: 'p', sk: 's', kind: 'note' } }]);
    });
    expect((await publish(changes, testBus().bus)).tamperings).toHaveLength(1);
  });

  test('states may change, and what expires may go', async () => {
    const changes = await changesAfter(async (tables) => {
      await tables.write([{ table: 'cases', put: { pk: 'p', sk: 's', kind: 'dispute', version: 1 } }]);
      await tables.write([{ table: 'cases', put: { pk: 'p', sk: 's', kind: 'dispute', version: 2 } }]);
      await tables.write([{ table: 'cases', remove: { pk: 'p', sk: 's' } }]);
    });
    expect((await publish(changes, testBus().bus)).tamperings).toEqual([]);
  });
});
