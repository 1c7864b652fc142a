import { beforeEach, describe, expect, test } from 'vitest';
import { type MemoryTables, memoryTables } from '#shared/adapters/memory-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { referenceKeys } from '#shared/contracts/items/reference-item.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';
import { movableClock } from '#test/support/movable-clock.ts';
import { loadSample } from '#test/support/reference.ts';
import { CALENDAR, DIRECTORY, POLICY } from '#test/support/sample.ts';

const clock = movableClock('2026-11-20T02:31:05Z');
let tables: MemoryTables;
let reads: number;
beforeEach(async () => {
  tables = memoryTables();
  await loadSample(tables);
  reads = 0;
});
const counting = (): Tables => ({
  ...tables,
  get: (table, key) => {
    reads += 1;
    return tables.get(table, key);
  },
  query: (query) => {
    reads += 1;
    return tables.query(query);
  },
});

describe('reference data as deploy loaded it (P-2)', () => {
  test('policy, calendar, sources and directory are what was published', async () => {
    const reference = referenceStore(tables, clock);
    expect(await reference.policy(1)).toEqual(POLICY);
    expect(await reference.policies()).toEqual([POLICY]);
    expect(await reference.calendar('cn', 1)).toEqual(CALENDAR);
    expect(await reference.directory()).toEqual(DIRECTORY);
    expect(await reference.source('phone')).toMatchObject({ channel: 'phone', adapter: 'plain' });
    expect(await reference.source('fax')).toBeUndefined();
    expect((await reference.sources()).map(({ source }) => source)).toHaveLength(7);
  });

  test('what was never published is a mistake of the caller', async () => {
    const reference = referenceStore(tables, clock);
    await expect(reference.policy(9)).rejects.toThrow(new RangeError('policy 9 was never published'));
    await expect(reference.calendar('cn', 9)).rejects.toThrow(RangeError);
  });

  test('a published version is read once, a list once a minute, by several callers together', async () => {
    const reference = referenceStore(counting(), clock);
    await Promise.all([reference.sources(), reference.source('phone'), reference.source('chat')]);
    expect(reads).toBe(1);
    await reference.policies();
    await reference.policy(1);
    expect(reads).toBe(2);
    for (let i = 0; i < 3; i += 1) await reference.calendar('cn', 1);
    expect(reads).toBe(3);
    clock.advance(59);
    await reference.sources();
    expect(reads).toBe(3);
    clock.advance(1);
    await reference.sources();
    expect(reads).toBe(4);
    await reference.calendar('cn', 1);
    expect(reads).toBe(4);
  });

  test('a clock that was set back trusts no list from the future', async () => {
    const reference = referenceStore(counting(), clock);
    await reference.sources();
    clock.advance(-3_600);
    await reference.sources();
    expect(reads).toBe(2);
  });

  test('a reading that failed is tried again at once', async () => {
    let down = true;
    const flaky: Tables = {
      ...tables,
      query: (query) => (down ? Promise.reject(new Error('down')) : tables.query(query)),
    };
    const reference = referenceStore(flaky, clock);
    await expect(reference.sources()).rejects.toThrow('down');
    down = false;
    expect(await reference.sources()).toHaveLength(7);
  });

  test('an item that does not hold its schema is never used', async () => {
    const item = (await tables.get('reference', referenceKeys.policy(1))) ?? expect.fail();
    const document = { ...(item.document as object), surprise: 1 };
    await tables.write([{ table: 'reference', put: { ...item, document } }]);
    await expect(referenceStore(tables, clock).policies()).rejects.toThrow(/surprise/);
  });
});
