import { actorId } from '../access/roles.ts';
import type { Instant } from '../calendar/civil-date.ts';
import { deadline, isLate } from '../calendar/working-calendar.ts';
import type { Decided } from '../event.ts';
import { gradeDispute } from '../grading/grade-dispute.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import { classify, isActiveAt } from './classify.ts';
import type { CommandName, DisputeCommand } from './commands.ts';
import type { DecisionContext } from './decision-context.ts';
import {
  movesPoints,
  performanceRefusal,
  responsibleDepartment,
  separationRefusal,
  shareFaults,
} from './determination.ts';
import type { AwaitedField, Dispute } from './dispute.ts';
import type { CaseHeader, DisputeEvent } from './dispute-events.ts';
import { jointReasons, needsJointReport, teamFaults } from './joint-investigation.ts';
import { allowedCommands, isResponsibilityEnded } from './tracks.ts';

type Decision = readonly Decided<DisputeEvent>[] | Refusal;
type Decide<C extends CommandName> = (
  dispute: Dispute,
  command: Extract<DisputeCommand, { command: C }>,
  context: DecisionContext,
) => Decision;

/**
 * Decides on one command: the events that it leads to, or why it is refused (section 5). The state is looked at
 * first, then the input, then the person.
 */
export function decide(dispute: Dispute, command: DisputeCommand, context: DecisionContext): Decision {
  const shares = command.command === 'determination' ? command.shares : [];
  const joint = jointReasons(dispute, context.policy, context.zone, context.directory, shares);
  const waits = needsJointReport(dispute, joint);
  const allowed = allowedCommands(dispute, waits);
  if (!allowed.includes(command.command)) {
    const why =
      command.command === 'determination' && waits
        ? `; a joint investigation reports first (D-1: ${joint.join(', ')})`
        : '';
    const detail = `${command.command} does not fit: the dispute is ${dispute.status}, responsibility ${dispute.responsibility}${why}`;
    return { refused: 'state', rule: why ? 'D-1' : 'D', detail, allowed };
  }
  // The table's entry for this command takes this command; TypeScript cannot see that over a union.
  const decideOn = DECISIONS[command.command] as Decide<CommandName>;
  return decideOn(dispute, command, context);
}

/** What the events of a dispute say of it. */
export function headerOf(dispute: Dispute): CaseHeader {
  const { disputeId, customer, month, source, channel, category, type, department, grade } = dispute;
  return { disputeId, customer, month, source, channel, category, type, department, level: grade.level };
}

const invalid = (rule: string, detail: string, faults: Extract<Refusal, { refused: 'input' }>['faults']): Refusal => ({
  refused: 'input',
  rule,
  detail,
  faults,
});

const DECISIONS: { readonly [C in CommandName]: Decide<C> } = {
  filing: decideFiling,
  regrading: (dispute, command, context) => {
    const corrected = correct(dispute, command, context);
    return isRefusal(corrected) ? corrected : corrected.events;
  },
  assignment: (dispute, { assignee }, context) => {
    if (
      context.directory.get(assignee)?.kind !== 'employee' ||
      !isActiveAt(assignee, context.directory, context.now, context.zone)
    ) {
      return invalid('G-6', 'the assignee is unknown', [
        { path: 'assignee', message: `no active employee ${assignee} in the directory` },
      ]);
    }
    const data = { dispute: headerOf(dispute), assignee, assignedBy: actorId(context.actor) };
    return [{ type: 'DisputeAssigned.v1', policyVersion: dispute.policyVersion, data }];
  },
  investigation: decideInvestigation,
  'cause-report': (dispute, { branches }, { actor, now }) => {
    if (dispute.deciders.includes(actorId(actor))) return decidedBefore(actorId(actor));
    const dueAt = dispute.investigation?.dueAt;
    const inTime = dueAt === undefined || !isLate(now, dueAt);
    const data = { dispute: headerOf(dispute), branches, reportedBy: actorId(actor), inTime };
    return [{ type: 'CausesReported.v1', policyVersion: dispute.policyVersion, data }];
  },
  determination: decideDetermination,
  notice: decideNotice,
  waiver: (dispute, _, context) => {
    const refused = separationRefusal(dispute, [], context);
    if (refused) return refused;
    const waivedBy = actorId(context.actor);
    const data = { dispute: headerOf(dispute), scoringSequence: dispute.scoringSequence + 1, waivedBy };
    return [{ type: 'ResponsibilityWaived.v1', policyVersion: context.determinationPolicy.version, data }];
  },
  resolution: (dispute, { compensation }, { actor }) => [
    {
      type: 'DisputeResolved.v1',
      policyVersion: dispute.policyVersion,
      data: { dispute: headerOf(dispute), resolvedBy: actorId(actor), compensation },
    },
  ],
  rating: (dispute, { value }, { actor, now, determinationPolicy, determinationCalendar: { id, version } }) => [
    {
      type: 'SatisfactionRated.v1',
      policyVersion: determinationPolicy.version,
      data: {
        dispute: headerOf(dispute),
        scoringSequence: dispute.scoringSequence + 1,
        value,
        kind: 'officer',
        ...placeOfRating(dispute, now),
        ratedBy: actorId(actor),
        employee: dispute.employee,
        responsibility: dispute.responsibility,
        noticed: dispute.lastNoticed,
        calendar: { id, version },
      },
    },
  ],
  closure: (dispute, _, { actor }) => [
    {
      type: 'DisputeClosed.v1',
      policyVersion: dispute.policyVersion,
      data: { dispute: headerOf(dispute), closedBy: actorId(actor) },
    },
  ],
  reopening: (dispute, _, { actor }) => {
    const back = dispute.causeReport ? 'reported' : 'open';
    const responsibility = isResponsibilityEnded(dispute.responsibility) ? back : dispute.responsibility;
    const scoringSequence = dispute.scoringSequence + 1;
    const data = { dispute: headerOf(dispute), scoringSequence, responsibility, reopenedBy: actorId(actor) };
    return [{ type: 'DisputeReopened.v1', policyVersion: dispute.policyVersion, data }];
  },
};

/** Corrects place and facts, and grades again on the policy of receipt (G-2, G-3). */
function correct(
  dispute: Dispute,
  change: Omit<Extract<DisputeCommand, { command: 'regrading' }>, 'command'>,
  context: DecisionContext,
): { readonly header: CaseHeader; readonly events: Decided<DisputeEvent>[] } | Refusal {
  const { policy, now, zone, actor, directory } = context;
  const reclassified = change.category !== undefined || change.type !== undefined;
  const from = { category: dispute.category, type: dispute.type, department: dispute.department };
  const place = reclassified ? { category: change.category, type: change.type } : from;
  const named = change.department ?? (dispute.departmentNamed ? dispute.department : undefined);
  const to = classify({ ...place, department: named }, policy, directory);
  if (isRefusal(to)) return to;
  const facts = { ...dispute.facts, ...change.facts };
  const publicOpinion = { ...dispute.publicOpinion, ...change.publicOpinion };
  const amount = change.amount ?? dispute.amount;
  const { channel, occurredAt, policyVersion } = dispute;
  const grade = gradeDispute({ facts, publicOpinion, amount, channel, occurredAt }, policy, zone, now);
  const header = { ...headerOf(dispute), ...to, level: grade.level };
  const previousLevel = dispute.grade.level;
  const correction = {
    dispute: header,
    from,
    previousLevel,
    facts,
    publicOpinion,
    amount,
    awaiting: reclassified
      ? dispute.awaiting.filter((field) => field !== 'type' && field !== 'details')
      : dispute.awaiting,
    departmentNamed: dispute.departmentNamed || change.department !== undefined,
    correctedBy: actorId(actor),
  };
  return {
    header,
    events: [
      { type: 'DisputeCorrected.v1', policyVersion, data: correction },
      { type: 'DisputeGraded.v1', policyVersion, data: { dispute: header, previousLevel, grade } },
    ],
  };
}

/** Who decided does not investigate, in whatever round (D-4). */
function decidedBefore(person: string): Refusal {
  const detail = `${person} decided on this dispute before and cannot investigate it`;
  return { refused: 'person', rule: 'D-4', detail };
}

/**
 * Whether a rating counts from now on, and which one it takes the place of: none does any more once the track has ended
 * with one, be it that its appeal window is over and nobody has said so yet (D-7, S-13).
 */
function placeOfRating({ rating, responsibility, notice }: Dispute, now: Instant) {
  if (!rating) return { counts: true };
  const over = responsibility === 'noticed' && notice !== undefined && isLate(now, notice.windowEndsAt);
  if (rating.settled || over) return { counts: false };
  const { value, type, department } = rating;
  return { counts: true, replaces: { value, type, department } };
}

/** An officer completes what was missing; late filing is a breach at the deadline (C-4, I-9). */
function decideFiling(...[dispute, command, context]: Parameters<Decide<'filing'>>): Decision {
  const { brings, category, type, department } = command;
  const brought: Readonly<Record<AwaitedField, boolean>> = {
    ...brings,
    details: brings.details || type !== undefined,
    department: department !== undefined,
    type: category !== undefined || type !== undefined,
  };
  const missing = dispute.awaiting.filter((field) => !brought[field]);
  if (missing.length > 0) {
    const path = (field: AwaitedField) => (field === 'details' ? 'text' : field);
    const faults = missing.map((field) => ({ path: path(field), message: `mandatory for filing: ${field} (I-9)` }));
    return invalid('I-9', 'mandatory fields are missing', faults);
  }
  const changes = brought.type || department !== undefined;
  const corrected = changes
    ? correct(dispute, { category, type, department }, context)
    : { header: headerOf(dispute), events: [] };
  if (isRefusal(corrected)) return corrected;
  const { policyVersion, filingDueAt: dueAt } = dispute;
  const late = isLate(context.now, dueAt);
  const { header } = corrected;
  const filed = { dispute: header, automatic: false, filedBy: actorId(context.actor), dueAt, inTime: !late };
  return [
    ...corrected.events,
    ...(late && !dispute.filingBreached ? [filingBreach(header, policyVersion, dueAt)] : []),
    { type: 'DisputeFiled.v1', policyVersion, data: filed },
  ];
}

function filingBreach(dispute: CaseHeader, policyVersion: number, dueAt: Instant): Decided<DisputeEvent> {
  return { type: 'ClockBreached.v1', policyVersion, occurredAt: dueAt, data: { dispute, clock: 'C-4', dueAt } };
}

/**
 * What the clock of C-4 finds when it is looked at: a breach at the deadline's second, once, while the dispute still
 * waits to be filed; else nothing (C-10).
 */
export function checkFilingClock(dispute: Dispute, now: Instant): readonly Decided<DisputeEvent>[] {
  const breached = dispute.status === 'received' && !dispute.filingBreached && isLate(now, dispute.filingDueAt);
  return breached ? [filingBreach(headerOf(dispute), dispute.policyVersion, dispute.filingDueAt)] : [];
}

/** Starts the investigation, jointly where D-1 asks for it whatever the command says, with C-5 when joint. */
function decideInvestigation(...[dispute, command, context]: Parameters<Decide<'investigation'>>): Decision {
  const { policy, calendar, directory, now, zone, actor } = context;
  const { investigator } = command;
  const team = [...new Set(command.team)].filter((member) => member !== investigator);
  const isEmployee = (id: string) => directory.get(id)?.kind === 'employee' && isActiveAt(id, directory, now, zone);
  const faults = [
    ...(isEmployee(investigator)
      ? []
      : [{ path: 'investigator', message: `no active employee ${investigator} in the directory` }]),
    ...team.flatMap((id, index) =>
      isEmployee(id) ? [] : [{ path: `team.${index}`, message: `no active employee ${id} in the directory` }],
    ),
  ];
  const jointBecause = jointReasons(dispute, policy, zone, directory);
  const joint = command.joint === true || jointBecause.length > 0;
  if (!joint && dispute.responsibility !== 'open') {
    faults.push({ path: 'joint', message: 'only a joint investigation takes the place of one that runs (D-1)' });
  }
  if (joint) faults.push(...teamFaults(dispute, [investigator, ...team], policy, directory));
  if (faults.length > 0) return invalid('D-1', 'this team cannot investigate', faults);
  const decider = [investigator, ...team].find((member) => dispute.deciders.includes(member));
  if (decider) return decidedBefore(decider);
  const dueAt = joint ? deadline(calendar, now, policy.clocks['C-5'][dispute.grade.level]) : undefined;
  const data = {
    dispute: headerOf(dispute),
    investigator,
    joint,
    team,
    jointBecause,
    dueAt,
    startedBy: actorId(actor),
  };
  return [{ type: 'InvestigationStarted.v1', policyVersion: dispute.policyVersion, data }];
}

/** Determines validity and shares on the policy in force now (D-3, D-4, P-2). It alone moves no points (D-5). */
function decideDetermination(...[dispute, command, context]: Parameters<Decide<'determination'>>): Decision {
  const { currentPolicy, directory, actor, id } = context;
  const { validity, shares } = command;
  const faults = shareFaults(dispute, validity, shares, currentPolicy, context);
  if (faults.length > 0) return invalid('D-3', 'the shares are not right', faults);
  const refused = separationRefusal(dispute, shares, context) ?? performanceRefusal(dispute, shares, context);
  if (refused) return refused;
  const data = {
    dispute: headerOf(dispute),
    determinationId: id('determination', dispute.disputeId, String(dispute.version + 1)),
    validity,
    shares,
    responsibleDepartment: responsibleDepartment(dispute, shares, directory),
    decidedBy: actorId(actor),
  };
  return [{ type: 'ResponsibilityDetermined.v1', policyVersion: currentPolicy.version, data }];
}

/** Tells the parties: the appeal window opens (C-8). One that moves no points ends the track at once (section 5). */
function decideNotice(...[dispute, , context]: Parameters<Decide<'notice'>>): Decision {
  const { determination } = dispute;
  if (!determination) throw new RangeError(`dispute ${dispute.disputeId} is determined without a determination`);
  const { determinationPolicy: policy, determinationCalendar: calendar, now, actor } = context;
  const { determinationId, validity, shares, level, department, decidedBy } = determination;
  const notice: Decided<DisputeEvent> = {
    type: 'PartiesNoticed.v1',
    policyVersion: policy.version,
    data: {
      dispute: headerOf(dispute),
      scoringSequence: dispute.scoringSequence + 1,
      determinationId,
      validity,
      shares,
      determinedLevel: level,
      responsibleDepartment: department,
      decidedBy,
      noticedBy: actorId(actor),
      windowEndsAt: deadline(calendar, now, policy.clocks['C-8'][level]),
      calendar: { id: calendar.id, version: calendar.version },
    },
  };
  if (movesPoints(validity)) return [notice];
  const final = { dispute: headerOf(dispute), because: 'no-points', determinationId } as const;
  return [notice, { type: 'ResponsibilityFinal.v1', policyVersion: policy.version, data: final }];
}

/**
 * What performance's word that a determination's points are posted or void does to the dispute: it ends the
 * responsibility track, once, and only of the determination that was noticed last.
 */
export function endResponsibility(
  dispute: Dispute,
  ended: { readonly determinationId: string; readonly because: 'posted' | 'voided' },
): readonly Decided<DisputeEvent>[] {
  const { responsibility, determination } = dispute;
  if (responsibility !== 'noticed' || determination?.determinationId !== ended.determinationId) return [];
  const data = { dispute: headerOf(dispute), because: ended.because, determinationId: ended.determinationId };
  return [{ type: 'ResponsibilityFinal.v1', policyVersion: determination.policyVersion, data }];
}
