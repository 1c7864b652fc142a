import { describe, expect, test } from 'vitest';
import type { DisputeEvent } from '#shared/domain/dispute/dispute-events.ts';
import { countersOf, NO_DEPARTMENT, sumCells } from '#shared/domain/insights/count-events.ts';
import type { PerformanceEvent } from '#shared/domain/performance/performance-events.ts';
import { header, total } from '../insights/events.ts';

/** The steps in the cell of the event's dispute, by name. */
function stepsOf(event: DisputeEvent | PerformanceEvent): Record<string, number> {
  return Object.fromEntries(countersOf(event).map(({ name, by }) => [name, by]));
}

const dispute = header();
const grade = {
  level: 2,
  colour: 'yellow',
  reasons: [],
  notEvaluable: [],
  policyVersion: 1,
  gradedAt: '2026-11-20T02:31:00Z',
} as const;
const group = { dispute, groupId: 'g', basis: 'determination', entries: ['e'] } as const;
const alert = { dispute, alertId: 'a', dueAt: '2026-11-20T03:01:00Z' } as const;
const facts = { personalSafety: false, hazard: false, leaving: false, interrupted: false, threat: 'none' } as const;
const publicOpinion = { reach: 0, media: false, regulator: false } as const;
const calendar = { id: 'cn', version: 1 } as const;
const at = '2026-11-20T02:31:00Z';
const notice = {
  dispute,
  scoringSequence: 1,
  determinationId: 'd',
  validity: 'valid',
  shares: [],
  determinedLevel: 3,
  responsibleDepartment: 'logistics',
  decidedBy: 'E-703',
  noticedBy: 'E-703',
  windowEndsAt: at,
  calendar,
} as const;

const rating = {
  dispute,
  scoringSequence: 1,
  value: 'dissatisfied',
  kind: 'officer',
  counts: true,
  ratedBy: 'E-602',
  responsibility: 'final',
  calendar,
} as const;

test('a report counts as received in the month in which it came, whenever its dispute occurred (R-7)', () => {
  const opened: DisputeEvent = {
    type: 'DisputeOpened.v1',
    data: {
      dispute: { ...dispute, month: '2015-03' },
      number: '1',
      externalId: 'x',
      receiptId: 'r',
      receivedAt: at,
      receivedOn: '2026-11-20',
      occurredAt: '2015-03-01T00:00:00Z',
      calendar,
      facts,
      publicOpinion,
      awaiting: [],
      departmentNamed: false,
      filingDueAt: at,
    },
  };
  expect(countersOf(opened).map(({ month, name }) => [month, name])).toEqual([
    ['2015-03', 'opened'],
    ['2015-03', 'category.logistics'],
    ['2015-03', 'channel.phone'],
    ['2026-11', 'received.phone'],
  ]);
});

describe('what each event counts (R-9)', () => {
  test.each<{ title: string; event: DisputeEvent | PerformanceEvent; steps: Record<string, number> }>([
    {
      title: 'an opened dispute counts, its category and channel, and that it was received',
      event: {
        type: 'DisputeOpened.v1',
        data: {
          dispute,
          number: '1',
          externalId: 'x',
          receiptId: 'r',
          receivedAt: at,
          receivedOn: '2026-11-20',
          occurredAt: at,
          calendar,
          facts,
          publicOpinion,
          awaiting: [],
          departmentNamed: false,
          filingDueAt: at,
        },
      },
      steps: { opened: 1, 'category.logistics': 1, 'channel.phone': 1, 'received.phone': 1 },
    },
    {
      title: 'the first grading counts its level',
      event: { type: 'DisputeGraded.v1', data: { dispute, grade } },
      steps: { 'level.2': 1 },
    },
    {
      title: 'a later grading moves the level',
      event: { type: 'DisputeGraded.v1', data: { dispute, previousLevel: 3, grade } },
      steps: { 'level.3': -1, 'level.2': 1 },
    },
    {
      title: 'an automatic filing in time counts three times over',
      event: { type: 'DisputeFiled.v1', data: { dispute, automatic: true, dueAt: at, inTime: true } },
      steps: { filed: 1, 'filed.inTime': 1, 'filed.automatic': 1 },
    },
    {
      title: "an officer's late filing counts as filed only",
      event: { type: 'DisputeFiled.v1', data: { dispute, automatic: false, dueAt: at, inTime: false } },
      steps: { filed: 1 },
    },
    {
      title: 'an assignment counts',
      event: { type: 'DisputeAssigned.v1', data: { dispute, assignee: 'E-602', assignedBy: 'E-601' } },
      steps: { assigned: 1 },
    },
    {
      title: 'a joint investigation counts as such',
      event: {
        type: 'InvestigationStarted.v1',
        data: { dispute, investigator: 'E-601', joint: true, team: [], jointBecause: [], startedBy: 'E-601' },
      },
      steps: { investigated: 1, 'investigated.joint': 1 },
    },
    {
      title: 'a plain investigation is not joint',
      event: {
        type: 'InvestigationStarted.v1',
        data: { dispute, investigator: 'E-601', joint: false, team: [], jointBecause: [], startedBy: 'E-601' },
      },
      steps: { investigated: 1 },
    },
    {
      title: 'a cause report in time counts as such',
      event: { type: 'CausesReported.v1', data: { dispute, branches: [], reportedBy: 'E-601', inTime: true } },
      steps: { reported: 1, 'reported.inTime': 1 },
    },
    {
      title: 'a late cause report does not',
      event: { type: 'CausesReported.v1', data: { dispute, branches: [], reportedBy: 'E-601', inTime: false } },
      steps: { reported: 1 },
    },
    {
      title: 'a determination counts by its validity',
      event: {
        type: 'ResponsibilityDetermined.v1',
        data: {
          dispute,
          determinationId: 'd',
          validity: 'partly-valid',
          shares: [],
          responsibleDepartment: 'logistics',
          decidedBy: 'E-703',
        },
      },
      steps: { 'determined.partly-valid': 1 },
    },
    { title: 'a notice counts', event: { type: 'PartiesNoticed.v1', data: notice }, steps: { noticed: 1 } },
    {
      title: 'a waiver counts',
      event: { type: 'ResponsibilityWaived.v1', data: { dispute, scoringSequence: 1, waivedBy: 'E-703' } },
      steps: { waived: 1 },
    },
    {
      title: 'the end of the responsibility track counts',
      event: { type: 'ResponsibilityFinal.v1', data: { dispute, because: 'posted', determinationId: 'd' } },
      steps: { final: 1 },
    },
    {
      title: 'a resolution counts',
      event: { type: 'DisputeResolved.v1', data: { dispute, resolvedBy: 'E-602' } },
      steps: { resolved: 1 },
    },
    {
      title: 'a rating counts by its value',
      event: {
        type: 'SatisfactionRated.v1',
        data: rating,
      },
      steps: { 'rated.dissatisfied': 1 },
    },
    {
      title: 'a rating that came too late to count is counted as such',
      event: { type: 'SatisfactionRated.v1', data: { ...rating, counts: false } },
      steps: { 'rated.tooLate': 1 },
    },
    {
      title: 'a closure counts',
      event: { type: 'DisputeClosed.v1', data: { dispute, closedBy: 'E-602' } },
      steps: { closed: 1 },
    },
    {
      title: 'a reopening counts',
      event: {
        type: 'DisputeReopened.v1',
        data: { dispute, scoringSequence: 1, responsibility: 'reported', reopenedBy: 'E-602' },
      },
      steps: { reopened: 1 },
    },
    {
      title: 'a breach counts by its clock',
      event: { type: 'ClockBreached.v1', data: { dispute, clock: 'C-1', dueAt: at } },
      steps: { 'breached.C-1': 1 },
    },
    {
      title: 'a raised alert counts',
      event: { type: 'AlertRaised.v1', data: { ...alert, level: 2, colour: 'yellow', indicators: [] } },
      steps: { 'alerts.raised': 1 },
    },
    {
      title: 'a corrected alert counts where it was raised',
      event: { type: 'AlertCorrected.v1', data: { dispute, alertId: 'a', indicators: [] } },
      steps: {},
    },
    {
      title: 'a replaced alert counts',
      event: { type: 'AlertSuperseded.v1', data: { dispute, alertId: 'a', supersededBy: 'b' } },
      steps: { 'alerts.superseded': 1 },
    },
    {
      title: 'a filing that both departments learned of in time counts as such (I-11)',
      event: { type: 'FilingLearned.v1', data: { dispute, filedAt: at, seconds: 2, inTime: true } },
      steps: { learned: 1, 'learned.inTime': 1 },
    },
    {
      title: 'one that took too long does not',
      event: { type: 'FilingLearned.v1', data: { dispute, filedAt: at, seconds: 301, inTime: false } },
      steps: { learned: 1 },
    },
    {
      title: 'an acknowledgement in time counts as such',
      event: {
        type: 'AlertAcknowledged.v1',
        data: { ...alert, acknowledgedBy: 'E-702', specialIndicators: [], inTime: true },
      },
      steps: { 'alerts.acknowledged': 1, 'alerts.inTime': 1 },
    },
    {
      title: 'a late acknowledgement does not',
      event: {
        type: 'AlertAcknowledged.v1',
        data: { ...alert, acknowledgedBy: 'E-702', specialIndicators: [], inTime: false },
      },
      steps: { 'alerts.acknowledged': 1 },
    },
    {
      title: 'pending points count in hundredths',
      event: { type: 'EntriesPending.v1', data: { ...group, totals: [total(-600)] } },
      steps: { 'points.pending': -600 },
    },
    {
      title: 'posted points are pending no more',
      event: { type: 'EntriesPosted.v1', data: { ...group, totals: [total(-600)], reversals: [] } },
      steps: { 'points.pending': 600, 'points.posted': -600 },
    },
    {
      title: 'what is reversed comes back to the posted points',
      event: { type: 'EntriesPosted.v1', data: { ...group, totals: [], reversals: [total(1000)] } },
      steps: { 'points.posted': 1000 },
    },
    {
      title: 'voided points are pending no more',
      event: { type: 'EntriesVoided.v1', data: { ...group, totals: [total(-600)], because: 'replaced' } },
      steps: { 'points.pending': 600, 'points.voided': -600 },
    },
  ])('$title', ({ event, steps }) => {
    expect(stepsOf(event)).toEqual(steps);
  });

  test('a rejected report counts nothing here: no dispute came of it, and the reconciliation has it (I-7)', () => {
    const reasons = [{ path: 'type', message: 'unknown' }];
    const data = { source: 'phone', receiptId: 'r', day: '2026-11-20', reasons } as const;
    expect(countersOf({ type: 'ReportRejected.v1', data })).toEqual([]);
  });

  test("a dispute counts in its month, under its department and type, not in the event's own time", () => {
    const event = {
      type: 'DisputeClosed.v1',
      data: { dispute: header({ month: '2026-03' }), closedBy: 'E-602' },
    } as const;
    expect(countersOf(event)).toEqual([
      { month: '2026-03', department: 'logistics', type: 'late-delivery', name: 'closed', by: 1 },
    ]);
  });

  test("points count in the entry's period under the scored party's department", () => {
    const totals = [
      total(-300, { subject: { kind: 'employee', id: 'E-501' }, department: 'after-sales', period: '2026-12' }),
      total(-100, { subject: { kind: 'partner', id: 'P-07' }, department: undefined, period: '2026-12' }),
    ];
    expect(countersOf({ type: 'EntriesPending.v1', data: { ...group, totals } })).toEqual([
      { month: '2026-12', department: 'after-sales', type: 'late-delivery', name: 'points.pending', by: -300 },
      { month: '2026-12', department: NO_DEPARTMENT, type: 'late-delivery', name: 'points.pending', by: -100 },
    ]);
  });
});

describe('a corrected dispute (R-9, G-2)', () => {
  const corrected = header({ category: 'product', type: 'damaged', department: 'product', level: 2 });
  const from = { category: 'logistics', type: 'late-delivery', department: 'logistics' };
  const correction: DisputeEvent = {
    type: 'DisputeCorrected.v1',
    data: {
      dispute: corrected,
      from,
      previousLevel: 3,
      facts,
      publicOpinion,
      awaiting: [],
      departmentNamed: false,
      correctedBy: 'E-602',
    },
  };
  const regraded: DisputeEvent = { type: 'DisputeGraded.v1', data: { dispute: corrected, previousLevel: 3, grade } };

  test('leaves nothing where it stood and counts once where it stands, with its channel and new level', () => {
    const cells = [correction, regraded].flatMap(countersOf).map(({ department, type, name, by }) => ({
      department,
      type,
      counters: { [name]: by },
    }));
    const before = { opened: 1, 'category.logistics': 1, 'channel.phone': 1, 'level.3': 1 };
    expect(sumCells([{ department: 'logistics', type: 'late-delivery', counters: before }, ...cells])).toEqual([
      {
        department: 'product',
        type: 'damaged',
        counters: { opened: 1, 'category.product': 1, 'channel.phone': 1, 'level.2': 1 },
      },
    ]);
  });
});

describe('adding cells up', () => {
  test('gives one cell per department and type, in their order, without counters at 0', () => {
    expect(
      sumCells([
        { department: 'service', type: 'b', counters: { opened: 1 } },
        { department: 'logistics', type: 'b', counters: { opened: 2, closed: 1 } },
        { department: 'service', type: 'a', counters: { opened: 4 } },
        { department: 'logistics', type: 'b', counters: { opened: 3, closed: -1 } },
        { department: 'service', type: 'c', counters: { opened: 0 } },
        { department: 'hr', type: 'c', counters: { opened: 7 } },
        { department: 'service', type: 'a', counters: { closed: 1 } },
      ]),
    ).toEqual([
      { department: 'hr', type: 'c', counters: { opened: 7 } },
      { department: 'logistics', type: 'b', counters: { opened: 5 } },
      { department: 'service', type: 'a', counters: { opened: 4, closed: 1 } },
      { department: 'service', type: 'b', counters: { opened: 1 } },
    ]);
  });

  test('nothing adds up to nothing', () => {
    expect(sumCells([])).toEqual([]);
  });
});

test('a rating that takes the place of another takes it back where it was counted (D-7)', () => {
  const replaces = { value: 'satisfied', type: 'other', department: 'product' } as const;
  const event: DisputeEvent = { type: 'SatisfactionRated.v1', data: { ...rating, replaces } };
  expect(countersOf(event).map(({ department, type, name, by }) => [department, type, name, by])).toEqual([
    ['product', 'other', 'rated.satisfied', -1],
    [dispute.department, dispute.type, 'rated.dissatisfied', 1],
  ]);
});
