import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInterlock } from '#test/support/local-interlock.ts';
import { PORT } from './local.ts';
import type { Bench, Measurement } from './measurement.ts';

const TIMES = 3;
const TARGET_SECONDS = 10;
const COLD_TARGET_SECONDS = 60;

/** From the command to `ready`, with the sample organisation and disputes; the middle one of three starts. */
export const start: Measurement = {
  name: 'start',
  async run(bench: Bench) {
    const folders: string[] = [];
    const folder = () => {
      const made = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
      folders.push(made);
      return made;
    };
    try {
      if (bench.cold) {
        // On another port the templates are others, and nobody has synthesized them.
        bench.add({
          what: 'new data, new templates',
          value: await secondsToReady({ folder: folder() }),
          unit: 's',
          target: { atMost: COLD_TARGET_SECONDS },
        });
      }
      await secondsToReady({ folder: folder(), port: PORT }); // Whoever starts here first synthesizes.
      const kept = folder();
      await secondsToReady({ folder: kept, port: PORT });
      const fresh = await middle(bench, () => secondsToReady({ folder: folder(), port: PORT }));
      const again = await middle(bench, () => secondsToReady({ folder: kept, port: PORT }));
      bench.add({ what: 'new data', value: fresh, unit: 's', target: { atMost: TARGET_SECONDS } });
      bench.add({ what: 'existing data', value: again, unit: 's', target: { atMost: TARGET_SECONDS } });
    } finally {
      for (const made of folders) rmSync(made, { recursive: true, force: true });
    }
  },
};

async function secondsToReady(options: { folder: string; port?: number }): Promise<number> {
  const started = performance.now();
  const system = await startInterlock(options);
  const seconds = (performance.now() - started) / 1000;
  await system.stop();
  return seconds;
}

async function middle({ say }: Bench, once: () => Promise<number>): Promise<number> {
  const taken: number[] = [];
  for (let time = 0; time < TIMES; time += 1) taken.push(await once());
  say(`ready after ${taken.map((seconds) => seconds.toFixed(2)).join(', ')} s`);
  return taken.sort((a, b) => a - b)[Math.floor(TIMES / 2)] ?? Number.NaN;
}
