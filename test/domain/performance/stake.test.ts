import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { newStake, type Stake, type StakeEvent, shownStake, stakeAfter } from '#shared/domain/performance/stake.ts';
import {
  closed,
  corrected,
  DISPUTE,
  determined,
  graded,
  header,
  noticed,
  permutations,
  waived,
} from '#test/performance/scored-events.ts';
import { POLICY } from '#test/support/sample.ts';

const hear = (...events: readonly StakeEvent[]): Stake =>
  events.reduce((stake, event) => stakeAfter(stake, event, POLICY), newStake(DISPUTE));

const MISS = { rule: 'G-2.1a', level: 1, have: '150000.00', need: '500000.00', text: 'far away' } as const;

describe('what a dispute puts at stake (S-21)', () => {
  it.each([
    [1, -2000],
    [2, -1000],
    [3, -500],
  ] as const)('at level %i is what S-5 would cost: %i hundredths', (level, points) => {
    expect(shownStake(hear(graded(1, level)))).toEqual({ phase: 'at-stake', department: 'logistics', points });
  });

  it('is nothing before anything was heard', () => {
    expect(newStake(DISPUTE)).toEqual({ disputeId: DISPUTE, version: 0, phase: 'at-stake' });
    expect(shownStake(newStake(DISPUTE))).toBeUndefined();
  });

  it('costs nothing where the policy’s base is 0', () => {
    const free = { ...POLICY, points: { ...POLICY.points, base: { '1': 0, '2': 0, '3': 0 } } };
    expect(shownStake(stakeAfter(newStake(DISPUTE), graded(1, 3), free))?.points).toBe(0);
  });

  it('follows a regrading, and an earlier one that comes late changes nothing', () => {
    const regraded = hear(graded(1, 3), graded(2, 2, 3));
    expect(shownStake(regraded)).toMatchObject({ points: -1000 });
    expect(hear(graded(2, 2, 3), graded(1, 3))).toEqual(regraded);
  });

  it('moves with a corrected department', () => {
    const moved = hear(graded(1, 2), corrected(3, { department: 'product' }));
    expect(shownStake(moved)).toMatchObject({ department: 'product' });
  });

  it('remembers the nearest miss of the latest grade, through a correction, and forgets it with the next grade', () => {
    const missed = graded(1, 2, undefined, { nearestMiss: MISS });
    expect(hear(missed, corrected(3, {})).grade).toEqual({ at: 1, level: 2, nearestMiss: MISS });
    expect(hear(corrected(3, {}), missed)).toEqual(hear(missed, corrected(3, {})));
    expect(hear(missed, graded(4, 1, 2)).grade).toEqual({ at: 4, level: 1 });
  });

  it('stays on the card after determination, and is gone with the notice', () => {
    const after = hear(graded(1, 2), determined(5));
    expect(shownStake(after)).toMatchObject({ phase: 'determined' });
    expect(shownStake(hear(graded(1, 2), determined(5), noticed(6)))).toBeUndefined();
  });

  it.each([
    ['another level', graded(6, 2, 3)],
    ['another department', corrected(6, { department: 'product', level: 3 })],
  ] satisfies [string, StakeEvent][])('does not follow a regrading to %s after determination (D-3)', (_, regrading) => {
    const found = determined(5, { dispute: header({ level: 3 }) });
    const stake = hear(graded(1, 3), found);
    expect(shownStake(stake)).toEqual({ phase: 'determined', department: 'logistics', points: -500 });
    for (const order of permutations<StakeEvent>([graded(1, 3), graded(3, 1, 3), graded(4, 3, 1), found, regrading])) {
      expect(shownStake(hear(...order, ...order))).toEqual(shownStake(stake));
    }
  });

  it('costs what the policy of receipt says, also where determination followed a later one (P-2)', () => {
    const later = { ...POLICY, version: 2, points: { ...POLICY.points, base: { '1': 1, '2': 1, '3': 1 } } };
    const first = stakeAfter(newStake(DISPUTE), determined(5, { policyVersion: 2 }), later);
    expect(shownStake(stakeAfter(first, graded(1, 2), POLICY))).toMatchObject({ points: -1000 });
  });

  it.each([
    ['a waiver', waived(5)],
    ['an unfounded finding', determined(5, { validity: 'unfounded', shares: [] })],
    ['an external cause', determined(5, { validity: 'external', shares: [] })],
    ['closure', closed(5)],
  ] satisfies [string, StakeEvent][])('is gone with %s, and no late event brings it back', (_, end) => {
    expect(hear(graded(1, 2), end)).toMatchObject({ phase: 'ended' });
    expect(shownStake(hear(end, graded(1, 2)))).toBeUndefined();
    expect(shownStake(hear(graded(1, 2), end, determined(7), graded(8, 1, 2)))).toBeUndefined();
  });

  it('is not shown before a grading is heard of', () => {
    expect(shownStake(hear(determined(5)))).toBeUndefined();
    expect(shownStake(hear(determined(5), graded(1, 2)))).toBeDefined();
  });

  it('what says nothing new leaves the very same stake', () => {
    const stake = hear(graded(1, 2), corrected(3, {}));
    expect(stakeAfter(stake, graded(1, 2), POLICY)).toBe(stake);
    expect(stakeAfter(stake, corrected(3, {}), POLICY)).toBe(stake);
    expect(stakeAfter(hear(closed(5)), closed(5), POLICY).phase).toBe('ended');
  });

  const anyEvents = fc.shuffledSubarray<StakeEvent>([
    graded(1, 3, undefined, { nearestMiss: MISS }),
    corrected(2, { department: 'product', level: 2 }),
    graded(2, 2, 3, { header: { department: 'product' } }),
    graded(3, 1, 2),
    corrected(4, { department: 'service', level: 1 }),
    determined(5, { dispute: header({ department: 'service', level: 1 }) }),
    graded(6, 2, 1),
    corrected(7, { department: 'product', level: 2 }),
    noticed(8),
    determined(9),
  ]);

  test.prop([anyEvents])('does not depend on order or repetition', (events) => {
    const ordered = events.toSorted((a, b) => a.aggregateVersion - b.aggregateVersion || a.type.localeCompare(b.type));
    expect(hear(...events, ...events.toReversed())).toEqual(hear(...ordered));
  });
});
