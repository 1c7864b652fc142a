import { v5 } from 'uuid';
import type { Actor, Role } from '#shared/domain/access/roles.ts';
import { type Instant, plusSeconds } from '#shared/domain/calendar/civil-date.ts';
import type { Share } from '#shared/domain/dispute/dispute.ts';
import type {
  CaseHeader,
  DisputeClosed,
  DisputeCorrected,
  DisputeGraded,
  DisputeReopened,
  PartiesNoticed,
  ResponsibilityDetermined,
  ResponsibilityWaived,
  SatisfactionRated,
} from '#shared/domain/dispute/dispute-events.ts';
import type { Event } from '#shared/domain/event.ts';
import { COLOURS, type NearestMiss } from '#shared/domain/grading/grade.ts';
import type { Level } from '#shared/domain/policy/policy.ts';
import { DIRECTORY } from '#test/support/sample.ts';

/** What performance hears of one dispute, ready to be delivered in any order. */
export const id = (...parts: string[]) => v5(JSON.stringify(parts), v5.URL);
export const DISPUTE = id('dispute');
/** A Friday, 10:31 in Shanghai. */
export const START: Instant = '2026-11-20T02:31:00Z';
const CALENDAR = { id: 'cn', version: 1 };

/** The shares of the sample story. */
export const SHARES: readonly Share[] = [
  { kind: 'direct', subject: 'E-204', bp: 6000 },
  { kind: 'management', subject: 'E-201', bp: 3000 },
  { kind: 'system', subject: 'logistics', bp: 1000 },
];

export function header(change: Partial<CaseHeader> = {}): CaseHeader {
  return {
    disputeId: DISPUTE,
    customer: '3f1b6a52-7c0d-4f6e-9b8a-2d5e1c4f7a90',
    month: '2026-11',
    source: 'phone',
    channel: 'phone',
    category: 'logistics',
    type: 'late-delivery',
    department: 'logistics',
    level: 2,
    ...change,
  };
}

/** When the nth event happened, a day after the one before it. */
export function at(n: number): Instant {
  return plusSeconds(START, n * 86_400);
}

function envelope(version: number, occurredAt: Instant, disputeId: string) {
  return {
    id: id('event', disputeId, String(version), occurredAt),
    occurredAt,
    aggregateId: disputeId,
    aggregateVersion: version,
    correlationId: id('flow'),
    causationId: id('cause', String(version)),
    policyVersion: 1,
  };
}

type Change<D> = Partial<D> & { readonly at?: Instant; readonly policyVersion?: number };

/** Puts data into an envelope; the version is its number among the dispute's decisions. */
function eventOf<const T extends string, D extends { readonly dispute: CaseHeader }>(
  type: T,
  version: number,
  { at: occurredAt = at(version), policyVersion = 1, ...change }: Change<D>,
  data: D,
) {
  const told = { ...data, ...change };
  return { ...envelope(version, occurredAt, told.dispute.disputeId), policyVersion, type, data: told };
}

export function noticed(sequence: number, change: Change<PartiesNoticed['data']> = {}): Event<PartiesNoticed> {
  const noticedAt = change.at ?? at(sequence);
  return eventOf('PartiesNoticed.v1', sequence, change, {
    dispute: header(),
    scoringSequence: sequence,
    determinationId: id('determination', String(sequence)),
    validity: 'valid',
    shares: SHARES,
    determinedLevel: 2,
    responsibleDepartment: 'logistics',
    decidedBy: 'E-703',
    noticedBy: 'E-703',
    windowEndsAt: plusSeconds(noticedAt, 40_000),
    calendar: CALENDAR,
  });
}

export function unfounded(sequence: number, change: Change<PartiesNoticed['data']> = {}): Event<PartiesNoticed> {
  return noticed(sequence, { validity: 'unfounded', shares: [], ...change });
}

export function rated(sequence: number, change: Change<SatisfactionRated['data']> = {}): Event<SatisfactionRated> {
  return eventOf('SatisfactionRated.v1', sequence, change, {
    dispute: header(),
    scoringSequence: sequence,
    value: 'dissatisfied',
    kind: 'officer',
    counts: true,
    ratedBy: 'E-602',
    responsibility: 'noticed',
    calendar: CALENDAR,
  });
}

export function waived(
  sequence: number,
  change: Change<ResponsibilityWaived['data']> = {},
): Event<ResponsibilityWaived> {
  return eventOf('ResponsibilityWaived.v1', sequence, change, {
    dispute: header(),
    scoringSequence: sequence,
    waivedBy: 'E-703',
  });
}

export function reopened(sequence: number, change: Change<DisputeReopened['data']> = {}): Event<DisputeReopened> {
  return eventOf('DisputeReopened.v1', sequence, change, {
    dispute: header(),
    scoringSequence: sequence,
    responsibility: 'reported',
    reopenedBy: 'E-602',
  });
}

/** A grading as the nth decision on a dispute. */
export function graded(
  version: number,
  level: Level,
  previousLevel?: Level,
  change: { readonly at?: Instant; readonly header?: Partial<CaseHeader>; readonly nearestMiss?: NearestMiss } = {},
): Event<DisputeGraded> {
  const gradedAt = change.at ?? at(version);
  return eventOf(
    'DisputeGraded.v1',
    version,
    { at: gradedAt },
    {
      dispute: header({ level, ...change.header }),
      ...(previousLevel && { previousLevel }),
      grade: {
        level,
        colour: COLOURS[level],
        reasons: [{ rule: 'G-2.3', values: {}, text: 'ordinary' }],
        ...(change.nearestMiss && { nearestMiss: change.nearestMiss }),
        notEvaluable: [],
        policyVersion: 1,
        gradedAt,
      },
    },
  );
}

export function corrected(version: number, change: Partial<CaseHeader>): Event<DisputeCorrected> {
  return eventOf<'DisputeCorrected.v1', DisputeCorrected['data']>(
    'DisputeCorrected.v1',
    version,
    {},
    {
      dispute: header(change),
      from: { category: 'logistics', type: 'late-delivery', department: 'logistics' },
      facts: { personalSafety: false, hazard: false, leaving: false, interrupted: false, threat: 'none' as const },
      publicOpinion: { reach: 0, media: false, regulator: false },
      previousLevel: 2,
      awaiting: [],
      departmentNamed: false,
      correctedBy: 'E-602',
    },
  );
}

export function determined(
  version: number,
  change: Change<ResponsibilityDetermined['data']> = {},
): Event<ResponsibilityDetermined> {
  return eventOf('ResponsibilityDetermined.v1', version, change, {
    dispute: header(),
    determinationId: id('determination', String(version)),
    validity: 'valid',
    shares: SHARES,
    responsibleDepartment: 'logistics',
    decidedBy: 'E-703',
  });
}

export function closed(version: number): Event<DisputeClosed> {
  return eventOf('DisputeClosed.v1', version, {}, { dispute: header(), closedBy: 'E-602' });
}

export function actor(employee: string, ...roles: Role[]): Actor {
  return { sub: `user-${employee}`, roles, employee, department: DIRECTORY.get(employee)?.department };
}

/** Every order of a few things. */
export function permutations<T>(things: readonly T[]): readonly (readonly T[])[] {
  if (things.length <= 1) return [things];
  return things.flatMap((first, index) =>
    permutations(things.filter((_, other) => other !== index)).map((rest) => [first, ...rest]),
  );
}
