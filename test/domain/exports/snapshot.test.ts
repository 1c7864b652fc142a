import { test as prop } from '@fast-check/vitest';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { contentHash, newHash } from '#shared/adapters/digest.ts';
import { memoryFiles } from '#shared/adapters/memory-files.ts';
import { snapshotPorts } from '#shared/adapters/score-snapshot.ts';
import { ManifestV1 } from '#shared/contracts/score-export.v1.ts';
import { differingControl, headLine, newTally } from '#shared/domain/exports/controls.ts';
import { rendered } from '#shared/domain/exports/formats.ts';
import { manifestText } from '#shared/domain/exports/manifest.ts';
import { cursorOf, failed, readCursor, ready, type ScoreExport } from '#shared/domain/exports/score-export.ts';
import { hundredthsOf } from '#shared/domain/exports/score-row.ts';
import {
  ChangedSnapshot,
  firstRows,
  snapshotRows,
  unchangedText,
  writeSnapshot,
} from '#shared/domain/exports/snapshot.ts';
import { pointsText } from '#shared/domain/performance/points.ts';
import { all, batchesOf, frozenRowOf, generatedRows, one, textOf } from './rows.ts';

const ABOUT = {
  exportId: '5f0c4d0a-8a53-5f7e-9d53-0e5f6f1c9a01',
  period: '2026-10',
  asOf: '2026-11-20T02:31:00Z',
  versions: { policy: 1, rows: 1 },
} as const;
const HEAD = { seal: 2, entries: 5, hash: 'ab'.repeat(32) };

let files: ReturnType<typeof memoryFiles>;
let ports: ReturnType<typeof snapshotPorts>;
beforeEach(() => {
  files = memoryFiles();
  ports = snapshotPorts(files);
});
const stored = async (name: string) =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(await files.read(`exports/x/${name}`));
const write = (rows: AsyncIterable<ReturnType<typeof frozenRowOf>>) => writeSnapshot(ABOUT, 'exports/x', rows, ports);

describe('a snapshot (X-1, X-2)', () => {
  test('is written in parts, in every format, and with a manifest that names all of it', async () => {
    const frozen = await write(generatedRows(4_001));
    const manifest = ManifestV1.parse(JSON.parse(await stored('manifest.json')));
    expect(manifest).toMatchObject({ ...ABOUT, controls: frozen.controls, files: frozen.files });
    expect(manifest.chunks.map(({ name, rows }) => [name, rows])).toEqual([
      ['rows/000001.ndjson', 2_000],
      ['rows/000002.ndjson', 2_000],
      ['rows/000003.ndjson', 1],
    ]);
    const rows = await all(generatedRows(4_001));
    expect(manifest.lines).toEqual(
      rows.map(({ row, head }) => ({ subject: row.subjectId, hash: contentHash(row), head })),
    );
    for (const { name, bytes, sha256 } of [
      ...manifest.files,
      ...manifest.chunks,
      { name: 'manifest.json', ...frozen.manifest },
    ]) {
      const text = await stored(name);
      expect([Buffer.byteLength(text), hashOf(text)]).toEqual([bytes, sha256]);
    }
  });

  test('says the same rows and controls in every format', async () => {
    const { controls, files: written } = await write(generatedRows(3));
    const rows = (await all(generatedRows(3))).map(({ row }) => row);
    const [json = '', ndjson = '', csv = ''] = await Promise.all(written.map(({ name }) => stored(name)));
    const { exportId } = ABOUT;
    expect(JSON.parse(json)).toEqual({ exportId, rows, controls });
    const lines = ndjson.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([...rows, { exportId, controls }]);
    expect(csv).toMatch(/^\uFEFFperiod,subjectType,.*\r\n2026-10,employee,E-0000000,/);
    expect(csv.split('\r\n')).toHaveLength(5);
  });

  test('of nobody is whole, too', async () => {
    const frozen = await write(one([]));
    const { controls, files: written } = frozen;
    expect(controls).toEqual({ rows: 0, sumResult: '0.00', sumAdjustments: '0.00', heads: hashOf('') });
    expect(JSON.parse(await stored(written[0]?.name ?? ''))).toEqual({ exportId: ABOUT.exportId, rows: [], controls });
    expect(ManifestV1.parse(JSON.parse(await stored('manifest.json'))).lines).toEqual([]);
    expect(await all(snapshotRows(frozen, 0, ports))).toEqual([]);
  });

  test.each([
    { what: 'short', make: (text: string) => text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1) },
    { what: 'changed', make: (text: string) => text.replace('"entries":2', '"entries":3') },
    { what: 'marked', make: (text: string) => `\uFEFF${text}` },
  ])('of which a part is $what is told, never read', async ({ make }) => {
    const frozen = await write(generatedRows(2_003));
    const key = 'exports/x/rows/000002.ndjson';
    const text = new TextDecoder().decode(await files.read(key));
    await files.write(key, 'text/plain', [make(text)]);
    expect(make(text)).not.toBe(text);
    await expect(all(snapshotRows(frozen, 0, ports))).rejects.toThrow(`${key} was changed`);
    await expect(all(snapshotRows(frozen, 2_001, ports))).rejects.toThrow(ChangedSnapshot);
  });

  test('of which a part is gone, or that has more rows than parts, is told', async () => {
    const frozen = await write(generatedRows(1));
    const elsewhere = { ...frozen, folder: 'exports/y' };
    await expect(all(snapshotRows(elsewhere, 0, ports))).rejects.toThrow('exports/y/rows/000001.ndjson is gone');
    expect(() => unchangedText('k', new Uint8Array(), undefined, newHash)).toThrow('k was changed');
  });

  test('has corrections in the place of rows, between them, before and after them, over all parts', async () => {
    const rows = await all(generatedRows(4_001));
    const fixed = (subjectId: string) => frozenRowOf({ subjectId, adjustments: '7.00' });
    const id = (at: number) => rows[at]?.row.subjectId ?? '';
    const instead = ['A', id(0), `${id(1_999)}x`, id(2_000), id(4_000), 'Z'].map(fixed);
    const frozen = await writeSnapshot(ABOUT, 'exports/x', one(rows), ports, async () => instead);
    const expected = [
      ...rows.filter(({ row }) => !instead.some((each) => each.row.subjectId === row.subjectId)),
      ...instead,
    ];
    expected.sort((a, b) => (a.row.subjectId < b.row.subjectId ? -1 : 1));
    expect((await all(snapshotRows(frozen, 0, ports))).flat()).toEqual(expected);
    const clean = await writeSnapshot(ABOUT, 'exports/x', one(expected), ports);
    expect(frozen).toEqual(clean);
  });

  test.each([1, 1_999, 2_000, 2_001, 3_000, 5_000])('read in pages of %i is read as a whole', async (limit) => {
    const frozen = await write(generatedRows(4_001));
    const pages: string[] = [];
    for (let from = 0; from < 4_001; from += limit === 1 ? 2_000 : limit) {
      const page = await all(firstRows(snapshotRows(frozen, from, ports), limit));
      pages.push(...page.flat().map(({ row }) => row.subjectId));
    }
    const whole = (await all(generatedRows(4_001))).map(({ row }) => row.subjectId);
    expect(pages).toEqual(limit === 1 ? [0, 2_000, 4_000].map((place) => whole[place]) : whole);
  });

  test('rendered as a page carries the cursor of the next', async () => {
    const controls = newTally(newHash).controls();
    const around = { exportId: 'x', controls, next: 'x.1' };
    const page = (format: 'json' | 'ndjson') =>
      textOf(rendered(format, around, batchesOf([], [frozenRowOf()]), ports.csv));
    expect(JSON.parse(await page('json'))).toMatchObject({ next: 'x.1', rows: [{ subjectId: 'E-204' }] });
    expect(JSON.parse((await page('ndjson')).split('\n')[1] ?? '')).toEqual(around);
  });
});

test('a manifest passes over what has no rows', async () => {
  const about = { ...ABOUT, controls: newTally(newHash).controls(), files: [], chunks: [] };
  const text = await textOf(manifestText(about, batchesOf([], [frozenRowOf()], []), contentHash));
  expect(JSON.parse(text).lines).toHaveLength(1);
});

describe('controls', () => {
  prop.prop([fc.array(fc.tuple(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: -9_999, max: 9_999 })))])(
    'are the sums of the rows',
    (points) => {
      const tally = newTally(newHash);
      for (const [result, adjustments] of points)
        tally.add(frozenRowOf({ result: pointsText(result), adjustments: pointsText(adjustments) }));
      const sum = (place: 0 | 1) => points.reduce((total, each) => total + each[place], 0);
      const { rows, sumResult, sumAdjustments } = tally.controls();
      expect([rows, hundredthsOf(sumResult), hundredthsOf(sumAdjustments)]).toEqual([points.length, sum(0), sum(1)]);
    },
  );

  test('hash all heads, cards without one too, in the order of the rows', () => {
    const tally = newTally(newHash);
    tally.add(frozenRowOf({ subjectId: 'a' }));
    tally.add(frozenRowOf({ subjectId: 'b' }, HEAD));
    expect(headLine('b', HEAD)).toBe(`b 2 5 ${HEAD.hash}\n`);
    expect(tally.controls().heads).toBe(hashOf(`a -\nb 2 5 ${HEAD.hash}\n`));
  });

  test('that differ are told by the first difference', () => {
    const one = { rows: 1, sumResult: '1.00', sumAdjustments: '0.00', heads: 'x' };
    expect(differingControl(one, { ...one })).toBeUndefined();
    expect(differingControl(one, { ...one, sumResult: '2.00', heads: 'y' })).toBe('sumResult: 1.00 is not 2.00');
  });
});

describe('an export goes on', () => {
  const running: ScoreExport = {
    exportId: ABOUT.exportId,
    period: '2026-10',
    requestedBy: 'E-901',
    requestedAt: '2026-11-20T02:31:00Z',
    version: 1,
    progress: { state: 'running' },
  };

  test('from running to failed, and to ready by a later try', async () => {
    const frozen = await write(generatedRows(1));
    const stopped = failed(running, '2026-11-20T04:00:00Z');
    expect(stopped).toMatchObject({ version: 2, progress: { state: 'failed', failedAt: '2026-11-20T04:00:00Z' } });
    expect(failed(running, '2026-11-20T04:00:00Z', 'why').progress).toMatchObject({ reason: 'why' });
    expect(ready(stopped, frozen)).toMatchObject({ version: 3, progress: { state: 'ready', ...frozen } });
  });

  test('a cursor names the export and the row', () => {
    expect(readCursor(cursorOf(ABOUT.exportId, 40))).toEqual({ exportId: ABOUT.exportId, from: 40 });
    for (const text of ['', 'x', ABOUT.exportId, `${ABOUT.exportId}.`, `${ABOUT.exportId}.-1`, `${ABOUT.exportId}.01`])
      expect(readCursor(text)).toBeUndefined();
  });
});

function hashOf(text: string): string {
  const hash = newHash();
  hash.add(text);
  return hash.hex();
}
