import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replayFile } from '#infra/cli/replay/replay-file.ts';
import { type Deed, type FakeDoor, openFakeDoor } from './fake-door.ts';

const PATIENCE = { totalMs: 2_000, firstWaitMs: 2, longestWaitMs: 20, answerMs: 2_000, distrustMs: 1_000 };
const UNREADABLE = JSON.stringify({ source: 'web', externalId: 'x', occurredAt: 'yesterday', text: 'x' });

let door: FakeDoor;
let folder: string;
let said: string[];

beforeEach(async () => {
  door = await openFakeDoor();
  folder = mkdtempSync(join(tmpdir(), 'interlock-replay-'));
  said = [];
});
afterEach(async () => {
  await door.close();
  rmSync(folder, { recursive: true });
});

function reports(count: number, ...before: readonly string[]): string {
  const lines = Array.from({ length: count }, (_, at) =>
    JSON.stringify({ source: 'web', externalId: `r-${at + 1}`, occurredAt: '2026-01-02', text: `number ${at + 1}` }),
  );
  const path = join(folder, 'reports.ndjson');
  writeFileSync(path, [...before, ...lines].join('\n'));
  return path;
}

function replay(file: string, stop = new AbortController(), lookMs = 5_000): Promise<boolean> {
  const say = (line: string) => void said.push(line);
  return replayFile(
    { file, url: door.url, restart: false },
    {
      env: {},
      stateFolder: join(folder, 'state'),
      stop,
      out: say,
      tell: say,
      patience: PATIENCE,
      connectMs: 50,
      settling: { stillMs: 60, everyMs: 5, lookMs },
    },
  );
}

const everything = () => said.join('\n');
/** What the door does with the row of this place in the file. */
const byRow = (deeds: Readonly<Record<number, Deed>>) => (_: number, id: string) =>
  deeds[Number(id.split('_').at(-1))] ?? 'take';

describe('rows that are rejected after they were accepted', () => {
  test('they are counted, named with their reasons, and an error', async () => {
    door.plan = byRow({ 3: 'reject-later', 7: 'reject-later', 9: 'let-die' });
    expect(await replay(reports(40))).toBe(false);
    expect(everything()).toContain('accepted 40, duplicates among them 0, rejected 0, accepted and then rejected 2');
    expect(everything()).toContain('dead-lettered 1');
    expect(said.filter((line) => line.startsWith('not taken: '))).toEqual([
      'not taken: line 3, source web: accepted and rejected afterwards: text differs',
      'not taken: line 7, source web: accepted and rejected afterwards: text differs',
      'not taken: line 9, source web: accepted, but it could not be worked on (dead-lettered)',
    ]);
    expect(everything()).toContain('3 rows of the file were not taken');
    expect(readdirSync(join(folder, 'state'))).toEqual([]);
  });

  test('the first five are named, in the order of the file', async () => {
    door.plan = () => 'reject-later';
    expect(await replay(reports(300))).toBe(false);
    expect(everything()).toContain('300 rows of the file were not taken');
    const named = said.filter((line) => line.startsWith('not taken: '));
    expect(named.map((line) => line.match(/line (\d+)/)?.[1])).toEqual(['1', '2', '3', '4', '5']);
  });

  test('they are found also where the replay was interrupted behind them', async () => {
    const file = reports(200);
    const stop = new AbortController();
    door.plan = (posted, id) => {
      if (posted === 120) stop.abort();
      return byRow({ 5: 'reject-later', 150: 'reject-later' })(posted, id);
    };
    await expect(replay(file, stop)).rejects.toThrow('interrupted');
    expect(await replay(file)).toBe(false);
    expect(everything()).toContain('not taken: line 5, source web: accepted and rejected afterwards');
    expect(everything()).toContain('not taken: line 150, source web: accepted and rejected afterwards');
    expect(everything()).toContain('2 rows of the file were not taken');
  });

  test('what the door refused twice, because it was sent again, is no row of that kind', async () => {
    const file = reports(60, '{"source":"web","externalId":"stuck","occurredAt":"2026-01-02","text":"x"}', UNREADABLE);
    const stop = new AbortController();
    door.plan = (posted, id) => {
      if (posted === 40) stop.abort();
      return byRow({ 1: 'busy' })(posted, id);
    };
    await expect(replay(file, stop)).rejects.toThrow('0 of 62 rows');
    door.plan = () => 'take';
    expect(await replay(file)).toBe(false);
    expect(everything()).toContain('1 report was rejected or dead-lettered on top of what the door refused');
    expect(everything()).toContain('none of them is a row of this file');
    expect(said.at(-1)).toBe('1 row of the file was not taken');
  });
});

describe('what others sent', () => {
  test('what was rejected before is not looked at', async () => {
    door.rejectedOfOthers = 4;
    expect(await replay(reports(20))).toBe(true);
    expect(everything()).not.toContain('dead-lettered on top');
  });

  test('what is rejected meanwhile is no error of this file', async () => {
    door.plan = (posted) => {
      if (posted === 10) door.rejectedOfOthers = 4;
      return 'take';
    };
    expect(await replay(reports(20))).toBe(true);
    expect(everything()).toContain('4 reports were rejected or dead-lettered on top of what the door refused');
    expect(everything()).toContain('none of them is a row of this file');
  });

  test.each([
    { title: 'the receipts are withheld', withheld: true, lookMs: 5_000 },
    { title: 'there is no time to read them', withheld: false, lookMs: 0 },
  ])('where $title, it is an error, and that others may be among them is said', async ({ withheld, lookMs }) => {
    door.withholdsReceipts = withheld;
    door.plan = byRow({ 3: 'reject-later' });
    expect(await replay(reports(20), undefined, lookMs)).toBe(false);
    expect(said.at(-1)).toMatch(
      /^1 report was rejected .* 20 accepted rows was not seen: reports of others may be among them/,
    );
  });
});
