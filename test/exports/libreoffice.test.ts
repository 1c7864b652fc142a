import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COLUMNS, safeCell } from '#shared/domain/exports/table-cells.ts';
import { exportSystem, PERIOD, posted, subjectOf } from './system.ts';

/** LibreOffice's command: where `LIBREOFFICE` names it, else on the path. */
const soffice = [
  process.env.LIBREOFFICE,
  ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'soffice')),
].find((file): file is string => file !== undefined && existsSync(file));

/** Names that spreadsheets and code pages are known to spoil. */
const NAMES = [
  '物流部',
  '客户服务部',
  '=1+1',
  '+1',
  '-1',
  '@SUM(1)',
  "'=1+1",
  '＝1+1',
  'a,b;c',
  '李 "文" 濤',
  '𠮷野家 😀',
  '=HYPERLINK("http://x.example","y")',
];

describe.skipIf(soffice === undefined)(
  'a table in LibreOffice (skipped where neither LIBREOFFICE nor PATH has soffice)',
  () => {
    let folder = '';
    const convert = (file: string, to: string, ...from: string[]) =>
      execFileSync(soffice ?? '', [
        `-env:UserInstallation=file://${join(folder, 'profile')}`,
        '--headless',
        ...from,
        ...['--convert-to', to, '--outdir', folder, join(folder, file)],
      ]);
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'interlock-office-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test('keeps Chinese names, computes no cell, and has numbers where there are numbers', {
      timeout: 240_000,
    }, async () => {
      const subjects = NAMES.map((name, n) => subjectOf(`E-${String(n).padStart(2, '0')}`, { name }));
      const system = await exportSystem({ subjects });
      for (const entry of posted('E-00', 1, -650)) await system.post(entry);
      writeFileSync(join(folder, 'scores.csv'), String((await system.scores({ period: PERIOD, format: 'csv' })).body));
      // As the import's window proposes it by the byte order mark; without a window the machine's own code page is taken.
      convert('scores.csv', 'xlsx', '--infilter=CSV:44,34,76,1');
      rmSync(join(folder, 'scores.csv'));
      // Token 9 as it stands shows what each cell holds, 76 is UTF-8; the second of the last ones writes formulas as such.
      convert('scores.xlsx', 'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,true');
      const [header = [], ...rows]: string[][] = parse(readFileSync(join(folder, 'scores.csv'), 'utf8'), { bom: true });
      expect(header).toEqual([...COLUMNS]);
      const column = (name: (typeof COLUMNS)[number]) => rows.map((row) => row[COLUMNS.indexOf(name)]);
      expect(column('subjectName')).toEqual(NAMES.map(safeCell));
      expect(column('adjustments').map(Number)).toEqual(NAMES.map((_, n) => (n === 0 ? -6.5 : 0)));
      expect(column('result').map(Number)).toEqual(NAMES.map((_, n) => (n === 0 ? 93.5 : 100)));
    });
  },
);
