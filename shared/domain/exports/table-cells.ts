import type { ScoreRow } from './score-row.ts';

/** The columns of a table of scores, in their order: the fields of a row. */
export const COLUMNS = [
  'period',
  'subjectType',
  'subjectId',
  'subjectName',
  'departmentId',
  'base',
  'adjustments',
  'vetoPercent',
  'negations',
  'result',
  'band',
  'bonusFactor',
  'pendingPoints',
  'entries',
  'status',
  'policyVersion',
  'asOf',
] as const satisfies readonly (keyof ScoreRow)[];

/**
 * What a spreadsheet takes for a formula: a sign that begins one, full-width ones too, behind any blanks and
 * apostrophes; or a cell that begins with a tab or line end, behind any apostrophes.
 */
const FORMULA = /^(?:[\s']*[=+\-@＝＋－＠]|'*[\t\r\n])/;

/** A text that no spreadsheet takes for a formula: an apostrophe stands before one that it would. */
export function safeCell(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** The text that {@link safeCell} made a cell of: for every text, it comes back as it was. */
export function textOfCell(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell.slice(1)) ? cell.slice(1) : cell;
}

/** A row as cells in the order of {@link COLUMNS}. Numbers stay numbers; texts carry no formulas. */
export function cellsOf(row: ScoreRow): readonly string[] {
  return [
    row.period,
    row.subjectType,
    safeCell(row.subjectId),
    safeCell(row.subjectName),
    safeCell(row.departmentId),
    row.base,
    row.adjustments,
    String(row.vetoPercent),
    safeCell(row.negations.join(' ')),
    row.result,
    safeCell(row.band),
    row.bonusFactor,
    row.pendingPoints,
    String(row.entries),
    row.status,
    String(row.policyVersion),
    row.asOf,
  ];
}

/**
 * The fields that cells stand for; whether they are a row is the contract's to say.
 * @throws RangeError when there are more or fewer cells than columns
 */
export function fieldsOfCells(cells: readonly string[]): Readonly<Record<string, unknown>> {
  if (cells.length !== COLUMNS.length) throw new RangeError(`a row has ${COLUMNS.length} cells, got ${cells.length}`);
  return Object.fromEntries(COLUMNS.map((column, index) => [column, fieldOf(column, String(cells[index]))]));
}

function fieldOf(column: (typeof COLUMNS)[number], cell: string): unknown {
  switch (column) {
    case 'vetoPercent':
    case 'entries':
    case 'policyVersion':
      return /^\d+$/.test(cell) ? Number(cell) : cell;
    case 'negations':
      return textOfCell(cell)
        .split(' ')
        .filter((id) => id !== '');
    case 'subjectId':
    case 'subjectName':
    case 'departmentId':
    case 'band':
      return textOfCell(cell);
    default:
      return cell;
  }
}
