import { describe, expect, test } from 'vitest';
import { memoryTables, type StreamRecord } from '#shared/adapters/memory-tables.ts';
import { describeTables } from './tables.spec.ts';

describeTables('in memory', async () => memoryTables({ tables: ['cases', 'scorecards'] }));

describe('what a simulation sees of the tables in memory', () => {
  test('each change is told once, in commit order, with its images', async () => {
    const tables = memoryTables();
    const heard: (readonly StreamRecord[])[] = [];
    const stop = tables.onCommit((records) => heard.push(records));
    await tables.write([
      { table: 'cases', put: { pk: 'p', sk: 'a', n: 1 } },
      { table: 'scorecards', put: { pk: 'p', sk: 'a' } },
    ]);
    await tables.write([{ table: 'cases', update: { pk: 'p', sk: 'a' }, add: { n: 1 } }]);
    stop();
    await tables.write([{ table: 'cases', remove: { pk: 'p', sk: 'a' } }]);
    const keys = { pk: 'p', sk: 'a' };
    expect(tables.stream('cases')).toEqual([
      { table: 'cases', eventName: 'INSERT', keys, newImage: { ...keys, n: 1 } },
      { table: 'cases', eventName: 'MODIFY', keys, newImage: { ...keys, n: 2 }, oldImage: { ...keys, n: 1 } },
      { table: 'cases', eventName: 'REMOVE', keys, oldImage: { ...keys, n: 2 } },
    ]);
    expect(heard.map((records) => records.map(({ table, eventName }) => `${table} ${eventName}`))).toEqual([
      ['cases INSERT', 'scorecards INSERT'],
      ['cases MODIFY'],
    ]);
  });

  test('a write that changes nothing, or is refused, tells nothing', async () => {
    const tables = memoryTables();
    const item = { pk: 'p', sk: 'a', map: { list: [1, { x: null }] } };
    await tables.write([{ table: 'cases', put: item }]);
    await tables.write([{ table: 'cases', put: item }]);
    await tables.write([{ table: 'cases', check: item, if: { attribute: 'pk', equals: 'p' } }]);
    await tables.write([{ table: 'cases', remove: { pk: 'p', sk: 'b' } }]);
    await expect(tables.write([{ table: 'cases', put: item, if: { absent: true } }])).rejects.toThrow();
    expect(tables.stream('cases')).toHaveLength(1);
    expect(tables.stream('reference')).toEqual([]);
  });

  test('the dump holds copies of all items of all tables, in key order', async () => {
    const tables = memoryTables();
    await tables.write(['b', 'a', '\u{1f600}', '\uffff'].map((sk) => ({ table: 'customers', put: { pk: 'p', sk } })));
    const dump = tables.dump();
    expect(dump.customers.map(({ sk }) => sk)).toEqual(['a', 'b', '\uffff', '\u{1f600}']);
    expect(Object.keys(dump)).toEqual(['cases', 'scorecards', 'improvement', 'reference', 'customers']);
  });
});
