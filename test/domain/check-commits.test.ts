import { beforeEach, describe, expect, test } from 'vitest';
import type { Commit, Event, EventBody } from '#shared/domain/event.ts';
import { type CheckedHour, COMMIT_CHECK, checkCommits, checkHour } from '#shared/domain/insights/check-commits.ts';
import { type Hour, hourOf, hoursAfter, hoursBetween, startOf } from '#shared/domain/insights/hour.ts';
import type { CheckPoint } from '#shared/domain/ports/check-point-store.ts';
import type { UnreadableCommit } from '#shared/domain/ports/commit-log.ts';
import type { PublishedEvent } from '#shared/domain/ports/event-bus.ts';
import { WriteRefused } from '#shared/domain/ports/tables.ts';

describe('hours', () => {
  test.each([
    ['2026-11-22T11:59:59Z', '2026-11-22T11'],
    ['2026-11-22T12:00:00Z', '2026-11-22T12'],
    ['2026-11-22T07:30:00+08:00', '2026-11-21T23'],
  ])('%s lies in %s', (instant, hour) => expect(hourOf(instant)).toBe(hour));

  test('start at their first second and follow each other over a year', () => {
    expect(startOf('2026-12-31T23')).toBe('2026-12-31T23:00:00Z');
    expect(hoursAfter('2026-12-31T23', 1)).toBe('2027-01-01T00');
    expect(hoursAfter('2027-01-01T00', -1)).toBe('2026-12-31T23');
  });

  test('between two are those from the first on, without the last', () => {
    expect(hoursBetween('2026-12-31T22', '2027-01-01T00')).toEqual(['2026-12-31T22', '2026-12-31T23']);
    expect(hoursBetween('2026-12-31T22', '2026-12-31T22')).toEqual([]);
    expect(hoursBetween('2026-12-31T23', '2026-12-31T22')).toEqual([]);
  });
});

const SOURCE = 'interlock.disputes';

/** A commit of so many events in an hour. */
function commit(hour: Hour, id: string, events: number): Commit {
  const recordedAt = startOf(hour);
  const common = { aggregateId: id, aggregateVersion: 1 };
  const eventOf = (_: unknown, index: number): Event<EventBody> => ({
    ...common,
    id: `${id}/${index}`,
    type: 'DisputeClosed.v1',
    occurredAt: recordedAt,
    correlationId: id,
    causationId: id,
    policyVersion: 1,
    data: {},
  });
  return { ...common, commitId: id, recordedAt, by: 'x', events: Array.from({ length: events }, eventOf) };
}

/** Commits by their hour, in pages; what was counted; a bus that refuses some events; and where the check stands. */
function world() {
  const commits: Commit[] = [];
  const counted = new Set<string>();
  const sent: PublishedEvent[] = [];
  const told: (CheckedHour & { readonly givenUp: boolean })[] = [];
  const broken: { readonly hour: Hour; readonly key: string }[] = [];
  const state = {
    now: '2026-11-22T12:10:00Z',
    refuses: (_id: string): boolean => false,
    /** Whether what is published is counted. */
    counting: true,
    point: undefined as CheckPoint | undefined,
    looked: [] as Hour[],
    /** Records that are no commits, by their hour. */
    unreadable: {} as Readonly<Record<Hour, readonly UnreadableCommit[]>>,
    calls: 0,
  };
  const idOf = ({ detail }: PublishedEvent) => (detail as Event<EventBody>).id;
  const ports = {
    source: SOURCE,
    clock: { now: () => state.now },
    log: {
      async *recordedIn(hour: Hour) {
        state.looked.push(hour);
        const own = commits.filter(({ recordedAt }) => hourOf(recordedAt) === hour);
        yield { commits: [], unreadable: state.unreadable[hour] ?? [] };
        for (let at = 0; at < own.length; at += 2) yield { commits: own.slice(at, at + 2), unreadable: [] };
      },
    },
    counters: { counted: async () => counted },
    bus: {
      async publish(events: readonly PublishedEvent[]) {
        state.calls += 1;
        if (events.some((event) => state.refuses(idOf(event)))) throw new Error('refused');
        sent.push(...events);
        if (state.counting) for (const event of events) counted.add(idOf(event));
      },
    },
    checkPoints: {
      load: async () => state.point,
      async save(point: CheckPoint) {
        expect(point.version).toBe((state.point?.version ?? 0) + 1);
        state.point = point;
      },
    },
    missing: (found: CheckedHour) => void told.push({ ...found, givenUp: false }),
    givenUp: (found: CheckedHour) => void told.push({ ...found, givenUp: true }),
    unreadable: (hour: Hour, { key }: UnreadableCommit) => void broken.push({ hour, key }),
  };
  return { commits, counted, sent, told, broken, state, ports, sentIds: () => sent.map(idOf) };
}

let it: ReturnType<typeof world>;
beforeEach(() => {
  it = world();
});

describe('checking one hour', () => {
  const HOUR = '2026-11-22T09';

  test('publishes exactly the events that no mark names, as the publisher does', async () => {
    it.commits.push(commit(HOUR, 'a', 2), commit(HOUR, 'b', 1), commit(HOUR, 'c', 1), commit('2026-11-22T10', 'd', 1));
    it.counted.add('a/0').add('b/0');
    expect(await checkHour(HOUR, it.ports, true)).toEqual({
      hour: HOUR,
      commits: 3,
      missing: 2,
      published: 2,
      refused: [],
      unreadable: [],
    });
    expect(it.sentIds()).toEqual(['a/1', 'c/0']);
    expect(it.sent[0]).toEqual({
      source: SOURCE,
      detailType: 'DisputeClosed.v1',
      detail: commit(HOUR, 'a', 2).events[1],
      time: startOf(HOUR),
    });
  });

  test('changes nothing where it is only to look', async () => {
    it.commits.push(commit(HOUR, 'a', 2));
    expect(await checkHour(HOUR, it.ports, false)).toEqual({
      hour: HOUR,
      commits: 1,
      missing: 2,
      published: 0,
      refused: [],
      unreadable: [],
    });
    expect(it.state.calls).toBe(0);
  });

  test('publishes nothing of an hour that is whole, or of commits that say nothing', async () => {
    it.commits.push(commit(HOUR, 'a', 1), commit(HOUR, 'b', 0));
    it.counted.add('a/0');
    expect(await checkHour(HOUR, it.ports, true)).toMatchObject({ commits: 2, missing: 0 });
    expect(it.state.calls).toBe(0);
  });

  test('a commit that the bus refuses keeps no other back', async () => {
    it.commits.push(...['a', 'b', 'c', 'd'].map((id) => commit(HOUR, id, 1)));
    it.state.refuses = (id) => id === 'b/0';
    const checked = await checkHour(HOUR, it.ports, true);
    expect(checked).toMatchObject({ missing: 4, published: 3 });
    expect(checked.refused).toEqual([new Error('refused')]);
    expect(it.sentIds()).toEqual(['a/0', 'c/0', 'd/0']);
  });
});

describe('the hourly check', () => {
  const run = () => checkCommits(it.ports);
  const later = (hours: number) => {
    it.state.now = `${hoursAfter(hourOf(it.state.now), hours)}:15:00Z`;
    it.state.looked.length = 0;
  };

  test('looks back at first as far as tables can be restored from, up to the last hour that is settled', async () => {
    await run();
    expect(it.state.looked).toEqual(hoursBetween('2026-10-18T12', '2026-11-22T12'));
    expect(it.state.point).toEqual({ version: 36, next: '2026-11-22T12', open: [] });
  });

  test('finds at first what was lost before it was there, however long the publisher was down', async () => {
    it.commits.push(commit('2026-10-18T12', 'old', 1), commit('2026-11-20T09', 'a', 1));
    await run();
    expect(it.sentIds()).toEqual(['old/0', 'a/0']);
    expect(it.state.point).toMatchObject({ next: '2026-11-22T12' });
  });

  test('keeps its progress after every hour with commits, and once a day of hours without', async () => {
    const kept: Hour[] = [];
    const { save } = it.ports.checkPoints;
    it.ports.checkPoints.save = async (point) => {
      kept.push(point.next);
      await save(point);
    };
    it.commits.push(commit('2026-11-21T15', 'a', 1));
    it.counted.add('a/0');
    await checkCommits(it.ports, { ...COMMIT_CHECK, firstHours: 48 });
    expect(kept).toEqual(['2026-11-21T00', '2026-11-21T16', '2026-11-22T00', '2026-11-22T12']);
  });

  test('leaves an hour alone until it is over for ten minutes', async () => {
    it.state.now = '2026-11-22T12:09:59Z';
    await run();
    expect(it.state.looked.at(-1)).toBe('2026-11-22T10');
    it.state.now = '2026-11-22T12:10:00Z';
    it.state.looked.length = 0;
    await run();
    expect(it.state.looked).toEqual(['2026-11-22T11']);
  });

  test('does nothing when there is nothing new', async () => {
    await run();
    later(0);
    await run();
    expect(it.state.looked).toEqual([]);
  });

  test('passes so many hours without commits in a run, and goes on with the next one', async () => {
    const settings = { ...COMMIT_CHECK, looksPerRun: 500 };
    await checkCommits(it.ports, settings);
    expect(it.state.looked).toHaveLength(500);
    later(0);
    await checkCommits(it.ports, settings);
    expect(it.state.looked).toEqual(hoursBetween(hoursAfter('2026-10-18T12', 500), '2026-11-22T12'));
  });

  test('that was down catches up, two days of hours with commits at a time', async () => {
    await run();
    const down = hoursBetween('2026-11-22T12', '2026-11-24T14');
    it.commits.push(...down.map((hour) => commit(hour, hour, 0)));
    later(50);
    await run();
    expect(it.state.looked).toHaveLength(COMMIT_CHECK.hoursPerRun);
    expect(it.state.point?.next).toBe('2026-11-24T12');
    later(0);
    await run();
    expect(it.state.looked).toEqual(['2026-11-24T12', '2026-11-24T13']);
  });

  test('publishes what is missing, tells how much, and is done with the hour once it is counted', async () => {
    it.commits.push(commit('2026-11-22T09', 'a', 3));
    await run();
    expect(it.told).toEqual([
      { hour: '2026-11-22T09', commits: 1, missing: 3, published: 3, refused: [], unreadable: [], givenUp: false },
    ]);
    expect(it.state.point?.open).toEqual([{ hour: '2026-11-22T09', tries: 1, checkedAt: '2026-11-22T12:10:00Z' }]);
    later(1);
    await run();
    expect(it.state.looked).toEqual(['2026-11-22T09', '2026-11-22T12']);
    expect(it.told).toHaveLength(1);
    expect(it.state.point?.open).toEqual([]);
  });

  test('gives counting its time before it looks at an open hour again', async () => {
    it.commits.push(commit('2026-11-22T09', 'a', 1));
    await run();
    it.state.now = '2026-11-22T12:39:59Z';
    it.state.looked.length = 0;
    await run();
    expect(it.state.looked).toEqual([]);
    it.state.now = '2026-11-22T12:40:00Z';
    await run();
    expect(it.state.looked).toEqual(['2026-11-22T09']);
  });

  test('publishes what is never counted five times; then it looks and tells, and leaves it to people', async () => {
    it.commits.push(commit('2026-11-22T09', 'a', 1));
    it.state.counting = false;
    for (let turn = 0; turn < 8; turn += 1) {
      await run();
      later(1);
    }
    expect(it.sentIds()).toEqual(Array.from({ length: COMMIT_CHECK.mostTries }, () => 'a/0'));
    expect(it.told.map(({ givenUp }) => givenUp)).toEqual([false, false, false, false, false, true, true, true]);
    expect(it.state.point?.open).toMatchObject([{ hour: '2026-11-22T09', tries: 5 }]);
    it.counted.add('a/0');
    await run();
    expect(it.state.point?.open).toEqual([]);
  });

  test('a bus that is down gives up no hour, keeps no other one back, and fails the run in the end', async () => {
    it.commits.push(commit('2026-11-22T09', 'a', 1), commit('2026-11-22T10', 'b', 1));
    it.state.refuses = (id) => id === 'a/0';
    for (let turn = 0; turn < 7; turn += 1) {
      await expect(run()).rejects.toThrow('the bus refused 1 commits');
      later(1);
    }
    expect(it.sentIds()).toEqual(['b/0']);
    expect(it.state.point).toMatchObject({ next: '2026-11-22T18', open: [{ hour: '2026-11-22T09', tries: 0 }] });
    it.state.refuses = () => false;
    await run();
    expect(it.sentIds()).toEqual(['b/0', 'a/0']);
  });

  test('a commit that cannot be read is told with every run until it is mended, and keeps no other event back', async () => {
    it.state.unreadable = { '2026-11-22T09': [{ key: 'DISPUTE#x COMMIT#1', why: 'no commit' }] };
    it.commits.push(commit('2026-11-22T09', 'a', 1), commit('2026-11-22T10', 'b', 1));
    for (let turn = 0; turn < 7; turn += 1) {
      await run();
      later(1);
    }
    expect(it.sentIds()).toEqual(['a/0', 'b/0']);
    expect(it.broken).toEqual(Array.from({ length: 7 }, () => ({ hour: '2026-11-22T09', key: 'DISPUTE#x COMMIT#1' })));
    expect(it.state.point).toMatchObject({ next: '2026-11-22T18', open: [{ hour: '2026-11-22T09', tries: 1 }] });

    it.state.unreadable = {};
    it.commits.push(commit('2026-11-22T09', 'mended', 1));
    await run();
    expect(it.sentIds()).toEqual(['a/0', 'b/0', 'mended/0']);
    later(1);
    await run();
    expect(it.state.point?.open).toEqual([]);
  });

  test('gives way to another one that was faster, and ends well: that one does the rest', async () => {
    it.commits.push(commit('2026-11-22T09', 'a', 1));
    const { save } = it.ports.checkPoints;
    let saves = 0;
    it.ports.checkPoints.save = async (point) => {
      saves += 1;
      if (saves === 3) throw new WriteRefused([0]);
      await save(point);
    };
    await run();
    expect(it.state.looked.at(-1)).toBe('2026-10-20T23');
    expect(it.state.point?.next).toBe('2026-10-20T00');
    await run();
    expect(it.sentIds()).toEqual(['a/0']);
  });

  test('fails when its progress cannot be kept for another reason', async () => {
    it.ports.checkPoints.save = async () => {
      throw new Error('no table');
    };
    await expect(run()).rejects.toThrow('no table');
  });

  test('takes so many open hours in a run, and the others in the next one', async () => {
    const hours = hoursBetween('2026-11-21T12', '2026-11-21T15');
    it.commits.push(...hours.map((hour, index) => commit(hour, String(index), 1)));
    it.state.counting = false;
    const settings = { ...COMMIT_CHECK, hoursPerRun: 2, looksPerRun: 2, firstHours: 24 };
    await checkCommits(it.ports, settings);
    later(1);
    await checkCommits(it.ports, settings);
    expect(it.state.looked).toEqual(['2026-11-21T12', '2026-11-21T13', '2026-11-21T14', '2026-11-21T15']);
    for (let turn = 0; turn < 2; turn += 1) {
      later(1);
      await checkCommits(it.ports, settings);
    }
    expect(it.state.looked.slice(0, 2)).toEqual(['2026-11-21T14', '2026-11-21T12']);
  });

  test('keeps its progress when a run ends too early', async () => {
    it.commits.push(commit('2026-11-22T02', 'a', 1));
    const { log } = it.ports;
    it.ports.log = {
      recordedIn(hour) {
        if (hour === '2026-11-22T03') throw new Error('time is over');
        return log.recordedIn(hour);
      },
    };
    await expect(run()).rejects.toThrow('time is over');
    expect(it.state.point?.next).toBe('2026-11-22T03');
  });
});
