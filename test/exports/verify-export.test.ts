import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NotAsExported, type VerifyExportOptions, verifyExport } from '#infra/cli/verify/export.ts';
import { ExportReply } from '#shared/contracts/api/replies.ts';
import { referenceKeys } from '#shared/contracts/items/reference-item.ts';
import type { Format } from '#shared/domain/exports/formats.ts';
import type { Item } from '#shared/domain/ports/tables.ts';
import { DIRECTORY } from '#test/support/sample.ts';
import { type ExportSystem, exportSystem, PERIOD, posted, subjectOf } from './system.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlock-verify-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An export with three points on two cards, written, and what came after it. */
async function exported(format: Format = 'json', given?: ExportSystem) {
  const system = given ?? (await exportSystem());
  for (const entry of [...posted('E-204', 1, -600), ...posted('E-201', 2, -300), ...posted('E-204', 3, 200)])
    await system.post(entry);
  const { body, headers = {} } = await system.scores({ period: PERIOD, format });
  for (const entry of posted('E-204', 4, -900)) await system.post({ ...entry, recordedAt: '2026-11-20T02:40:00Z' });
  const exportId = headers['interlock-export'] ?? '';
  const found = await system.ports.exports.load(exportId);
  if (found?.progress.state !== 'ready') throw new Error('it is not written');
  return { system, text: String(body), exportId, frozen: found.progress };
}
type Exported = Awaited<ReturnType<typeof exported>>;

const file = (name: string, text: string | Buffer) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const verify = ({ system }: Pick<Exported, 'system'>, options: VerifyExportOptions) =>
  verifyExport(options, { ...system.ports, files: system.files });
/** What `verify` says of a whole file. */
async function said(of: Exported, text: string | Buffer, format: Format = 'json', options: object = {}) {
  const path = file(`interlock-scores-${PERIOD}-${of.exportId}.${format}`, text);
  const outcome = await verify(of, { file: path, ...options }).then(
    () => 'right',
    (error: unknown) => {
      if (!(error instanceof NotAsExported)) throw error;
      return error.message;
    },
  );
  return outcome.replace(`${folder}/`, '');
}
const swapped = (lines: readonly string[], a: number, b: number) =>
  lines.map((line, index) => lines[index === a ? b : index === b ? a : index] ?? line);
/** One byte of a stored file changed: a digit becomes another. */
async function flip({ system }: Exported, key: string, find: RegExp) {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await system.files.read(key));
  const at = text.search(find);
  if (at < 0) throw new Error(`${key} has nothing like ${find}`);
  const changed = `${text.slice(0, at)}${text[at] === '9' ? '8' : '9'}${text.slice(at + 1)}`;
  await system.files.write(key, 'text/plain', [changed]);
}

describe('an export that is as it was exported (X-2)', () => {
  test.each(['json', 'ndjson', 'csv'] as const)('is right as %s, whatever was posted since', async (format) => {
    const of = await exported(format);
    const path = file(`interlock-scores-${PERIOD}-${of.exportId}.${format}`, of.text);
    expect(await verify(of, { file: path })).toEqual([
      expect.stringContaining(of.exportId),
      expect.stringContaining('(3) are unchanged'),
      expect.stringContaining(`${DIRECTORY.size} rows, results 2893.00, adjustments -7.00`),
      expect.stringContaining('follows from the sealed entries'),
      expect.stringContaining('no card of 2026-10 with entries from before the export is without a row'),
    ]);
  });

  test('is found by its id where the name of a table does not say it, and by nothing else', async () => {
    const of = await exported('csv');
    const path = file('scores.csv', of.text);
    await expect(verify(of, { file: path })).rejects.toThrow('give it with --id');
    expect(await verify(of, { file: path, id: of.exportId })).toHaveLength(5);
    const other = of.exportId.replace(/^./, (first) => (first === '0' ? '1' : '0'));
    await expect(verify(of, { file: path, id: other })).rejects.toThrow('there is no export');
    await expect(verify(of, { file: join(folder, 'nowhere.csv') })).rejects.toThrow('cannot be read');
  });

  test('with names that a spreadsheet would compute, and that break lines, is right in every format', async () => {
    const names = [
      '=1+1',
      '+x',
      '-x',
      '@x',
      "'=x",
      "'x",
      '\tx',
      'a\nb',
      'a\r\nb',
      'a"b,c',
      '😀',
      '\u202eabc',
      '＝1',
      ' x ',
    ];
    const subjects = names.map((name, n) => subjectOf(`E-${n}`, { name }));
    for (const format of ['json', 'ndjson', 'csv'] as const) {
      const of = await exported(format, await exportSystem({ subjects }));
      expect(await said(of, of.text, format)).toBe('right');
    }
  });

  test('page by page: a page that names the next by itself, the last one and tables with --page', async () => {
    const { system } = await exported();
    const { body, headers = {} } = await system.scores({ period: PERIOD, limit: 20 });
    const page = file('page.json', String(body));
    expect((await verify({ system }, { file: page }))[2]).toContain('20 of its 29 rows');
    const { next } = JSON.parse(String(body));
    const last = file('last.json', String((await system.scores({ cursor: next })).body));
    await expect(verify({ system }, { file: last })).rejects.toThrow(
      'after-sales is missing before row 1 (E-602); a single page of an export is checked with --page',
    );
    expect((await verify({ system }, { file: last, page: true }))[2]).toContain('9 of its 29 rows');
    const table = file('page.csv', String((await system.scores({ cursor: next, format: 'csv' })).body));
    const id = headers['interlock-export'] ?? '';
    expect(await verify({ system }, { file: table, page: true, id })).toHaveLength(5);
  });

  test('has the manifest that somebody stored', async () => {
    const of = await exported();
    const manifest = new TextDecoder().decode(await of.system.files.read(`${of.frozen.folder}/manifest.json`));
    expect(await said(of, of.text, 'json', { manifest: file('manifest.json', manifest) })).toBe('right');
    expect(
      await said(of, of.text, 'json', { manifest: file('other.json', manifest.replace('2893', '2894')) }),
    ).toContain("other.json: is not the export's manifest");
  });

  test('has the manifest as the answer about the export has it in it, in any writing', async () => {
    const of = await exported();
    const { manifest } = ExportReply.parse((await of.system.read(of.exportId)).body);
    const kept = JSON.stringify(manifest?.document, undefined, 2);
    expect(await said(of, of.text, 'json', { manifest: file('kept.json', kept) })).toBe('right');
    const other = kept.replace('"sumResult": "2893.00"', '"sumResult": "2893.01"');
    expect(await said(of, of.text, 'json', { manifest: file('kept.json', other) })).toContain('is not the export');
    expect(await said(of, of.text, 'json', { manifest: file('kept.json', '{') })).toContain('kept.json: ');
  });
});

describe('a file that is not as it was exported is told by its first difference (X-2)', () => {
  const rowsOf = (text: string) => text.split('\n');
  const place = (line: number) => `row ${line} `;

  test.each(['json', 'ndjson', 'csv'] as const)('one byte changed in a row of %s', async (format) => {
    const of = await exported(format);
    const changed = of.text.replace('96.00', '97.00');
    expect(changed).not.toBe(of.text);
    expect(await said(of, changed, format)).toContain('(E-204) was changed');
  });

  test.each(['json', 'ndjson', 'csv'] as const)('one byte changed in a name of %s', async (format) => {
    const of = await exported(format);
    expect(await said(of, of.text.replace('李文濤', '李文涛'), format)).toContain('(E-204) was changed');
  });

  test('one row missing, one repeated, two swapped, the tail cut', async () => {
    const of = await exported('ndjson');
    const lines = rowsOf(of.text);
    const say = (changed: readonly string[]) => said(of, changed.join('\n'), 'ndjson');
    expect(await say(lines.toSpliced(2, 1))).toContain('is missing before row 3');
    expect(await say(lines.toSpliced(3, 0, lines[2] ?? ''))).toMatch(/row 4 repeats \S+, who is in row 3/);
    expect(await say(swapped(lines, 2, 5))).toMatch(/rows 3 and 6 \(\S+ and \S+\) are swapped/);
    expect(await say(lines.toSpliced(20, 9))).toContain('is missing: there are 20 rows of 29');
    expect(await say(lines.slice(0, 20))).toContain('line 19 does not hold the controls');
    expect(await say([...lines.slice(0, 5), lines[5]?.slice(0, 40) ?? ''])).toContain(
      'line 5 does not hold the controls',
    );
    expect(await say([...lines.slice(0, 5), 'x', ...lines.slice(6)])).toContain('line 6 is no row');
  });

  test('the same in JSON and in a table', async () => {
    const json = await exported('json');
    const lines = rowsOf(json.text);
    expect(await said(json, swapped(lines, 3, 4).join('\n'))).toContain(`rows 3 and 4`);
    expect(await said(json, lines.slice(0, 9).join('\n'))).toContain('the end of the file is missing');
    const csv = await exported('csv');
    const records = csv.text.split('\r\n');
    expect(await said(csv, records.toSpliced(3, 1).join('\r\n'), 'csv')).toContain(`is missing before ${place(3)}`);
    expect(await said(csv, records.slice(0, 9).join('\r\n'), 'csv')).toContain(
      'the last line of the table does not end',
    );
    expect(await said(csv, csv.text.replace('subjectName', 'name'), 'csv')).toContain('line 1 is not period,');
  });

  test('its controls changed, or bytes that are no part of a row', async () => {
    const of = await exported('json');
    expect(await said(of, of.text.replace('"sumResult":"2893.00"', '"sumResult":"2893.01"'))).toContain(
      'of its controls sumResult: 2893.01 is not 2893.00',
    );
    expect(await said(of, of.text.replace('"rows":[\n', '"rows":[\n').replace('"period"', ' "period"'))).toContain(
      'has other bytes than the file that was written, from line 2 on',
    );
    const csv = await exported('csv');
    expect(await said(csv, csv.text.replace('\uFEFF', ''), 'csv')).toContain(
      'other bytes than the file that was written, from line 1',
    );
    expect(await said(csv, Buffer.from([0xff, 0xfe, 0x00]), 'csv')).toMatch(/not valid|decode/i);
  });
});

describe('what stands in the bucket is told by its name when one byte was changed (X-2)', () => {
  test.each([
    { what: 'the manifest', name: 'manifest.json', find: /\d{2}Z"/ },
    { what: 'a hash in the manifest', name: 'manifest.json', find: /(?<="hash":")\d/ },
    { what: 'a part of the snapshot', name: 'rows/000001.ndjson', find: /\d\.00/ },
  ])('$what', async ({ name, find }) => {
    const of = await exported();
    await flip(of, `${of.frozen.folder}/${name}`, find);
    expect(await said(of, of.text)).toContain(`${of.frozen.folder}/${name}: was changed`);
  });

  test.each(['json', 'ndjson', 'csv'] as const)('the file in %s', async (format) => {
    const of = await exported();
    const { name } = of.frozen.files.find((each) => each.format === format) ?? { name: '' };
    await flip(of, `${of.frozen.folder}/${name}`, /\d\.00/);
    expect(await said(of, of.text)).toContain(`${name}: was changed`);
  });

  test('a file that is gone, and a state that names another manifest', async () => {
    const of = await exported();
    const gone = {
      ...of.system.files,
      read: async (key: string) => (key.endsWith('.csv') ? undefined : of.system.files.read(key)),
    };
    const path = file('whole.json', of.text);
    await expect(verifyExport({ file: path }, { ...of.system.ports, files: gone })).rejects.toThrow('.csv: is gone');
    await change(of, { pk: `EXPORT#${of.exportId}`, sk: 'STATE' }, (item) =>
      JSON.parse(JSON.stringify(item).replace('"sumResult":"2893.00"', '"sumResult":"2893.01"')),
    );
    await expect(verify(of, { file: path })).rejects.toThrow('in its controls sumResult: 2893.00 is not 2893.01');
  });
});

/** Changes an item behind the back of every store. */
async function change({ system }: Exported, key: { pk: string; sk: string }, make: (item: Item) => Item) {
  const item = await system.memory.get('scorecards', key);
  if (!item) throw new Error(`there is no ${key.pk} ${key.sk}`);
  await system.memory.write([{ table: 'scorecards', put: make(item) }]);
}

describe('a ledger that no longer says what was exported is told by its card (X-2)', () => {
  const CARD = `CARD#E-204#${PERIOD}`;
  const entry = 'ENTRY#e-E-204-1';

  test.each([
    {
      what: 'one byte of an entry',
      sk: entry,
      make: (item: Item): Item => JSON.parse(JSON.stringify(item).replace('-600', '-100')),
      told: 'the entry e-E-204-1 was changed',
    },
    {
      what: 'one byte of a seal',
      sk: 'SEAL#0000000001',
      make: (item: Item): Item => JSON.parse(JSON.stringify(item).replace('"from":1', '"from":2')),
      told: 'seal 1 was changed',
    },
  ])('$what', async ({ sk, make, told }) => {
    const of = await exported();
    await change(of, { pk: CARD, sk }, make);
    expect(await said(of, of.text)).toBe(`the ledger, on the card of E-204: ${told}`);
  });

  test('an entry that is gone', async () => {
    const of = await exported();
    await of.system.memory.write([{ table: 'scorecards', remove: { pk: CARD, sk: entry } }]);
    expect(await said(of, of.text)).toBe('the ledger, on the card of E-204: the entry e-E-204-1 is missing');
  });
});

describe('a page that is not what was answered is told by its first difference (X-2)', () => {
  async function paged() {
    const of = await exported();
    const first = await of.system.scores({ period: PERIOD, limit: 5 });
    const exportId = first.headers?.['interlock-export'] ?? '';
    return { of: { ...of, exportId }, exportId, text: String(first.body), lines: String(first.body).split('\n') };
  }

  test('rows cut with the next page kept, no rows, another next page, and none', async () => {
    const { of, exportId, text, lines } = await paged();
    const cut = [...lines.slice(0, 4), (lines[4] ?? '').replace(/,$/, ''), ...lines.slice(6)].join('\n');
    expect(await said(of, cut)).toContain(`so that ${exportId}.4 is next, and it names ${exportId}.5`);
    expect(await said(of, [lines[0], ...lines.slice(6)].join('\n'))).toContain('has no rows');
    expect(await said(of, text.replace(`${exportId}.5`, 'hello'))).toContain(
      `so that ${exportId}.5 is next, and it names hello`,
    );
    const last = text.replace(`,"next":"${exportId}.5"`, '');
    expect(await said(of, last, 'json', { page: true })).toContain(`${exportId}.5 is next, and it names nothing`);
  });

  test('a whole file that was cut and given a next page', async () => {
    const of = await exported();
    const lines = of.text.split('\n');
    const end = (lines.at(-2) ?? '').replace(/\}$/, ',"next":"x"}');
    const cut = [...lines.slice(0, 2), (lines[2] ?? '').replace(/,$/, ''), end, ''].join('\n');
    expect(await said(of, cut)).toContain(`so that ${of.exportId}.2 is next, and it names x`);
  });

  test('something after the end, a field twice, other blanks; in NDJSON and tables too', async () => {
    const { of, exportId, text } = await paged();
    expect(await said(of, `${text}garbage\n`)).toContain('line 8 stands after the end of the file');
    expect(await said(of, text.slice(0, -1))).toContain('line 8 stands after the end');
    const twice = text.replace('"result":', '"result":"0.00","result":');
    expect(await said(of, twice)).toContain('has other bytes than the page that was answered, from line 2 on');
    const asked = { cursor: `${exportId}.5`, limit: 5 } as const;
    const ndjson = String((await of.system.scores({ ...asked, format: 'ndjson' })).body);
    expect(await said(of, ndjson, 'ndjson')).toBe('right');
    expect(await said(of, ndjson.replace('"result"', ' "result"'), 'ndjson')).toContain('from line 1 on');
    const csv = String((await of.system.scores({ ...asked, format: 'csv' })).body);
    expect(await said(of, csv, 'csv', { page: true })).toBe('right');
    expect(await said(of, csv.replace('\uFEFF', ''), 'csv', { page: true })).toContain('from line 1 on');
    expect(await said(of, csv.replace(',logistics,', ',"logistics",'), 'csv', { page: true })).toContain('other bytes');
  });
});

describe('an export that was written anew to fit itself (X-2)', () => {
  /** The state and what it names, of an export that was made of fewer subjects or entries. */
  async function forged(of: Exported, change: (system: ExportSystem) => Promise<void>) {
    const other = await exportSystem();
    await change(other);
    const made = await other.scores({ period: PERIOD });
    const id = made.headers?.['interlock-export'] ?? '';
    for await (const { key } of other.files.versions('exports/')) {
      const bytes = await other.files.read(key);
      await of.system.files.write(key, 'text/plain', [new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)]);
    }
    const state = await other.memory.get('scorecards', { pk: `EXPORT#${id}`, sk: 'STATE' });
    if (!state) throw new Error('nothing was forged');
    await of.system.memory.write([{ table: 'scorecards', put: state }]);
    return said({ ...of, exportId: id }, String(made.body));
  }

  test('without somebody who has entries is told by their card', async () => {
    const of = await exported();
    const told = await forged(of, async (other) => {
      await other.memory.write([{ table: 'reference', remove: referenceKeys.subject('E-204') }]);
      for (const entry of posted('E-201', 2, -300)) await other.post(entry);
    });
    expect(told).toBe(
      'the ledger, on the card of E-204: the entry e-E-204-1 stood there before the export began, and there is no row',
    );
  });

  test('from entries that stood there is told by the entry that it leaves out', async () => {
    const of = await exported();
    const told = await forged(of, async (other) => {
      for (const entry of posted('E-201', 2, -300)) await other.post(entry);
    });
    expect(told).toBe(
      'the ledger, on the card of E-204: the entry e-E-204-1 stood there before the export began, and the row leaves it out',
    );
  });

  test.each([
    {
      what: 'month',
      from: '"period":"2026-10","requested',
      to: '"period":"2026-09","requested',
      told: 'the state of the export',
    },
    {
      what: 'file',
      from: /("files":\[\{.*?"sha256":")[0-9a-f]{4}/,
      to: '$1ffff',
      told: 'names other files than the state',
    },
    { what: 'part', from: /("parts":\[")[0-9a-f]{4}/, to: '$1ffff', told: 'names other parts of the snapshot' },
  ])('only in its state, the $what, is told', async ({ from, to, told }) => {
    const of = await exported();
    await change(of, { pk: `EXPORT#${of.exportId}`, sk: 'STATE' }, (item) => {
      const text = JSON.stringify(item);
      expect(text.replace(from, to)).not.toBe(text);
      return JSON.parse(text.replace(from, to));
    });
    expect(await said(of, of.text)).toContain(told);
  });
});
