import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type Bar, barChart } from './bar-chart.ts';
import { isMet } from './measurement.ts';
import { roundedFigure } from './results.ts';

const Target = z.union([z.object({ atLeast: z.number() }), z.object({ atMost: z.number() })]);
const Report = z.object({
  startedAt: z.string(),
  machine: z.object({
    node: z.string(),
    platform: z.string(),
    cores: z.number(),
    processor: z.string(),
    memoryGiB: z.number(),
  }),
  figures: z.array(
    z.object({
      measurement: z.string(),
      what: z.string(),
      value: z.number().nullable(), // A figure that is none is null in JSON.
      unit: z.string(),
      target: Target.optional(),
    }),
  ),
});
export type Report = z.infer<typeof Report>;
type Figure = Report['figures'][number] & { readonly value: number };

/** Which figures of one measurement make a picture: all that `takes` takes, in their order. */
interface Picture {
  readonly measurement: string;
  readonly name: string;
  readonly title: string;
  readonly takes: RegExp;
  /** What is left out of the labels. */
  readonly without?: RegExp;
}

const PICTURES: readonly Picture[] = [
  { measurement: 'start', name: 'start', title: 'npm start to ready, in seconds', takes: /^(new|existing) data$/ },
  { measurement: 'webhook', name: 'webhook', title: 'Reports accepted per second', takes: /rate$/, without: /, rate$/ },
  {
    measurement: 'webhook',
    name: 'latency',
    title: 'Until a report is accepted (p99)',
    takes: /p99$/,
    without: /, p99$/,
  },
  { measurement: 'end-to-end', name: 'transactions', title: 'Transactions per report', takes: /^transactions per/ },
  { measurement: 'end-to-end', name: 'items', title: 'Items written per report', takes: /^items per/ },
  {
    measurement: 'cold-start',
    name: 'cold-start',
    title: 'Cold start against a bare handler with the same clients',
    takes: /^[a-z-]+\/[a-z-]+$/,
  },
  { measurement: 'grading', name: 'grading', title: 'Grading one report', takes: /^(our|json)/ },
  {
    measurement: 'cost',
    name: 'cost',
    title: '10,000 disputes from report to closed month, list prices',
    takes: /^\w+ per 10,000/,
    without: / per 10,000 disputes/,
  },
  { measurement: 'cost', name: 'floor', title: 'Cost against the floor', takes: /^10,000 disputes(, floor)?$/ },
  {
    measurement: 'idle',
    name: 'idle',
    title: 'An environment at rest, a month, list prices',
    takes: /, a month$/,
    without: /, a month$/,
  },
  {
    measurement: 'idle',
    name: 'idle-prod',
    title: 'What prod costs at rest, a month',
    takes: /^prod: [1-9]/,
    without: /^prod: /,
  },
  {
    measurement: 'export',
    name: 'export-memory',
    title: 'Peak memory of an export',
    takes: /peak memory$/,
    without: /, peak memory$/,
  },
  {
    measurement: 'review',
    name: 'review',
    title: 'Gathering the inputs of a review',
    takes: /gathered$/,
    without: / gathered$/,
  },
];

/** The page of a run, and its pictures by their file names. */
export interface Page {
  readonly markdown: string;
  readonly pictures: ReadonlyMap<string, string>;
}

/** Makes a page with pictures out of the figures of a run. */
export function pageOf(report: Report): Page {
  const figures = report.figures.filter((figure): figure is Figure => figure.value !== null);
  const pictures = new Map<string, string>();
  const sections = [...new Set(figures.map(({ measurement }) => measurement))].map((measurement) => {
    const own = figures.filter((figure) => figure.measurement === measurement);
    const drawn = PICTURES.filter((picture) => picture.measurement === measurement).flatMap((picture) => {
      const bars = own.filter(({ what }) => picture.takes.test(what));
      if (bars.length === 0) return [];
      pictures.set(`${picture.name}.svg`, chartOf(picture, bars));
      return [`![${picture.title}](${picture.name}.svg)`];
    });
    return [`## \`${measurement}\``, ...drawn, tableOf(own)].join('\n\n');
  });
  const { cores, processor, memoryGiB, node } = report.machine;
  const about = `Run of ${report.startedAt.slice(0, 10)} on ${cores} cores (${processor}), ${memoryGiB} GiB, Node ${node}. What each figure is, and why some fall short, stands in [bench.md](../bench.md). Made by \`npm run bench -- --page\`; do not edit.`;
  return { markdown: `${['# Figures', about, shortfalls(figures), ...sections].join('\n\n')}\n`, pictures };
}

/** Reads the report of the last run and writes its page. @returns what was written */
export function writePage(reportFile: string, folder: string): readonly string[] {
  const { markdown, pictures } = pageOf(Report.parse(JSON.parse(readFileSync(reportFile, 'utf8'))));
  mkdirSync(folder, { recursive: true });
  const files = [...pictures, ['figures.md', markdown] as const];
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  return files.map(([name]) => name);
}

function chartOf({ title, without = /$^/ }: Picture, figures: readonly Figure[]): string {
  const bars = figures.map(
    (figure): Bar => ({
      label: figure.what.replace(without, ''),
      value: figure.value,
      text: `${roundedFigure(figure.value)} ${figure.unit}`.trim(),
      met: isMet(figure),
    }),
  );
  const targets = new Set(figures.map(({ target }) => JSON.stringify(target)));
  const [target] = figures.map((figure) => figure.target);
  // One line for all, or none: bars with targets of their own say in the table how they stand.
  if (!target || targets.size > 1) return barChart({ title, bars });
  return barChart({
    title,
    bars,
    target: { value: 'atLeast' in target ? target.atLeast : target.atMost, text: inWords(target) },
  });
}

function shortfalls(figures: readonly Figure[]): string {
  const short = figures.filter((figure) => isMet(figure) === false);
  const met = figures.filter((figure) => isMet(figure) === true).length;
  if (short.length === 0) return `All ${met} targets are met.`;
  const list = short.map(
    (figure) =>
      `- \`${figure.measurement}\`, ${figure.what}: ${roundedFigure(figure.value)} ${figure.unit}, target ${figure.target && inWords(figure.target)}`,
  );
  return [`${met} targets are met, ${short.length} fall short:`, list.join('\n')].join('\n\n');
}

function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    roundedFigure(figure.value),
    figure.unit,
    figure.target ? inWords(figure.target) : '',
    { true: 'met', false: '**falls short**', undefined: '' }[String(isMet(figure))] ?? '',
  ]);
  const lines = [['Figure', 'Value', '', 'Target', ''], ['---', '---:', '---', '---', '---'], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function inWords(target: z.infer<typeof Target>): string {
  return 'atLeast' in target ? `at least ${target.atLeast}` : `at most ${target.atMost}`;
}
