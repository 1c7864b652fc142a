import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatOf } from '#infra/cli/replay/check-file.ts';
import { type Found, LONGEST_BYTES } from '#infra/cli/replay/file-lines.ts';
import { cfpbMapping, columnsOf } from '#infra/cli/replay/mapping.ts';
import { readCsv } from '#infra/cli/replay/read-csv.ts';
import { readNdjson } from '#infra/cli/replay/read-ndjson.ts';

const folder = mkdtempSync(join(tmpdir(), 'interlock-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HEADER = columnsOf(cfpbMapping);

function fileOf(content: string | Buffer, name = 'file.csv'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** One line of the export; cells are quoted where they must be. */
function line(id: string, given: Readonly<Record<string, string>> = {}): string {
  const cells: Readonly<Record<string, string>> = {
    'Complaint ID': id,
    'Date received': '2020-03-06',
    Product: 'Mortgage',
    Issue: 'Trouble',
    'Submitted via': 'Web',
    ...given,
  };
  return HEADER.map((column) => cells[column] ?? '')
    .map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(',');
}

async function allOf(found: AsyncIterable<Found>): Promise<Found[]> {
  const all: Found[] = [];
  for await (const item of found) all.push(item);
  return all;
}

const csv = (content: string | Buffer) => allOf(readCsv(fileOf(content), { mapping: cfpbMapping }));
const ndjson = (content: string | Buffer, source?: string) => allOf(readNdjson(fileOf(content), { source }));
const lineNumbers = (found: readonly Found[]) => found.map((item) => ('row' in item ? item.row.line : item.fault.line));

describe('reading an export', () => {
  test.each(['\n', '\r\n'])(
    'rows keep their line numbers over quoted line ends (%j), blank lines and a byte order mark',
    async (end) => {
      const words = { 'Consumer complaint narrative': `one${end}${end}"two", 三${end}four` };
      const rows = [HEADER.join(','), line('1', words), line('2'), '', '', line('3', words), line('4'), ''];
      const found = await csv(`\uFEFF${rows.join(end)}`);
      expect(lineNumbers(found)).toEqual([2, 6, 9, 13]);
      expect(found[0]).toMatchObject({ row: { index: 0, source: 'web', body: expect.stringContaining('三') } });
    },
  );

  test.each(['  ', '  \n', '\t\r\n \n'])('a line of blanks (%j) is a blank line, last or in between', async (blank) => {
    const rows = [HEADER.join(','), line('1'), ' \t', line('2'), ''].join('\n');
    const found = await csv(` \n${rows}${blank}`);
    expect(lineNumbers(found)).toEqual([3, 5]);
    const wrong = await csv(`${rows}${blank.trimEnd()}\n${line('3', { 'Submitted via': 'Pigeon' })}\n${blank}`);
    expect(lineNumbers(wrong)).toEqual([2, 4, 6]);
  });

  test('a text longer than what the stream hands over at once comes out whole', async () => {
    const words = '長'.repeat(90_000);
    const found = await csv(
      [HEADER.join(','), line('1', { 'Consumer complaint narrative': words }), line('2')].join('\n'),
    );
    expect(found[0]).toMatchObject({ row: { body: expect.stringContaining(words) } });
    expect(lineNumbers(found)).toEqual([2, 3]);
  });

  test('a row that cannot be mapped is a fault of its line and column', async () => {
    const found = await csv(
      [HEADER.join(','), line('1'), line('2', { 'Submitted via': 'Pigeon' }), line('3')].join('\n'),
    );
    expect(found[1]).toMatchObject({ fault: { line: 3, column: 'Submitted via' } });
    expect(lineNumbers(found)).toEqual([2, 3, 4]);
  });

  test.each([
    { title: 'an empty file', content: '', message: 'line 1: the file has no header line' },
    { title: 'a missing column', content: 'Complaint ID,State\n1,NC\n', message: 'line 1: column Date received' },
    {
      title: 'a column that stands twice',
      content: `${HEADER.join(',')},State\n`,
      message: 'line 1, column State: the column',
    },
    {
      title: 'a short line',
      content: `${HEADER.join(',')}\n${line('1')}\n2,x\n${line('3')}\n`,
      message: 'line 3, column',
    },
    {
      title: 'a long line',
      content: `${HEADER.join(',')}\n${line('1')}\n${line('2')},more\n`,
      message: 'line 3: Invalid Record',
    },
    {
      title: 'a quote that is never closed',
      content: `${HEADER.join(',')}\n${line('1')}\n"2${'\nx'.repeat(50)}`,
      message: `line 3, column ${HEADER[0]}: Quote Not Closed`,
    },
    {
      title: 'a cell over the longest size',
      content: `${HEADER.join(',')}\n${line('1')}\n${line('2', { Issue: 'x'.repeat(LONGEST_BYTES) })}\n`,
      message: 'line 3, column Issue: Max Record Size',
    },
    {
      title: 'another encoding',
      content: Buffer.from(`${HEADER.join(',')}\n${line('1')}\n${line('2', { 'Complaint ID': 'Café' })}\n`, 'latin1'),
      message: 'line 3, column 4: is not UTF-8',
    },
    {
      title: 'UTF-16',
      content: Buffer.from(`\uFEFF${HEADER.join(',')}\n`, 'utf16le'),
      message: 'line 1, column 1: is not UTF-8',
    },
  ])('$title is named with line and column', async ({ content, message }) => {
    await expect(csv(content)).rejects.toThrow(message);
  });
});

describe('reading reports line by line', () => {
  test('a line names its source and goes out without it; a line without goes out as it stands', async () => {
    const found = await ndjson(
      '\uFEFF{"source":"phone","externalId":"a","x":{"__proto__":1}}\r\n\n{ "externalId": "b" }',
      undefined,
    );
    expect(found).toEqual([
      { row: { index: 0, line: 1, source: 'phone', body: '{"externalId":"a","x":{"__proto__":1}}' } },
      { fault: { line: 3, column: 'source', message: expect.stringContaining('--source') } },
    ]);
    expect(await ndjson('{ "externalId": "b" }', 'web')).toEqual([
      { row: { index: 0, line: 1, source: 'web', body: '{ "externalId": "b" }' } },
    ]);
  });

  test('lines that cannot be sent are faults, the others go on', async () => {
    const found = await ndjson(
      Buffer.concat([
        Buffer.from('{"externalId":"1"}\n{"externalId":\n[]\n'),
        Buffer.from([0x7b, 0xe4, 0xb8, 0x0a]),
        Buffer.from(`"${'x'.repeat(LONGEST_BYTES)}"\n{"source":"a b"}\n{"externalId":"2"}`),
      ]),
      'web',
    );
    expect(found.map((item) => ('fault' in item ? item.fault : item.row.index))).toEqual([
      0,
      { line: 2, message: 'is not JSON' },
      { line: 3, message: 'is no JSON object' },
      { line: 4, column: 2, message: 'is not UTF-8' },
      { line: 5, message: `is longer than ${LONGEST_BYTES} bytes` },
      { line: 6, column: 'source', message: expect.stringContaining('is no id') },
      1,
    ]);
  });
});

describe('which file it is', () => {
  test('its name says the format', async () => {
    expect(await formatOf(fileOf('', 'a.CSV'))).toBe('csv');
    expect(await formatOf(fileOf('', 'a.jsonl'))).toBe('ndjson');
    await expect(formatOf(fileOf('', 'a.xlsx'))).rejects.toThrow('named neither .csv');
    await expect(formatOf(folder)).rejects.toThrow('is no file');
  });
});
