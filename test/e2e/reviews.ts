import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Scores } from '#shared/contracts/api/replies.ts';
import { dayIn, monthIn } from '#shared/domain/calendar/civil-date.ts';
import { hundredthsOf } from '#shared/domain/exports/score-row.ts';
import { ZONE } from '#test/support/sample.ts';
import { freshSecret } from './fresh-secret.ts';
import { COLLEAGUE, DECIDER, HR, OPERATOR, person } from './people.ts';
import type { Answer, System } from './system.ts';

const EXECUTIVE = person('E-701', 'executive');

const Schedules = z.object({ items: z.array(z.string()) });
const DAY_MS = 86_400_000;

/** The first of the next month comes: days are tallied, and the month before is reviewed. On the local system alone. */
export function theReviewsSchedules(start: () => Promise<System>): void {
  describe('the schedules of reviews', () => {
    let system: System;

    beforeAll(async () => {
      system = await start();
    });
    afterAll(() => system?.close());

    const fire = async (name: string) => {
      const helpers = `${process.env.INTERLOCK_URL}/_local/schedules`;
      const { items } = Schedules.parse(await (await fetch(helpers)).json());
      const schedule = items.find((each) => each.includes(name));
      const answer = await fetch(`${helpers}/${schedule}/run`, { method: 'POST' });
      expect(answer.ok, await answer.text()).toBe(true);
    };

    test('review the month before, of which no arrival is read any more', async () => {
      const reviewed = monthIn(ZONE, (await system.now()).toISOString());
      let now = await system.now();
      while (monthIn(ZONE, now.toISOString()) === reviewed) now = new Date(now.getTime() + DAY_MS);
      await system.reach(now.toISOString());
      await fire('TallyDays');
      const review = await system.eventually(
        'the month before is reviewed, and everything is accounted for',
        async () => {
          await fire('RunMonth');
          const { status, body } = await system.call('GET', `/reviews/${reviewed}`, EXECUTIVE);
          return status === 200 && !body.running && body.received.total.inFlight === 0 ? body : undefined;
        },
      );
      expect(review).toMatchObject({ period: reviewed, running: false });
      expect(review.received.total.received).toBeGreaterThan(0);
      expect(
        review.reconciliation.statements.filter(({ about }: { about: string }) => about === 'counted'),
      ).not.toEqual([]);
    });
  });
}

/** A month is reviewed by hand: what a report adds to it, in every form and language. */
export function theReview(start: () => Promise<System>): void {
  describe('the review of a month (R-3, R-7)', () => {
    let system: System;
    let month = '';

    beforeAll(async () => {
      system = await start();
      month = monthIn(ZONE, (await system.now()).toISOString());
    });
    afterAll(() => system?.close());

    const run = (period = month) => system.call('POST', `/reviews/${period}/runs`, EXECUTIVE);
    const read = (headers: Record<string, string> = {}, query = ''): Promise<Answer> =>
      system.call('GET', `/reviews/${month}${query}`, DECIDER, undefined, headers);

    /** What intake itself says of the month so far: reports on their way, or put aside (I-7). */
    const unsettled = async (): Promise<number> => {
      const today = dayIn(ZONE, (await system.now()).toISOString());
      const days = Array.from(
        { length: Number(today.slice(-2)) },
        (_, at) => `${month}-${String(at + 1).padStart(2, '0')}`,
      );
      const totals = days.map(async (day) => {
        const { body } = await system.call('GET', `/intake/reconciliation?day=${day}`, OPERATOR);
        return body.total.inFlight + body.total.deadLettered;
      });
      return (await Promise.all(totals)).reduce((sum, each) => sum + each, 0);
    };

    test('counts a report that was received, and is provisional by what intake has not settled', async () => {
      const secret = await freshSecret(system, 'social');
      expect(await run()).toMatchObject({ status: 200, body: { period: month, provisional: true } });
      const before = (await read()).body.totals.opened;
      const now = await system.now();
      const report = JSON.stringify({
        externalId: `review-${now.getTime()}`,
        occurredAt: now.toISOString(),
        type: 'damaged-goods',
        text: 'The lamp came in two parts.',
        demand: 'a new lamp',
        customer: { ref: 'C-10077' },
      });
      const headers = await system.sign(report, secret);
      expect(await system.deliver({ source: 'social', body: report, headers })).toMatchObject({ status: 202 });
      const review = await system.eventually('the review counts the report and agrees with intake', async () => {
        await run();
        const { body } = await read();
        return body.totals.opened > before && body.provisional.reports === (await unsettled()) ? body : undefined;
      });
      expect(review).toMatchObject({ running: true, totals: { opened: before + 1 } });
      expect(review.received.sources.map(({ source }: { source: string }) => source)).toContain('social');
    });

    test('a run without new figures is none, and the same bytes come of it (R-7)', async () => {
      const settled = await system.eventually('two runs in a row find the same', async () => {
        const [first, second] = [await run(), await run()];
        return first.body.revision === second.body.revision ? second.body : undefined;
      });
      expect(settled).toMatchObject({ fresh: false });
      const html = { accept: 'text/html' };
      const [one, other] = [await read(html), await read(html, `?revision=${settled.revision}`)];
      expect(one.body).toBe(other.body);
      expect(await read({}, '?revision=1')).toMatchObject({ status: 200, headers: { 'interlock-revision': '1' } });
    });

    test.each([
      { accept: 'text/html', language: 'zh-TW,zh;q=0.5', written: 'zh-Hant', words: '<html lang="zh-Hant">' },
      { accept: 'text/html', language: 'zh', written: 'zh-Hans', words: '月度复盘' },
      { accept: 'text/markdown', language: 'zh-HK', written: 'zh-Hant', words: '# 月度復盤' },
      {
        accept: 'text/markdown;q=0.9,text/plain',
        language: 'fr, en-GB;q=0.1',
        written: 'en',
        words: '# Monthly review',
      },
    ])('comes as $accept in $language', async ({ accept, language, written, words }) => {
      const answer = await read({ accept, 'accept-language': language });
      expect(answer).toMatchObject({ status: 200, headers: { vary: 'Accept, Accept-Language' } });
      expect(answer.headers['content-language']).toBe(written);
      expect(answer.body).toContain(words);
    });

    test('comes in no other form, for no other month, and to nobody else', async () => {
      expect(await read({ accept: 'image/png' })).toMatchObject({ status: 406 });
      expect(await system.call('GET', '/reviews/2026-Q3', EXECUTIVE)).toMatchObject({ status: 404 });
      expect(await system.call('GET', '/reviews/1999-01', EXECUTIVE)).toMatchObject({ status: 404 });
      expect(await run('9998-01')).toMatchObject({ status: 422, body: { errors: [{ path: 'period' }] } });
      expect(await run('1999-01')).toMatchObject({ status: 422 });
      expect(await system.call('GET', `/reviews/${month}`, COLLEAGUE)).toMatchObject({ status: 403 });
    });
  });
}

/** Reviews and exports say the same of the points that were posted on this system before. */
export function thePostedPoints(start: () => Promise<System>): void {
  test('a review has the posted points that the export adjusts cards by, this month or the one before (X-2)', async () => {
    const system = await start();
    const month = monthIn(ZONE, (await system.now()).toISOString());
    const monthBefore = monthIn(ZONE, new Date(Date.parse(`${month}-01T00:00:00Z`) - DAY_MS).toISOString());
    const pointsOf = async (period: string) => {
      if ((await system.call('POST', `/reviews/${period}/runs`, EXECUTIVE)).status !== 200)
        return { posted: 0, adjusted: 0 }; // Nothing had begun then.
      const { body: review } = await system.call('GET', `/reviews/${period}`, EXECUTIVE);
      const { body: scores } = await system.call('GET', `/exports/scores?period=${period}`, HR);
      const adjustments = Scores.parse(scores).rows.map((row) => hundredthsOf(row.adjustments));
      return { posted: hundredthsOf(review.points.posted), adjusted: adjustments.reduce((a, b) => a + b, 0) };
    };
    const found = await system.eventually('reviews and exports agree on points', async () => {
      const figures = [await pointsOf(monthBefore), await pointsOf(month)];
      return figures.every(({ posted, adjusted }) => posted === adjusted) ? figures : undefined;
    });
    await system.close();
    expect(Math.min(...found.map(({ posted }) => posted))).toBeLessThan(0);
  });
}
