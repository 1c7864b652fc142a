import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { coldStart } from './cold-start.ts';
import { cost } from './cost.ts';
import { endToEnd } from './end-to-end.ts';
import { engine } from './engine.ts';
import { exporting } from './export.ts';
import { grading } from './grading.ts';
import { idle } from './idle.ts';
import type { Measurement } from './measurement.ts';
import { writePage } from './page.ts';
import { keptFigures, type Measured, machineFacts, tableOf, writeJson } from './results.ts';
import { review } from './review.ts';
import { soak } from './soak.ts';
import { start } from './start.ts';
import { webhook } from './webhook.ts';
import { webhookFloor } from './webhook-floor.ts';

// npm run bench                                  every measurement but the soak; docs/bench.md says what each figure is
// npm run bench -- --only webhook,end-to-end     some of them
// npm run bench -- --seconds 20 --reports 500    shorter; --cold also synthesizes the templates anew for `start`
// npm run bench -- --only cost --keep            beside what earlier runs measured of others in reports/bench.json
// npm run bench -- --page                        measures nothing: docs/bench/ from the figures that are there
// npm run bench -- --only soak --reports 100000  half of the peak (or --rate N) for as long as that takes
// With AWS_ENDPOINT_URL on a bootstrapped, AWS-compatible endpoint, the webhook is measured there as well.
// The exit code is 0 also when a target is missed: speed depends on the machine and is no test.

const MEASUREMENTS: readonly Measurement[] = [
  start,
  webhook,
  webhookFloor,
  endToEnd,
  engine,
  coldStart,
  grading,
  cost,
  idle,
  exporting,
  review,
  soak,
];
const root = join(import.meta.dirname, '..', '..');

async function main(): Promise<void> {
  const { only, page, keep, ...options } = optionsOf(process.argv.slice(2));
  const startedAt = new Date();
  const file = join(root, 'reports', 'bench.json');
  if (page) {
    for (const name of writePage(file, join(root, 'docs', 'bench'))) console.log(`docs/bench/${name}`);
    return;
  }
  const figures: Measured[] = keep ? [...keptFigures(file, only)] : [];
  const { cores, processor, memoryGiB, node } = machineFacts();
  console.log(`bench: ${cores} cores (${processor}), ${memoryGiB} GiB, node ${node}`);
  for (const { name, run } of MEASUREMENTS.filter((each) => only.includes(each.name))) {
    console.log(`\n${name}`);
    await run({
      ...options,
      add: (figure) => {
        figures.push({ measurement: name, ...figure });
        writeJson(file, startedAt, figures); // Of a run that is interrupted, what was measured stays.
      },
      known: (measurement, what) =>
        figures.find((figure) => figure.measurement === measurement && figure.what === what)?.value,
      say: (line) => console.log(`  ${line}`),
    });
  }
  console.log(`\n${tableOf(figures)}\n\nalso in ${file}`);
}

/** @throws RangeError for an unknown measurement or a number that is none */
function optionsOf(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      seconds: { type: 'string', default: '60' },
      reports: { type: 'string', default: '4000' },
      rate: { type: 'string' },
      cold: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
    },
  });
  const names = MEASUREMENTS.map(({ name }) => name);
  const only = values.only?.split(',') ?? MEASUREMENTS.filter(({ long }) => !long).map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new RangeError(`there is no ${unknown.join(', ')}; there are ${names.join(', ')}`);
  return {
    only,
    seconds: wholeNumber('--seconds', values.seconds),
    reports: wholeNumber('--reports', values.reports),
    ...(values.rate !== undefined && { rate: wholeNumber('--rate', values.rate) }),
    cold: values.cold,
    keep: values.keep,
    page: values.page,
  };
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`${option} takes a whole number, got '${text}'`);
  return number;
}

await main();
