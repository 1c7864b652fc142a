import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { isShown, newStake, type Stake, type StakeEvent, stakeAfter } from '#shared/domain/performance/stake.ts';
import { closed, corrected, DISPUTE, determined, graded, noticed, waived } from '#test/performance/scored-events.ts';
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
    expect(hear(graded(1, level))).toMatchObject({
      phase: 'at-stake',
      grading: { department: 'logistics', level, points },
    });
  });

  it('is nothing before anything was heard', () => {
    expect(newStake(DISPUTE)).toEqual({ disputeId: DISPUTE, version: 0, phase: 'at-stake' });
    expect(isShown(newStake(DISPUTE))).toBe(false);
  });

  it('costs nothing where the policy’s base is 0', () => {
    const free = { ...POLICY, points: { ...POLICY.points, base: { '1': 0, '2': 0, '3': 0 } } };
    expect(stakeAfter(newStake(DISPUTE), graded(1, 3), free).grading?.points).toBe(0);
  });

  it('follows a regrading, and an earlier one that comes late changes nothing', () => {
    const regraded = hear(graded(1, 3), graded(2, 2, 3));
    expect(regraded.grading).toMatchObject({ level: 2, points: -1000 });
    expect(hear(graded(2, 2, 3), graded(1, 3))).toEqual(regraded);
  });

  it('moves with a corrected department', () => {
    expect(hear(graded(1, 2), corrected(3, { department: 'product' })).grading).toMatchObject({
      department: 'product',
    });
  });

  it('remembers the nearest miss of the latest grade, through a correction, and forgets it with the next grade', () => {
    const missed = graded(1, 2, undefined, { nearestMiss: MISS });
    expect(hear(missed, corrected(3, {})).grading?.nearestMiss).toEqual(MISS);
    expect(hear(corrected(3, {}), missed)).toEqual(hear(missed, corrected(3, {})));
    expect(hear(missed, graded(4, 1, 2)).grading).not.toHaveProperty('nearestMiss');
  });

  it('stays on the card after determination, and is gone with the notice', () => {
    const after = hear(graded(1, 2), determined(5));
    expect([after.phase, isShown(after)]).toEqual(['determined', true]);
    expect(isShown(hear(graded(1, 2), determined(5), noticed(6)))).toBe(false);
  });

  it.each([
    ['a waiver', waived(5)],
    ['an unfounded finding', determined(5, { validity: 'unfounded', shares: [] })],
    ['an external cause', determined(5, { validity: 'external', shares: [] })],
    ['closure', closed(5)],
  ] satisfies [string, StakeEvent][])('is gone with %s, and no late event brings it back', (_, end) => {
    expect(hear(graded(1, 2), end)).toMatchObject({ phase: 'ended' });
    expect(isShown(hear(end, graded(1, 2)))).toBe(false);
    expect(isShown(hear(graded(1, 2), end, determined(7), graded(8, 1, 2)))).toBe(false);
  });

  it('is not shown before a grading is heard of', () => {
    expect(isShown(hear(determined(5)))).toBe(false);
    expect(isShown(hear(determined(5), graded(1, 2)))).toBe(true);
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
    determined(5),
    noticed(6),
  ]);

  test.prop([anyEvents])('does not depend on order or repetition', (events) => {
    const ordered = events.toSorted((a, b) => a.aggregateVersion - b.aggregateVersion || a.type.localeCompare(b.type));
    expect(hear(...events, ...events.toReversed())).toEqual(hear(...ordered));
  });
});
