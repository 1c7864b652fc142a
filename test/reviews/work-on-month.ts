import { parseArgs } from 'node:util';
import * as z from 'zod';

// node test/reviews/work-on-month.ts --url U --month 2019-04 [--disputes 120]
// Works on some disputes of a month on a running local system, as people would: acknowledges their alerts, finds that a
// few are graver than reported, files, assigns, resolves and closes. Gives the pictures of a replayed file something to show.

const Alerts = z.object({
  items: z.array(z.object({ alertId: z.string(), disputeId: z.string() })),
  next: z.string().optional(),
});
const Timeline = z.object({
  items: z.array(
    z.object({ events: z.array(z.object({ data: z.object({ dispute: z.object({ month: z.string() }) }) })) }),
  ),
});

const text = { type: 'string' } as const;
const {
  url = '',
  month = '',
  disputes = '120',
} = parseArgs({ options: { url: text, month: text, disputes: text } }).values;
const claims = {
  sub: 'user-E-601',
  employee: 'E-601',
  department: 'disputes',
  roles: ['officer', 'supervisor', 'performance'],
};
const answered = await fetch(`${url}/_local/token`, { method: 'POST', body: JSON.stringify(claims) });
const authorization = `Bearer ${(await answered.text()).split('"')[3]}`;

let [worked, cursor] = [0, ''];
do {
  const { items, next } = Alerts.parse(
    await get(`/alerts?state=open&limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`),
  );
  for (const { alertId, disputeId } of items) {
    if (worked >= Number(disputes)) break;
    const { items: decisions } = Timeline.parse(await get(`/disputes/${disputeId}/timeline`));
    if (decisions[0]?.events[0]?.data.dispute.month !== month) continue;
    await workOn(disputeId, alertId, worked);
    worked += 1;
  }
  cursor = next ?? '';
} while (cursor !== '' && worked < Number(disputes));
console.log(`${worked} disputes of ${month} were worked on`);

/** Every dispute gets a little further than the one before, so that the steps differ. */
async function workOn(dispute: string, alert: string, index: number): Promise<void> {
  await post(`/alerts/${alert}/acknowledgement`, { specialIndicators: [] });
  const minor = index % 24 === 5 ? 60_000_000 : 15_000_000;
  if (index % 4 === 1)
    await post(`/disputes/${dispute}/regrading`, { amount: { minor, currency: 'CNY' }, reason: 'as claimed since' });
  if (index % 10 === 9) return;
  await post(`/disputes/${dispute}/filing`, { customer: { name: 'as the letter says' }, demand: 'a refund' });
  await post(`/disputes/${dispute}/assignment`, { assignee: 'E-602' });
  if (index % 3 === 0) return;
  await post(`/disputes/${dispute}/resolution`, { solution: 'refunded', basis: 'contract' });
  await post(`/disputes/${dispute}/rating`, { value: index % 5 === 0 ? 'dissatisfied' : 'satisfied' });
}

async function get(path: string): Promise<unknown> {
  return (await fetch(`${url}${path}`, { headers: { authorization } })).json();
}

/** What does not fit is passed over: a dispute may have been worked on before. */
async function post(path: string, body: object): Promise<void> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization },
    body: JSON.stringify(body),
  });
  if (answer.status >= 500) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}
