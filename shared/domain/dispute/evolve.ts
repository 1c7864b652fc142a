import type { Instant } from '../calendar/civil-date.ts';
import type { Decided } from '../event.ts';
import type { Dispute } from './dispute.ts';
import type { DisputeEvent, DisputeOpened } from './dispute-events.ts';
import { isResponsibilityEnded } from './tracks.ts';

/**
 * The dispute after one decision: its events applied in order, its version raised by one.
 *
 * @param dispute undefined when the first event opens it
 * @throws RangeError when the first event of a new dispute does not open it
 */
export function evolveAll(
  dispute: Dispute | undefined,
  events: readonly Decided<DisputeEvent>[],
  now: Instant,
): Dispute {
  const [first, ...rest] = events;
  if (dispute)
    return { ...events.reduce((state, event) => evolve(state, event, now), dispute), version: dispute.version + 1 };
  if (first?.type !== 'DisputeOpened.v1')
    throw new RangeError(`a dispute begins with DisputeOpened.v1, got ${first?.type}`);
  const graded = rest.find((event) => event.type === 'DisputeGraded.v1');
  if (!graded) throw new RangeError('a dispute is graded in the decision that opens it (G-2)');
  const opened = openedState(first.data, first.policyVersion, graded.data.grade, now);
  return rest.reduce((state, event) => evolve(state, event, now), opened);
}

function openedState(
  opened: DisputeOpened['data'],
  policyVersion: number,
  grade: Dispute['grade'],
  now: Instant,
): Dispute {
  const { dispute } = opened;
  return {
    disputeId: dispute.disputeId,
    number: opened.number,
    version: 1,
    source: dispute.source,
    channel: dispute.channel,
    externalId: opened.externalId,
    openedAt: now,
    receivedAt: opened.receivedAt,
    occurredAt: opened.occurredAt,
    month: dispute.month,
    policyVersion,
    calendar: opened.calendar,
    status: 'received',
    responsibility: 'open',
    grade,
    category: dispute.category,
    type: dispute.type,
    department: dispute.department,
    employee: opened.employee,
    partner: opened.partner,
    region: opened.region,
    product: opened.product,
    batch: opened.batch,
    customer: dispute.customer,
    facts: opened.facts,
    publicOpinion: opened.publicOpinion,
    amount: opened.amount,
    reports: [opened.receiptId],
    awaiting: opened.awaiting,
    departmentNamed: opened.departmentNamed,
    investigators: [],
    deciders: [],
    filingDueAt: opened.filingDueAt,
    filingBreached: false,
    scoringSequence: 0,
  };
}

type EventOf<T extends DisputeEvent['type']> = Extract<DisputeEvent, { type: T }>;
type Change<T extends DisputeEvent['type']> = (
  event: Decided<EventOf<T>>,
  now: Instant,
  dispute: Dispute,
) => Partial<Dispute>;

/** What each event changes. What it does not speak of stays as it was. */
const CHANGES: { readonly [T in Exclude<DisputeEvent['type'], 'DisputeOpened.v1'>]: Change<T> } = {
  'DisputeGraded.v1': ({ data }) => ({ grade: data.grade }),
  'DisputeCorrected.v1': ({ data }) => {
    const { category, type, department } = data.dispute;
    const { facts, publicOpinion, amount, awaiting, departmentNamed } = data;
    return { category, type, department, departmentNamed, facts, publicOpinion, amount, awaiting };
  },
  'DisputeFiled.v1': (_, now) => ({ status: 'filed', awaiting: [], filedAt: now }),
  'ClockBreached.v1': () => ({ filingBreached: true }),
  'DisputeAssigned.v1': ({ data }, _, { status }) => ({
    status: status === 'filed' ? 'handling' : status,
    assignee: data.assignee,
  }),
  'InvestigationStarted.v1': ({ data: { investigator, joint, team, dueAt } }, now, { investigators }) => ({
    responsibility: 'investigating',
    investigators: [...new Set([...investigators, investigator, ...team])],
    investigation: { investigator, joint, team, startedAt: now, dueAt },
  }),
  'CausesReported.v1': ({ data: { branches, reportedBy } }, now, { investigators, investigation }) => ({
    responsibility: 'reported',
    investigators: [...new Set([...investigators, reportedBy])],
    causeReport: { branches, reportedAt: now, reportedBy, joint: investigation?.joint === true },
  }),
  'ResponsibilityDetermined.v1': ({ data, policyVersion }, now, { deciders }) => ({
    responsibility: 'determined',
    deciders: [...new Set([...deciders, data.decidedBy])],
    determination: {
      determinationId: data.determinationId,
      validity: data.validity,
      shares: data.shares,
      level: data.dispute.level,
      decidedBy: data.decidedBy,
      decidedAt: now,
      department: data.responsibleDepartment,
      policyVersion,
    },
    notice: undefined,
  }),
  'PartiesNoticed.v1': ({ data }, now) => ({
    responsibility: 'noticed',
    notice: { noticedAt: now, windowEndsAt: data.windowEndsAt },
    lastNoticed: {
      determinationId: data.determinationId,
      validity: data.validity,
      responsibleDepartment: data.responsibleDepartment,
    },
    scoringSequence: data.scoringSequence,
  }),
  'ResponsibilityWaived.v1': ({ data: { scoringSequence, waivedBy } }, _, { deciders, rating }) => ({
    responsibility: 'not-needed',
    deciders: [...new Set([...deciders, waivedBy])],
    rating: rating && { ...rating, settled: true },
    scoringSequence,
  }),
  'ResponsibilityFinal.v1': (_, __, { rating }) => ({
    responsibility: 'final',
    rating: rating && { ...rating, settled: true },
  }),
  'DisputeResolved.v1': (_, now) => ({ status: 'resolved', resolvedAt: now }),
  'SatisfactionRated.v1': (
    { data: { dispute, value, ratedBy, counts, responsibility, scoringSequence } },
    now,
    before,
  ) => {
    const { type, department } = dispute;
    const settled = isResponsibilityEnded(responsibility);
    const rating = { value, ratedAt: now, ratedBy, settled, type, department };
    return { rating: counts ? rating : before.rating, scoringSequence };
  },
  'DisputeClosed.v1': (_, now) => ({ status: 'closed', closedAt: now }),
  'DisputeReopened.v1': ({ data: { responsibility, scoringSequence } }) => ({
    status: 'handling',
    responsibility,
    closedAt: undefined,
    scoringSequence,
  }),
};

function evolve(dispute: Dispute, event: Decided<DisputeEvent>, now: Instant): Dispute {
  if (event.type === 'DisputeOpened.v1') throw new RangeError(`dispute ${dispute.disputeId} is open already`);
  // The table's entry for this type takes this type of event; TypeScript cannot see that over a union.
  const change = CHANGES[event.type] as (
    event: Decided<DisputeEvent>,
    now: Instant,
    dispute: Dispute,
  ) => Partial<Dispute>;
  return { ...dispute, ...change(event, now, dispute) };
}
