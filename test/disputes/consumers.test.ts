import { beforeEach, describe, expect, test } from 'vitest';
import { checkFiling } from '#functions/disputes/check-filing-clock.ts';
import { finishResponsibility } from '#functions/disputes/finish-responsibility.ts';
import { derivedId } from '#shared/adapters/digest.ts';
import { disputeKeys, disputeStore, disputeWrites } from '#shared/adapters/dispute-store.ts';
import { dueStore } from '#shared/adapters/due-store.ts';
import { memoryTables } from '#shared/adapters/memory-tables.ts';
import { headerOf } from '#shared/domain/dispute/decide.ts';
import type { Dispute } from '#shared/domain/dispute/dispute.ts';
import { commitOf, type Event } from '#shared/domain/event.ts';
import type { EntriesPosted, EntriesVoided } from '#shared/domain/performance/performance-events.ts';
import { carryOut, DECIDER, DETERMINATION, dispute, id } from '#test/support/disputes.ts';
import { movableClock } from '#test/support/movable-clock.ts';

const clock = movableClock('2026-11-26T10:00:01Z');
let memory: ReturnType<typeof memoryTables>;
const ports = () => ({ disputes: disputeStore(memory, clock), clock, id: derivedId });
const cause = { causationId: id('cause'), correlationId: id('flow'), by: 'test' };

/** Stores a state as if its decisions had been written. */
async function stored(state: Dispute): Promise<Dispute> {
  const commit = commitOf(state.disputeId, state.version, [], clock.now(), cause, id);
  await memory.write(disputeWrites(state, 0, commit));
  return state;
}
const load = (state: Dispute) => ports().disputes.load(state.disputeId);
const commits = (state: Dispute) => ports().disputes.timeline(state.disputeId);

beforeEach(() => {
  memory = memoryTables();
  clock.set('2026-11-26T10:00:01Z');
});

describe("performance's word on points ends the responsibility track (section 5)", () => {
  const noticed = carryOut(dispute(), [DETERMINATION, { actor: DECIDER }], [{ command: 'notice' }, { actor: DECIDER }]);
  const word = (type: 'EntriesPosted.v1' | 'EntriesVoided.v1', determinationId?: string) =>
    ({
      id: id('event', type),
      type,
      occurredAt: clock.now(),
      aggregateId: noticed.disputeId,
      aggregateVersion: 2,
      correlationId: id('flow'),
      causationId: id('cause'),
      policyVersion: 1,
      data: {
        dispute: headerOf(noticed),
        groupId: id('group'),
        basis: 'determination',
        determinationId,
        entries: [],
        totals: [],
        reversals: [],
        because: 'replaced',
      },
    }) as Event<EntriesPosted | EntriesVoided>;
  const determinationId = noticed.determination?.determinationId;

  test.each([
    { type: 'EntriesPosted.v1', because: 'posted' },
    { type: 'EntriesVoided.v1', because: 'voided' },
  ] as const)('$type makes it final, once however often it comes', async ({ type, because }) => {
    const state = await stored(noticed);
    await finishResponsibility(word(type, determinationId), ports());
    await finishResponsibility(word(type, determinationId), ports());
    expect(await load(state)).toMatchObject({ responsibility: 'final', version: state.version + 1 });
    expect((await commits(state)).at(-1)).toMatchObject({
      by: 'interlock.performance',
      events: [{ data: { because } }],
    });
    expect(await commits(state)).toHaveLength(2);
  });

  test.each([
    { title: 'of another determination', about: id('other') },
    { title: "of a rating's points", about: undefined },
  ])('word $title changes nothing', async ({ about }) => {
    const state = await stored(noticed);
    await finishResponsibility(word('EntriesPosted.v1', about), ports());
    expect(await load(state)).toEqual(state);
  });

  test('word of an unknown dispute goes back to its queue', async () => {
    await expect(finishResponsibility(word('EntriesPosted.v1', determinationId), ports())).rejects.toThrow(
      /no dispute/,
    );
  });
});

describe('the filing clock (C-4)', () => {
  const waiting = dispute({ has: { customer: true, text: true, demand: false } });
  const due = { kind: 'filing', pk: disputeKeys.partition(waiting.disputeId), dueAt: waiting.filingDueAt } as const;
  const open = async () => {
    const found = [];
    const due = dueStore(memory, 'cases');
    for (const partition of due.partitions) {
      for await (const page of due.dueUntil(partition, '2027-01-01T00:00:00Z')) found.push(...page);
    }
    return found;
  };

  test('stands open while a dispute waits, and is settled by its breach, recorded once at the deadline', async () => {
    await stored(waiting);
    expect(await open()).toEqual([due]);
    await checkFiling(due, ports());
    await checkFiling(due, ports());
    expect(await open()).toEqual([]);
    expect((await commits(waiting)).slice(1)).toMatchObject([
      { by: 'interlock.clocks', events: [{ type: 'ClockBreached.v1', occurredAt: '2026-11-20T03:31:00Z' }] },
    ]);
  });

  test('looked at too early, or for a dispute that is filed or unknown, changes nothing', async () => {
    await stored(waiting);
    clock.set(waiting.filingDueAt);
    await checkFiling(due, ports());
    await checkFiling({ ...due, pk: disputeKeys.partition(id('unknown')) }, ports());
    expect(await load(waiting)).toEqual(waiting);
    const filed = await stored(dispute({ externalId: 'call-2' }));
    expect(await open()).toEqual([due]);
    clock.set('2026-11-27T00:00:00Z');
    await checkFiling({ ...due, pk: disputeKeys.partition(filed.disputeId) }, ports());
    expect(await load(filed)).toEqual(filed);
  });
});
