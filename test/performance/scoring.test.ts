import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { postGroupOf } from '#functions/scoring/post-group.ts';
import { scoreDispute } from '#functions/scoring/score-dispute.ts';
import { dueStore } from '#shared/adapters/due-store.ts';
import { EntriesPostedV1 } from '#shared/contracts/events/entries-posted.v1.ts';
import { CommitItem } from '#shared/contracts/items/commit-item.ts';
import { ScoringEventV1 } from '#shared/contracts/items/scoring-item.ts';
import { plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import type { ScoringEvent } from '#shared/domain/performance/scoring.ts';
import type { Due } from '#shared/domain/ports/due-store.ts';
import { POLICY } from '#test/support/sample.ts';
import { cardLines, deliver, type Gear, gear, type Mishap, told, toldIds } from './gear.ts';
import { at, DISPUTE, noticed, permutations, rated, reopened, START, unfounded } from './scored-events.ts';

const LATER = '2027-01-01T00:00:00Z';
const due = (disputeId = DISPUTE) => ({ kind: 'group' as const, pk: `SCORING#${disputeId}`, dueAt: LATER });

async function dueIn({ memory }: Gear): Promise<readonly Due[]> {
  const store = dueStore(memory, 'scorecards');
  const found: Due[] = [];
  for (const partition of store.partitions) {
    for await (const page of store.dueUntil(partition, LATER)) found.push(...page);
  }
  return found;
}

async function hear(system: Gear, ...events: readonly ScoringEvent[]): Promise<void> {
  for (const event of events) await scoreDispute(event, system.ports);
}

/** The story: noticed, rated in the window, reopened after it, and found otherwise. */
const FIRST = noticed(1);
const RATED = rated(2, { at: plusSeconds(at(1), 60) });
const REOPENED = reopened(3);
const SECOND = noticed(4, {
  shares: [{ kind: 'direct', subject: 'E-301', bp: 10_000 }],
  responsibleDepartment: 'product',
});
const STORY = [FIRST, RATED, REOPENED, SECOND];

describe('the story of a second determination', () => {
  it('60/30/10 on level 2 are pending, then posted, with the rating’s −5.00, and a second one reverses and re-posts', async () => {
    const system = await gear(START);
    await hear(system, FIRST, RATED);
    expect(cardLines(system)).toEqual([
      'E-201 2026-11 S-5 -300 pending',
      'E-204 2026-11 S-5 -600 pending',
      'logistics 2026-11 S-1 -500 pending',
      'logistics 2026-11 S-5 -100 pending',
    ]);
    expect(await dueIn(system)).toEqual([{ kind: 'group', pk: `SCORING#${DISPUTE}`, dueAt: FIRST.data.windowEndsAt }]);
    system.clock.set(FIRST.data.windowEndsAt);
    await postGroupOf(due(), system.ports);
    expect(cardLines(system).every((line) => line.endsWith('pending'))).toBe(true);
    system.clock.advance(1);
    await postGroupOf(due(), system.ports);
    expect(cardLines(system).every((line) => line.endsWith('posted'))).toBe(true);
    expect(await dueIn(system)).toEqual([]);

    await hear(system, REOPENED, SECOND);
    system.clock.set(LATER);
    const before = told(system).length;
    await postGroupOf(due(), system.ports);
    expect(told(system).slice(before)).toEqual(['EntriesPosted.v1', 'EntriesPosted.v1']);
    expect(cardLines(system)).toEqual([
      'E-201 2026-11 S-5 -300 posted',
      'E-201 2026-11 S-5 300 posted',
      'E-204 2026-11 S-5 -600 posted',
      'E-204 2026-11 S-5 600 posted',
      'E-301 2026-11 S-5 -1000 posted',
      'logistics 2026-11 S-1 -500 posted',
      'logistics 2026-11 S-1 500 posted',
      'logistics 2026-11 S-5 -100 posted',
      'logistics 2026-11 S-5 100 posted',
      'product 2026-11 S-1 -500 posted',
    ]);
  });

  it('tells events that their contract reads', async () => {
    const system = await gear(START);
    await hear(system, FIRST);
    system.clock.set(LATER);
    await postGroupOf(due(), system.ports);
    const commits = system.memory.dump().scorecards.flatMap((item) => {
      const parsed = CommitItem.safeParse(item);
      return parsed.success ? [parsed.data.commit] : [];
    });
    expect(commits.map(({ by }) => by)).toEqual(['interlock.performance', 'interlock.clocks']);
    const posted = EntriesPostedV1.parse(commits[1]?.events[0]);
    expect(posted.data).toMatchObject({ determinationId: FIRST.data.determinationId, basis: 'determination' });
    expect(posted.correlationId).toBe(FIRST.correlationId);
  });

  it('applies the policy version of each event', async () => {
    const dearer = { ...POLICY, version: 2, points: { ...POLICY.points, base: { '1': 4000, '2': 2000, '3': 1000 } } };
    const system = await gear(START, [dearer]);
    await hear(system, noticed(2, { policyVersion: 2 }), unfounded(1, { policyVersion: 1 }));
    expect(cardLines(system)).toContain('E-204 2026-11 S-5 -1200 pending');
  });

  it('an event under a policy that was never published goes back to its queue, and nothing is written', async () => {
    const system = await gear(START);
    const before = system.memory.dump().scorecards;
    await expect(hear(system, noticed(1, { policyVersion: 9 }))).rejects.toThrow('policy 9');
    expect(system.memory.dump().scorecards).toEqual(before);
  });
});

describe('order, repetition and crashes (S-14)', () => {
  it('every order of delivery with duplicates leaves the very items of one clean run', async () => {
    const clean = await gear(LATER);
    await hear(clean, ...STORY);
    for (const order of permutations(STORY)) {
      const shuffled = await gear(LATER);
      await hear(shuffled, ...order, ...order);
      expect(cardLines(shuffled)).toEqual(cardLines(clean));
      expect(told(shuffled)).toEqual(told(clean));
      await postGroupOf(due(), shuffled.ports);
      expect(new Set(toldIds(shuffled)).size).toBe(toldIds(shuffled).length);
    }
  });

  it('an event that waits is written without a commit, and a sweep over it does nothing', async () => {
    const system = await gear(START);
    await hear(system, RATED, RATED);
    expect(told(system)).toEqual([]);
    await postGroupOf(due(), system.ports);
    await postGroupOf(due('nobody'), system.ports);
    expect(await system.ports.ledger.scoring(DISPUTE)).toMatchObject({ version: 1, waiting: [RATED] });
  });

  test.prop(
    [
      fc.array(fc.constantFrom<Mishap | undefined>('crash-before', 'crash-after', 'race', undefined), {
        maxLength: 12,
      }),
      fc.shuffledSubarray(STORY, { minLength: STORY.length }),
    ],
    { numRuns: 60 },
  )('crashes and lost races between load and write change nothing', async (mishaps, order) => {
    const clean = await gear(LATER);
    await hear(clean, ...STORY);
    await postGroupOf(due(), clean.ports);
    const system = await gear(LATER);
    for (const mishap of mishaps) system.mishaps.push(mishap ?? 'race');
    for (const event of order) await deliver(() => scoreDispute(event, system.ports));
    await deliver(() => postGroupOf(due(), system.ports));
    expect(cardLines(system)).toEqual(cardLines(clean));
    expect(told(system)).toEqual(told(clean));
  });

  it('two workers with events of one dispute at once both have their way', async () => {
    const system = await gear(LATER);
    await Promise.all([...STORY, ...STORY].map((event) => scoreDispute(event, system.ports)));
    const clean = await gear(LATER);
    await hear(clean, ...STORY);
    expect(cardLines(system)).toEqual(cardLines(clean));
    expect(told(system)).toEqual(told(clean));
  });

  it('a group with twenty holders on either side is posted and reversed in one transaction', async () => {
    const people = ['E-201', 'E-202', 'E-203', 'E-204', 'E-301', 'E-302', 'E-401', 'E-402', 'E-403', 'E-501'];
    const others = ['E-502', 'E-601', 'E-602', 'E-603', 'E-701', 'E-702', 'E-703', 'E-801', 'E-901', 'P-07'];
    const halves = (first: readonly string[]) =>
      first.flatMap((subject) =>
        (['direct', 'management'] as const).map((kind) => ({ kind, subject, bp: 10_000 / (2 * first.length) })),
      );
    const system = await gear(LATER);
    await hear(system, noticed(1, { shares: halves(people) }), RATED, REOPENED, noticed(4, { shares: halves(others) }));
    await postGroupOf(due(), system.ports);
    expect(cardLines(system).filter((line) => line.includes('S-5'))).toHaveLength(60);
    expect(cardLines(system).every((line) => line.endsWith('posted'))).toBe(true);
  });
});

it('reads its events by their contracts', () => {
  for (const event of STORY) expect(ScoringEventV1.parse(event)).toEqual(event);
});
