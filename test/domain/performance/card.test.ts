import { describe, expect, it } from 'vitest';
import type { Actor } from '#shared/domain/access/roles.ts';
import { atStakeOf, cardOf, cardPolicy, maySeeCard, showsStakes } from '#shared/domain/performance/card.ts';
import { type Entry, withStatus } from '#shared/domain/performance/entry.ts';
import { explain } from '#shared/domain/performance/explanation.ts';
import { shareInputs } from '#shared/domain/performance/points.ts';
import { newStake, shownStake, stakeAfter } from '#shared/domain/performance/stake.ts';
import type { Subject } from '#shared/domain/policy/directory.ts';
import { actor, DISPUTE, determined, graded, id, SHARES, START } from '#test/performance/scored-events.ts';
import { DIRECTORY, POLICY, ZONE } from '#test/support/sample.ts';

function subject(subjectId: string): Subject {
  const found = DIRECTORY.get(subjectId);
  if (!found) throw new Error(subjectId);
  return found;
}

function entry(name: string, change: Partial<Entry> = {}): Entry {
  return {
    entryId: id(name),
    groupId: 'group-1',
    kind: 'points',
    subject: { kind: 'employee', id: 'E-204' },
    period: '2026-11',
    rule: 'S-5',
    disputeId: DISPUTE,
    basis: 'determination',
    policyVersion: 1,
    calendar: { id: 'cn', version: 1 },
    recordedAt: START,
    ...change,
  };
}
const word = (groupId: string, kind: 'posted' | 'void', recordedAt = START) =>
  entry(`${kind} ${groupId}`, { groupId, kind, rule: 'S-13', recordedAt });

const card = (...entries: readonly Entry[]) => cardOf(subject('E-204'), '2026-11', withStatus(entries), POLICY, START);

describe('a card (section 7)', () => {
  it('without entries stands at its base', () => {
    expect(card()).toEqual({
      subject: { kind: 'employee', id: 'E-204', name: subject('E-204').name },
      period: '2026-11',
      base: 10_000,
      adjustments: 0,
      pendingPoints: 0,
      result: 10_000,
      band: 'excellent',
      status: 'provisional',
      policyVersion: 1,
      asOf: START,
    });
  });

  it('counts what is posted, shows what is pending and leaves out what is void (S-13)', () => {
    const entries = [
      entry('a', { points: -600 }),
      entry('b', { points: -300, groupId: 'group-2' }),
      entry('c', { points: -100, groupId: 'group-3' }),
      entry('d', { kind: 'percent', percentBp: -1000 }),
      word('group-1', 'posted'),
      word('group-3', 'void'),
    ];
    expect(card(...entries)).toMatchObject({ adjustments: -600, pendingPoints: -300, result: 9400 });
  });

  it.each([
    [-1000, 'excellent', 9000],
    [-1001, 'good', 8999],
    [-2000, 'good', 8000],
    [-2001, 'qualified', 7999],
    [-3001, 'below', 6999],
    [-12_000, 'below', 0],
    [5000, 'excellent', 15_000],
  ])('after %i hundredths is %s with %i', (points, band, result) => {
    expect(card(entry('a', { points }), word('group-1', 'posted'))).toMatchObject({ band, result });
  });

  it('finds its band in whatever order the policy lists them', () => {
    for (const bands of [POLICY.points.bands, POLICY.points.bands.toReversed()]) {
      const policy = { ...POLICY, points: { ...POLICY.points, bands } };
      expect(cardOf(subject('E-204'), '2026-11', [], policy, START).band).toBe('excellent');
    }
  });

  it('without a band for its result is a fault of the policy', () => {
    const bandless = { ...POLICY, points: { ...POLICY.points, bands: POLICY.points.bands.slice(0, 1) } };
    expect(() =>
      cardOf(
        subject('E-204'),
        '2026-11',
        withStatus([entry('a', { points: -9000 }), word('group-1', 'posted')]),
        bandless,
        START,
      ),
    ).toThrow('no band');
  });

  it('follows the policy in force on its last day, or today while it runs', () => {
    const policies = [
      { ...POLICY, version: 1, effectiveFrom: '2026-01-01' },
      { ...POLICY, version: 2, effectiveFrom: '2026-11-25' },
    ];
    expect(cardPolicy(policies, '2026-10', '2026-11-30')?.version).toBe(1);
    expect(cardPolicy(policies, '2026-11', '2026-11-20')?.version).toBe(1);
    expect(cardPolicy(policies, '2026-11', '2026-11-25')?.version).toBe(2);
    expect(cardPolicy(policies, '2025-12', '2026-11-25')).toBeUndefined();
    expect(cardPolicy(policies, '2026-01', '2026-01-01')?.version).toBe(1);
  });
});

describe('who sees a card (T-1)', () => {
  it.each([
    { who: 'an employee', by: actor('E-204', 'employee'), sees: 'E-204', allowed: true },
    { who: 'an employee', by: actor('E-204', 'employee'), sees: 'E-203', allowed: false },
    { who: 'an employee', by: actor('E-204', 'employee'), sees: 'logistics', allowed: false },
    { who: 'a head', by: actor('E-201', 'head'), sees: 'E-204', allowed: true },
    { who: 'a head', by: actor('E-201', 'head'), sees: 'logistics', allowed: true },
    { who: 'a head', by: actor('E-201', 'head'), sees: 'E-302', allowed: false },
    { who: 'a head', by: actor('E-201', 'head'), sees: 'P-07', allowed: false },
    {
      who: 'a head without department',
      by: { sub: 'x', roles: ['head'] } satisfies Actor,
      sees: 'P-07',
      allowed: false,
    },
    { who: 'a partner', by: { sub: 'P-07', roles: ['partner'] } satisfies Actor, sees: 'P-07', allowed: true },
    { who: 'a partner', by: { sub: 'P-07', roles: ['partner'] } satisfies Actor, sees: 'P-11', allowed: false },
    { who: 'a partner', by: { sub: 'E-204', roles: ['partner'] } satisfies Actor, sees: 'E-204', allowed: false },
    {
      who: 'an employee with a partner’s id',
      by: { sub: 'x', roles: ['employee'], employee: 'P-07' } satisfies Actor,
      sees: 'P-07',
      allowed: false,
    },
    { who: 'an officer', by: actor('E-602', 'officer'), sees: 'E-602', allowed: false },
    { who: 'performance', by: actor('E-703', 'performance'), sees: 'E-204', allowed: true },
    { who: 'an executive', by: { sub: 'x', roles: ['executive'] } satisfies Actor, sees: 'P-07', allowed: true },
    { who: 'the leading group', by: { sub: 'x', roles: ['leading'] } satisfies Actor, sees: 'P-07', allowed: true },
    { who: 'oversight', by: { sub: 'x', roles: ['oversight'] } satisfies Actor, sees: 'P-07', allowed: true },
    { who: 'hr', by: { sub: 'x', roles: ['hr'] } satisfies Actor, sees: 'P-07', allowed: true },
    { who: 'somebody without a role', by: { sub: 'P-07', roles: [] } satisfies Actor, sees: 'P-07', allowed: false },
    { who: 'an employee without the role', by: actor('E-204'), sees: 'E-204', allowed: false },
  ])('$who and the card of $sees: $allowed', ({ by, sees, allowed }) => {
    expect(maySeeCard(by, subject(sees))).toBe(allowed);
  });

  it.each([
    { who: 'the head', by: actor('E-201', 'head'), on: 'logistics', shown: true },
    { who: 'another head', by: actor('E-301', 'head'), on: 'logistics', shown: false },
    { who: 'performance', by: actor('E-703', 'performance'), on: 'logistics', shown: true },
    { who: 'an executive', by: { sub: 'x', roles: ['executive'] } satisfies Actor, on: 'logistics', shown: true },
    { who: 'hr', by: actor('E-901', 'hr'), on: 'logistics', shown: false },
    { who: 'an employee', by: actor('E-204', 'employee'), on: 'logistics', shown: false },
    { who: 'performance, on a person’s card,', by: actor('E-703', 'performance'), on: 'E-204', shown: false },
  ])('$who sees the stakes of $on: $shown (S-21)', ({ by, on, shown }) => {
    expect(showsStakes(by, subject(on), '2026-11', START, ZONE)).toBe(shown);
    expect(showsStakes(by, subject(on), '2026-10', START, ZONE)).toBe(false);
  });

  it('stakes are summed, and those that await their notice counted', () => {
    const open = stakeAfter(newStake(DISPUTE), graded(1, 2), POLICY);
    const awaiting = stakeAfter(open, determined(5), POLICY);
    const shown = [open, awaiting, open].flatMap((stake) => shownStake(stake) ?? []);
    expect(atStakeOf(shown)).toEqual({ disputes: 3, points: -3000, awaitingNotice: 1 });
  });
});

describe('an explanation (S-19)', () => {
  const share = SHARES[0];
  if (!share) throw new Error('the story has shares');
  const inputs = shareInputs(share, 2, SHARES, POLICY);
  const miss = { rule: 'G-2.1a', level: 1, have: '1', need: '2', text: 'near' } as const;
  const later = '2026-11-21T00:00:00Z';
  const entries = [
    entry('pending', { points: -50, groupId: 'group-2', recordedAt: later }),
    entry('posted', { points: -600, inputs }),
    word('group-1', 'posted', later),
    entry('void', { points: 200, groupId: 'group-3', rule: 'S-1' }),
    word('group-3', 'void', later),
    entry('percent', { kind: 'percent', percentBp: -1000 }),
  ];
  const explained = (level: number) =>
    explain(card(...entries), withStatus(entries), {
      policy: () => POLICY,
      nearestMiss: () => ({ level, miss }),
    });

  it('leads from the base to base and adjustments, oldest first, and leaves the words out', () => {
    const { card: explainedCard, steps } = explained(2);
    expect(steps.at(-1)?.balance).toBe(explainedCard.base + explainedCard.adjustments);
    expect(steps.at(-1)?.entry.entryId).toBe(id('pending'));
    expect(steps.map(({ entry: { kind } }) => kind)).not.toContain('posted');
    expect(steps).toHaveLength(4);
  });

  it('gives every entry its rule in words, its state and when it was settled', () => {
    const step = explained(2).steps.find(({ entry: { entryId } }) => entryId === id('posted'));
    expect(step).toMatchObject({
      text: POLICY.rules['S-5'],
      settledAt: later,
      nearestMiss: miss,
      entry: { status: 'posted' },
    });
    const pending = explained(2).steps.find(({ entry: { entryId } }) => entryId === id('pending'));
    expect(pending).not.toHaveProperty('settledAt');
    expect(pending).not.toHaveProperty('nearestMiss');
  });

  it('shows the nearest miss only of the level that counted', () => {
    expect(explained(1).steps.some(({ nearestMiss }) => nearestMiss)).toBe(false);
  });

  it('by the criteria catalogue, which knows no distance, has no nearest miss', () => {
    const criterion = { causeCode: 'left-unasked', kind: 'direct', effect: { points: -500 } } as const;
    const byCatalogue = { rule: 'S-5', by: 'catalogue', share, criterion } as const;
    const found = withStatus([entry('a', { points: -500, inputs: byCatalogue })]);
    const { steps } = explain(card(), found, { policy: () => POLICY, nearestMiss: () => undefined });
    expect(steps).toHaveLength(1);
    expect(steps[0]).not.toHaveProperty('nearestMiss');
  });

  it('names a rule by its id where the policy has no words for it', () => {
    const silent = { ...POLICY, rules: {} };
    const { steps } = explain(card(...entries), withStatus(entries), {
      policy: () => silent,
      nearestMiss: () => undefined,
    });
    expect(steps[0]?.text.en).toMatch(/^S-/);
  });
});
