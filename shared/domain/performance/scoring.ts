import { type Instant, type Month, monthIn, type TimeZone } from '../calendar/civil-date.ts';
import { isLate } from '../calendar/working-calendar.ts';
import { movesPoints } from '../dispute/determination.ts';
import type { Validity } from '../dispute/dispute.ts';
import type {
  CaseHeader,
  DisputeReopened,
  PartiesNoticed,
  ResponsibilityWaived,
  SatisfactionRated,
} from '../dispute/dispute-events.ts';
import type { Event } from '../event.ts';
import type { Directory } from '../policy/directory.ts';
import type { Policy, Rating } from '../policy/policy.ts';
import { type Grounds, movesNothing } from './entry.ts';
import { attitudeInputs, effectOf, satisfactionInputs, shareInputs } from './points.ts';
import {
  type Act,
  openGroup,
  type PlannedLine,
  type PostingGroup,
  postGroup,
  reverseGroup,
  voidGroup,
  type Writing,
} from './posting-group.ts';

/** What scoring hears of a dispute, numbered by it without a gap. */
export type ScoringEvent = Event<PartiesNoticed | ResponsibilityWaived | SatisfactionRated | DisputeReopened>;

/** The finding that was noticed last. */
export interface Finding {
  readonly determinationId: string;
  readonly validity: Validity;
  readonly responsibleDepartment: string;
  readonly decidedBy: string;
  readonly noticedBy: string;
}

/** The rating that counts (D-7). */
export interface CountedRating {
  readonly value: Rating;
  readonly dispute: CaseHeader;
  readonly correlationId: string;
  readonly period: Month;
  readonly ratedAt: Instant;
  readonly ratedBy: string;
  readonly employee?: string;
  readonly calendar: { readonly id: string; readonly version: number };
}

/** The responsibility track as far as points go. */
export interface Track {
  readonly is: 'open' | 'noticed' | 'ended';
}

/** At most one group of a basis is pending and one posted; what is void or reversed is over. */
export interface Groups {
  readonly pending?: PostingGroup;
  readonly posted?: PostingGroup;
}

/** All that scoring remembers of one dispute: what it has applied, and the groups that may still move. */
export interface Scoring {
  readonly disputeId: string;
  /** Writes so far; 0 before the first. */
  readonly version: number;
  /** The number of the next event to apply. */
  readonly nextSequence: number;
  /** Events that came before their turn, by number. */
  readonly waiting: readonly ScoringEvent[];
  readonly track: Track;
  readonly finding?: Finding;
  readonly rating?: CountedRating;
  readonly determinationGroups: Groups;
  readonly ratingGroups: Groups;
}

/** Everything that a scoring decision depends on besides the dispute's scoring and the event. */
export interface ScoringContext extends Writing {
  /** The organisation's zone: it decides the month (section 7). */
  readonly zone: TimeZone;
  readonly directory: Directory;
  /** @throws RangeError when the version is unknown */
  readonly policy: (version: number) => Policy;
}

/** A decision: the scoring after it, and what to write beside it. */
export interface Scored {
  readonly scoring: Scoring;
  readonly acts: readonly Act[];
}

/** The scoring of a dispute of which nothing was heard yet. */
export function newScoring(disputeId: string): Scoring {
  return {
    disputeId,
    version: 0,
    nextSequence: 1,
    waiting: [],
    track: { is: 'open' },
    determinationGroups: {},
    ratingGroups: {},
  };
}

/**
 * Takes in one event of a dispute. What came before changes nothing, what comes too early waits, and the rest is applied
 * in the dispute's own order: neither repetition nor order of delivery can matter (S-14).
 *
 * @returns the very same scoring, and no acts, when the event was known already
 */
export function applyInOrder(scoring: Scoring, event: ScoringEvent, context: ScoringContext): Scored {
  const sequence = sequenceOf(event);
  const known = sequence < scoring.nextSequence || scoring.waiting.some((other) => sequenceOf(other) === sequence);
  if (known) return { scoring, acts: [] };
  const waiting = [...scoring.waiting, event].sort((a, b) => sequenceOf(a) - sequenceOf(b));
  let scored: Scored = { scoring: { ...scoring, waiting }, acts: [] };
  for (const next of waiting) {
    if (sequenceOf(next) !== scored.scoring.nextSequence) break;
    const taken = { ...scored.scoring, nextSequence: sequenceOf(next) + 1, waiting: scored.scoring.waiting.slice(1) };
    // What fell due before this event counts as posted before it, whenever the sweep runs.
    scored = followedBy({ scoring: taken, acts: scored.acts }, (state) => postDue(state, next.occurredAt, context));
    scored = followedBy(scored, (state) => apply(state, next, context));
  }
  return scored;
}

/**
 * Posts what waited for the end of the appeal window (S-13): the determination's group, reversing the posted one that
 * it replaces, and with the end of the track the rating's. The window's last second still belongs to it.
 *
 * @returns the very same scoring, and no acts, when nothing is due
 */
export function postDue(scoring: Scoring, at: Instant, context: Writing): Scored {
  const { pending, posted } = scoring.determinationGroups;
  const windowEndsAt = dueAtOf(scoring);
  if (!pending || !windowEndsAt || !isLate(at, windowEndsAt)) return { scoring, acts: [] };
  const act = postGroup(pending, posted, context);
  const after: Scoring = { ...scoring, determinationGroups: { posted: pending } };
  const scored = { scoring: after, acts: [act] };
  return after.track.is === 'noticed' ? followedBy(scored, (state) => endTrack(state, context)) : scored;
}

/** When the pending determination's appeal window ends, or undefined when nothing waits for it. */
export function dueAtOf(scoring: Scoring): Instant | undefined {
  return scoring.determinationGroups.pending?.grounds.windowEndsAt;
}

export function sequenceOf(event: ScoringEvent): number {
  return event.data.scoringSequence;
}

function followedBy({ scoring, acts }: Scored, next: (scoring: Scoring) => Scored): Scored {
  const after = next(scoring);
  return { scoring: after.scoring, acts: [...acts, ...after.acts] };
}

function apply(scoring: Scoring, event: ScoringEvent, context: ScoringContext): Scored {
  switch (event.type) {
    case 'PartiesNoticed.v1':
      return movesPoints(event.data.validity)
        ? noticeFault(scoring, event, context)
        : noticeNoFault(scoring, event, context);
    case 'SatisfactionRated.v1':
      return rate(scoring, event, context);
    case 'ResponsibilityWaived.v1':
      return endTrack(scoring, context);
    case 'DisputeReopened.v1': {
      const { responsibility } = event.data;
      const ended = responsibility === 'final' || responsibility === 'not-needed' || responsibility === 'noticed';
      return { scoring: ended ? scoring : { ...scoring, track: { is: 'open' } }, acts: [] };
    }
  }
}

/** A notice that moves points: all shares of the determination, or none (S-5, S-12), pending until the window ends. */
function noticeFault(scoring: Scoring, event: Event<PartiesNoticed>, context: ScoringContext): Scored {
  const { data } = event;
  const { pending } = scoring.determinationGroups;
  const acts: Act[] = pending ? [voidGroup(pending, 'replaced', context)] : [];
  const policy = context.policy(event.policyVersion);
  const period = monthIn(context.zone, event.occurredAt);
  const planned = data.shares.map((share): PlannedLine => {
    const line = { ...holderOf(share.subject, context.directory), period, rule: 'S-5', share };
    return { line, inputs: shareInputs(share, data.determinedLevel, data.shares, policy) };
  });
  const opened = openGroup(groupOf(event, 'determination', noticeGrounds(event), context), planned, context);
  const noticed: Scoring = {
    ...scoring,
    track: { is: 'noticed' },
    finding: findingOf(event),
    determinationGroups: { ...scoring.determinationGroups, pending: opened.group },
  };
  return followedBy({ scoring: noticed, acts: [...acts, opened.act] }, (state) =>
    meetDepartment(state, event, context),
  );
}

/** A notice of an unfounded dispute or an external cause: no points, and those of before are taken back (D-3, S-1). */
function noticeNoFault(scoring: Scoring, event: Event<PartiesNoticed>, context: ScoringContext): Scored {
  const because = event.data.validity === 'external' ? 'external' : 'unfounded';
  const acts: Act[] = [];
  for (const [basis, groups] of [
    ['determination', scoring.determinationGroups],
    ['rating', scoring.ratingGroups],
  ] as const) {
    if (groups.pending) acts.push(voidGroup(groups.pending, because, context));
    if (groups.posted) {
      const grounds = { ...noticeGrounds(event), basis };
      acts.push(reverseGroup(groupOf(event, basis, grounds, context), groups.posted, context));
    }
  }
  const track: Track = { is: 'ended' };
  const over = { determinationGroups: {}, ratingGroups: {} };
  return { scoring: { ...scoring, track, finding: findingOf(event), ...over }, acts };
}

/**
 * One rating counts: a later one replaces it until the track has ended with it. Which one counts is the dispute's to
 * say; one that does not moves nothing (D-7).
 */
function rate(scoring: Scoring, event: Event<SatisfactionRated>, context: ScoringContext): Scored {
  const { data, occurredAt, correlationId } = event;
  if (!data.counts) return { scoring, acts: [] };
  const counted: CountedRating = {
    value: data.value,
    dispute: data.dispute,
    correlationId,
    period: monthIn(context.zone, occurredAt),
    ratedAt: occurredAt,
    ratedBy: data.ratedBy,
    ...(data.employee && { employee: data.employee }),
    calendar: data.calendar,
  };
  const department = data.noticed?.responsibleDepartment ?? data.dispute.department;
  const opened = openRating({ ...scoring, rating: counted }, counted, department, event, context);
  return scoring.track.is === 'ended' ? followedBy(opened, (state) => settleRating(state, context)) : opened;
}

/** After a notice that names a department, the rating's points are that department's (S-13). */
function meetDepartment(scoring: Scoring, event: Event<PartiesNoticed>, context: ScoringContext): Scored {
  const { responsibleDepartment } = event.data;
  const { pending, posted } = scoring.ratingGroups;
  const { rating } = scoring;
  if (!rating || (pending ?? posted)?.ratedDepartment === responsibleDepartment) return { scoring, acts: [] };
  if (!pending || posted?.ratedDepartment !== responsibleDepartment) {
    return openRating(scoring, rating, responsibleDepartment, event, context);
  }
  // The posted points are where they belong; what was to replace them is void.
  return { scoring: { ...scoring, ratingGroups: { posted } }, acts: [voidGroup(pending, 'replaced', context)] };
}

/** Opens the group of the rating that counts, in place of a pending one; a rating that moves nothing has none (S-1, S-2). */
function openRating(
  scoring: Scoring,
  rating: CountedRating,
  department: string,
  event: Event<PartiesNoticed | SatisfactionRated>,
  context: ScoringContext,
): Scored {
  const { pending, posted } = scoring.ratingGroups;
  const acts: Act[] = pending ? [voidGroup(pending, 'replaced', context)] : [];
  const grounds = ratingGrounds(rating, scoring.finding, event.policyVersion);
  const group = { ...groupOf(event, 'rating', grounds, context), dispute: rating.dispute, ratedDepartment: department };
  const planned = ratingLines(rating, department, context.policy(event.policyVersion), context.directory);
  if (planned.length === 0) {
    // Points of the rating that this one replaces, which are posted already, go back.
    if (posted) acts.push(reverseGroup(group, posted, context));
    return { scoring: { ...scoring, ratingGroups: {} }, acts };
  }
  const opened = openGroup(group, planned, context);
  const ratingGroups: Groups = { ...(posted && { posted }), pending: opened.group };
  return { scoring: { ...scoring, ratingGroups }, acts: [...acts, opened.act] };
}

/** The responsibility track ends; a rating that waited for it is settled. */
function endTrack(scoring: Scoring, context: Writing): Scored {
  return settleRating({ ...scoring, track: { is: 'ended' } }, context);
}

/** The track has ended: the rating is settled, its points posted, or void where the finding is unfounded or external. */
function settleRating(scoring: Scoring, context: Writing): Scored {
  const { rating, finding, ratingGroups } = scoring;
  if (!rating) return { scoring, acts: [] };
  const { pending, posted } = ratingGroups;
  if (finding && !movesPoints(finding.validity)) {
    const because = finding.validity === 'external' ? 'external' : 'unfounded';
    const acts = pending ? [voidGroup(pending, because, context)] : [];
    return { scoring: { ...scoring, ratingGroups: {} }, acts };
  }
  if (!pending) return { scoring, acts: [] };
  return { scoring: { ...scoring, ratingGroups: { posted: pending } }, acts: [postGroup(pending, posted, context)] };
}

function ratingLines(rating: CountedRating, department: string, policy: Policy, directory: Directory): PlannedLine[] {
  const { value, period, employee, dispute } = rating;
  const lines: PlannedLine[] = [
    { line: { ...holderOf(department, directory), period, rule: 'S-1' }, inputs: satisfactionInputs(value, policy) },
  ];
  if (employee) {
    const { indicator } = policy.points.attitude;
    const inputs = attitudeInputs(value, dispute.type, policy);
    lines.push({ line: { ...holderOf(employee, directory), period, rule: 'S-2', indicator }, inputs });
  }
  return lines.filter(({ inputs }) => !movesNothing(effectOf(inputs)));
}

function holderOf(id: string, directory: Directory) {
  const subject = directory.get(id);
  if (!subject) throw new RangeError(`points for ${id}, whom the directory does not know`);
  const { kind, department } = subject;
  return { subject: { kind, id }, ...(department && { department }) };
}

function findingOf({ data }: Event<PartiesNoticed>): Finding {
  const { determinationId, validity, responsibleDepartment, decidedBy, noticedBy } = data;
  return { determinationId, validity, responsibleDepartment, decidedBy, noticedBy };
}

function noticeGrounds({ data, occurredAt, policyVersion }: Event<PartiesNoticed>): Grounds {
  return {
    disputeId: data.dispute.disputeId,
    basis: 'determination',
    determinationId: data.determinationId,
    policyVersion,
    calendar: data.calendar,
    decidedBy: data.decidedBy,
    noticedBy: data.noticedBy,
    noticedAt: occurredAt,
    windowEndsAt: data.windowEndsAt,
  };
}

function ratingGrounds(rating: CountedRating, finding: Finding | undefined, policyVersion: number): Grounds {
  return {
    disputeId: rating.dispute.disputeId,
    basis: 'rating',
    policyVersion,
    calendar: rating.calendar,
    ratedBy: rating.ratedBy,
    ratedAt: rating.ratedAt,
    ...(finding && { decidedBy: finding.decidedBy, noticedBy: finding.noticedBy }),
  };
}

function groupOf(
  event: Event<PartiesNoticed | SatisfactionRated>,
  basis: Grounds['basis'],
  grounds: Grounds,
  { id }: Writing,
): Omit<PostingGroup, 'lines'> {
  const { correlationId, data } = event;
  return { groupId: id('group', event.id, basis), dispute: data.dispute, correlationId, grounds };
}
