import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { noEngineBecause } from '#test/support/dynoxide.ts';
import { type RunningInterlock, startInterlock } from '#test/support/local-interlock.ts';

const DAY = 86_400_000;
const OFFICER = { sub: 'me', roles: ['officer', 'performance'] };
const Token = z.object({ token: z.string() });
const Secrets = z.object({ items: z.array(z.object({ source: z.string(), secret: z.string() })) });
const Disputes = z.object({ items: z.array(z.object({ disputeId: z.string(), status: z.string() })) });

/** Each test goes on where the one before it left the folder. */
describe.skipIf(noEngineBecause)(
  `what a system keeps over its end${noEngineBecause ? ` (skipped: ${noEngineBecause})` : ''}`,
  { timeout: 90_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'interlock-'));
    let system: RunningInterlock;
    beforeAll(async () => {
      system = await startInterlock({ folder });
    }, 120_000);
    afterAll(async () => {
      await system?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const read = async (path: string): Promise<unknown> => {
      const asked = { method: 'POST', body: JSON.stringify(OFFICER) };
      const { token } = Token.parse(await (await fetch(`${system.url}/_local/token`, asked)).json());
      const answer = await fetch(`${system.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
      expect(answer.status).toBe(200);
      return answer.json();
    };
    const helper = async (path: string, body?: object): Promise<unknown> => {
      const answer = await fetch(`${system.url}/_local${path}`, body && { method: 'POST', body: JSON.stringify(body) });
      expect(answer.status).toBe(200);
      return answer.json();
    };
    const now = async () => Date.parse(z.object({ now: z.string() }).parse(await helper('/clock')).now);
    const disputes = async () => Disputes.parse(await read('/disputes?limit=100')).items;
    const report = async (externalId: string) => {
      const at = new Date(await now());
      const { items } = Secrets.parse(await helper('/sources'));
      const secret = items.find(({ source }) => source === 'phone')?.secret ?? '';
      const body = JSON.stringify({ externalId, occurredAt: at.toISOString(), type: 'late-delivery' });
      const signature = new Webhook(secret).sign(`msg_${externalId}`, at, body);
      const headers = {
        'content-type': 'application/json',
        'webhook-id': `msg_${externalId}`,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': signature,
      };
      return (await fetch(`${system.url}/intake/phone`, { method: 'POST', headers, body })).status;
    };
    const eventually = async (found: () => Promise<boolean>) => {
      for (const deadline = Date.now() + 40_000; Date.now() < deadline; await sleep(100))
        if (await found()) return true;
      return false;
    };
    const restarted = async () => {
      system = await startInterlock({ folder });
    };

    test('Ctrl-C ends it with exit code 0 and in few words, and messages in flight become disputes after the next start', async () => {
      const before = (await disputes()).length;
      const accepted = await Promise.all(Array.from({ length: 10 }, (_, at) => report(`stopped-${at}`)));
      expect(accepted).toEqual(Array.from({ length: 10 }, () => 202));
      expect(await system.stop()).toBe(0);
      expect(system.printed().split('\n').at(-1)).toMatch(/^interlock: stopping; what is accepted stays/);
      await restarted();
      expect(await eventually(async () => (await disputes()).length === before + 10)).toBe(true);
    });

    test('Ctrl-C ends it also while its engine hangs, and what is accepted goes on with the next start', async ({
      skip,
    }) => {
      skip(Boolean(process.env.AWS_ENDPOINT_URL_DYNAMODB));
      const before = (await disputes()).length;
      process.kill(Number(readFileSync(join(folder, 'engine.pid'), 'utf8')), 'SIGSTOP');
      const accepted = report('hung-1');
      await sleep(500);
      const asked = Date.now();
      expect(await system.stop()).toBe(0);
      expect(Date.now() - asked).toBeLessThan(15_000);
      expect(await accepted).toBe(202);
      await restarted();
      expect(await eventually(async () => (await disputes()).length === before + 1)).toBe(true);
    });

    test('the sample disputes are not entered twice, and a card stands as it stood', async () => {
      const period = new Date(await now()).toISOString().slice(0, 7);
      const stood = {
        disputes: (await disputes()).sort(byId),
        card: await read(`/scorecards/E-204/${period}/entries`),
      };
      expect(stood.disputes.length).toBeGreaterThan(10);
      expect(await system.stop()).toBe(0);
      await restarted();
      expect((await disputes()).sort(byId)).toEqual(stood.disputes);
      expect(await read(`/scorecards/E-204/${period}/entries`)).toEqual(stood.card);
    });

    test('after kill -9 everything accepted is there, and the clock stands where it was moved to', async () => {
      const before = (await disputes()).length;
      const moved = (await now()) + 3 * DAY;
      await helper('/clock', { now: new Date(moved).toISOString() });
      expect(await report('killed-1')).toBe(202);
      await system.kill();
      await restarted();
      expect(await now()).toBeGreaterThanOrEqual(moved);
      expect(await now()).toBeLessThan(moved + DAY);
      expect(await eventually(async () => (await disputes()).length === before + 1)).toBe(true);
    });

    test('a reset gives a system as after the first start: the sample, the unmoved clock, sources that can sign', async () => {
      const samples = (await disputes()).length - 12;
      await helper('/reset', {});
      expect(Math.abs((await now()) - Date.now())).toBeLessThan(60_000);
      expect(await disputes()).toHaveLength(samples);
      expect(await report('after-reset-1')).toBe(202);
      expect(await eventually(async () => (await disputes()).length === samples + 1)).toBe(true);
    });
  },
);

function byId(a: { disputeId: string }, b: { disputeId: string }): number {
  return a.disputeId < b.disputeId ? -1 : 1;
}
