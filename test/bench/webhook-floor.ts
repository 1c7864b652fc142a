import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import * as z from 'zod';
import { freshTables, localClient } from '#test/support/dynamodb-local-tables.ts';
import { noEngineBecause, startEngine } from '#test/support/dynoxide.ts';
import { described, ratePerSecond, sendLoad } from './load.ts';
import type { Bench, Measurement } from './measurement.ts';
import { CLIENTS, named, WARM_UP_SECONDS } from './webhook.ts';

/** How fast any webhook could be here that makes the door's calls through the SDK: one that does nothing else. */
export const webhookFloor: Measurement = {
  name: 'webhook-floor',
  async run(bench: Bench) {
    if (noEngineBecause) return bench.say(`left out: ${noEngineBecause}`);
    for (const { clients, atLeast } of CLIENTS) {
      const rate = await onBareDoor(async (url) => {
        const door = { url, source: 'web', secret: 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=' };
        await sendLoad(door, { run: 'floor-warm', clients, until: { seconds: WARM_UP_SECONDS } });
        const answers = await sendLoad(door, { run: 'floor', clients, until: { seconds: bench.seconds } });
        bench.say(`${named(clients)}: ${described(answers)}`);
        return ratePerSecond(answers);
      });
      bench.add({ what: `bare door, ${named(clients)}, rate`, value: rate, unit: 'per s' });
      const deployed = bench.known('webhook', `deployed, ${named(clients)}, rate`);
      if (deployed === undefined) continue;
      bench.add({ what: `bare door / deployed, ${named(clients)}`, value: rate / deployed, unit: 'times' });
      bench.say(`the target of ${atLeast} times the deployed rate is ${(atLeast * deployed).toFixed(0)} per s`);
    }
  },
};

/** With an engine in memory, a queue that is one insert, and no functions, permissions, streams or consumers. */
async function onBareDoor<T>(use: (url: string) => Promise<T>): Promise<T> {
  const engine = await startEngine();
  const folder = mkdtempSync(join(tmpdir(), 'interlock-floor-'));
  const client = localClient(engine.endpoint);
  try {
    const { names } = await freshTables(client, `floor-${Date.now()}`, ['cases']);
    const workerData = { endpoint: engine.endpoint, table: names.cases, file: join(folder, 'queue.db') };
    const worker = new Worker(new URL('./webhook-floor-worker.ts', import.meta.url), { workerData });
    try {
      const [url] = await once(worker, 'message');
      return await use(z.url().parse(url));
    } finally {
      await worker.terminate();
    }
  } finally {
    client.destroy();
    await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
