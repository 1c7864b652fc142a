import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';

const Queues = z.object({ items: z.array(z.object({ name: z.string(), visible: z.int(), inFlight: z.int() })) });
const WITHIN_SECONDS = 90;

/**
 * Waits until no queue holds a message: what the doors took, every worker could take too, whatever was in it. A message
 * that fails stays in its queue for its five tries, and then with the dead letters.
 *
 * @returns the queues that still hold something after a minute and a half; none when all went well
 */
export async function undigested(url: string): Promise<readonly string[]> {
  for (let waited = 0; ; waited += 1) {
    const { items } = Queues.parse(await (await fetch(`${url}/_local/queues`)).json());
    const holding = items.filter(({ visible, inFlight }) => visible + inFlight > 0);
    if (holding.length === 0 || waited >= WITHIN_SECONDS)
      return holding.map(({ name, visible, inFlight }) => `${name} (${visible} visible, ${inFlight} in flight)`);
    await sleep(1000);
  }
}
