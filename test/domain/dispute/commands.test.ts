import { describe, expect, test } from 'vitest';
import { plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import { COMMAND_NAMES, type DisputeCommand } from '#shared/domain/dispute/commands.ts';
import { checkFilingClock, decide, endResponsibility } from '#shared/domain/dispute/decide.ts';
import type { Dispute } from '#shared/domain/dispute/dispute.ts';
import { evolveAll } from '#shared/domain/dispute/evolve.ts';
import { isRefusal } from '#shared/domain/refusal.ts';
import {
  accepted,
  actor,
  carryOut,
  context,
  DECIDER,
  DETERMINATION,
  dispute,
  INVESTIGATION,
  REPORT,
  refused,
} from '#test/support/disputes.ts';
import { POLICY } from '#test/support/sample.ts';

const BROUGHT = { customer: false, demand: false, details: false };
const FILING: DisputeCommand = { command: 'filing', brings: { ...BROUGHT, demand: true } };
const ASSIGNMENT: DisputeCommand = { command: 'assignment', assignee: 'E-603' };
const RESOLUTION: DisputeCommand = { command: 'resolution' };
const CLOSURE: DisputeCommand = { command: 'closure' };
const REOPENING: DisputeCommand = { command: 'reopening' };
const WAIVER: DisputeCommand = { command: 'waiver' };
const WAIVE: [DisputeCommand, object] = [WAIVER, { actor: DECIDER }];
const NOTICE: DisputeCommand = { command: 'notice' };
const RATING: DisputeCommand = { command: 'rating', value: 'dissatisfied' };
const DECIDE: [DisputeCommand, object] = [DETERMINATION, { actor: DECIDER }];
const large = { amount: { minor: 15_000_000, currency: 'CNY' } };

const waiting = dispute({ has: { customer: true, text: true, demand: false } });
const filed = dispute();
const determined = carryOut(filed, INVESTIGATION, REPORT, DECIDE);
const noticed = carryOut(determined, NOTICE);
const final = ended(noticed);
const closed = carryOut(final, RESOLUTION, CLOSURE);

function ended(state: Dispute): Dispute {
  const determinationId = state.determination?.determinationId ?? '';
  return evolveAll(state, endResponsibility(state, { determinationId, because: 'posted' }), '2026-11-26T10:00:01Z');
}

describe('the two tracks (section 5)', () => {
  const states: Record<string, { state: Dispute; fits: string }> = {
    received: { state: waiting, fits: 'filing regrading investigation determination waiver' },
    filed: { state: filed, fits: 'assignment regrading investigation determination waiver resolution' },
    handling: {
      state: carryOut(filed, ASSIGNMENT),
      fits: 'assignment regrading investigation determination waiver resolution',
    },
    resolved: {
      state: carryOut(filed, RESOLUTION),
      fits: 'assignment regrading investigation determination waiver rating reopening',
    },
    'investigating jointly': {
      state: carryOut(filed, INVESTIGATION),
      fits: 'assignment regrading cause-report waiver resolution',
    },
    'investigating alone': {
      state: carryOut(filed, { command: 'investigation', investigator: 'E-602', team: [] }),
      fits: 'assignment regrading investigation cause-report determination waiver resolution',
    },
    reported: {
      state: carryOut(filed, INVESTIGATION, REPORT),
      fits: 'assignment regrading determination waiver resolution',
    },
    'reported by one alone': {
      state: carryOut(filed, { command: 'investigation', investigator: 'E-602', team: [] }, REPORT),
      fits: 'assignment regrading investigation determination waiver resolution',
    },
    determined: { state: determined, fits: 'assignment regrading notice resolution' },
    noticed: { state: noticed, fits: 'assignment regrading resolution' },
    final: { state: final, fits: 'assignment regrading resolution' },
    'final and resolved': {
      state: carryOut(final, RESOLUTION),
      fits: 'assignment regrading rating closure reopening',
    },
    'not needed and resolved': {
      state: carryOut(filed, WAIVE, RESOLUTION),
      fits: 'assignment regrading rating closure reopening',
    },
    closed: { state: closed, fits: 'rating reopening' },
  };
  const commands: Record<string, DisputeCommand> = Object.fromEntries(
    [
      FILING,
      ASSIGNMENT,
      { command: 'regrading' } as const,
      INVESTIGATION,
      REPORT,
      DETERMINATION,
      NOTICE,
      WAIVER,
      RESOLUTION,
      RATING,
      CLOSURE,
      REOPENING,
    ].map((command) => [command.command, command]),
  );

  test.each(
    Object.entries(states).flatMap(([name, { state, fits }]) =>
      COMMAND_NAMES.map((command) => ({
        name,
        state,
        command,
        fits: fits.split(' ').includes(command),
        all: fits.split(' '),
        waits: name === 'investigating jointly' && command === 'determination',
      })),
    ),
  )('$command on a dispute that is $name: fits $fits', ({ state, command, fits, all, waits }) => {
    const person = ['determination', 'notice', 'waiver'].includes(command) ? DECIDER : undefined;
    const decision = decide(state, commands[command] as DisputeCommand, context(person ? { actor: person } : {}));
    if (fits) {
      expect(decision).not.toHaveProperty('refused');
    } else {
      expect(decision).toMatchObject({ refused: 'state', rule: waits ? 'D-1' : 'D' });
      if (isRefusal(decision) && decision.refused === 'state') {
        const why = waits ? '; a joint investigation reports first (D-1: )' : '';
        expect(decision.detail).toBe(
          `${command} does not fit: the dispute is ${state.status}, responsibility ${state.responsibility}${why}`,
        );
        expect([...decision.allowed].sort()).toEqual([...all].sort());
      }
    }
  });

  test('assignment of a filed dispute begins its handling, a later one changes only who', () => {
    const handling = carryOut(filed, ASSIGNMENT);
    expect(handling).toMatchObject({ status: 'handling', assignee: 'E-603', version: 2 });
    expect(carryOut(handling, RESOLUTION, { command: 'assignment', assignee: 'E-602' })).toMatchObject({
      status: 'resolved',
      assignee: 'E-602',
    });
  });

  test.each(['E-999', 'logistics', 'P-07'])('nobody can be assigned who is no employee: %s', (assignee) => {
    expect(refused(filed, { command: 'assignment', assignee })).toMatchObject({
      refused: 'input',
      rule: 'G-6',
      detail: 'the assignee is unknown',
      faults: [{ path: 'assignee', message: `no active employee ${assignee} in the directory` }],
    });
  });

  test('resolution and closure say who it was, and what was paid', () => {
    const compensation = { minor: 5000, currency: 'CNY' };
    expect(accepted(final, { ...RESOLUTION, compensation })).toMatchObject([
      { type: 'DisputeResolved.v1', policyVersion: 1, data: { resolvedBy: 'E-602', compensation } },
    ]);
    expect(accepted(carryOut(final, RESOLUTION), CLOSURE)).toMatchObject([
      { type: 'DisputeClosed.v1', policyVersion: 1, data: { closedBy: 'E-602' } },
    ]);
  });

  test('resolution, closure and reopening keep their instants', () => {
    const at = (now: string) => ({ now });
    const resolved = carryOut(final, [RESOLUTION, at('2026-11-27T01:00:00Z')]);
    expect(resolved).toMatchObject({ status: 'resolved', resolvedAt: '2026-11-27T01:00:00Z' });
    const shut = carryOut(resolved, [CLOSURE, at('2026-11-27T02:00:00Z')]);
    expect(shut).toMatchObject({ status: 'closed', closedAt: '2026-11-27T02:00:00Z' });
    expect(carryOut(shut, REOPENING)).toMatchObject({ status: 'handling', closedAt: undefined });
  });

  test.each([
    { title: 'final with a cause report goes back to reported', state: closed, goesBackTo: 'reported' },
    {
      title: 'not needed with a cause report, likewise',
      state: carryOut(filed, INVESTIGATION, REPORT, WAIVE, RESOLUTION),
      goesBackTo: 'reported',
    },
    {
      title: 'not needed without one goes back to open',
      state: carryOut(filed, WAIVE, RESOLUTION),
      goesBackTo: 'open',
    },
    { title: 'still noticed stays noticed', state: carryOut(noticed, RESOLUTION), goesBackTo: 'noticed' },
    {
      title: 'still investigating stays so',
      state: carryOut(filed, INVESTIGATION, RESOLUTION),
      goesBackTo: 'investigating',
    },
  ])('reopening: $title', ({ state, goesBackTo }) => {
    expect(carryOut(state, REOPENING)).toMatchObject({ status: 'handling', responsibility: goesBackTo });
    expect(accepted(state, REOPENING)[0]?.data).toMatchObject({ responsibility: goesBackTo, reopenedBy: 'E-602' });
  });
});

describe('filing by an officer (I-9, C-4)', () => {
  test('completes what was missing and names who filed, when and by when', () => {
    const events = accepted(waiting, FILING);
    expect(events).toEqual([
      {
        type: 'DisputeFiled.v1',
        policyVersion: 1,
        data: expect.objectContaining({
          automatic: false,
          filedBy: 'E-602',
          dueAt: '2026-11-20T03:31:00Z',
          inTime: true,
        }),
      },
    ]);
    expect(evolveAll(waiting, events, '2026-11-20T03:00:00Z')).toMatchObject({
      status: 'filed',
      awaiting: [],
      filedAt: '2026-11-20T03:00:00Z',
    });
  });

  test.each([
    { awaiting: 'demand', has: { customer: true, text: true, demand: false }, path: 'demand', place: {} },
    { awaiting: 'customer', has: { customer: false, text: true, demand: true }, path: 'customer', place: {} },
    {
      awaiting: 'details',
      has: { customer: true, text: false, demand: true },
      path: 'text',
      place: { type: undefined },
    },
    {
      awaiting: 'type',
      has: { customer: true, text: true, demand: true },
      path: 'type',
      place: { type: undefined, category: undefined },
    },
  ])('is refused while $awaiting is missing, and says so', ({ awaiting, has, path, place }) => {
    const answer = refused(dispute({ has, ...place }), { command: 'filing', brings: BROUGHT });
    expect(answer).toMatchObject({
      refused: 'input',
      rule: 'I-9',
      detail: 'mandatory fields are missing',
      faults: [{ path, message: `mandatory for filing: ${awaiting} (I-9)` }],
    });
  });

  test('a type that is brought counts for details and place, and moves the dispute there', () => {
    const state = dispute({ category: undefined, type: undefined, has: { customer: true, text: false, demand: true } });
    const events = accepted(state, { command: 'filing', brings: BROUGHT, type: 'billing-error' });
    expect(events.map(({ type }) => type)).toEqual(['DisputeCorrected.v1', 'DisputeGraded.v1', 'DisputeFiled.v1']);
    expect(events[0]?.data).toMatchObject({
      from: { category: 'service', type: 'other' },
      dispute: { type: 'billing-error' },
    });
    expect(events[2]?.data).toMatchObject({ dispute: { type: 'billing-error' } });
  });

  test('details and category may be brought as well', () => {
    const state = dispute({ category: undefined, type: undefined, has: { customer: true, text: false, demand: true } });
    const command: DisputeCommand = { command: 'filing', brings: { ...BROUGHT, details: true }, category: 'logistics' };
    expect(carryOut(state, command)).toMatchObject({ status: 'filed', category: 'logistics', type: 'other' });
  });

  test('a department that is brought becomes the preliminary one', () => {
    expect(carryOut(waiting, { ...FILING, department: 'product' })).toMatchObject({
      department: 'product',
      type: 'late-delivery',
    });
  });

  test('a dispute that waits for its department is filed with one, and not without', () => {
    const state: Dispute = { ...waiting, awaiting: ['department'] };
    expect(refused(state, FILING)).toMatchObject({ faults: [{ path: 'department' }] });
    expect(carryOut(state, { ...FILING, department: 'product' })).toMatchObject({ status: 'filed', awaiting: [] });
  });

  test('an unknown department is refused with its path', () => {
    expect(refused(waiting, { ...FILING, department: 'sales' })).toMatchObject({
      rule: 'G-1',
      faults: [{ path: 'department' }],
    });
  });

  test("after the deadline it is a breach at the deadline's second, once", () => {
    const late = accepted(waiting, FILING, { now: '2026-11-20T03:31:01Z' });
    expect(late.map(({ type, occurredAt }) => [type, occurredAt])).toEqual([
      ['ClockBreached.v1', '2026-11-20T03:31:00Z'],
      ['DisputeFiled.v1', undefined],
    ]);
    expect(late[1]?.data).toMatchObject({ inTime: false });
    const breached = evolveAll(waiting, checkFilingClock(waiting, '2026-11-20T03:31:01Z'), '2026-11-20T03:31:01Z');
    expect(accepted(breached, FILING, { now: '2026-11-20T03:40:00Z' }).map(({ type }) => type)).toEqual([
      'DisputeFiled.v1',
    ]);
  });

  test.each([
    { title: "at the deadline's second nothing", state: waiting, now: '2026-11-20T03:31:00Z', breaches: 0 },
    { title: 'a second later a breach', state: waiting, now: '2026-11-20T03:31:01Z', breaches: 1 },
    { title: 'of a filed dispute nothing', state: filed, now: '2026-11-21T00:00:00Z', breaches: 0 },
    {
      title: 'of a breached one nothing more',
      state: { ...waiting, filingBreached: true },
      now: '2026-11-21T00:00:00Z',
      breaches: 0,
    },
  ])('its clock finds $title (C-10)', ({ state, now, breaches }) => {
    const found = checkFilingClock(state, now);
    expect(found).toHaveLength(breaches);
    for (const breach of found) {
      expect(breach).toMatchObject({
        type: 'ClockBreached.v1',
        occurredAt: '2026-11-20T03:31:00Z',
        data: { clock: 'C-4' },
      });
    }
  });
});

/** A dispute rated while its points were pending, which are posted now. */
function finalWith(rating: DisputeCommand): Dispute {
  const rated = carryOut(noticed, RESOLUTION, rating);
  const determinationId = rated.determination?.determinationId ?? '';
  return evolveAll(rated, endResponsibility(rated, { determinationId, because: 'posted' }), '2026-11-26T10:00:01Z');
}

describe('regrading (G-2, G-3)', () => {
  test('a changed fact grades again on the policy of receipt and keeps what it was', () => {
    const events = accepted(filed, { command: 'regrading', facts: { hazard: true } }, { now: '2026-11-20T05:00:00Z' });
    expect(events.map(({ type }) => type)).toEqual(['DisputeCorrected.v1', 'DisputeGraded.v1']);
    expect(events[1]?.data).toMatchObject({
      previousLevel: 3,
      dispute: { level: 1 },
      grade: { level: 1, gradedAt: '2026-11-20T05:00:00Z' },
    });
    const state = evolveAll(filed, events, '2026-11-20T05:00:00Z');
    expect(state.facts).toEqual({
      personalSafety: false,
      hazard: true,
      leaving: false,
      interrupted: false,
      threat: 'none',
    });
    expect(state).toMatchObject({ grade: { level: 1 }, filingDueAt: filed.filingDueAt, openedAt: filed.openedAt });
  });

  test.each([
    { title: 'reach', change: { publicOpinion: { reach: 100_000 } }, level: 1 },
    { title: 'amount', change: { amount: { minor: 10_000_001, currency: 'CNY' } }, level: 2 },
    { title: 'place', change: { category: 'service', type: 'billing-error' }, level: 3 },
    { title: 'department', change: { department: 'product' }, level: 3 },
  ])('$title can be corrected', ({ change, level }) => {
    const state = carryOut(filed, { command: 'regrading', ...change });
    const { publicOpinion, ...rest } = change;
    expect(state).toMatchObject(rest);
    if (publicOpinion) expect(state.publicOpinion).toMatchObject(publicOpinion);
    expect(state.grade.level).toBe(level);
  });

  test('another type keeps the department that somebody named, and brings its own where nobody did (I-9)', () => {
    const named = dispute({ category: undefined, type: undefined, department: 'after-sales' });
    const type: DisputeCommand = { command: 'regrading', type: 'late-delivery' };
    expect(carryOut(named, type)).toMatchObject({ type: 'late-delivery', department: 'after-sales' });
    expect(carryOut(named, { command: 'filing', brings: BROUGHT, type: 'late-delivery' })).toMatchObject({
      status: 'filed',
      department: 'after-sales',
    });
    const alike = dispute({ department: 'logistics' });
    expect(carryOut(alike, { command: 'regrading', category: 'product', type: 'other' })).toMatchObject({
      department: 'logistics',
    });
    expect(carryOut(named, { ...type, department: 'product' })).toMatchObject({ department: 'product' });
    expect(carryOut(dispute({ category: undefined, type: undefined }), type)).toMatchObject({
      department: 'logistics',
    });
  });

  test('a type that is found out is no longer awaited (I-9)', () => {
    const state = dispute({
      category: undefined,
      type: undefined,
      has: { customer: true, text: false, demand: false },
    });
    expect(state.awaiting).toEqual(['details', 'demand', 'type']);
    const typed = carryOut(state, { command: 'regrading', type: 'late-delivery' });
    expect(typed.awaiting).toEqual(['demand']);
    expect(carryOut(typed, FILING)).toMatchObject({ status: 'filed' });
    expect(carryOut(state, { command: 'regrading', facts: { hazard: true } }).awaiting).toEqual(state.awaiting);
  });

  test('what is unknown is refused with its path', () => {
    expect(refused(filed, { command: 'regrading', type: 'rain' })).toMatchObject({
      rule: 'G-1',
      faults: [{ path: 'type' }],
    });
  });

  test('later regrades move no points: the level at determination stays (D-3)', () => {
    const regraded = carryOut(determined, { command: 'regrading', facts: { hazard: true } });
    expect(regraded).toMatchObject({ grade: { level: 1 }, determination: { level: 3 } });
    expect(accepted(regraded, NOTICE, { actor: DECIDER })[0]?.data).toMatchObject({ determinedLevel: 3 });
  });
});

describe('investigation (D-1)', () => {
  test.each([
    {
      title: 'a level-1 dispute',
      state: dispute({ facts: { hazard: true } }),
      team: ['E-702', 'E-201', 'E-801'],
      because: 'level 1',
    },
    { title: 'over 100,000 CNY', state: dispute(large), team: ['E-702', 'E-201'], because: 'amount 150000.00 CNY' },
    {
      title: 'bad publicity',
      state: dispute({ publicOpinion: { media: true } }),
      team: ['E-702', 'E-201', 'E-801'],
      because: 'public opinion',
    },
    {
      title: "a regulator's channel",
      state: dispute({ channel: 'regulator' }),
      team: ['E-702', 'E-201', 'E-801'],
      because: 'public opinion',
    },
    {
      title: "a regulator's inquiry",
      state: dispute({ publicOpinion: { regulator: true } }),
      team: ['E-702', 'E-201', 'E-801'],
      because: 'public opinion',
    },
    {
      title: 'a reach of 100,000',
      state: dispute({ publicOpinion: { reach: 100_000 } }),
      team: ['E-702', 'E-201', 'E-801'],
      because: 'public opinion',
    },
  ])('$title is investigated jointly whatever the command says', ({ state, team, because }) => {
    const [event] = accepted(state, { command: 'investigation', investigator: 'E-601', joint: false, team });
    expect(event?.data).toMatchObject({
      joint: true,
      jointBecause: expect.arrayContaining([because]),
      startedBy: 'E-602',
    });
  });

  test.each([
    { title: 'exactly 100,000.00 CNY', amount: { minor: 10_000_000, currency: 'CNY' } },
    { title: 'a currency without rate', amount: { minor: 1, currency: 'XYZ' } },
  ])('$title asks for no joint investigation, and then there is no C-5', ({ amount }) => {
    const command: DisputeCommand = { command: 'investigation', investigator: 'E-602', team: [] };
    expect(accepted(dispute({ amount }), command)[0]?.data).toMatchObject({
      joint: false,
      jointBecause: [],
      dueAt: undefined,
    });
  });

  test('a joint team reports within 48 hours of its start (C-5)', () => {
    expect(carryOut(filed, INVESTIGATION)).toMatchObject({
      responsibility: 'investigating',
      investigation: {
        investigator: 'E-601',
        joint: true,
        team: ['E-702', 'E-201'],
        startedAt: '2026-11-20T03:00:00Z',
        dueAt: '2026-11-22T03:00:00Z',
      },
    });
  });

  test.each([
    { at: '2026-11-22T03:00:00Z', inTime: true },
    { at: '2026-11-22T03:00:01Z', inTime: false },
  ])('a cause report at $at is in time: $inTime', ({ at, inTime }) => {
    const events = accepted(carryOut(filed, INVESTIGATION), REPORT, { now: at });
    expect(events[0]?.data).toMatchObject({ inTime, branches: ['process', 'people'], reportedBy: 'E-602' });
  });

  test('a cause report of an investigation without C-5 is in time', () => {
    const state = carryOut(filed, { command: 'investigation', investigator: 'E-602', team: [] });
    expect(accepted(state, REPORT, { now: '2027-11-22T03:00:01Z' })[0]?.data).toMatchObject({ inTime: true });
  });

  test('a dispute that turns out to need a joint investigation gets one before it is determined', () => {
    const alone = carryOut(filed, { command: 'investigation', investigator: 'E-602', team: [] });
    const graver = carryOut(alone, { command: 'regrading', facts: { hazard: true } }, REPORT);
    expect(refused(graver, DETERMINATION, { actor: DECIDER })).toMatchObject({ refused: 'state', rule: 'D-1' });
    const team: DisputeCommand = { ...INVESTIGATION, team: ['E-702', 'E-201', 'E-801'] } as DisputeCommand;
    const jointly = carryOut(graver, team);
    expect(jointly).toMatchObject({ responsibility: 'investigating', investigation: { joint: true } });
    expect(refused(jointly, team)).toMatchObject({ refused: 'state' });
    expect(accepted(carryOut(jointly, REPORT), DETERMINATION, { actor: DECIDER })).toHaveLength(1);
  });

  test('causes in two departments, reported by one alone, go to a joint team first', () => {
    const alone = carryOut(filed, { command: 'investigation', investigator: 'E-602', team: [] }, REPORT);
    const both: DisputeCommand = {
      ...DETERMINATION,
      shares: [
        { kind: 'direct', subject: 'E-204', bp: 5000 },
        { kind: 'direct', subject: 'E-302', bp: 5000 },
      ],
    };
    expect(refused(alone, both, { actor: DECIDER })).toMatchObject({ refused: 'state', rule: 'D-1' });
    expect(accepted(carryOut(alone, INVESTIGATION, REPORT), both, { actor: DECIDER })).toHaveLength(1);
  });

  test('a joint team that never reported does not lend its name to an earlier report', () => {
    const alone = carryOut(filed, { command: 'investigation', investigator: 'E-602', team: [] }, REPORT);
    const waived = carryOut(alone, { command: 'regrading', ...large }, INVESTIGATION, WAIVE, RESOLUTION, REOPENING);
    expect(waived).toMatchObject({
      responsibility: 'reported',
      investigation: { joint: true },
      causeReport: { joint: false },
    });
    const decider = { actor: actor('E-701', 'performance') };
    expect(refused(waived, DETERMINATION, decider)).toMatchObject({ refused: 'state', rule: 'D-1' });
    expect(accepted(carryOut(waived, INVESTIGATION, REPORT), DETERMINATION, decider)).toHaveLength(1);
  });

  test('an investigation that runs gives way to a joint one only', () => {
    const alone: DisputeCommand = { command: 'investigation', investigator: 'E-602', team: [] };
    expect(refused(carryOut(filed, alone), { ...alone, investigator: 'E-603' })).toMatchObject({
      refused: 'input',
      faults: [{ path: 'joint', message: 'only a joint investigation takes the place of one that runs (D-1)' }],
    });
  });

  test('the investigator is not counted twice in the team', () => {
    const state = carryOut(filed, { ...INVESTIGATION, team: ['E-702', 'E-601', 'E-201', 'E-702'] } as DisputeCommand);
    expect(state.investigation?.team).toEqual(['E-702', 'E-201']);
  });

  test.each([
    { title: 'disputes', investigator: 'E-702', team: ['E-201'], missing: 'disputes' },
    { title: 'performance', investigator: 'E-601', team: ['E-201'], missing: 'performance' },
    { title: 'the responsible department', investigator: 'E-601', team: ['E-702'], missing: 'logistics' },
  ])('a joint team without $title is refused', ({ investigator, team, missing }) => {
    expect(refused(filed, { command: 'investigation', investigator, joint: true, team })).toMatchObject({
      refused: 'input',
      rule: 'D-1',
      detail: 'this team cannot investigate',
      faults: [{ path: 'team', message: `a joint investigation needs somebody of ${missing} (D-1)` }],
    });
  });

  test('a level-1 team needs legal besides', () => {
    const answer = refused(dispute({ facts: { personalSafety: true } }), INVESTIGATION);
    expect(answer).toMatchObject({ faults: [{ message: expect.stringContaining('legal') }] });
  });

  test('people who are no employees are named with their place', () => {
    const answer = refused(filed, { command: 'investigation', investigator: 'P-07', team: ['E-602', 'E-999'] });
    expect(answer).toMatchObject({
      faults: [
        { path: 'investigator', message: 'no active employee P-07 in the directory' },
        { path: 'team.1', message: 'no active employee E-999 in the directory' },
      ],
    });
  });
});

describe('rating (D-7, S-13)', () => {
  const resolved = carryOut(filed, RESOLUTION);

  test('tells scoring the track, and the department found responsible if one was noticed', () => {
    expect(accepted(resolved, RATING)[0]?.data).toMatchObject({
      value: 'dissatisfied',
      kind: 'officer',
      ratedBy: 'E-602',
      responsibility: 'open',
      noticed: undefined,
      scoringSequence: 1,
      calendar: { id: 'cn', version: 1 },
    });
    expect(accepted(carryOut(noticed, RESOLUTION), RATING)[0]?.data).toMatchObject({
      responsibility: 'noticed',
      noticed: { validity: 'valid', responsibleDepartment: 'logistics' },
      scoringSequence: 2,
    });
  });

  test('once the track has ended with a rating, it stays; a later one is recorded and does not count (D-7)', () => {
    const rated = carryOut(resolved, RATING);
    expect(accepted(rated, { command: 'rating', value: 'satisfied' })[0]?.data).toMatchObject({
      counts: true,
      replaces: { value: 'dissatisfied', type: 'late-delivery', department: 'logistics' },
    });
    const window = carryOut(noticed, RESOLUTION, RATING);
    const later: DisputeCommand = { command: 'rating', value: 'satisfied' };
    const lastSecond = window.notice?.windowEndsAt ?? '';
    expect(accepted(window, later, { now: lastSecond })[0]?.data).toMatchObject({ counts: true });
    expect(accepted(window, later, { now: plusSeconds(lastSecond, 1) })[0]?.data).toMatchObject({ counts: false });
    for (const ended of [carryOut(rated, WAIVE), carryOut(resolved, WAIVE, RATING), finalWith(RATING)]) {
      const [late] = accepted(ended, { command: 'rating', value: 'satisfied' });
      expect(late?.data).toMatchObject({ counts: false });
      expect(late?.data).not.toHaveProperty('replaces');
      const after = carryOut(ended, { command: 'rating', value: 'satisfied' });
      expect(after.rating).toMatchObject({ value: 'dissatisfied', settled: true });
    }
  });

  test('a second rating takes the place of the first', () => {
    const twice = carryOut(resolved, RATING, [
      { command: 'rating', value: 'satisfied' },
      { now: '2026-11-23T01:00:00Z' },
    ]);
    expect(twice).toMatchObject({
      rating: { value: 'satisfied', ratedAt: '2026-11-23T01:00:00Z', ratedBy: 'E-602' },
      scoringSequence: 2,
    });
  });

  test('what scoring hears of is numbered without a gap', () => {
    const steps = carryOut(closed, REOPENING, DECIDE, NOTICE);
    expect(closed.scoringSequence).toBe(1);
    expect(steps.scoringSequence).toBe(3);
    expect(accepted(carryOut(filed, RESOLUTION), WAIVER)[0]?.data).toMatchObject({
      scoringSequence: 1,
      waivedBy: 'E-602',
    });
  });
});

test('a determination follows the policy in force when it is made, its notice that of the determination (P-2)', () => {
  const newer = {
    ...POLICY,
    version: 2,
    clocks: { ...POLICY.clocks, 'C-8': { ...POLICY.clocks['C-8'], 3: { workingDays: 1 } } },
  };
  const decided = carryOut(filed, [DETERMINATION, { actor: DECIDER, currentPolicy: newer }]);
  expect(decided.determination).toMatchObject({ policyVersion: 2 });
  const [notice] = accepted(decided, NOTICE, {
    actor: DECIDER,
    determinationPolicy: newer,
    currentPolicy: { ...newer, version: 3 },
  });
  expect(notice).toMatchObject({ policyVersion: 2, data: { windowEndsAt: '2026-11-23T10:00:00Z' } });
});
