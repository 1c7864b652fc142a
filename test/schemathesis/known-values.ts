import * as z from 'zod';
import type { Claims, System } from '#test/e2e/system.ts';
import { DIRECTORY } from '#test/support/sample.ts';

const READER: Claims = { sub: 'reader', roles: ['officer', 'performance', 'operator'] };
const page = <S extends z.ZodType>(item: S) => z.object({ items: z.array(item).min(1) });
const Disputes = page(z.object({ disputeId: z.string(), reports: z.array(z.string()) }));
const Alerts = page(z.object({ alertId: z.string(), indicators: z.array(z.string()) }));
const Dead = z.object({ items: z.array(z.object({ deadId: z.string() })) });

/** A message that reads and one that does not: the first can be put back, the second never. */
const DEAD_LETTERS = ['{"kind":"none"}', 'no JSON at all'];

/**
 * Values that the running system knows, by the name of their dictionary: guessed ids only ever find nothing.
 * @throws Error when there is no dispute, no alert, or no dead message within the time of {@link System.eventually}
 */
export async function knownValues(system: System): Promise<Readonly<Record<string, readonly string[]>>> {
  for (const letter of DEAD_LETTERS) await system.sendDeadLetter('webhook', letter);
  const read = async (path: string) => (await system.call('GET', path, READER)).body;
  const dead = await system.eventually('the dead messages are kept', async () => {
    const { items } = Dead.parse(await read('/intake/dead-messages'));
    return items.length < DEAD_LETTERS.length ? undefined : items;
  });
  const { items: disputes } = Disputes.parse(await read('/disputes?limit=200'));
  const { items: alerts } = Alerts.parse(await read('/alerts?state=open,acknowledged,superseded&limit=200'));
  const day = (await system.now()).toISOString().slice(0, 'YYYY-MM-DD'.length);
  return {
    disputes: disputes.map(({ disputeId }) => disputeId),
    receipts: disputes.flatMap(({ reports }) => reports),
    alerts: alerts.map(({ alertId }) => alertId),
    indicators: [...new Set(alerts.flatMap(({ indicators }) => indicators))],
    dead: dead.map(({ deadId }) => deadId),
    subjects: [...DIRECTORY.keys()],
    months: [day.slice(0, 'YYYY-MM'.length)],
    days: [day],
  };
}
