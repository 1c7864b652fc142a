import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { type Figure, isMet } from './measurement.ts';

export interface Measured extends Figure {
  readonly measurement: string;
}

/** On what the figures were taken: they are compared within one run, never between machines. */
export function machineFacts() {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
}

/** One line per figure: what, value, target, and whether it is met. */
export function tableOf(figures: readonly Measured[]): string {
  const rows = [
    ['measurement', 'figure', 'value', '', 'target', ''],
    ...figures.map((figure) => [
      figure.measurement,
      figure.what,
      rounded(figure.value),
      figure.unit,
      targetOf(figure),
      { true: 'met', false: 'FALLS SHORT', undefined: '' }[String(isMet(figure))] ?? '',
    ]),
  ];
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  return rows
    .map((row) => row.map((cell, at) => (at === 2 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))))
    .map((row) => row.join('  ').trimEnd())
    .join('\n');
}

/** Keeps the figures for machines. */
export function writeJson(file: string, startedAt: Date, figures: readonly Measured[]): void {
  mkdirSync(dirname(file), { recursive: true });
  const all = figures.map((figure) => ({ ...figure, met: isMet(figure) }));
  const content = { startedAt: startedAt.toISOString(), machine: machineFacts(), figures: all };
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

function targetOf({ target }: Figure): string {
  if (!target) return '';
  return 'atLeast' in target ? `at least ${target.atLeast}` : `at most ${target.atMost}`;
}

function rounded(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: value >= 100 ? 6 : 3, maximumFractionDigits: 2 });
}
