import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Instant, plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import { withStatus } from '#shared/domain/performance/entry.ts';
import { recompute } from '#shared/domain/performance/explanation.ts';
import type { Act } from '#shared/domain/performance/posting-group.ts';
import {
  applyInOrder,
  dueAtOf,
  newScoring,
  postDue,
  type Scoring,
  type ScoringContext,
  type ScoringEvent,
} from '#shared/domain/performance/scoring.ts';
import {
  at,
  DISPUTE,
  header,
  id,
  noticed,
  permutations,
  rated,
  reopened,
  unfounded,
  waived,
} from '#test/performance/scored-events.ts';
import { DIRECTORY, POLICY, ZONE } from '#test/support/sample.ts';

const LATER: Instant = '2027-01-01T00:00:00Z';

function context(now: Instant = LATER, policy = POLICY): ScoringContext {
  return { zone: ZONE, directory: DIRECTORY, policy: () => policy, now, id };
}

/** What was done so far: the scoring, and everything written. */
interface Played {
  readonly scoring: Scoring;
  readonly acts: readonly Act[];
}

const NOTHING: Played = { scoring: newScoring(DISPUTE), acts: [] };

function hear({ scoring, acts }: Played, event: ScoringEvent, with_ = context()): Played {
  const after = applyInOrder(scoring, event, with_);
  return { scoring: after.scoring, acts: [...acts, ...after.acts] };
}

function pass({ scoring, acts }: Played, now: Instant): Played {
  const after = postDue(scoring, now, { now, id });
  return { scoring: after.scoring, acts: [...acts, ...after.acts] };
}

const play = (...events: readonly ScoringEvent[]) => events.reduce((played, event) => hear(played, event), NOTHING);

/** Every point entry as one line, sorted; words on groups left out. */
function lines({ acts }: Played): readonly string[] {
  return withStatus(acts.flatMap(({ entries }) => entries))
    .filter(({ kind }) => kind === 'points' || kind === 'percent')
    .map((entry) => {
      const effect = entry.points ?? `${entry.percentBp}bp`;
      return [entry.subject.id, entry.period, entry.rule, effect, entry.status].join(' ');
    })
    .sort();
}

/** What counts per card. */
function sums({ acts }: Played): Record<string, number> {
  const result: Record<string, number> = {};
  for (const { status, points, subject } of withStatus(acts.flatMap(({ entries }) => entries))) {
    if (status === 'posted' && points !== undefined) result[subject.id] = (result[subject.id] ?? 0) + points;
  }
  return Object.fromEntries(Object.entries(result).filter(([, points]) => points !== 0));
}

const told = ({ acts }: Played) => acts.map(({ event }) => event.type);
const windowOver = (sequence: number) => plusSeconds(at(sequence), 40_001);

describe('a determination that is noticed (S-5, S-12, S-13)', () => {
  it('puts every share as pending on its holder, in the month of the notice', () => {
    const played = play(noticed(1));
    expect(lines(played)).toEqual([
      'E-201 2026-11 S-5 -300 pending',
      'E-204 2026-11 S-5 -600 pending',
      'logistics 2026-11 S-5 -100 pending',
    ]);
    expect(told(played)).toEqual(['EntriesPending.v1']);
    expect(dueAtOf(played.scoring)).toBe(plusSeconds(at(1), 40_000));
  });

  it("takes the month in the organisation's zone", () => {
    const played = play(noticed(1, { at: '2026-11-30T16:00:00Z' }));
    expect(lines(played)[0]).toContain('2026-12');
  });

  it('names the shares, the deciders, the window and both versions on every entry', () => {
    const [act] = play(noticed(1)).acts;
    for (const entry of act?.entries ?? []) {
      expect(entry).toMatchObject({
        disputeId: DISPUTE,
        basis: 'determination',
        policyVersion: 1,
        calendar: { id: 'cn', version: 1 },
        decidedBy: 'E-703',
        noticedBy: 'E-703',
        noticedAt: at(1),
        windowEndsAt: plusSeconds(at(1), 40_000),
        recordedAt: LATER,
        share: { subject: entry.subject.id },
      });
    }
    expect(act?.event.data).toMatchObject({
      determinationId: id('determination', '1'),
      windowEndsAt: plusSeconds(at(1), 40_000),
      entries: act?.entries.map(({ entryId }) => entryId),
    });
  });

  it('is not posted in the last second of the window, and is one second later', () => {
    const pending = play(noticed(1));
    const last = pass(pending, plusSeconds(at(1), 40_000));
    expect(last.scoring).toBe(pending.scoring);
    const over = pass(pending, windowOver(1));
    expect(sums(over)).toEqual({ 'E-204': -600, 'E-201': -300, logistics: -100 });
    expect(told(over)).toEqual(['EntriesPending.v1', 'EntriesPosted.v1']);
    expect(dueAtOf(over.scoring)).toBeUndefined();
  });

  it('puts one word on each card of the group in one act, and posts it once', () => {
    const over = pass(pass(play(noticed(1)), windowOver(1)), LATER);
    expect(over.acts).toHaveLength(2);
    const words = over.acts[1]?.entries ?? [];
    expect(words.map(({ kind, subject, rule }) => [kind, subject.id, rule])).toEqual([
      ['posted', 'E-204', 'S-13'],
      ['posted', 'E-201', 'S-13'],
      ['posted', 'logistics', 'S-13'],
    ]);
    expect(new Set(words.map(({ groupId }) => groupId)).size).toBe(1);
    expect(words.map(({ department }) => department)).toEqual(['logistics', 'logistics', 'logistics']);
  });

  it('derives the ids of group, entries and words from the notice, so that a repeat has the same (S-14)', () => {
    const groupId = id('group', noticed(1).id, 'determination');
    const [pending, posted] = pass(play(noticed(1)), windowOver(1)).acts;
    const idsOf = (act: Act | undefined) => act?.entries.map(({ entryId, kind }) => [kind, entryId]);
    expect(pending?.event.data.groupId).toBe(groupId);
    expect(idsOf(pending)).toEqual([
      ['points', id('entry', groupId, 'S-5', 'E-204', 'direct')],
      ['points', id('entry', groupId, 'S-5', 'E-201', 'management')],
      ['points', id('entry', groupId, 'S-5', 'logistics', 'system')],
    ]);
    expect(idsOf(posted)).toEqual(
      ['E-204', 'E-201', 'logistics'].map((holder) => ['posted', id('entry', groupId, 'posted', holder, '2026-11')]),
    );
  });

  it('tells the totals per card, with the department that a holder belongs to', () => {
    const over = pass(play(noticed(1)), windowOver(1));
    expect(over.acts[1]?.event.data).toMatchObject({
      totals: [
        {
          subject: { kind: 'employee', id: 'E-204' },
          department: 'logistics',
          period: '2026-11',
          rule: 'S-5',
          points: -600,
        },
        { subject: { kind: 'employee', id: 'E-201' }, points: -300 },
        { subject: { kind: 'department', id: 'logistics' }, points: -100 },
      ],
      reversals: [],
    });
  });

  it('gives a partner points without a department', () => {
    const played = play(noticed(1, { shares: [{ kind: 'direct', subject: 'P-07', bp: 10_000 }] }));
    expect(played.acts[0]?.entries).toMatchObject([{ subject: { kind: 'partner', id: 'P-07' }, points: -1000 }]);
    expect(played.acts[0]?.entries[0]).not.toHaveProperty('department');
    expect(pass(played, windowOver(1)).acts[1]?.entries[0]).not.toHaveProperty('department');
  });

  it('writes an effect in percent as an entry of that kind, which moves no points yet', () => {
    const criterion = { causeCode: 'overflow', kind: 'management', effect: { percentBp: -1000 } } as const;
    const policy = { ...POLICY, points: { ...POLICY.points, catalogue: [criterion] } };
    const shares = [{ kind: 'management', subject: 'E-201', bp: 10_000, causeCode: 'overflow' }] as const;
    const played = hear(NOTHING, noticed(1, { shares }), context(LATER, policy));
    expect(lines(played)).toEqual(['E-201 2026-11 S-5 -1000bp pending']);
    expect(played.acts[0]?.entries).toMatchObject([{ kind: 'percent', percentBp: -1000 }]);
    expect(sums(pass(played, windowOver(1)))).toEqual({});
  });

  it('throws for a holder whom the directory does not know, and writes nothing', () => {
    const stranger = noticed(1, { shares: [{ kind: 'direct', subject: 'E-999', bp: 10_000 }] });
    expect(() => play(stranger)).toThrow('points for E-999');
  });
});

describe('a second determination (D-3)', () => {
  const second = (sequence: number) =>
    noticed(sequence, { shares: [{ kind: 'direct', subject: 'E-301', bp: 10_000 }], responsibleDepartment: 'product' });

  it('voids a first group that is still pending in the act that makes the new one pending', () => {
    const played = play(noticed(1, { windowEndsAt: at(9) }), second(2));
    expect(told(played)).toEqual(['EntriesPending.v1', 'EntriesVoided.v1', 'EntriesPending.v1']);
    expect(lines(played)).toEqual([
      'E-201 2026-11 S-5 -300 void',
      'E-204 2026-11 S-5 -600 void',
      'E-301 2026-11 S-5 -1000 pending',
      'logistics 2026-11 S-5 -100 void',
    ]);
    expect(played.acts[1]?.event.data).toMatchObject({
      because: 'replaced',
      determinationId: id('determination', '1'),
    });
  });

  it('leaves a posted first group until its own is posted, and reverses it in that same act', () => {
    const before = hear(hear(pass(play(noticed(1)), windowOver(1)), reopened(2)), second(3));
    expect(sums(before)).toEqual({ 'E-204': -600, 'E-201': -300, logistics: -100 });
    const after = pass(before, windowOver(3));
    expect(sums(after)).toEqual({ 'E-301': -1000 });
    expect(after.acts).toHaveLength(before.acts.length + 1);
    expect(after.acts.at(-1)?.event.data).toMatchObject({
      totals: [{ subject: { id: 'E-301' }, points: -1000 }],
      reversals: [{ points: 600 }, { points: 300 }, { points: 100 }],
      reversedGroupId: before.acts[0]?.event.data.groupId,
    });
  });

  it('names the entry that each reversing one takes back, on its card and in its month', () => {
    const [first] = play(noticed(1)).acts;
    const again = hear(hear(pass(play(noticed(1)), windowOver(1)), reopened(2)), second(40));
    expect(again.scoring.waiting).toHaveLength(1);
    const posted = pass(hear(pass(play(noticed(1)), windowOver(1)), second(2)), windowOver(2)).acts.at(-1);
    const reversing = posted?.entries.filter(({ reverses }) => reverses) ?? [];
    expect(reversing.map(({ reverses }) => reverses)).toEqual(first?.entries.map(({ entryId }) => entryId));
    expect(reversing.map(({ entryId }) => entryId)).toEqual(
      first?.entries.map(({ entryId }) => id('entry', posted?.event.data.groupId ?? '', 'reverses', entryId)),
    );
    expect(reversing.map(({ inputs }) => inputs)).toEqual(
      [-600, -300, -100].map((points) => ({ rule: 'reversal', reversed: { points } })),
    );
    expect(reversing.map(({ period, rule }) => `${period} ${rule}`)).toEqual(Array(3).fill('2026-11 S-5'));
  });

  it.each(['unfounded', 'external'] as const)('that is %s takes posted points back at once', (validity) => {
    const played = hear(hear(pass(play(noticed(1)), windowOver(1)), reopened(2)), unfounded(3, { validity }));
    expect(sums(played)).toEqual({});
    expect(played.acts.at(-1)?.event).toMatchObject({
      type: 'EntriesPosted.v1',
      data: { totals: [], basis: 'determination' },
    });
    expect(played.scoring).toMatchObject({ track: { is: 'ended' }, determinationGroups: {} });
  });

  it.each(['unfounded', 'external'] as const)('that is %s voids pending points', (validity) => {
    const played = play(noticed(1, { windowEndsAt: at(9) }), unfounded(2, { validity }));
    expect(sums(pass(played, LATER))).toEqual({});
    expect(played.acts.at(-1)?.event).toMatchObject({ type: 'EntriesVoided.v1', data: { because: validity } });
  });

  it('counts what fell due before it as posted before it, whenever the sweep runs', () => {
    const swept = hear(pass(play(noticed(1)), windowOver(1)), second(2));
    expect(lines(play(noticed(1), second(2)))).toEqual(lines(swept));
    expect(sums(pass(play(noticed(1), second(2)), windowOver(2)))).toEqual({ 'E-301': -1000 });
  });

  it('an unfounded dispute without points before writes nothing', () => {
    expect(play(unfounded(1)).acts).toEqual([]);
  });
});

describe('a rating (S-1, S-2, S-13, D-7)', () => {
  it('waits as pending for the end of the responsibility track and is posted with it', () => {
    const waiting = play(noticed(1), rated(2, { at: plusSeconds(at(1), 60) }));
    expect(lines(waiting)).toContain('logistics 2026-11 S-1 -500 pending');
    const over = pass(waiting, windowOver(1));
    expect(sums(over)).toEqual({ 'E-204': -600, 'E-201': -300, logistics: -600 });
    expect(told(over).slice(-2)).toEqual(['EntriesPosted.v1', 'EntriesPosted.v1']);
    expect(over.acts.at(-1)?.event.data).not.toHaveProperty('determinationId');
  });

  it('after the end of the track is pending and posted in one act', () => {
    const played = hear(pass(play(noticed(1)), windowOver(1)), rated(2, { responsibility: 'final' }));
    expect(told(played).slice(-2)).toEqual(['EntriesPending.v1', 'EntriesPosted.v1']);
    expect(sums(played)).toMatchObject({ logistics: -600 });
  });

  it.each(['satisfied', 'neutral'] as const)('of %s writes nothing', (value) => {
    const played = play(rated(1, { value }), waived(2));
    expect(played.acts).toEqual([]);
    expect(played.scoring.rating).toMatchObject({ value });
  });

  it('names who rated and when, and who decided where a finding was noticed before it', () => {
    const [alone] = play(rated(1)).acts;
    const groupId = id('group', rated(1).id, 'rating');
    expect(alone?.entries).toEqual([
      expect.objectContaining({
        entryId: id('entry', groupId, 'S-1', 'logistics', ''),
        groupId,
        basis: 'rating',
        ratedBy: 'E-602',
        ratedAt: at(1),
      }),
    ]);
    expect(alone?.entries[0]).not.toHaveProperty('decidedBy');
    const inWindow = play(noticed(1, { noticedBy: 'E-701', windowEndsAt: at(9) }), rated(2)).acts.at(-1);
    expect(inWindow?.entries).toMatchObject([{ rule: 'S-1', decidedBy: 'E-703', noticedBy: 'E-701' }]);
  });

  it('of very satisfied adds points', () => {
    expect(sums(play(rated(1, { value: 'very-satisfied' }), waived(2)))).toEqual({ logistics: 200 });
  });

  it('is posted by a waiver, for the preliminary department', () => {
    const played = play(rated(1, { responsibility: 'open' }), waived(2));
    expect(lines(played)).toEqual(['logistics 2026-11 S-1 -500 posted']);
  });

  it('without points or a rating, a waiver writes nothing', () => {
    expect(play(waived(1)).acts).toEqual([]);
  });

  it("meets the employee's attitude as well, where the type is about it", () => {
    const attitude = { dispute: header({ category: 'service', type: 'service-attitude', department: 'service' }) };
    const played = play(rated(1, { ...attitude, employee: 'E-402' }), waived(2));
    expect(lines(played)).toEqual(['E-402 2026-11 S-2 -300 posted', 'service 2026-11 S-1 -500 posted']);
    const [about] = played.acts.flatMap(({ entries }) => entries.filter(({ rule }) => rule === 'S-2'));
    expect(about).toMatchObject({ indicator: 'service-attitude', ratedBy: 'E-602', ratedAt: at(1) });
  });

  it('does not meet the employee where the type is about something else', () => {
    expect(lines(play(rated(1, { employee: 'E-204' })))).toEqual(['logistics 2026-11 S-1 -500 pending']);
  });

  it('goes to the noticed department where there is one at the rating', () => {
    const finding = { determinationId: 'd', validity: 'valid', responsibleDepartment: 'product' } as const;
    expect(lines(play(rated(1, { noticed: finding })))).toEqual(['product 2026-11 S-1 -500 pending']);
  });

  it('is void when the dispute is unfounded', () => {
    const played = play(rated(1), unfounded(2));
    expect(lines(played)).toEqual(['logistics 2026-11 S-1 -500 void']);
    expect(played.acts.at(-1)?.event).toMatchObject({ type: 'EntriesVoided.v1', data: { because: 'unfounded' } });
  });

  it.each(['unfounded', 'external'] as const)('given after a finding of %s is void from the start', (validity) => {
    const played = play(unfounded(1, { validity }), rated(2));
    expect(lines(played)).toEqual(['logistics 2026-11 S-1 -500 void']);
    expect(played.acts.at(-1)?.event.data).toMatchObject({ because: validity });
  });

  it('that was posted is reversed when a later finding is unfounded', () => {
    const played = play(rated(1), waived(2), reopened(3), unfounded(4));
    expect(sums(played)).toEqual({});
    expect(lines(played)).toEqual(['logistics 2026-11 S-1 -500 posted', 'logistics 2026-11 S-1 500 posted']);
  });

  it('stays void when a waiver follows on an unfounded finding', () => {
    const played = play(unfounded(1), reopened(2), rated(3), waived(4));
    expect(lines(played)).toEqual(['logistics 2026-11 S-1 -500 void']);
    expect(played.scoring).toMatchObject({ disputeId: DISPUTE, ratingGroups: {}, finding: { validity: 'unfounded' } });
    expect(play(unfounded(1), reopened(2), rated(3, { value: 'neutral' }), waived(4)).acts).toEqual([]);
  });

  it('comes back to life when a later finding is valid', () => {
    const played = pass(play(rated(1), unfounded(2), reopened(3), noticed(4)), windowOver(4));
    expect(sums(played)).toEqual({ 'E-204': -600, 'E-201': -300, logistics: -600 });
  });
});

describe('one rating counts per dispute (D-7)', () => {
  it('a later one replaces it while it is pending', () => {
    const played = play(rated(1), rated(2, { value: 'very-satisfied' }), waived(3));
    expect(lines(played)).toEqual(['logistics 2026-11 S-1 -500 void', 'logistics 2026-11 S-1 200 posted']);
    expect(played.acts[1]?.event).toMatchObject({ type: 'EntriesVoided.v1', data: { because: 'replaced' } });
  });

  it('a later one that moves nothing voids it', () => {
    expect(lines(play(rated(1), rated(2, { value: 'neutral' }), waived(3)))).toEqual([
      'logistics 2026-11 S-1 -500 void',
    ]);
  });

  it.each([
    { title: 'is posted', played: () => play(rated(1), waived(2)) },
    { title: 'was neutral', played: () => play(rated(1, { value: 'neutral' }), waived(2)) },
    { title: 'is void, for the dispute was unfounded', played: () => play(rated(1), unfounded(2)) },
  ])('a later one that the dispute does not count moves nothing once the first $title', ({ played }) => {
    const over = played();
    expect(hear(over, rated(3, { value: 'very-satisfied', counts: false })).acts).toEqual(over.acts);
  });

  it('the first one stands after a reopening, whatever comes then', () => {
    const late = rated(4, { value: 'very-satisfied', counts: false });
    expect(sums(play(rated(1), waived(2), reopened(3), late, waived(5)))).toEqual({ logistics: -500 });
    const again = pass(play(rated(1), unfounded(2), reopened(3), late, noticed(5)), windowOver(5));
    expect(sums(again)).toMatchObject({ logistics: -600 });
  });

  it('a later one given inside the window replaces it even if the sweep was faster than the event', () => {
    const inTime = plusSeconds(at(1), 40_000);
    const first = hear(play(noticed(1)), rated(2, { at: plusSeconds(at(1), 60) }));
    const better = rated(3, { at: inTime, value: 'very-satisfied' });
    const neutral = rated(3, { at: inTime, value: 'neutral' });
    const afterwards = rated(4, { at: inTime });
    for (const last of [better, neutral]) {
      expect(sums(hear(pass(first, windowOver(1)), last))).toEqual(sums(pass(hear(first, last), windowOver(1))));
      const late = hear(hear(pass(first, windowOver(1)), last), afterwards);
      expect(sums(late)).toEqual(sums(pass(hear(hear(first, last), afterwards), windowOver(1))));
    }
  });

  it('the first one given inside the window may be replaced inside it, even if the sweep was faster than both', () => {
    const first = rated(2, { at: plusSeconds(at(1), 60) });
    const second = rated(3, { at: plusSeconds(at(1), 90), value: 'very-satisfied' });
    const clean = pass(play(noticed(1), first, second), windowOver(1));
    expect(sums(hear(hear(pass(play(noticed(1)), windowOver(1)), first), second))).toEqual(sums(clean));
  });
});

describe('a rating follows the department that is determined (S-13)', () => {
  const product = (sequence: number) =>
    noticed(sequence, { responsibleDepartment: 'product', windowEndsAt: plusSeconds(at(sequence), 40_000) });

  it('a pending one is void there and pending here in one act', () => {
    const played = play(rated(1), product(2));
    expect(lines(played).filter((line) => line.includes('S-1'))).toEqual([
      'logistics 2026-11 S-1 -500 void',
      'product 2026-11 S-1 -500 pending',
    ]);
  });

  it('a pending one that is right already stays as it is', () => {
    expect(told(play(rated(1), noticed(2)))).toEqual(['EntriesPending.v1', 'EntriesPending.v1']);
  });

  it('a posted one stays until the new group is posted, and is reversed with it', () => {
    const before = play(rated(1), waived(2), reopened(3), product(4));
    expect(sums(before)).toEqual({ logistics: -500 });
    const after = pass(before, windowOver(4));
    expect(sums(after)).toMatchObject({ product: -500, logistics: -100 });
  });

  it('a posted one that is right again loses only what was to replace it', () => {
    const wide = { windowEndsAt: at(9) };
    const played = play(
      rated(1),
      waived(2),
      reopened(3),
      noticed(4, { responsibleDepartment: 'product', ...wide }),
      noticed(5),
    );
    expect(lines(played).filter((line) => line.includes('S-1'))).toEqual([
      'logistics 2026-11 S-1 -500 posted',
      'product 2026-11 S-1 -500 void',
    ]);
    expect(sums(pass(played, windowOver(5)))).toMatchObject({ logistics: -600 });
    expect(played.acts.at(-1)?.event).toMatchObject({ type: 'EntriesVoided.v1', data: { because: 'replaced' } });
    expect(sums(hear(pass(played, windowOver(5)), unfounded(6)))).toEqual({});
  });

  it('a posted one that is right stays when nothing was to replace it', () => {
    const played = play(rated(1), waived(2), reopened(3), noticed(4));
    expect(lines(played).filter((line) => line.includes('S-1'))).toEqual(['logistics 2026-11 S-1 -500 posted']);
  });

  it('is reversed and voided at once where the dispute turns out unfounded', () => {
    const played = play(
      rated(1),
      waived(2),
      reopened(3),
      noticed(4, { responsibleDepartment: 'product', windowEndsAt: at(9) }),
      unfounded(5),
    );
    expect(sums(played)).toEqual({});
    expect(told(played).slice(-3)).toEqual(['EntriesVoided.v1', 'EntriesVoided.v1', 'EntriesPosted.v1']);
  });
});

describe('reopening', () => {
  it('moves nothing, and a new rating waits again', () => {
    const played = play(waived(1), reopened(2), rated(3));
    expect(played.scoring.track).toEqual({ is: 'open' });
    expect(lines(played)).toEqual(['logistics 2026-11 S-1 -500 pending']);
    expect(lines(hear(played, waived(4)))).toEqual(['logistics 2026-11 S-1 -500 posted']);
  });

  it.each(['final', 'not-needed', 'noticed'] as const)(
    'that leaves the second track %s leaves the points alone',
    (responsibility) => {
      const played = play(waived(1), reopened(2, { responsibility }), rated(3));
      expect(lines(played)).toEqual(['logistics 2026-11 S-1 -500 posted']);
    },
  );

  it('before the window ends, the rating waits for the new end of the track', () => {
    const played = pass(play(noticed(1, { windowEndsAt: at(4) }), reopened(2), rated(3)), plusSeconds(at(4), 1));
    expect(lines(played)).toContain('logistics 2026-11 S-1 -500 pending');
    expect(sums(played)).toEqual({ 'E-204': -600, 'E-201': -300, logistics: -100 });
  });
});

describe('order and repetition (S-14)', () => {
  const story = [
    noticed(1),
    rated(2, { at: plusSeconds(at(1), 60) }),
    reopened(3),
    noticed(4, { responsibleDepartment: 'product' }),
    waived(5),
  ];

  it('every order of delivery, each event twice, writes the same entries', () => {
    const clean = play(...story);
    for (const order of permutations(story)) {
      const shuffled = [...order, ...order].reduce((played, event) => hear(played, event), NOTHING);
      expect(lines(shuffled)).toEqual(lines(clean));
      expect(shuffled.acts).toEqual(clean.acts);
      expect(shuffled.scoring).toEqual(clean.scoring);
    }
  });

  it('an event that was applied, or waits already, changes nothing', () => {
    const once = play(noticed(1));
    expect(applyInOrder(once.scoring, noticed(1), context()).scoring).toBe(once.scoring);
    const waiting = play(noticed(2));
    expect(waiting.acts).toEqual([]);
    expect(applyInOrder(waiting.scoring, noticed(2), context()).scoring).toBe(waiting.scoring);
  });

  const anyStory = fc
    .array(fc.constantFrom('noticed', 'product', 'unfounded', 'rated', 'praised', 'neutral', 'waived', 'reopened'), {
      maxLength: 7,
    })
    .map((names) => names.map((name, index) => eventNamed(name, index + 1)));

  test.prop([anyStory, fc.infiniteStream(fc.nat())])(
    'any order with any sweeps in between leads to the points of one clean run',
    (events, random) => {
      const pick = (below: number) => (random.next().value ?? 0) % below;
      const clean = pass(play(...events), LATER);
      let shuffled = NOTHING;
      const rest = [...events, ...events];
      while (rest.length > 0) {
        const [event] = rest.splice(pick(rest.length), 1);
        if (event) shuffled = hear(shuffled, event);
        const heard = shuffled.scoring.nextSequence - 1;
        if (pick(2) === 0) shuffled = pass(shuffled, at(heard));
      }
      shuffled = pass(shuffled, LATER);
      expect(lines(shuffled)).toEqual(lines(clean));
    },
  );

  test.prop([anyStory])('every entry is written once, and its inputs reproduce its effect (S-19)', (events) => {
    const entries = pass(play(...events), LATER).acts.flatMap((act) => act.entries);
    expect(new Set(entries.map(({ entryId }) => entryId)).size).toBe(entries.length);
    for (const { inputs, points, percentBp, kind } of entries) {
      if (inputs) expect(recompute(inputs)).toEqual(points === undefined ? { percentBp } : { points });
      else expect(['posted', 'void']).toContain(kind);
    }
  });

  test.prop([anyStory])('what is told adds up to what counts', (events) => {
    const played = pass(play(...events), LATER);
    const toldSum = played.acts
      .flatMap(({ event }) =>
        event.type === 'EntriesPosted.v1' ? [...event.data.totals, ...event.data.reversals] : [],
      )
      .reduce((sum, { points }) => sum + points, 0);
    expect(toldSum).toBe(Object.values(sums(played)).reduce((sum, points) => sum + points, 0));
    const pending = played.acts.reduce((sum, { event }) => {
      const moved = event.data.totals.reduce((total, { points }) => total + points, 0);
      return sum + (event.type === 'EntriesPending.v1' ? moved : -moved);
    }, 0);
    const open = withStatus(played.acts.flatMap(({ entries }) => entries)).filter(({ status }) => status === 'pending');
    expect(pending).toBe(open.reduce((sum, { points = 0 }) => sum + points, 0));
  });
});

function eventNamed(name: string, sequence: number): ScoringEvent {
  switch (name) {
    case 'noticed':
      return noticed(sequence);
    case 'product':
      return noticed(sequence, { responsibleDepartment: 'product', windowEndsAt: at(sequence + 2) });
    case 'unfounded':
      return unfounded(sequence);
    case 'rated':
      return rated(sequence);
    case 'praised':
      return rated(sequence, { value: 'very-satisfied' });
    case 'neutral':
      return rated(sequence, { value: 'neutral' });
    case 'waived':
      return waived(sequence);
    default:
      return reopened(sequence);
  }
}
