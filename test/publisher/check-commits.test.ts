import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { countBatch } from '#functions/insights/count-events.ts';
import { recountCounters } from '#infra/cli/commits/recount-counters.ts';
import { hoursOfRange, republishCommits } from '#infra/cli/commits/republish-commits.ts';
import type { OperatedEnvironment } from '#infra/cli/operated-environment.ts';
import { checkStores } from '#shared/adapters/check-stores.ts';
import { commitWrite } from '#shared/adapters/commit-item.ts';
import { counterStore } from '#shared/adapters/counter-store.ts';
import { keyedDigest } from '#shared/adapters/digest.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { readCommits } from '#shared/adapters/read-commits.ts';
import { AnyEvent } from '#shared/contracts/events/events.ts';
import { type Commit, commitOf } from '#shared/domain/event.ts';
import { type CheckedHour, checkCommits } from '#shared/domain/insights/check-commits.ts';
import type { PublishedEvent } from '#shared/domain/ports/event-bus.ts';
import { type Tables, type Write, WriteRefused } from '#shared/domain/ports/tables.ts';
import { header } from '../insights/events.ts';
import { freshTables, localClient } from '../support/dynamodb-local-tables.ts';
import { noEngineBecause, startEngine } from '../support/dynoxide.ts';

const { id } = keyedDigest('a key of this test');
const NAMES = ['cases', 'scorecards', 'improvement'] as const;
const AT = '2026-11-22T09:59:59Z';
const NOW = '2026-11-22T10:15:00Z';

/** The commit of a closed dispute, whose second event is of another type. */
function closed(number: number, recordedAt = AT): Commit {
  const disputeId = id('dispute', String(number));
  const dispute = header({ disputeId, type: number % 2 === 0 ? 'late-delivery' : 'other' });
  const event = { type: 'DisputeClosed.v1', policyVersion: 1, data: { dispute, closedBy: 'E-602' } };
  const again = { type: 'DisputeReopened.v1', policyVersion: 1, data: reopened(dispute) };
  const cause = { causationId: 'c', correlationId: 'f', by: 'E-602' };
  return commitOf(disputeId, 1, [event, again], recordedAt, cause, id);
}
const reopened = (dispute: object) => ({ dispute, scoringSequence: 2, responsibility: 'final', reopenedBy: 'E-602' });

/** A commit that somebody has made unreadable. */
function spoilt(commit: Commit): Write {
  const write = commitWrite('cases', `DISPUTE#${commit.aggregateId}`, commit);
  if (!('put' in write)) throw new Error('a commit is put');
  return { ...write, put: { ...write.put, commit: { ...commit, commitId: 'not-a-uuid' } } };
}

async function stored(tables: Tables, commits: readonly Commit[]): Promise<void> {
  const writes = commits.map((commit) => commitWrite('cases', `DISPUTE#${commit.aggregateId}`, commit));
  for (let at = 0; at < writes.length; at += 100) await tables.write(writes.slice(at, at + 100));
}

async function countAll(tables: Tables, events: readonly unknown[]): Promise<void> {
  await countBatch(
    events.map((event) => ({ message: AnyEvent.parse(event) })),
    counterStore(tables),
  );
}

function checking(tables: Tables, now = NOW) {
  const sent: PublishedEvent[] = [];
  const told: CheckedHour[] = [];
  const broken: string[] = [];
  const bus = { publish: async (events: readonly PublishedEvent[]) => void sent.push(...events) };
  const ports = { ...checkStores(tables, 'cases'), bus, clock: { now: () => now } };
  const tell = (found: CheckedHour) => void told.push(found);
  const check = () =>
    checkCommits({ ...ports, missing: tell, givenUp: tell, unreadable: (_, { key }) => void broken.push(key) });
  return { sent, told, broken, check, ports };
}
const idsOf = (events: readonly { readonly id: string }[]) => events.map((event) => event.id).sort();

function describeCheck(version: string, open: () => Promise<Tables>): void {
  describe(`the check of commits ${version}`, () => {
    test('publishes every event of the hour that is not counted, over all pages and parts, and no other', async () => {
      const tables = await open();
      const commits = Array.from({ length: 450 }, (_, number) => closed(number));
      await stored(tables, [...commits, closed(1000, '2026-11-22T10:00:00Z')]);
      const [whole, half, lost] = [commits.slice(0, 20), commits.slice(20, 40), commits.slice(40)];
      await countAll(
        tables,
        whole.flatMap(({ events }) => events),
      );
      await countAll(
        tables,
        half.flatMap(({ events }) => events.slice(0, 1)),
      );

      const { sent, told, check } = checking(tables);
      await check();
      const missing = [...half.flatMap(({ events }) => events.slice(1)), ...lost.flatMap(({ events }) => events)];
      expect(idsOf(sent.map(({ detail }) => AnyEvent.parse(detail)))).toEqual(idsOf(missing));
      expect(told).toEqual([
        {
          hour: '2026-11-22T09',
          commits: 450,
          missing: missing.length,
          published: missing.length,
          refused: [],
          unreadable: [],
        },
      ]);
      expect(new Set(sent.map(({ source }) => source))).toEqual(new Set(['interlock.disputes']));

      await countAll(
        tables,
        sent.map(({ detail }) => detail),
      );
      const later = checking(tables, '2026-11-22T11:15:00Z');
      await later.check();
      expect(later.told.map(({ hour, missing: left }) => [hour, left])).toEqual([['2026-11-22T10', 2]]);
      expect(await later.ports.checkPoints.load()).toMatchObject({
        next: '2026-11-22T11',
        open: [{ hour: '2026-11-22T10', tries: 1 }],
      });
    });

    test('names a commit that cannot be read, and publishes all others of its hour and of later ones', async () => {
      const tables = await open();
      const [bad, same, next] = [closed(1), closed(2), closed(3, '2026-11-22T10:30:00Z')];
      await stored(tables, [same, next]);
      await tables.write([spoilt(bad)]);
      const { sent, broken, check, ports } = checking(tables, '2026-11-22T11:15:00Z');
      await check();
      expect(broken).toEqual([`DISPUTE#${bad.aggregateId} COMMIT#0000000001`]);
      expect(idsOf(sent.map(({ detail }) => AnyEvent.parse(detail)))).toEqual(idsOf([...same.events, ...next.events]));
      expect(await ports.checkPoints.load()).toMatchObject({ next: '2026-11-22T11' });
    });

    test('two checks at once end well, and all is published', async () => {
      const tables = await open();
      await stored(tables, [closed(1)]);
      const [one, other] = [checking(tables), checking(tables)];
      await Promise.all([one.check(), other.check()]);
      expect([...one.sent, ...other.sent].length).toBeGreaterThanOrEqual(2);
      expect(await one.ports.checkPoints.load()).toMatchObject({ next: '2026-11-22T10' });
    });

    test('of two that run at once, one gives way', async () => {
      const { ports } = checking(await open());
      const first = { version: 1, next: '2026-11-22T09', open: [] };
      await ports.checkPoints.save(first);
      await expect(ports.checkPoints.save(first)).rejects.toThrow(WriteRefused);
      await ports.checkPoints.save({ ...first, version: 2 });
      expect(await ports.checkPoints.load()).toEqual({ ...first, version: 2 });
    });
  });
}

describeCheck('in memory', async () => memoryTables());

describe.skipIf(noEngineBecause)(`on an engine${noEngineBecause ? ` (not here: ${noEngineBecause})` : ''}`, () => {
  const starting = noEngineBecause ? undefined : startEngine();
  const folder = mkdtempSync(join(tmpdir(), 'interlock-'));
  let opened = 0;
  const openNamed = async () => {
    const { endpoint = '' } = (await starting) ?? {};
    const fresh = await freshTables(localClient(endpoint), `check${process.pid}-${++opened}`, NAMES);
    const { cases = '', scorecards = '', improvement = '' } = fresh.names;
    const environment: OperatedEnvironment = {
      name: 'test',
      outputs: { CasesTable: cases, ScorecardsTable: scorecards, ImprovementTable: improvement, BusName: 'bus' },
      client: { region: 'us-east-1', endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } },
      timeZone: 'Asia/Shanghai',
    };
    return { tables: fresh.tables, environment };
  };
  afterAll(async () => {
    await (await starting)?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  describeCheck('with an index of keys alone', async () => (await openNamed()).tables);

  test('operators count commits again: counters that stand as these say are no difference, others are named', async () => {
    const { tables, environment } = await openNamed();
    const commits = Array.from({ length: 6 }, (_, number) => closed(number));
    await stored(tables, commits);
    await countAll(
      tables,
      commits.slice(1).flatMap(({ events }) => events),
    );
    const said: string[] = [];
    const out = (line: string) => void said.push(line);
    expect(await recountCounters(environment, { out })).toBe(false);
    expect(said).toEqual([
      '2026-11 logistics late-delivery closed: 2 stored, 3 recounted',
      '2026-11 logistics late-delivery reopened: 2 stored, 3 recounted',
      expect.stringMatching(/^6 commits with 12 events: 2 counters differ;/),
    ]);
    expect(await recountCounters(environment, { out, month: '2026-10' })).toBe(true);

    await countAll(
      tables,
      commits.flatMap(({ events }) => events),
    );
    said.length = 0;
    const dump = join(folder, 'events.ndjson');
    expect(await recountCounters(environment, { out, dump })).toBe(true);
    expect(said.at(-1)).toBe('6 commits with 12 events: the counters of 1 month stand as the commits say');
    const lines = readFileSync(dump, 'utf8')
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    const wanted = commits.flatMap(({ recordedAt, events }) =>
      events.map((event) => ({ source: 'interlock.disputes', recordedAt, ...event })),
    );
    expect(lines).toHaveLength(12);
    expect(lines).toEqual(expect.arrayContaining(wanted));
  });

  test('a counter that no commit explains is a difference', async () => {
    const { tables, environment } = await openNamed();
    await tables.write([{ table: 'improvement', update: { pk: 'COUNTERS#2026-09#3', sk: 'a#b' }, add: { opened: 1 } }]);
    const said: string[] = [];
    expect(await recountCounters(environment, { out: (line) => void said.push(line) })).toBe(false);
    expect(said[0]).toBe('2026-09 a b opened: 1 stored, 0 recounted');
  });

  test('a commit that cannot be read is named to operators, who see all others', async () => {
    const { tables, environment } = await openNamed();
    const bad = closed(1);
    await tables.write([spoilt(bad)]);
    await stored(tables, [closed(2), closed(3, '2026-11-22T10:00:00Z')]);
    const said: string[] = [];
    const out = (line: string) => void said.push(line);
    const why = `DISPUTE#${bad.aggregateId} COMMIT#0000000001 cannot be read: commit.commitId: Invalid UUID`;
    const hours = hoursOfRange('2026-11-22T09:00Z', '2026-11-22T11:00Z');
    expect(await republishCommits(environment, { hours, dryRun: true, out })).toBe(false);
    expect(said).toEqual([
      `2026-11-22T09 interlock.disputes: commit ${why}`,
      '2026-11-22T09 interlock.disputes: 2 events of 1 commits missing',
      '2026-11-22T10 interlock.disputes: 2 events of 1 commits missing',
      '1 commits cannot be read: mend them (docs/operations/alarms/commits-unreadable.md)',
      '2 hours, 2 commits: 4 events were never counted, none published, as asked',
    ]);
    await countAll(
      tables,
      [closed(2), closed(3)].flatMap(({ events }) => events),
    );
    expect(await republishCommits(environment, { hours, dryRun: true, out })).toBe(false);
    expect(await recountCounters(environment, { out })).toBe(false);
    expect(said).toContain(`interlock.disputes: ${why}`);
    expect(said.at(-1)).toBe('1 commits or events cannot be read, and are not in this');
    const nowhere = join(folder, 'no', 'such', 'events.ndjson');
    await expect(recountCounters(environment, { out, dump: nowhere })).rejects.toThrow(
      new RegExp(`^cannot write ${nowhere}: ENOENT`),
    );
  });

  test('operators see what is missing over a range, without publishing it', async () => {
    const { tables, environment } = await openNamed();
    await stored(tables, [closed(1), closed(2)]);
    await countAll(tables, closed(1).events);
    const said: string[] = [];
    const hours = hoursOfRange('2026-11-22T09:00Z', '2026-11-22T11:00Z');
    const asked = { hours, dryRun: true, out: (line: string) => void said.push(line) };
    expect(await republishCommits(environment, asked)).toBe(false);
    expect(said).toEqual([
      '2026-11-22T09 interlock.disputes: 2 events of 2 commits missing',
      '2 hours, 2 commits: 2 events were never counted, none published, as asked',
    ]);
  });
});

describe('a commit that cannot be read', () => {
  test('says what is wrong with it and not what it holds', () => {
    const [item] = [spoilt(closed(1))].map((write) => ('put' in write ? write.put : undefined));
    const { commits, unreadable } = readCommits(
      [
        { pk: 'A', sk: '1' },
        { pk: 'B', sk: '2' },
      ],
      [item, undefined],
    );
    expect(commits).toEqual([]);
    expect(unreadable).toEqual([
      { key: 'A 1', why: 'commit.commitId: Invalid UUID' },
      { key: 'B 2', why: 'Invalid input: expected object, received undefined' },
    ]);
  });
});

describe('the range that operators name', () => {
  test.each([
    ['2026-11-22T09:00Z', '2026-11-22T12:00Z', ['2026-11-22T09', '2026-11-22T10', '2026-11-22T11']],
    ['2026-11-22T09:00:00Z', '2026-11-22T10:00:00.000Z', ['2026-11-22T09']],
    ['2026-11-22T08:00+08:00', '2026-11-22T09:00+08:00', ['2026-11-22T00']],
  ])('%s to %s', (from, to, hours) => expect(hoursOfRange(from, to)).toEqual(hours));

  test.each([
    [undefined, '2026-11-22T12:00Z', /^name the range: --from 2026-11-22T09:00Z --to 2026-11-22T12:00Z$/],
    ['2026-11-22T09:00Z', undefined, /^name the range/],
    ['yesterday', '2026-11-22T12:00Z', /got yesterday$/],
    ['2026-02-30T09:00Z', '2026-03-02T12:00Z', /^--from: there is no such hour as 2026-02-30T09:00Z$/],
    ['2026-11-22T09:00Z', '2026-11-31T09:00+08:00', /^--to: there is no such hour as 2026-11-31T09:00\+08:00$/],
    ['2026-11-22T24:00Z', '2026-11-24T09:00Z', /^--from: there is no such hour as 2026-11-22T24:00Z$/],
    ['2026-13-01T09:00Z', '2026-11-24T09:00Z', /^--from is the start of an hour, .*; got 2026-13-01T09:00Z$/],
    ['2026-11-22T09:00', '2026-11-22T12:00Z', /got 2026-11-22T09:00$/],
    ['2026-11-22T09:30Z', '2026-11-22T12:00Z', /^--from is the start of an hour, .*; got 2026-11-22T09:30Z$/],
    ['2026-11-22T12:00Z', '2026-11-22T12:00Z', /^--to comes after --from; got 2026-11-22T12:00Z to 2026-11-22T12:00Z$/],
    ['2026-11-22T12:00Z', '2026-11-22T09:00Z', /^--to comes after --from/],
    ['2025-11-22T12:00Z', '2026-11-22T09:00Z', /^one run takes at most 744 hours, a month; got 8757$/],
  ])('%s to %s is refused', (from, to, message) => {
    expect(() => hoursOfRange(from, to)).toThrow(RangeError);
    expect(() => hoursOfRange(from, to)).toThrow(message);
  });
});
