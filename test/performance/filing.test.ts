import { describe, expect, test } from 'vitest';
import { learnFilings } from '#functions/alerts/learn-filing.ts';
import { filingStore } from '#shared/adapters/filing-store.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { referenceStore } from '#shared/adapters/reference-store.ts';
import { CommitItem } from '#shared/contracts/items/commit-item.ts';
import type { DisputeFiled } from '#shared/domain/dispute/dispute-events.ts';
import type { Event } from '#shared/domain/event.ts';
import { type Tables, WriteRefused } from '#shared/domain/ports/tables.ts';
import { isRefusal } from '#shared/domain/refusal.ts';
import { id, open } from '#test/support/disputes.ts';
import { movableClock } from '#test/support/movable-clock.ts';
import { loadSample } from '#test/support/reference.ts';

const FILED = '2026-11-20T02:31:00Z';

/** The filing of a complete report. */
function filing(): Event<DisputeFiled> {
  const opened = open();
  const event = isRefusal(opened) ? undefined : opened.commit.events.at(-1);
  if (event?.type !== 'DisputeFiled.v1') throw new Error('a complete report files itself');
  return event as Event<DisputeFiled>;
}

async function learned(times: readonly string[], tables: Tables = memoryTables()) {
  const clock = movableClock(FILED);
  await loadSample(tables);
  const ports = { filings: filingStore(tables), reference: referenceStore(tables, clock), clock, id };
  for (const now of times) {
    clock.set(now);
    await learnFilings([filing()], ports);
  }
  const page = await tables.query({ table: 'scorecards', partition: `FILING#${filing().data.dispute.disputeId}` });
  return page.items.map((item) => CommitItem.parse(item).commit);
}

describe('from filing to both departments (I-11)', () => {
  test.each([
    { title: 'at once', now: FILED, seconds: 0, inTime: true },
    { title: 'after exactly five minutes', now: '2026-11-20T02:36:00Z', seconds: 300, inTime: true },
    { title: 'a second later', now: '2026-11-20T02:36:01Z', seconds: 301, inTime: false },
    { title: 'by a clock that runs behind', now: '2026-11-20T02:30:00Z', seconds: 0, inTime: true },
  ])('learned $title: $seconds s, in time $inTime', async ({ now, seconds, inTime }) => {
    const [commit] = await learned([now]);
    expect(commit).toMatchObject({ by: 'interlock.performance', recordedAt: now });
    expect(commit?.events).toMatchObject([
      { type: 'FilingLearned.v1', policyVersion: 1, data: { filedAt: FILED, seconds, inTime } },
    ]);
  });

  test('told again, it stays as it was learned first', async () => {
    const commits = await learned(['2026-11-20T02:31:02Z', '2026-11-20T02:50:00Z']);
    expect(commits).toMatchObject([{ aggregateVersion: 1, events: [{ data: { seconds: 2 } }] }]);
  });

  test('a transaction in the way sends the message back', async () => {
    const tables = memoryTables();
    const busy: Tables = {
      ...tables,
      write: (writes) =>
        'put' in (writes[0] ?? {}) && JSON.stringify(writes).includes('FILING#')
          ? Promise.reject(new WriteRefused([]))
          : tables.write(writes),
    };
    await expect(learned([FILED], busy)).rejects.toThrow(WriteRefused);
  });
});
