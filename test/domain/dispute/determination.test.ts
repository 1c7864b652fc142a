import { describe, expect, test } from 'vitest';
import type { DisputeCommand } from '#shared/domain/dispute/commands.ts';
import { endResponsibility } from '#shared/domain/dispute/decide.ts';
import { movesPoints, responsibleDepartment } from '#shared/domain/dispute/determination.ts';
import type { Share } from '#shared/domain/dispute/dispute.ts';
import { evolveAll } from '#shared/domain/dispute/evolve.ts';
import {
  accepted,
  actor,
  carryOut,
  DECIDER,
  DETERMINATION,
  dispute,
  INVESTIGATION,
  id,
  open,
  REPORT,
  refused,
} from '#test/support/disputes.ts';
import { DIRECTORY } from '#test/support/sample.ts';

const filed = dispute();
const reported = carryOut(filed, INVESTIGATION, REPORT);
const by = (employee: string, ...roles: Parameters<typeof actor>[1][]) => ({ actor: actor(employee, ...roles) });
const shares = (...given: [Share['kind'], string, number][]): Share[] =>
  given.map(([kind, subject, bp]) => ({ kind, subject, bp }));
const determination = (...given: [Share['kind'], string, number][]): DisputeCommand => ({
  ...DETERMINATION,
  shares: shares(...given),
});

describe('determination (D-3)', () => {
  test('records validity, shares, level, decider and the department that it points to', () => {
    const decided = carryOut(reported, [DETERMINATION, { actor: DECIDER, now: '2026-11-21T01:00:00Z' }]);
    expect(decided).toMatchObject({
      responsibility: 'determined',
      determination: {
        determinationId: id('determination', filed.disputeId, '4'),
        validity: 'valid',
        shares: DETERMINATION.shares,
        level: 3,
        decidedBy: 'E-703',
        decidedAt: '2026-11-21T01:00:00Z',
        department: 'logistics',
        policyVersion: 1,
      },
    });
  });

  test.each([
    {
      title: 'too much',
      given: [
        ['direct', 'E-204', 9000],
        ['direct', 'E-201', 1001],
      ] as const,
      message: 'must add up to 10000 bp, got 10001 (D-3)',
    },
    {
      title: 'too little',
      given: [['direct', 'E-204', 9999]] as const,
      message: 'must add up to 10000 bp, got 9999 (D-3)',
    },
  ])('shares that add up to $title are refused', ({ given, message }) => {
    const command = determination(...given.map(([k, s, b]) => [k, s, b] as [Share['kind'], string, number]));
    expect(refused(reported, command, { actor: DECIDER })).toMatchObject({
      rule: 'D-3',
      detail: 'the shares are not right',
      faults: [{ path: 'shares', message }],
    });
  });

  test('a valid dispute has a share', () => {
    expect(refused(reported, determination(), { actor: DECIDER })).toMatchObject({
      faults: [
        { path: 'shares', message: '1 to 20 shares, got 0 (D-3)' },
        { path: 'shares', message: 'must add up to 10000 bp, got 0 (D-3)' },
      ],
    });
  });

  test('at most 20 shares, and 20 are accepted', () => {
    const people = [...DIRECTORY.values()].filter((subject) => subject.department !== 'performance').slice(0, 20);
    const twenty = people.map(({ id: subject }): [Share['kind'], string, number] => ['direct', subject, 500]);
    expect(accepted(reported, determination(...twenty), { actor: DECIDER })).toHaveLength(1);
    const more = [...twenty.slice(1), ['system', 'logistics', 250], ['management', 'logistics', 250]] as typeof twenty;
    expect(refused(reported, determination(...more), { actor: DECIDER })).toMatchObject({
      faults: [{ message: '1 to 20 shares, got 21 (D-3)' }],
    });
  });

  test('a share holder is an active subject, and holds each kind of share once', () => {
    const unknown = determination(['direct', 'E-999', 5000], ['direct', 'E-204', 5000]);
    expect(refused(reported, unknown, { actor: DECIDER })).toMatchObject({
      faults: [{ path: 'shares.0.subject', message: 'no active subject E-999 in the directory' }],
    });
    const twice = determination(['direct', 'E-204', 5000], ['direct', 'E-204', 5000]);
    expect(refused(reported, twice, { actor: DECIDER })).toMatchObject({
      faults: [{ path: 'shares.1', message: 'E-204 holds a direct share already' }],
    });
    const gone = new Map(DIRECTORY).set('E-204', {
      kind: 'employee',
      id: 'E-204',
      name: '李',
      department: 'logistics',
      activeFrom: '2015-01-01',
      activeTo: '2026-11-19',
    });
    expect(refused(reported, DETERMINATION, { actor: DECIDER, directory: gone })).toMatchObject({
      faults: [{ path: 'shares.0.subject' }],
    });
  });

  test.each(['unfounded', 'external'] as const)('a dispute found %s moves no points and has no shares', (validity) => {
    expect(movesPoints(validity)).toBe(false);
    expect(refused(reported, { ...DETERMINATION, validity }, { actor: DECIDER })).toMatchObject({
      faults: [{ path: 'shares', message: `none when the dispute is ${validity} (D-3)` }],
    });
    const decided = carryOut(reported, [{ command: 'determination', validity, shares: [] }, { actor: DECIDER }]);
    const events = accepted(decided, { command: 'notice' }, { actor: DECIDER });
    expect(events.map(({ type }) => type)).toEqual(['PartiesNoticed.v1', 'ResponsibilityFinal.v1']);
    expect(events[1]?.data).toMatchObject({ because: 'no-points' });
    expect(evolveAll(decided, events, '2026-11-20T03:00:00Z')).toMatchObject({ responsibility: 'final' });
  });

  test.each(['valid', 'partly-valid'] as const)('a dispute found %s moves points', (validity) => {
    expect(movesPoints(validity)).toBe(true);
    expect(accepted(reported, { ...DETERMINATION, validity }, { actor: DECIDER })).toHaveLength(1);
  });

  test('systemic causes need a system share', () => {
    const systemic = carryOut(filed, INVESTIGATION, { command: 'cause-report', branches: ['people', 'system'] });
    expect(refused(systemic, determination(['direct', 'E-204', 10_000]), { actor: DECIDER })).toMatchObject({
      faults: [{ path: 'shares', message: 'the causes are systemic: a system share is needed (D-3)' }],
    });
    expect(accepted(systemic, DETERMINATION, { actor: DECIDER })).toHaveLength(1);
    expect(accepted(reported, determination(['direct', 'E-204', 10_000]), { actor: DECIDER })).toHaveLength(1);
  });

  test('without a joint investigation it is possible before any report', () => {
    expect(accepted(filed, DETERMINATION, { actor: DECIDER })).toHaveLength(1);
  });

  test.each([
    {
      title: 'the amount asks for a joint investigation',
      state: dispute({ amount: { minor: 10_000_001, currency: 'CNY' } }),
      why: /D-1: amount 100000.01 CNY/,
    },
    {
      title: 'a joint team is at work',
      state: carryOut(filed, INVESTIGATION),
      why: /a joint investigation reports first/,
    },
  ])('before the report it is refused where $title (D-1)', ({ state, why }) => {
    const answer = refused(state, DETERMINATION, { actor: DECIDER });
    expect(answer).toMatchObject({ refused: 'state', rule: 'D-1', detail: expect.stringMatching(why) });
    expect(answer.refused === 'state' && answer.allowed).not.toContain('determination');
  });

  test('every reason for a joint investigation is named (D-1)', () => {
    const grave = dispute({ amount: { minor: 60_000_000, currency: 'CNY' } });
    const both = determination(['direct', 'E-302', 5000], ['direct', 'E-204', 5000]);
    expect(refused(grave, both, { actor: DECIDER })).toMatchObject({
      detail: expect.stringContaining('(D-1: level 1, amount 600000.00 CNY, causes in logistics, product)'),
    });
  });

  test('causes in more than one department ask for a joint investigation (D-1)', () => {
    const both = determination(['direct', 'E-204', 5000], ['direct', 'E-302', 5000]);
    expect(refused(filed, both, { actor: DECIDER })).toMatchObject({
      refused: 'state',
      rule: 'D-1',
      detail: expect.stringContaining('causes in logistics, product'),
    });
    expect(
      accepted(filed, determination(['direct', 'E-204', 5000], ['direct', 'P-07', 5000]), { actor: DECIDER }),
    ).toHaveLength(1);
    expect(accepted(reported, both, { actor: DECIDER })).toHaveLength(1);
  });
});

describe('separation (D-4)', () => {
  const refusal = (command: DisputeCommand, person: ReturnType<typeof by>) => refused(reported, command, person);
  const carried = determination(['direct', 'E-702', 4000], ['direct', 'E-204', 6000]);

  test('who was in the investigation, lead or team, cannot decide', () => {
    expect(refusal(DETERMINATION, by('E-702', 'performance'))).toEqual({
      refused: 'person',
      rule: 'D-4',
      detail: 'E-702 was in the investigation of this dispute and cannot decide on it',
    });
    expect(refusal(DETERMINATION, by('E-601', 'performance'))).toMatchObject({ refused: 'person', rule: 'D-4' });
  });

  test('the state is looked at before the person', () => {
    const investigating = carryOut(filed, INVESTIGATION);
    expect(refused(investigating, DETERMINATION, by('E-702', 'performance'))).toMatchObject({ refused: 'state' });
  });

  test("nobody decides on themselves or their own department's", () => {
    expect(refusal(determination(['direct', 'E-204', 10_000]), by('E-204', 'performance'))).toMatchObject({
      detail: 'E-204 cannot decide on themselves',
    });
    expect(refusal(DETERMINATION, by('E-203', 'performance'))).toMatchObject({
      detail: 'E-203 cannot decide on their own department logistics',
    });
    const claimed = { actor: { sub: 'chair', roles: ['leading' as const], department: 'logistics' } };
    expect(refusal(DETERMINATION, claimed)).toMatchObject({
      detail: expect.stringContaining('own department logistics'),
    });
  });

  test('a finding without shares is decided on the department and the employee that it was filed against', () => {
    const unfounded: DisputeCommand = { command: 'determination', validity: 'unfounded', shares: [] };
    const against = (change: object) => carryOut(dispute(change), INVESTIGATION, REPORT);
    const performance = dispute({ department: 'performance', employee: 'E-703' });
    expect(refused(performance, unfounded, by('E-703', 'performance'))).toMatchObject({
      detail: 'E-703 cannot decide on themselves',
    });
    expect(refused(performance, unfounded, by('E-701', 'performance'))).toMatchObject({
      detail: 'E-701 cannot decide on their own department performance',
    });
    expect(refused(against({ employee: 'E-302' }), unfounded, by('E-301', 'performance'))).toMatchObject({
      detail: 'E-301 cannot decide on their own department product',
    });
    expect(accepted(performance, unfounded, { actor: { sub: 'chair', roles: ['leading'] } })).toHaveLength(1);
    expect(accepted(reported, unfounded, { actor: DECIDER })).toHaveLength(1);
  });

  test('a waiver is a decision, too', () => {
    const waiver: DisputeCommand = { command: 'waiver' };
    expect(refused(reported, waiver, by('E-702', 'performance'))).toMatchObject({ refused: 'person', rule: 'D-4' });
    expect(refused(dispute({ department: 'performance' }), waiver, by('E-703', 'performance'))).toMatchObject({
      rule: 'D-4',
    });
    expect(accepted(reported, waiver, { actor: DECIDER })).toHaveLength(1);
    expect(accepted(reported, waiver, { actor: { sub: 'chair', roles: ['leading'] } })).toHaveLength(1);
  });

  test('who reported the causes was of the investigation', () => {
    const byDecider = carryOut(filed, INVESTIGATION, [REPORT, { actor: DECIDER }]);
    expect(refused(byDecider, DETERMINATION, { actor: DECIDER })).toMatchObject({
      detail: 'E-703 was in the investigation of this dispute and cannot decide on it',
    });
  });

  test('who investigated or decided before stays so in a second round', () => {
    const waived = carryOut(filed, INVESTIGATION, [{ command: 'waiver' }, { actor: DECIDER }], {
      command: 'resolution',
    });
    const again = carryOut(waived, { command: 'reopening' });
    expect(again).toMatchObject({
      responsibility: 'open',
      deciders: ['E-703'],
      investigators: ['E-601', 'E-702', 'E-201'],
    });
    const second = { ...INVESTIGATION, team: ['E-703', 'E-201'] } as DisputeCommand;
    expect(refused(again, second)).toEqual({
      refused: 'person',
      rule: 'D-4',
      detail: 'E-703 decided on this dispute before and cannot investigate it',
    });
    const alone = carryOut(again, { ...INVESTIGATION, team: ['E-701', 'E-202'] } as DisputeCommand, REPORT);
    expect(refused(alone, DETERMINATION, by('E-702', 'performance'))).toMatchObject({
      detail: 'E-702 was in the investigation of this dispute and cannot decide on it',
    });
    const decided = carryOut(alone, [DETERMINATION, { actor: DECIDER }]);
    expect(decided.deciders).toEqual(['E-703']);
  });

  test('whoever holds a share of the determination that stands does not decide the next one', () => {
    const chair = { actor: { sub: 'chair', roles: ['leading' as const] } };
    const onE702 = carryOut(filed, [determination(['direct', 'E-702', 10_000]), chair], [{ command: 'notice' }, chair]);
    const determinationId = onE702.determination?.determinationId ?? '';
    const final = evolveAll(
      onE702,
      endResponsibility(onE702, { determinationId, because: 'posted' }),
      '2026-11-26T10:00:01Z',
    );
    const again = carryOut(final, { command: 'resolution' }, { command: 'reopening' });
    const unfounded: DisputeCommand = { command: 'determination', validity: 'unfounded', shares: [] };
    expect(refused(again, unfounded, by('E-702', 'performance'))).toMatchObject({
      detail: 'E-702 cannot decide on themselves',
    });
    expect(refused(again, unfounded, by('E-703', 'performance'))).toMatchObject({
      detail: 'E-703 cannot decide on their own department performance',
    });
    expect(accepted(again, unfounded, chair)).toHaveLength(1);
  });

  test('who decided before does not report the causes of a second round', () => {
    const again = carryOut(
      filed,
      [{ command: 'waiver' }, { actor: DECIDER }],
      { command: 'resolution' },
      { command: 'reopening' },
    );
    const running = carryOut(again, { command: 'investigation', investigator: 'E-602', team: [] });
    expect(refused(running, REPORT, { actor: DECIDER })).toMatchObject({ refused: 'person', rule: 'D-4' });
  });

  test('where everyone of performance investigated, the leading group determines', () => {
    const team = ['E-701', 'E-702', 'E-703', 'E-201'];
    const all = carryOut(filed, { ...INVESTIGATION, team } as DisputeCommand, REPORT);
    expect(accepted(all, DETERMINATION, { actor: { sub: 'chair', roles: ['leading'] } })).toHaveLength(1);
  });

  test('where performance or its people are concerned, the leading group determines', () => {
    expect(refusal(carried, by('E-703', 'performance'))).toMatchObject({
      rule: 'D-4',
      detail: 'E-703 cannot decide on their own department performance',
    });
    expect(refusal(carried, by('E-401', 'performance'))).toMatchObject({
      rule: 'D-4',
      detail: 'the performance department is concerned: the leading group determines',
    });
    expect(accepted(reported, carried, { actor: { sub: 'chair', roles: ['leading'] } })).toHaveLength(1);
  });

  test('elsewhere the performance department determines', () => {
    expect(refused(reported, DETERMINATION, { actor: { sub: 'chair', roles: ['leading'] } })).toMatchObject({
      rule: 'D-4',
      detail: 'the performance department determines (D-3)',
    });
  });

  test("a partner's share is nobody's own department", () => {
    expect(accepted(reported, determination(['direct', 'P-07', 10_000]), { actor: DECIDER })).toHaveLength(1);
  });

  test('who is not known as an employee may decide for the leading group only', () => {
    const nobody = { actor: { sub: 'advisor', roles: ['performance' as const] } };
    expect(refusal(DETERMINATION, nobody)).toMatchObject({
      rule: 'D-4',
      detail: 'advisor is not known as an employee, so that nobody can tell whether they may decide',
    });
    const bySubject = carryOut(reported, [DETERMINATION, { actor: { sub: 'E-703', roles: ['performance'] } }]);
    expect(bySubject.determination).toMatchObject({ decidedBy: 'E-703' });
  });
});

describe('the department found responsible (S-13)', () => {
  test.each([
    {
      title: "its own and its people's shares together",
      given: shares(['direct', 'E-204', 3000], ['system', 'logistics', 2500], ['direct', 'E-302', 4500]),
      department: 'logistics',
    },
    {
      title: 'a tie to the lower id',
      given: shares(['direct', 'E-302', 5000], ['direct', 'E-204', 5000]),
      department: 'logistics',
    },
    {
      title: 'a tie to the lower id, whatever the order',
      given: shares(['direct', 'E-204', 5000], ['direct', 'E-302', 5000]),
      department: 'logistics',
    },
    {
      title: 'the larger sum',
      given: shares(['direct', 'E-302', 5001], ['direct', 'E-204', 4999]),
      department: 'product',
    },
    {
      title: "the largest of departments, however large a partner's share",
      given: shares(['direct', 'P-07', 6000], ['direct', 'E-302', 4000]),
      department: 'product',
    },
    {
      title: 'the preliminary one where only partners hold shares',
      given: shares(['direct', 'P-07', 10_000]),
      department: 'logistics',
    },
  ])('$title', ({ given, department }) => {
    expect(responsibleDepartment(filed, given, DIRECTORY)).toBe(department);
  });
});

describe('notice and the end of the track (C-8, D-5)', () => {
  const determined = carryOut(reported, [DETERMINATION, { actor: DECIDER }]);
  const noticed = carryOut(determined, [{ command: 'notice' }, { actor: DECIDER, now: '2026-11-23T02:00:00Z' }]);

  test('notice opens a window of three working days that ends with the last hour of the third', () => {
    const events = accepted(determined, { command: 'notice' }, { actor: DECIDER, now: '2026-11-23T02:00:00Z' });
    expect(events.map(({ type }) => type)).toEqual(['PartiesNoticed.v1']);
    expect(evolveAll(determined, events, '2026-11-23T02:00:00Z')).toMatchObject({
      responsibility: 'noticed',
      notice: { noticedAt: '2026-11-23T02:00:00Z', windowEndsAt: '2026-11-26T10:00:00Z' },
      lastNoticed: {
        determinationId: determined.determination?.determinationId,
        validity: 'valid',
        responsibleDepartment: 'logistics',
      },
    });
    expect(events[0]?.data).toMatchObject({
      decidedBy: 'E-703',
      noticedBy: 'E-703',
      shares: DETERMINATION.shares,
      calendar: { id: 'cn', version: 1 },
    });
  });

  test.each(['posted', 'voided'] as const)("performance's word that points are %s ends it", (because) => {
    const determinationId = noticed.determination?.determinationId ?? '';
    const events = endResponsibility(noticed, { determinationId, because });
    expect(events).toMatchObject([
      { type: 'ResponsibilityFinal.v1', policyVersion: 1, data: { because, determinationId } },
    ]);
    expect(endResponsibility(evolveAll(noticed, events, '2026-11-26T10:00:01Z'), { determinationId, because })).toEqual(
      [],
    );
  });

  test('word of another determination, or before the notice, changes nothing', () => {
    expect(endResponsibility(noticed, { determinationId: id('other'), because: 'posted' })).toEqual([]);
    expect(
      endResponsibility(determined, {
        determinationId: determined.determination?.determinationId ?? '',
        because: 'posted',
      }),
    ).toEqual([]);
  });

  test('a second determination waits for its own notice; the first one noticed still stands for ratings', () => {
    const determinationId = noticed.determination?.determinationId ?? '';
    const final = evolveAll(
      noticed,
      endResponsibility(noticed, { determinationId, because: 'posted' }),
      '2026-11-26T10:00:01Z',
    );
    const second = carryOut(final, { command: 'resolution' }, { command: 'reopening' }, [
      determination(['direct', 'E-302', 10_000]),
      { actor: DECIDER },
    ]);
    expect(second).toMatchObject({
      responsibility: 'determined',
      notice: undefined,
      determination: { department: 'product' },
      lastNoticed: { responsibleDepartment: 'logistics', determinationId },
    });
    expect(second.determination?.determinationId).not.toBe(determinationId);
  });
});

describe('a dispute is folded from its events', () => {
  const opened = open();
  const events = 'commit' in opened ? opened.commit.events : [];

  test('that do not begin with its opening are refused', () => {
    expect(() => evolveAll(undefined, accepted(filed, { command: 'waiver' }), '2026-11-20T03:00:00Z')).toThrow(
      /begins with DisputeOpened.v1, got ResponsibilityWaived.v1/,
    );
    expect(() => evolveAll(undefined, [], '2026-11-20T03:00:00Z')).toThrow(/got undefined/);
  });

  test('that open it without a grade are refused (G-2)', () => {
    expect(() => evolveAll(undefined, events.slice(0, 1) as never, '2026-11-20T03:00:00Z')).toThrow(
      /graded in the decision that opens it/,
    );
  });

  test('that open it carry its grade, wherever it stands among them', () => {
    const [first, grading, filing] = events;
    const shuffled = [first, filing, grading] as never;
    expect(evolveAll(undefined, shuffled, '2026-11-20T02:31:00Z')).toEqual(filed);
  });

  test('that open it twice are refused', () => {
    expect(() => evolveAll(filed, events.slice(0, 1) as never, '2026-11-20T03:00:00Z')).toThrow(/is open already/);
  });

  test('a notice without a determination is a fault of ours, loudly', () => {
    expect(() => accepted({ ...filed, responsibility: 'determined' }, { command: 'notice' })).toThrow(
      /without a determination/,
    );
  });
});
