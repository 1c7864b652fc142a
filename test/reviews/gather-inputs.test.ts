import { describe, expect, test } from 'vitest';
import { tallyDays } from '#functions/intake/tally-days.ts';
import { type RunPorts, runEndedMonths, runReview } from '#functions/reviews/run-review.ts';
import { counterStore } from '#shared/adapters/counter-store.ts';
import { contentHash } from '#shared/adapters/digest.ts';
import { intakeStore } from '#shared/adapters/intake-store.ts';
import { ledgerStore } from '#shared/adapters/ledger-store.ts';
import { memoryFiles } from '#shared/adapters/memory-files.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { reviewStore } from '#shared/adapters/review-store.ts';
import { tallyStore } from '#shared/adapters/tally-store.ts';
import type { Outcome } from '#shared/domain/intake/arrival.ts';
import { daysBetween } from '#shared/domain/intake/tally-days.ts';
import { statementsOf } from '#shared/domain/review/reconcile.ts';
import { loadSample } from '#test/support/reference.ts';
import { ZONE } from '#test/support/sample.ts';

/** Intake, counters and reviews on one set of tables, with a clock that a test sets. */
async function house(now = '2026-11-20T04:00:00Z') {
  const time = { now };
  const clock = { now: () => time.now };
  const tables = memoryTables();
  await loadSample(tables, 'policy-1');
  const intake = intakeStore(tables);
  const days: string[] = [];
  const files = memoryFiles();
  const ports: RunPorts = {
    counters: counterStore(tables),
    tallies: tallyStore(tables),
    intake: {
      tally: (source, day) => {
        days.push(day);
        return intake.tally(source, day);
      },
    },
    ledger: ledgerStore(tables),
    reference: referenceStore(tables, clock),
    reviews: reviewStore(tables, files, contentHash),
    hash: contentHash,
    clock,
    zone: ZONE,
  };
  let made = 0;
  return {
    ports,
    files,
    set: (instant: string) => {
      time.now = instant;
    },
    tally: () => tallyDays({ ...ports, intake }),
    /** Days of which arrivals were read since it was last asked. */
    daysRead: () => [...new Set(days.splice(0))].sort(),
    arrive: async (day: string, outcome: Outcome) => {
      made += 1;
      await intake.note({ source: 'phone', day, arrivalId: `arrival-${made}`, outcome });
    },
    /** What became of the latest arrival. */
    settle: async (day: string, outcome: Outcome) => {
      const arrivalId = `arrival-${made}`;
      const { arrival } = await intake.known({ arrival: { source: 'phone', day, arrivalId } });
      if (!arrival) throw new Error(`nothing arrived as ${arrivalId}`);
      await intake.record({ before: { arrival }, arrival: { ...arrival, outcome } });
    },
    /** Counts a dispute of a month, received in another. */
    count: async (month: string, receivedIn: string) => {
      made += 1;
      const cell = { department: 'logistics', type: 'late-delivery', by: 1 };
      await ports.counters.count([
        {
          eventId: `event-${made}`,
          aggregateId: `dispute-${made}`,
          aggregateVersion: 1,
          increments: [
            { ...cell, month, name: 'opened' },
            { ...cell, month: receivedIn, name: 'received.phone' },
          ],
        },
      ]);
    },
    run: async (period: string) => {
      const ran = await runReview(period, 'E-701', ports);
      if (typeof ran === 'string') throw new Error(ran);
      return { ...ran, inputs: await ports.reviews.inputs(ran.run) };
    },
  };
}

describe('a run reads as little as it can (R-3)', () => {
  test('of a tallied month no arrival, and of the running one only today', async () => {
    const { tally, arrive, count, run, daysRead, set } = await house('2026-11-10T04:00:00Z');
    await tally();
    await arrive('2026-11-10', 'opened');
    await count('2026-11', '2026-11');
    set('2026-12-01T19:00:00Z'); // 03:00 on the 2nd in Shanghai.
    expect(await tally()).toBe(37); // Missed nights, and the days before that can still change: 26 October to 1 December.
    await arrive('2026-12-02', 'opened');
    await count('2026-11', '2026-12');
    daysRead();
    const { inputs, run: ran } = await run('2026-11');
    expect(inputs.received).toMatchObject([{ day: '2026-11-10', source: 'phone', received: 1, opened: 1 }]);
    expect(inputs.uncountedLater).toEqual([]);
    expect(ran.provisional).toBe(false);
    expect(daysRead()).toEqual(['2026-12-02']);
  });

  test('what arrived weeks before the first night that was tallied, on a clock that was moved', async () => {
    const { tally, run, arrive, daysRead, set } = await house('2026-11-01T04:00:00Z');
    await arrive('2026-11-01', 'dead-lettered');
    set('2026-12-01T04:00:00Z');
    await tally();
    daysRead();
    const { inputs, run: ran } = await run('2026-11');
    expect(inputs.received).toMatchObject([{ day: '2026-11-01', received: 1, deadLettered: 1 }]);
    expect(ran.provisional).toBe(true);
    expect(daysRead()).toEqual(['2026-11-01', '2026-12-01']);
    expect((await run('2026-10')).inputs.uncountedLater).toMatchObject([{ month: '2026-11', received: 1 }]);
  });

  test('before any night was tallied yesterday and today', async () => {
    const { run, daysRead } = await house('2026-11-20T04:00:00Z');
    await run('2026-11');
    expect([...new Set(daysRead())]).toEqual(['2026-11-19', '2026-11-20']);
  });

  test('of a month long before the system none once the tallies have come so far', async () => {
    const { tally, run, daysRead, set } = await house();
    for (const day of daysBetween('2026-11-20', '2027-01-20')) {
      set(`${day}T04:00:00Z`);
      await tally();
    }
    daysRead();
    expect((await run('2015-03')).run.provisional).toBe(false);
    expect(daysRead()).toEqual(['2027-01-20']);
  });
});

describe('a review is provisional while something received is not counted (R-7)', () => {
  test('in its own month or in a later one', async () => {
    const { tally, arrive, count, run, set } = await house();
    await arrive('2026-11-19', 'opened');
    await tally();
    set('2026-12-02T04:00:00Z');
    await tally();
    expect((await run('2026-10')).inputs.uncountedLater).toEqual([
      { month: '2026-11', source: 'phone', received: 1, accounted: 0 },
    ]);
    expect((await run('2026-11')).run).toMatchObject({ revision: 1, provisional: true });
    await count('2015-03', '2026-11');
    expect((await run('2026-11')).run).toMatchObject({ revision: 2, provisional: false });
    expect((await run('2026-10')).run).toMatchObject({ revision: 2, provisional: false });
  });

  test('a day whose tally was open is read as it is now, whether its messages were returned or given up since', async () => {
    const { tally, arrive, settle, count, run, set } = await house();
    await arrive('2026-11-18', 'dead-lettered');
    await tally();
    set('2026-12-01T18:00:00Z');
    await tally();
    const before = await run('2026-11');
    expect(before.run.provisional).toBe(true);
    await settle('2026-11-18', 'opened');
    expect((await run('2026-11')).inputs.received).toMatchObject([{ opened: 1, deadLettered: 0 }]);
    await count('2026-11', '2026-11');
    const { run: ran, inputs } = await run('2026-11');
    expect(ran).toMatchObject({ revision: 3, provisional: false });
    expect(statementsOf(inputs).every(({ difference }) => difference === 0)).toBe(true);
  });

  test('a message that is put aside stays open, and its day is tallied again when it is taken', async () => {
    const { tally, arrive, ports, set } = await house();
    await arrive('2026-11-18', 'dead-lettered');
    await tally();
    set('2027-01-20T04:00:00Z');
    await tally();
    expect((await ports.tallies.state())?.open).toEqual(['2026-11-18']);
    expect((await ports.tallies.ofMonth('2026-11')).find(({ day }) => day === '2026-11-18')).toMatchObject({
      sources: [{ source: 'phone', received: 1, deadLettered: 1 }],
    });
  });
});

describe('runs (R-7)', () => {
  test('the same inputs make no new one; the first one keeps its inputs', async () => {
    const { run, count, ports, files } = await house();
    await count('2026-10', '2026-10');
    const first = await run('2026-10');
    expect(first).toMatchObject({ fresh: true, run: { revision: 1, ranBy: 'E-701' } });
    expect(await run('2026-10')).toMatchObject({ fresh: false, run: { revision: 1 } });
    await count('2026-10', '2026-10');
    expect(await run('2026-10')).toMatchObject({ fresh: true, run: { revision: 2 } });
    expect(await ports.reviews.inputs(first.run)).toEqual(first.inputs);
    const kept: string[] = [];
    for await (const { key } of files.versions('reviews/2026-10/inputs/')) kept.push(key);
    expect(kept).toHaveLength(2);
    expect(await ports.reviews.revision('2026-10', 1)).toEqual(first.run);
  });

  test('two at the same time make one revision', async () => {
    const { ports } = await house();
    const both = await Promise.all([runReview('2026-10', 'a', ports), runReview('2026-10', 'b', ports)]);
    expect(both.map((ran) => typeof ran !== 'string' && ran.run.revision)).toEqual([1, 1]);
  });

  test('what was gathered before another run kept its revision is gathered again, not kept as the latest', async () => {
    const { ports, count } = await house();
    let others: (() => Promise<unknown>) | undefined = async () => {
      await count('2026-10', '2026-10');
      await runReview('2026-10', 'faster', ports);
    };
    const slow: RunPorts = {
      ...ports,
      reviews: {
        ...ports.reviews,
        record: async (run, inputs) => {
          const first = others;
          others = undefined;
          await first?.();
          await ports.reviews.record(run, inputs);
        },
      },
    };
    const ran = await runReview('2026-10', 'slower', slow);
    expect(ran).toMatchObject({ fresh: false, run: { revision: 1, ranBy: 'faster' } });
    expect(await ports.reviews.revision('2026-10', 2)).toBeUndefined();
  });

  test('inputs that somebody changed are not shown', async () => {
    const { run, ports, files } = await house();
    const { run: ran } = await run('2026-10');
    const key = `reviews/2026-10/inputs/${ran.inputs}.json`;
    const text = new TextDecoder().decode(await files.read(key));
    await files.write(key, 'application/json', [text.replace('"running":false', '"running":true')]);
    await expect(ports.reviews.inputs(ran)).rejects.toThrow('are not those that it was made of');
  });

  test('the schedule runs the month before, in the zone of the organisation', async () => {
    const { ports, set } = await house();
    set('2026-11-30T19:00:00Z'); // 03:00 on 1 December in Shanghai.
    expect(await runEndedMonths(ports)).toMatchObject([
      { run: { period: '2026-11', ranBy: 'schedule', provisional: false } },
    ]);
    expect(await runReview('2027-01', 'a', ports)).toBe('not-begun');
    expect(await runReview('2014-12', 'a', ports)).toBe('no-policy');
  });

  test('the schedule makes up for every month that nobody ran since it ended, from the first counted one', async () => {
    const { ports, set, count, run } = await house('2026-07-31T04:00:00Z');
    await count('2026-06', '2026-07');
    await run('2026-07'); // It is not over yet.
    set('2026-09-02T04:00:00Z');
    await run('2026-08');
    set('2026-11-30T19:00:00Z');
    const periods = async () =>
      (await runEndedMonths(ports)).map((ran) => typeof ran !== 'string' && [ran.run.period, ran.run.revision]);
    expect(await periods()).toEqual([
      ['2026-11', 1],
      ['2026-10', 1],
      ['2026-09', 1],
      ['2026-07', 2],
      ['2026-06', 1],
    ]);
    expect(await periods()).toEqual([['2026-11', 1]]);
  });

  test('a month that cannot be run keeps no other one from it', async () => {
    const { ports, set, count } = await house();
    await count('2026-09', '2026-09');
    set('2026-12-01T04:00:00Z');
    const entries: RunPorts['ledger']['entries'] = async (subject, period) => {
      if (period === '2026-11') throw new Error('no ledger');
      return ports.ledger.entries(subject, period);
    };
    await expect(runEndedMonths({ ...ports, ledger: { entries } })).rejects.toThrow('1 months could not be reviewed');
    expect(await ports.reviews.latest('2026-10')).toMatchObject({ ranBy: 'schedule' });
  });
});
