import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { ClockQueues } from '#functions/clocks/clock-queues.ts';
import { sweepDue } from '#functions/clocks/sweep-due.ts';
import { DUE_ATTRIBUTE_NAMES, dueAttributes, duePartition, dueStore } from '#shared/adapters/due-store.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { type Instant, plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import type { DueKind } from '#shared/domain/ports/due-store.ts';
import type { MessageQueue, QueuedMessage } from '#shared/domain/ports/message-queue.ts';
import type { Tables } from '#shared/domain/ports/tables.ts';

const NOW: Instant = '2026-11-20T02:31:00Z';
const clock = { now: () => NOW };

/** A queue that remembers what it was sent. */
function testQueue(fails = false) {
  const sent: QueuedMessage[] = [];
  const queue: MessageQueue = {
    async send(body, options) {
      sent.push({ body, ...options });
    },
    async sendMany(messages) {
      if (fails) throw new Error('the queue refused 1 message');
      sent.push(...messages);
    },
  };
  return { queue, sent };
}

async function addDue(tables: Tables, pk: string, dueAt: Instant, kind: DueKind = 'filing'): Promise<void> {
  await tables.write([{ table: 'cases', put: { pk, sk: 'STATE', ...dueAttributes('cases', pk, dueAt, kind) } }]);
}

describe('sweeping what falls due (C-11)', () => {
  test.each([
    { title: 'in 3 minutes, is sent to its second', inSeconds: 180, delaySeconds: 181 },
    { title: 'in a minute, is sent to its second', inSeconds: 60, delaySeconds: 61 },
    { title: 'now, is looked at a second later, for an act at the deadline is in time', inSeconds: 0, delaySeconds: 1 },
    { title: 'a second ago, is looked at now', inSeconds: -1, delaySeconds: 0 },
    { title: 'a year ago, is looked at now', inSeconds: -31_536_000, delaySeconds: 0 },
  ])('what is due $title', async ({ inSeconds, delaySeconds }) => {
    const tables = memoryTables();
    const dueAt = plusSeconds(NOW, inSeconds);
    await addDue(tables, 'DISPUTE#a', dueAt);
    const { queue, sent } = testQueue();
    expect(await sweepDue({ due: dueStore(tables, 'cases'), clock, queues: { filing: queue } })).toBe(1);
    expect(sent).toEqual([{ body: { kind: 'filing', pk: 'DISPUTE#a', dueAt }, delaySeconds }]);
  });

  test('what is due later than in 3 minutes waits for a later sweep', async () => {
    const tables = memoryTables();
    await addDue(tables, 'DISPUTE#a', plusSeconds(NOW, 181));
    const { queue, sent } = testQueue();
    expect(await sweepDue({ due: dueStore(tables, 'cases'), clock, queues: { filing: queue } })).toBe(0);
    expect(sent).toEqual([]);
  });

  test('what is not due any more, or due in another table, is not sent', async () => {
    const tables = memoryTables();
    await addDue(tables, 'DISPUTE#a', NOW);
    await tables.write([
      { table: 'cases', update: { pk: 'DISPUTE#a', sk: 'STATE' }, remove: DUE_ATTRIBUTE_NAMES },
      {
        table: 'scorecards',
        put: { pk: 'ALERT#a', sk: 'STATE', ...dueAttributes('scorecards', 'ALERT#a', NOW, 'alert') },
      },
    ]);
    const { queue } = testQueue();
    expect(await sweepDue({ due: dueStore(tables, 'cases'), clock, queues: { filing: queue, alert: queue } })).toBe(0);
  });

  test('each kind goes to the queue of its step', async () => {
    const tables = memoryTables();
    for (const kind of ['filing', 'alert', 'group'] as const) await addDue(tables, `ITEM#${kind}`, NOW, kind);
    const queues = { filing: testQueue(), alert: testQueue(), group: testQueue() };
    const { filing, alert, group } = queues;
    const ports = { filing: filing.queue, alert: alert.queue, group: group.queue };
    expect(await sweepDue({ due: dueStore(tables, 'cases'), clock, queues: ports })).toBe(3);
    for (const [kind, { sent }] of Object.entries(queues)) {
      expect(sent.map(({ body }) => body)).toEqual([{ kind, pk: `ITEM#${kind}`, dueAt: NOW }]);
    }
  });

  test('more than one page is sent whole', async () => {
    const tables = memoryTables();
    const pks = Array.from({ length: 2_500 }, (_, i) => `DISPUTE#${i}`);
    for (const [i, pk] of pks.entries()) await addDue(tables, pk, plusSeconds(NOW, (i % 400) - 220));
    const { queue, sent } = testQueue();
    expect(await sweepDue({ due: dueStore(tables, 'cases'), clock, queues: { filing: queue } })).toBe(2_500);
    expect(new Set(sent.map(({ body }) => JSON.stringify(body))).size).toBe(2_500);
  });

  test('a kind without a queue, or a queue that fails, is an error and holds up no other', async () => {
    const tables = memoryTables();
    for (let i = 0; i < 40; i += 1) await addDue(tables, `DISPUTE#${i}`, NOW, i % 4 === 0 ? 'alert' : 'filing');
    const due = dueStore(tables, 'cases');
    const { queue, sent } = testQueue();
    await expect(sweepDue({ due, clock, queues: { filing: queue } })).rejects.toThrow('parts were not swept');
    expect(sent).toHaveLength(30);
    const failing = testQueue(true);
    await expect(sweepDue({ due, clock, queues: { filing: failing.queue, alert: queue } })).rejects.toThrow(
      AggregateError,
    );
  });
});

describe('the index of deadlines', () => {
  propertyTest.prop([fc.string()])('an item stays in its partition', (pk) => {
    expect(duePartition('cases', pk)).toBe(duePartition('cases', pk));
    expect(dueStore(memoryTables(), 'cases').partitions).toContain(duePartition('cases', pk));
  });

  test('partitions are the same for good: another spread would hide what is due', () => {
    expect(['DISPUTE#1', 'DISPUTE#2', 'ALERT#1'].map((pk) => duePartition('cases', pk))).toEqual([
      'DUE#cases#11',
      'DUE#cases#03',
      'DUE#cases#05',
    ]);
  });

  test('100,000 deadlines are spread evenly over 16 partitions', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 100_000; i += 1) {
      const partition = duePartition('cases', `DISPUTE#${i}`);
      counts.set(partition, (counts.get(partition) ?? 0) + 1);
    }
    expect(counts.size).toBe(16);
    expect(Math.max(...counts.values())).toBeLessThan(7_000);
  });
});

describe("the sweep's queues", () => {
  test('are named by kind', () => {
    expect(ClockQueues.parse('{"filing":"https://sqs.example/1/filing"}')).toEqual({
      filing: 'https://sqs.example/1/filing',
    });
  });

  test.each(['', 'no json', '{"other":"https://sqs.example/1/other"}', '{"filing":""}'])(
    'text that names none is refused: %s',
    (text) => {
      expect(ClockQueues.safeParse(text).success).toBe(false);
    },
  );
});
