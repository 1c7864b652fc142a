import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { freshSecret } from './fresh-secret.ts';
import { DECIDER, OFFICER } from './people.ts';
import type { System } from './system.ts';

const Unused = z.object({ items: z.array(z.object({ role: z.string(), action: z.string(), resource: z.string() })) });

/** Over every weekend and holiday, in milliseconds. */
const LONG_AFTER_ITS_DEADLINE = 15 * 86_400_000;

/** Grants that no scenario can use, and why they stand all the same. */
const JUSTIFIED: readonly { readonly grant: RegExp; readonly because: string }[] = [
  {
    grant: /^\S+ logs:(CreateLogStream|PutLogEvents) /,
    because: 'some functions say something only when something is wrong, and nothing is',
  },
  {
    grant:
      /^\S+(Publish|Sweep|SweepScheduler|(AnchorHeads|TallyDays|RunMonth)(Scheduler)?|Check(Cases|Scorecards)(Scheduler)?)\S* sqs:SendMessage \S+(GivenUp|Missed)Queue/,
    because: 'takes what failed for good; test/local shows that it does',
  },
  {
    grant:
      /^\S+(Publish|Sweep|AnchorHeads|TallyDays|RunMonth|Check(Cases|Scorecards))\S* sqs:GetQueue(Attributes|Url) \S+(GivenUp|Missed)Queue/,
    because: 'failure destinations of the library are granted them beside SendMessage, and they show no message',
  },
  {
    grant: /^\S+RunMonth\S* kms:Decrypt /,
    because:
      'a file above 8 MiB goes up in parts, which S3 reads when it puts them together; inputs of a review are smaller',
  },
  {
    grant: /^\S+KeepDeadMessage\S* dynamodb:GetItem \S+ReferenceTable/,
    because: 'looks a source up that was registered within the last minute, as the worker does',
  },
];

/**
 * What the other scenarios leave out of the steps' ways, and then: no role may do anything that nothing here has done.
 * Stands at the end of a suite on the local system, which alone counts what its roles use.
 */
export function everyGrantIsUsed(start: () => Promise<System>): void {
  describe('what the roles may do', () => {
    let system: System;
    let dispute = '';
    beforeAll(async () => {
      system = await start();
    });

    test('a report that nobody completes in time is breached, is completed late, and its timeline tells so', async () => {
      const secret = await freshSecret(system, 'phone');
      const at = (await system.now()).toISOString();
      const body = JSON.stringify({ externalId: `late-${at}`, occurredAt: at, type: 'late-delivery' });
      const accepted = await system.deliver({ source: 'phone', body, headers: await system.sign(body, secret) });
      const disputeId = await system.eventually('the dispute is open', async () => {
        const { body: receipt } = await system.call('GET', `/intake/receipts/${accepted.body.receiptId}`, OFFICER);
        return receipt.disputeId as string | undefined;
      });
      dispute = disputeId;
      await system.reach(new Date(Date.parse(at) + LONG_AFTER_ITS_DEADLINE).toISOString());
      await system.eventually('the breach is recorded', async () => {
        const { body: dispute } = await system.call('GET', `/disputes/${disputeId}`, OFFICER);
        return dispute.filingBreached || undefined;
      });
      const missing = { customer: { name: 'Quillfeather' }, demand: 'a refund' };
      const filed = await system.call('POST', `/disputes/${disputeId}/filing`, OFFICER, missing);
      expect(filed).toMatchObject({ status: 200 });
      const { status, body: timeline } = await system.call('GET', `/disputes/${disputeId}/timeline`, OFFICER);
      expect(status).toBe(200);
      expect(JSON.stringify(timeline)).toContain('DisputeFiled.v1');
    });

    test('a regrading to another level replaces the alert (G-10)', async () => {
      const given = { facts: { leaving: true }, reason: 'the customer is about to leave' };
      const regraded = await system.call('POST', `/disputes/${dispute}/regrading`, OFFICER, given);
      expect(regraded).toMatchObject({ status: 200, body: { grade: { level: 2 } } });
      await system.eventually('the first alert is superseded', async () => {
        const { body } = await system.call('GET', '/alerts?state=superseded&limit=200', DECIDER);
        return body.items.some((alert: { disputeId: string }) => alert.disputeId === dispute) || undefined;
      });
    });

    test.each(['/health', '/openapi.json'])('anyone may read %s', async (path) => {
      expect(await system.call('GET', path)).toMatchObject({ status: 200 });
    });

    test('every grant was used by some scenario, or is justified', async () => {
      const answer = await fetch(`${process.env.INTERLOCK_URL}/_local/unused-grants`);
      const unused = Unused.parse(await answer.json()).items.map(
        (each) => `${each.role} ${each.action} ${each.resource}`,
      );
      expect(unused.filter((each) => !JUSTIFIED.some(({ grant }) => grant.test(each)))).toEqual([]);
    });
  });
}
