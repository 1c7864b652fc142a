import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, startEngine } from '#infra/local/engine.ts';
import { processReports } from './end-to-end.ts';
import { onLocalSystem } from './local.ts';
import type { Bench, Measurement } from './measurement.ts';
import { recordingProxy } from './recording-proxy.ts';
import { createTables, replayWrites } from './replay-writes.ts';

const CONNECTIONS = 4;
const AT_LEAST = 0.5;

/** How fast the engine alone takes the very write calls that reports cause, and how near the whole system comes to it. */
export const engine: Measurement = {
  name: 'engine',
  async run(bench: Bench) {
    if (process.env.AWS_ENDPOINT_URL_DYNAMODB !== undefined)
      return bench.say('not measured: the engine that AWS_ENDPOINT_URL_DYNAMODB names cannot be begun anew');
    const { reports } = bench; // As many as go end to end: the engine becomes slower as its tables grow.
    const { before, during, rate } = await recordedRun(bench, reports);
    const { seconds, failed } = await withEngine(async (raw) => {
      await createTables(raw, before);
      await replayWrites(raw, before, CONNECTIONS);
      return replayWrites(raw, during, CONNECTIONS);
    });
    const raw = reports / seconds;
    bench.say(`${during.length} write calls replayed in ${seconds.toFixed(1)} s, ${failed} of them refused`);
    bench.add({ what: 'engine alone, rate', value: raw, unit: 'per s' });
    bench.add({
      what: 'write calls refused in the replay',
      value: failed,
      unit: 'calls',
      target: { atMost: during.length / 1000 },
    });
    const whole = bench.known('end-to-end', 'rate') ?? rate;
    bench.add({ what: 'end to end / engine alone', value: whole / raw, unit: 'times', target: { atLeast: AT_LEAST } });
  },
};

/** Reports through a local system whose engine stands behind a recorder. */
async function recordedRun(bench: Bench, reports: number) {
  return withEngine(async (engine) => {
    const proxy = await recordingProxy(engine.endpoint);
    process.env.AWS_ENDPOINT_URL_DYNAMODB = proxy.url;
    try {
      let warm = 0;
      const { seconds } = await onLocalSystem(({ url }) =>
        processReports(url, reports, bench.say, {
          onWarm: () => {
            warm = proxy.recorded.length;
          },
        }),
      );
      return { before: proxy.recorded.slice(0, warm), during: proxy.recorded.slice(warm), rate: reports / seconds };
    } finally {
      delete process.env.AWS_ENDPOINT_URL_DYNAMODB;
      await proxy.close();
    }
  });
}

async function withEngine<T>(use: (engine: Engine) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-engine-'));
  const onGivenUp = () => {
    throw new Error('the engine ended again and again');
  };
  const engine = await startEngine({ folder, say: console.log, onGivenUp });
  try {
    return await use(engine);
  } finally {
    await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
