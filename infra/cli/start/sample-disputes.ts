import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import * as z from 'zod';
import { SAMPLE_ORGANISATION } from '#shared/policy/released.ts';
import sample from './sample-disputes.json' with { type: 'json' };
import { sourcesWithSecrets } from './source-secrets.ts';

const HOUR = 3_600_000;
const OPENED_WITHIN_SECONDS = 60;

const Samples = z.array(
  z.strictObject({
    source: z.string(),
    /** How long ago it happened, seen from the day of the start. */
    hoursAgo: z.number().int().min(0),
    report: z.looseObject({ externalId: z.string() }),
    /** What people of the sample organisation do with it, in this order. */
    steps: z.array(z.strictObject({ by: z.string(), command: z.string(), body: z.record(z.string(), z.unknown()) })),
  }),
);
type Sample = z.infer<typeof Samples>[number];

/** Who may do what in the sample's steps. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  disputes: ['officer', 'supervisor'],
  performance: ['performance'],
};

export interface Entrance {
  tokenFor(subject: { readonly sub: string } & Record<string, unknown>): Promise<string>;
  /** The system's time in milliseconds. */
  now(): number;
}

/**
 * Sends the sample disputes through the signed webhook and lets people of the sample organisation work on them, as a
 * customer's complaint and an officer's day would. What was entered before is not entered twice.
 *
 * @throws Error with the answer when the system refuses a report or does not open its dispute
 */
export async function enterSampleDisputes(url: string, entrance: Entrance): Promise<void> {
  const secrets = new Map((await sourcesWithSecrets(url)).map(({ source, secret }) => [source, secret]));
  await Promise.all(
    Samples.parse(sample).map(async (each) => {
      const disputeId = await opened(url, await sent(url, each, secrets.get(each.source) ?? '', entrance), entrance);
      for (const { by, command, body } of each.steps) {
        const headers = { authorization: `Bearer ${await entrance.tokenFor(person(by))}` };
        const answer = await post(`${url}/disputes/${disputeId}/${command}`, headers, JSON.stringify(body));
        // A step that an interrupted start took already is not allowed a second time.
        if (!answer.ok && answer.status !== 409) throw await refused(`${command} of ${each.report.externalId}`, answer);
      }
    }),
  );
}

async function sent(url: string, { source, hoursAgo, report }: Sample, secret: string, { now }: Entrance) {
  // Counted from the start of the day, so that an interrupted start sends the same content again.
  const today = Math.floor(now() / (24 * HOUR)) * 24 * HOUR;
  const body = JSON.stringify({ ...report, occurredAt: new Date(today - hoursAgo * HOUR).toISOString() });
  const at = new Date(now());
  const id = `msg_${report.externalId}`;
  const signature = new Webhook(secret).sign(id, at, body);
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  const answer = await post(`${url}/intake/${source}`, headers, body);
  if (answer.status !== 202) throw await refused(`the report ${report.externalId}`, answer);
  return z.object({ receiptId: z.string() }).parse(await answer.json()).receiptId;
}

async function opened(url: string, receiptId: string, { tokenFor }: Entrance): Promise<string> {
  const headers = { authorization: `Bearer ${await tokenFor({ sub: 'sample', roles: ['officer'] })}` };
  for (let waited = 0; waited < OPENED_WITHIN_SECONDS * 10; waited += 1) {
    const receipt = await (await fetch(`${url}/intake/receipts/${receiptId}`, { headers })).json();
    const { disputeId } = z.object({ disputeId: z.string().optional() }).parse(receipt);
    if (disputeId) return disputeId;
    await sleep(100);
  }
  throw new Error(`the report ${receiptId} opened no dispute within ${OPENED_WITHIN_SECONDS} s`);
}

function person(employee: string) {
  const found = SAMPLE_ORGANISATION.find(({ id }) => id === employee);
  const department = found?.department;
  if (department === undefined) throw new RangeError(`the sample organisation has no employee ${employee}`);
  return { sub: `user-${employee}`, employee, department, roles: ROLES[department] ?? [] };
}

function post(url: string, headers: Record<string, string>, body: string): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body });
}

async function refused(what: string, answer: Response): Promise<Error> {
  return new Error(`${what} was refused: ${answer.status} ${await answer.text()}`);
}
