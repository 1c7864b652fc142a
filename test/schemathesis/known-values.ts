import * as z from 'zod';
import type { Claims, System } from '#test/e2e/system.ts';
import { DIRECTORY } from '#test/support/sample.ts';

const READER: Claims = { sub: 'reader', roles: ['officer', 'performance', 'operator'] };
const page = <S extends z.ZodType>(item: S) => z.object({ items: z.array(item) });
const Disputes = page(z.object({ disputeId: z.string(), reports: z.array(z.string()) }));
const Alerts = page(z.object({ alertId: z.string(), indicators: z.array(z.string()) }));
const Dead = page(z.object({ deadId: z.string() }));

/** Dead letters of both doors: one can never be put back, the other opens a dispute when it is. */
const DEAD_LETTERS = {
  webhook: 'no JSON at all',
  'in-house': JSON.stringify({
    source: 'web',
    externalId: 'dead-1',
    occurredAt: '2026-11-01',
    text: 'The parcel came open.',
  }),
};

/**
 * Values that the running system knows, by the name of their dictionary: guessed ids only ever find nothing.
 * @throws Error when disputes are not alerted or dead messages not kept within the time of {@link System.eventually}
 */
export async function knownValues(system: System): Promise<Readonly<Record<string, readonly string[]>>> {
  await system.sendDeadLetter('webhook', DEAD_LETTERS.webhook);
  await system.sendDeadLetter('in-house', DEAD_LETTERS['in-house']);
  const read = async (path: string) => (await system.call('GET', path, READER)).body;
  const dead = await system.eventually('the dead messages are kept', async () => {
    const { items } = Dead.parse(await read('/intake/dead-messages'));
    return items.length < Object.keys(DEAD_LETTERS).length ? undefined : items;
  });
  const { items: disputes } = Disputes.parse(await read('/disputes?limit=200'));
  const alerts = await system.eventually('every dispute is alerted', async () => {
    const { items } = Alerts.parse(await read('/alerts?state=open,acknowledged,superseded&limit=200'));
    return items.length < disputes.length ? undefined : items;
  });
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
