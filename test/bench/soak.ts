import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { localClient } from '#infra/cli/start/source-secrets.ts';
import type { RunningInterlock } from '#test/support/local-interlock.ts';
import { untilDone, watchedSystem } from './end-to-end.ts';
import { described, ratePerSecond, sendLoad } from './load.ts';
import { localDoor, onLocalSystem } from './local.ts';
import type { Bench, Measurement } from './measurement.ts';

const CLIENTS = 8;
/** Long enough for a peak; the load that counts follows. */
const PEAK_SECONDS = 20;
const SAMPLE_MS = 60_000;
const MIB = 1024;

/** Half of the peak rate until so many reports are in: nothing may be lost, and memory has to stay bounded. */
export const soak: Measurement = {
  name: 'soak',
  long: true,
  async run(bench) {
    const rate = bench.rate ?? (await onLocalSystem(({ url }) => peakOf(url))) / 2;
    await onLocalSystem((system) => soaked(bench, system, rate));
  },
};

async function peakOf(url: string): Promise<number> {
  const until = { seconds: PEAK_SECONDS };
  return ratePerSecond(await sendLoad(await localDoor(url), { run: 'soak-peak', clients: CLIENTS, until }));
}

async function soaked(bench: Bench, { url, folder, process: { pid = 0 } }: RunningInterlock, rate: number) {
  const door = await localDoor(url);
  const occurredAt = `${new Date().toISOString().slice(0, 19)}Z`;
  const client = new DynamoDBClient(localClient(url));
  const memory: Memory[] = [];
  const began = performance.now();
  const sample = async () => {
    const now = await memoryOf(pid, folder);
    memory.push(now);
    bench.say(`after ${((performance.now() - began) / 60_000).toFixed(0)} min: ${now.node} MiB, engine ${now.engine}`);
  };
  const timer = setInterval(() => void sample(), SAMPLE_MS);
  try {
    const watched = await watchedSystem(url, client, occurredAt);
    await sample();
    const until = { reports: bench.reports };
    const answers = await sendLoad(door, { run: 'soak', clients: CLIENTS, occurredAt, rate, until });
    bench.say(`sent: ${described(answers)}`);
    await sample();
    await untilDone(watched, answers.accepted);
    await sample();
    bench.add({ what: 'rate', value: ratePerSecond(answers), unit: 'per s' });
    bench.add({ what: 'sent for', value: answers.seconds / 60, unit: 'min' });
    bench.add({ what: 'p99', value: answers.latency.p99, unit: 'ms' });
    const lost = bench.reports - answers.accepted;
    bench.add({ what: 'not accepted, or accepted and lost', value: lost, unit: 'reports', target: { atMost: 0 } });
    bench.add({ what: 'all done after', value: (performance.now() - began) / 60_000, unit: 'min' });
    const [first] = memory;
    bench.add({ what: 'memory of node at the start', value: first?.node ?? 0, unit: 'MiB' });
    bench.add({ what: 'memory of node, most', value: Math.max(...memory.map(({ node }) => node)), unit: 'MiB' });
    bench.add({ what: 'memory of node at the end', value: memory.at(-1)?.node ?? 0, unit: 'MiB' });
    bench.add({ what: 'memory of the engine, most', value: Math.max(...memory.map((m) => m.engine)), unit: 'MiB' });
  } finally {
    clearInterval(timer);
    client.destroy();
  }
}

/** Resident memory in MiB. */
interface Memory {
  readonly node: number;
  readonly engine: number;
}

async function memoryOf(node: number, folder: string): Promise<Memory> {
  const engine = Number(readFileSync(join(folder, 'engine.pid'), 'utf8'));
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,rss=', '-p', String(node), '-p', String(engine)]);
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const of = (pid: number) => Math.round((rows.find(([own]) => own === pid)?.[1] ?? 0) / MIB);
  return { node: of(node), engine: of(engine) };
}
