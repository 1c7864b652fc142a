import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { recountCounters } from '#infra/cli/commits/recount-counters.ts';
import { hoursOfRange, republishCommits } from '#infra/cli/commits/republish-commits.ts';
import { openEnvironment } from '#infra/cli/operated-environment.ts';
import { freshSecret } from './fresh-secret.ts';
import { DECIDER, HEAD_OF_PERFORMANCE, OFFICER } from './people.ts';
import type { System } from './system.ts';

const HOUR = 3_600_000;
const Schedules = z.object({ items: z.array(z.string()) });

/**
 * The publishers are down for two hours and the streams' records are lost: the hourly check publishes every commit of
 * these hours again, and the end is that of hours in which nothing was lost (architecture 3.6). Needs the helpers of the
 * local system.
 */
export function lostCommits(start: () => Promise<System>): void {
  describe('commits that no stream carries', () => {
    const url = process.env.INTERLOCK_URL ?? '';
    let system: System;
    let secret = '';
    let recounted: readonly string[] = [];
    beforeAll(async () => {
      system = await start();
      secret = await freshSecret(system, 'phone');
    });

    const helper = async (path: string, body?: object): Promise<unknown> => {
      const answer = await fetch(`${url}/_local${path}`, body && { method: 'POST', body: JSON.stringify(body) });
      expect(answer.status).toBe(200);
      return answer.json();
    };
    const dropping = (on: boolean) => helper('/streams', { dropping: on });
    const open = async (externalId: string): Promise<string> => {
      const occurredAt = (await system.now()).toISOString();
      const given = { type: 'late-delivery', category: 'logistics', product: 'sofa-3', demand: 'a refund' };
      const body = JSON.stringify({
        externalId,
        occurredAt,
        ...given,
        text: 'late',
        customer: { name: 'Quillfeather' },
      });
      const accepted = await system.deliver({ source: 'phone', body, headers: await system.sign(body, secret) });
      return system.eventually(`${externalId} is open`, async () => {
        const { body: receipt } = await system.call('GET', `/intake/receipts/${accepted.body.receiptId}`, OFFICER);
        return receipt.disputeId as string | undefined;
      });
    };
    const alertOf = async (disputeId: string) => {
      const { body } = await system.call('GET', '/alerts?limit=200', DECIDER);
      return body.items.find((alert: { disputeId: string }) => alert.disputeId === disputeId);
    };
    const raised = (disputeId: string) => system.eventually('the alert is raised', () => alertOf(disputeId));
    const acknowledge = async (alertId: string) => {
      const given = { specialIndicators: [] };
      const path = `/alerts/${alertId}/acknowledgement`;
      expect(await system.call('POST', path, HEAD_OF_PERFORMANCE, given)).toMatchObject({ status: 200 });
    };
    /** What stands of an alert but for its ids and instants. */
    const seen = ({
      level,
      colour,
      state,
      breached,
      category,
      type,
      department,
      indicators,
    }: Record<string, unknown>) => ({ level, colour, state, breached, category, type, department, indicators });
    const recount = async () => {
      const lines: string[] = [];
      const whole = await recountCounters(await openEnvironment({ url }), { out: (line) => lines.push(line) });
      recounted = lines;
      return whole;
    };
    const counted = () => system.eventually('everything is counted', async () => (await recount()) || undefined);
    const checks = async () =>
      Schedules.parse(await helper('/schedules')).items.filter((name) => /Check(Cases|Score)/.test(name));
    const check = async () => {
      for (const name of await checks()) await helper(`/schedules/${encodeURIComponent(name)}/run`, {});
    };
    const later = async (milliseconds: number) =>
      system.reach(new Date((await system.now()).getTime() + milliseconds).toISOString());

    /** What is said of so many hours up to the end of this one. */
    const republished = async (hours: number, dryRun: boolean) => {
      const lines: string[] = [];
      const end = (Math.floor((await system.now()).getTime() / HOUR) + 1) * HOUR;
      const range = hoursOfRange(new Date(end - hours * HOUR).toISOString(), new Date(end).toISOString());
      const out = (line: string) => void lines.push(line);
      expect(await republishCommits(await openEnvironment({ url }), { hours: range, dryRun, out })).toBe(!dryRun);
      return lines;
    };
    const disputeOf = async (externalId: string): Promise<string> => {
      const { body } = await system.call('GET', `/intake/receipts?source=phone&externalId=${externalId}`, OFFICER);
      return body.disputeId;
    };

    test('of two hours, of both gears, are heard of by nobody, and counters fall behind', async () => {
      const before = await raised(await open('lost-before'));
      await counted();
      await later(HOUR);
      await check();
      await dropping(true);
      const lost = await open('lost-1');
      await acknowledge(before.alertId);
      await sleep(2000);
      expect(await alertOf(lost)).toBeUndefined();
      expect(await recount()).toBe(false);
      expect(recounted.join('\n')).toMatch(/alerts.acknowledged: \d+ stored, \d+ recounted/);

      const lines = await republished(4, true);
      expect(lines.join('\n')).toMatch(/interlock\.disputes: \d+ events/);
      expect(lines.join('\n')).toMatch(/interlock\.performance: \d+ events/);
      expect(lines.at(-1)).toMatch(/4 hours, \d+ commits: [1-9]\d* events were never counted, none published/);

      await later(2 * HOUR); // The check of the first hour may have come already: it heals what it sees.
      await open('lost-2');
      await dropping(false);
    });

    test('are published again by the hourly check: everything is counted, and alerts are raised', async () => {
      await later(2 * HOUR);
      await check();
      await raised(await disputeOf('lost-1'));
      await raised(await disputeOf('lost-2'));
      await counted();
    });

    test('leave the same behind as hours in which nothing was lost', async () => {
      const clean = await raised(await open('lost-nothing'));
      await later(3 * HOUR);
      const lost = await alertOf(await disputeOf('lost-1'));
      await system.eventually('both stand alike', async () => {
        const now = await alertOf(clean.disputeId);
        return JSON.stringify(seen(now)) === JSON.stringify(seen(lost)) || undefined;
      });
      await counted();
      expect(recounted.at(-1)).toMatch(/stand as the commits say$/);
    });

    test('leave nothing to publish, by hand either', async () => {
      const lines = await republished(12, false);
      expect(lines).toEqual([expect.stringMatching(/^12 hours, \d+ commits: 0 events were never counted/)]);
    });

    test('are published by hand as well, for who cannot wait for the hour', async () => {
      await dropping(true);
      const lost = await open('lost-by-hand');
      await dropping(false);
      expect(await alertOf(lost)).toBeUndefined();
      const lines = await republished(2, false);
      expect(lines.at(-1)).toMatch(/: ([1-9]\d*) events were never counted, \1 published again$/);
      await raised(lost);
      await counted();
    });
  });
}
