import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import * as z from 'zod';
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
      roundedFigure(figure.value),
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

/** What an earlier run left of other measurements than these. */
export function keptFigures(file: string, measured: readonly string[]): readonly Measured[] {
  if (!existsSync(file)) return [];
  const { figures } = Kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  return figures.filter(({ measurement }) => !measured.includes(measurement));
}

const Kept = z.object({
  figures: z.array(
    z.object({
      measurement: z.string(),
      what: z.string(),
      value: z
        .number()
        .nullable()
        .transform((value) => value ?? Number.NaN),
      unit: z.string(),
      target: z.union([z.object({ atLeast: z.number() }), z.object({ atMost: z.number() })]).optional(),
    }),
  ),
});

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

/** A figure as it is read. */
export function roundedFigure(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: value >= 100 ? 6 : 3, maximumFractionDigits: 2 });
}
