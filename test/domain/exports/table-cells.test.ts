import { test as prop } from '@fast-check/vitest';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryFiles } from '#shared/adapters/memory-files.ts';
import { snapshotPorts } from '#shared/adapters/score-snapshot.ts';
import { ScoreRowV1 } from '#shared/contracts/score-export.v1.ts';
import { COLUMNS, cellsOf, fieldsOfCells, safeCell, textOfCell } from '#shared/domain/exports/table-cells.ts';
import { scoreRowOf } from './rows.ts';

const { csv } = snapshotPorts(memoryFiles());
const read = (text: string): string[][] => parse(text, { record_delimiter: '\r\n' });
const hostile = fc.string({
  unit: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...'=+-@＝＋－＠\'",;\t\r\n\0 '.split(''), '\r\n', '物', '😀', '\u202e') },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  ),
});

describe('a cell carries no formula', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['+86 10', "'+86 10"],
    ['-6', "'-6"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', "'\r=1"],
    ['\nx', "'\nx"],
    ['＝1+1', "'＝1+1"],
    ['＠x', "'＠x"],
    [' =1+1', "' =1+1"],
    ["'=1+1", "''=1+1"],
  ])('%j becomes %j, and comes back', (text, cell) => {
    expect(safeCell(text)).toBe(cell);
    expect(textOfCell(cell)).toBe(text);
  });

  test.each(['物流部', "'quoted'", "O'Brien", 'a=b', 'E-204', '', "'", '😀=1'])('%j stays as it is', (text) => {
    expect(safeCell(text)).toBe(text);
    expect(textOfCell(text)).toBe(text);
  });

  prop.prop([hostile])('whatever the text, it comes back, and never begins as a formula does', (text) => {
    const cell = safeCell(text);
    expect(textOfCell(cell)).toBe(text);
    expect(cell).not.toMatch(/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/);
  });
});

describe('a row goes through a table', () => {
  prop.prop([hostile, hostile, fc.array(fc.constantFrom('N-1', '=2', '+x'), { maxLength: 3 })])(
    'and comes back as it was, whatever the names',
    (subjectName, departmentId, negations) => {
      const row = scoreRowOf({ subjectName, departmentId, negations });
      const [cells = []] = read(csv([cellsOf(row)]));
      expect(ScoreRowV1.parse(fieldsOfCells(cells))).toEqual(row);
    },
  );

  test('numbers are numbers, and every line ends as RFC 4180 has it', () => {
    const text = csv([COLUMNS, cellsOf(scoreRowOf({ subjectName: 'a "b", c' }))]);
    expect(text).toBe(
      `${COLUMNS.join(',')}\r\n2026-10,employee,E-204,"a ""b"", c",logistics,100.00,-6.00,0,,94.00,excellent,1.00,0.00,2,provisional,1,2026-11-20T02:31:00Z\r\n`,
    );
  });

  test('a number that was changed into something else is no row any more', () => {
    const cells = [...cellsOf(scoreRowOf())];
    cells[13] = 'two';
    expect(ScoreRowV1.safeParse(fieldsOfCells(cells)).success).toBe(false);
    expect(() => fieldsOfCells(cells.slice(1))).toThrow('a row has 17 cells, got 16');
  });
});
