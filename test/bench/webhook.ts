import { onDeployedSystem } from './deployed.ts';
import { type Answers, type Door, described, ratePerSecond, sendLoad } from './load.ts';
import { localDoor, onLocalSystem } from './local.ts';
import type { Bench, Measurement } from './measurement.ts';

/** Clients, and how many times the rate of the deployed system the local one is to reach. */
export const CLIENTS = [
  { clients: 1, atLeast: 10 },
  { clients: 8, atLeast: 8 },
] as const;
export const WARM_UP_SECONDS = 5;

/** Signed, distinct reports to 202, while everything behind the door works on them. */
export const webhook: Measurement = {
  name: 'webhook',
  async run(bench: Bench) {
    const rates = new Map<number, number>();
    for (const { clients } of CLIENTS) {
      const answers = await onLocalSystem(async ({ url }) => loaded(bench, await localDoor(url), 'local', clients));
      rates.set(clients, ratePerSecond(answers));
      addAll(bench, 'local', clients, answers);
    }
    const [peakClients, peak] = [...rates].reduce((best, each) => (each[1] > best[1] ? each : best));
    const half = await onLocalSystem(async ({ url }) =>
      loaded(bench, await localDoor(url), 'local', peakClients, peak / 2),
    );
    bench.add({ what: 'local, half of the peak, rate', value: ratePerSecond(half), unit: 'per s' });
    bench.add({ what: 'local, half of the peak, p99', value: half.latency.p99, unit: 'ms' });
    if (process.env.AWS_ENDPOINT_URL === undefined) {
      bench.say('not compared: AWS_ENDPOINT_URL names no AWS-compatible endpoint');
      return;
    }
    await onDeployedSystem(bench.say, async (door) => {
      for (const { clients, atLeast } of CLIENTS) {
        const answers = await loaded(bench, door, 'deployed', clients);
        addAll(bench, 'deployed', clients, answers);
        const value = (rates.get(clients) ?? Number.NaN) / ratePerSecond(answers);
        bench.add({ what: `local / deployed, ${named(clients)}`, value, unit: 'times', target: { atLeast } });
      }
    });
  },
};

/** Warmed up first: what is measured is a system that runs, not one that starts. */
async function loaded(bench: Bench, door: Door, where: string, clients: number, rate?: number): Promise<Answers> {
  const run = `${where}-${clients}-${rate === undefined ? 'full' : 'half'}-${Date.now()}`;
  await sendLoad(door, { run: `${run}-warm`, clients, rate, until: { seconds: WARM_UP_SECONDS } });
  const answers = await sendLoad(door, { run, clients, rate, until: { seconds: bench.seconds } });
  bench.say(`${where}, ${named(clients)}${rate === undefined ? '' : ', half of the peak'}: ${described(answers)}`);
  return answers;
}

function addAll({ add }: Bench, where: string, clients: number, answers: Answers): void {
  const title = `${where}, ${named(clients)}`;
  add({ what: `${title}, rate`, value: ratePerSecond(answers), unit: 'per s' });
  for (const each of ['p50', 'p95', 'p99', 'max'] as const)
    add({ what: `${title}, ${each}`, value: answers.latency[each], unit: 'ms' });
  const refused = Object.values(answers.others).reduce((sum, count) => sum + count, 0);
  if (refused > 0) add({ what: `${title}, not accepted`, value: refused, unit: 'reports', target: { atMost: 0 } });
}

export function named(clients: number): string {
  return clients === 1 ? '1 client' : `${clients} clients`;
}
