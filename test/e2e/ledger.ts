import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { openEnvironment } from '#infra/cli/operated-environment.ts';
import { verifyEnvironment } from '#infra/cli/verify/ledger.ts';
import { dayIn } from '#shared/domain/calendar/civil-date.ts';
import { ZONE } from '#test/support/sample.ts';
import type { System } from './system.ts';

const Schedules = z.object({ items: z.array(z.string()) });
const A_DAY = 86_400_000;

/**
 * What the scenarios before it wrote to cards is sealed by itself, and verifies (S-20). Where schedules can be fired, it
 * is anchored, too: on two days, so that the second anchor follows the first.
 */
export function theLedger(start: () => Promise<System>): void {
  describe('the ledger proves itself (S-20)', () => {
    let system: System;
    const url = process.env.INTERLOCK_URL;
    const verify = async () => verifyEnvironment(await openEnvironment(url === undefined ? { env: 'dev' } : { url }));
    beforeAll(async () => {
      system = await start();
    });
    afterAll(() => system?.close());

    test('every entry is sealed soon after it was written, and nothing differs', async () => {
      const verified = await system.eventually('everything is sealed', async () => {
        const found = await verify();
        return found.unsealed === 0 ? found : undefined;
      });
      expect(verified.differences).toEqual([]);
      expect(verified.entries).toBeGreaterThan(0);
      expect(verified.seals).toBeGreaterThan(0);
    });

    test.skipIf(url === undefined)(
      'each night the heads are anchored; a second turn changes nothing (not where no schedule can be fired)',
      async () => {
        const helper = async (path: string, body?: object): Promise<unknown> => {
          const answer = await fetch(`${url}/_local${path}`, body && { method: 'POST', body: JSON.stringify(body) });
          expect(answer.status).toBe(200);
          return answer.json();
        };
        const [name = ''] = Schedules.parse(await helper('/schedules')).items.filter((each) =>
          /AnchorHeads/.test(each),
        );
        const fire = () => helper(`/schedules/${encodeURIComponent(name)}/run`, {});
        const anchored = (since: string) =>
          system.eventually('an anchor of this day', async () => {
            const found = await verify();
            return found.anchoredAt !== undefined && found.anchoredAt >= since ? found : undefined;
          });
        await fire();
        const first = await anchored((await system.now()).toISOString().slice(0, 10));
        const tomorrow = new Date((await system.now()).getTime() + A_DAY).toISOString();
        await system.reach(tomorrow);
        await fire();
        const second = await anchored(tomorrow.slice(0, 10));
        expect(second.anchors).toBeGreaterThan(first.anchors);
        expect(second.differences).toEqual([]);
        await fire();
        expect(dayIn(ZONE, (await verify()).anchoredAt ?? '')).toBe(dayIn(ZONE, second.anchoredAt ?? ''));
        expect((await verify()).differences).toEqual([]);
      },
    );
  });
}
