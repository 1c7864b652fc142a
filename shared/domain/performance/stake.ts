import { movesPoints } from '../dispute/determination.ts';
import type {
  DisputeClosed,
  DisputeCorrected,
  DisputeGraded,
  PartiesNoticed,
  ResponsibilityDetermined,
  ResponsibilityWaived,
} from '../dispute/dispute-events.ts';
import type { Event } from '../event.ts';
import type { NearestMiss } from '../grading/grade.ts';
import type { Level, Policy } from '../policy/policy.ts';
import { negative } from './entry.ts';
import { baseOf } from './points.ts';

/** What moves a stake. */
export type StakeEvent = Event<
  DisputeGraded | DisputeCorrected | ResponsibilityDetermined | PartiesNoticed | ResponsibilityWaived | DisputeClosed
>;

/** Further on only: an ended stake never comes back. */
export type StakePhase = 'at-stake' | 'determined' | 'ended';

/** What one dispute would cost its preliminary department (S-21): a view, never an entry. */
export interface Stake {
  readonly disputeId: string;
  /** Writes so far; 0 before the first. */
  readonly version: number;
  readonly phase: StakePhase;
  /** Where the dispute stood at its determination, else at its latest grading or correction (D-3). */
  readonly standing?: Standing;
  /** What S-5 would cost; missing until a grading or correction was heard. */
  readonly cost?: StakeCost;
  readonly grade?: StakeGrade;
}

export interface Standing {
  /** The dispute's version; a determination's counts before all others, then the higher one. */
  readonly at: number;
  readonly determined: boolean;
  readonly department: string;
  readonly level: Level;
}

/** Prices of the policy of receipt, which gradings and corrections follow (P-2). */
export interface StakeCost {
  readonly policyVersion: number;
  /** In hundredths; negative. */
  readonly points: Readonly<Record<Level, number>>;
}

/** The latest grade, whatever was determined (G-3). */
export interface StakeGrade {
  /** The dispute's version. */
  readonly at: number;
  readonly level: Level;
  readonly nearestMiss?: NearestMiss;
}

/** What a department's card shows of a stake. */
export interface ShownStake {
  readonly phase: StakePhase;
  readonly department: string;
  /** In hundredths; negative. */
  readonly points: number;
}

const PHASES: readonly StakePhase[] = ['at-stake', 'determined', 'ended'];

/** The stake of a dispute of which nothing was heard yet. */
export function newStake(disputeId: string): Stake {
  return { disputeId, version: 0, phase: 'at-stake' };
}

/**
 * The stake after an event (S-21): the higher version decides level and department until a determination does, and the
 * furthest step the phase. All of it only ever grows, so order and repetition cannot matter.
 *
 * @param policy the version of the event's envelope: that of receipt for gradings and corrections
 * @returns the very same stake when the event says nothing new
 */
export function stakeAfter(stake: Stake, event: StakeEvent, policy: Policy): Stake {
  const phase = laterOf(stake.phase, phaseAfter(event));
  const standing = standingAfter(stake.standing, event);
  const cost = stake.cost ?? costOf(event, policy);
  const grade = gradeAfter(stake.grade, event);
  const same = phase === stake.phase && standing === stake.standing && cost === stake.cost && grade === stake.grade;
  if (same) return stake;
  return { ...stake, phase, ...(standing && { standing }), ...(cost && { cost }), ...(grade && { grade }) };
}

/** What its department's card shows of a stake; nothing once it ended. */
export function shownStake({ phase, standing, cost }: Stake): ShownStake | undefined {
  if (phase === 'ended' || !standing || !cost) return undefined;
  return { phase, department: standing.department, points: cost.points[standing.level] };
}

function phaseAfter(event: StakeEvent): StakePhase {
  switch (event.type) {
    case 'DisputeGraded.v1':
    case 'DisputeCorrected.v1':
      return 'at-stake';
    case 'ResponsibilityDetermined.v1':
      return movesPoints(event.data.validity) ? 'determined' : 'ended';
    case 'PartiesNoticed.v1':
    case 'ResponsibilityWaived.v1':
    case 'DisputeClosed.v1':
      return 'ended';
  }
}

function laterOf(a: StakePhase, b: StakePhase): StakePhase {
  return PHASES.indexOf(b) > PHASES.indexOf(a) ? b : a;
}

function standingAfter(current: Standing | undefined, event: StakeEvent): Standing | undefined {
  const determined = event.type === 'ResponsibilityDetermined.v1';
  if (!determined && !saysLevel(event)) return current;
  const at = event.aggregateVersion;
  const counts = determined === current?.determined ? at > current.at : determined || !current;
  const { department, level } = event.data.dispute;
  return counts ? { at, determined, department, level } : current;
}

function costOf(event: StakeEvent, policy: Policy): StakeCost | undefined {
  if (!saysLevel(event)) return undefined;
  const cost = (level: Level) => negative(baseOf(level, policy));
  return { policyVersion: event.policyVersion, points: { 1: cost(1), 2: cost(2), 3: cost(3) } };
}

function gradeAfter(current: StakeGrade | undefined, event: StakeEvent): StakeGrade | undefined {
  const at = event.aggregateVersion;
  if (event.type !== 'DisputeGraded.v1' || (current && current.at >= at)) return current;
  const { level, nearestMiss } = event.data.grade;
  return { at, level, ...(nearestMiss && { nearestMiss }) };
}

function saysLevel({ type }: StakeEvent): boolean {
  return type === 'DisputeGraded.v1' || type === 'DisputeCorrected.v1';
}
