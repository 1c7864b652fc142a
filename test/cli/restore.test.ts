import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Asked, bringBack, type Difference } from '#infra/cli/restore/bring-back.ts';
import { freshTables, localClient } from '#test/support/dynamodb-local-tables.ts';
import { type Engine, noEngineBecause, startEngine } from '#test/support/dynoxide.ts';

/** A dispute as a table holds it; `more` is what it says. */
const item = (pk: string, more: object = {}) => ({ pk, sk: 'STATE', kind: 'dispute', ...more });
const WAS = [
  item('DISPUTE#a', { version: 1, at: { day: '2026-11-20', tags: ['x', 'y'] } }),
  item('DISPUTE#b', { version: 4 }),
  item('DISPUTE#c', { version: 7 }),
  item('CARD#d', { points: '-6.00' }),
];
const STANDS = [
  item('DISPUTE#a', { at: { tags: ['x', 'y'], day: '2026-11-20' }, version: 1 }),
  item('DISPUTE#b', { version: 5 }),
  item('DISPUTE#e', { version: 1 }),
];

describe.skipIf(noEngineBecause)(
  `bringing back what a table restored beside has${noEngineBecause ? ` (skipped: ${noEngineBecause})` : ''}`,
  () => {
    let engine: Engine;
    let sdk: DynamoDBClient;
    let runs = 0;
    beforeAll(async () => {
      engine = await startEngine();
      const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
      sdk = new DynamoDBClient({ endpoint: engine.endpoint, region: 'us-east-1', credentials });
    });
    afterAll(async () => {
      sdk?.destroy();
      await engine?.stop();
    });

    /** Brings it back, and answers with what it told and what stands then, by partition. */
    async function brought(asked: Partial<Asked>) {
      runs += 1;
      const client = localClient(engine.endpoint);
      const { names } = await freshTables(client, `restore-${runs}`, ['cases', 'scorecards']);
      const { cases = '', scorecards = '' } = names;
      const put = (TableName: string, items: readonly object[]) =>
        Promise.all(items.map((each) => client.send(new PutCommand({ TableName, Item: each }))));
      await put(scorecards, WAS);
      await put(cases, STANDS);
      const told: Difference[] = [];
      const all: Asked = { from: scorecards, to: cases, exact: false, write: true, ...asked };
      const counted = await bringBack(sdk, all, (difference) => void told.push(difference));
      const again = await bringBack(sdk, { ...all, write: false }, () => {});
      const { Items = [] } = await client.send(new ScanCommand({ TableName: cases }));
      client.destroy();
      const byPartition = Object.fromEntries(Items.map(({ pk, version, points }) => [pk, version ?? points]));
      const lines = told.map(({ is, pk }) => `${is} ${pk}`).sort();
      return { counted, again, lines, byPartition };
    }

    test('tells what differs and changes nothing unless it is told to write', async () => {
      const { counted, lines, byPartition } = await brought({ write: false, exact: true });
      expect(counted).toEqual({ same: 1, changed: 1, missing: 2, newer: 1 });
      expect(lines).toEqual(['changed DISPUTE#b', 'missing CARD#d', 'missing DISPUTE#c', 'newer DISPUTE#e']);
      expect(byPartition).toEqual({ 'DISPUTE#a': 1, 'DISPUTE#b': 5, 'DISPUTE#e': 1 });
    });

    test('puts back what is missing or changed, and leaves what is newer', async () => {
      const { byPartition, again } = await brought({});
      expect(byPartition).toEqual({
        'CARD#d': '-6.00',
        'DISPUTE#a': 1,
        'DISPUTE#b': 4,
        'DISPUTE#c': 7,
        'DISPUTE#e': 1,
      });
      expect(again).toEqual({ same: 4, changed: 0, missing: 0, newer: 1 });
    });

    test('makes both the same when asked for exactly that', async () => {
      const { byPartition, again } = await brought({ exact: true });
      expect(byPartition).toEqual({ 'CARD#d': '-6.00', 'DISPUTE#a': 1, 'DISPUTE#b': 4, 'DISPUTE#c': 7 });
      expect(again).toEqual({ same: 4, changed: 0, missing: 0, newer: 0 });
    });

    test('touches only partitions that begin as asked', async () => {
      const { byPartition, counted } = await brought({ only: 'CARD#', exact: true });
      expect(counted).toEqual({ same: 0, changed: 0, missing: 1, newer: 0 });
      expect(byPartition).toEqual({ 'CARD#d': '-6.00', 'DISPUTE#a': 1, 'DISPUTE#b': 5, 'DISPUTE#e': 1 });
    });

    test('brings back more than one page', async () => {
      const client = localClient(engine.endpoint);
      const { names } = await freshTables(client, 'restore-many', ['cases', 'scorecards']);
      const { cases: to = '', scorecards: from = '' } = names;
      const many = Array.from({ length: 1_200 }, (_, i) => item(`DISPUTE#${i}`, { version: i }));
      for (const each of many) await client.send(new PutCommand({ TableName: from, Item: each }));
      const counted = await bringBack(sdk, { from, to, exact: true, write: true }, () => {});
      expect(counted).toEqual({ same: 0, changed: 0, missing: 1_200, newer: 0 });
      const again = await bringBack(sdk, { from, to, exact: true, write: true }, () => {});
      expect(again).toEqual({ same: 1_200, changed: 0, missing: 0, newer: 0 });
      client.destroy();
    });
  },
);
