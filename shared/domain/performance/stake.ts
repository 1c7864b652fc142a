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
  /** As the latest grading or correction left it; missing where only a later step was heard of. */
  readonly grading?: StakeGrading;
}

export interface StakeGrading {
  /** The dispute's version; the higher one wins. */
  readonly at: number;
  readonly department: string;
  readonly level: Level;
  /** What S-5 would cost at this level under the policy of receipt, in hundredths; negative. */
  readonly points: number;
  readonly policyVersion: number;
  /** The latest grade's (G-3). */
  readonly gradedAt?: number;
  readonly nearestMiss?: NearestMiss;
}

const PHASES: readonly StakePhase[] = ['at-stake', 'determined', 'ended'];

/** The stake of a dispute of which nothing was heard yet. */
export function newStake(disputeId: string): Stake {
  return { disputeId, version: 0, phase: 'at-stake' };
}

/**
 * The stake after an event (S-21): the higher version decides level and department, and the furthest step the phase.
 * Both only ever grow, so order and repetition cannot matter.
 *
 * @param policy the version of the event's envelope: that of receipt for gradings and corrections
 * @returns the very same stake when the event says nothing new
 */
export function stakeAfter(stake: Stake, event: StakeEvent, policy: Policy): Stake {
  const phase = laterOf(stake.phase, phaseAfter(event));
  const grading = gradingAfter(stake.grading, event, policy);
  return phase === stake.phase && grading === stake.grading ? stake : { ...stake, phase, ...(grading && { grading }) };
}

/** Whether a stake stands on its department's card. */
export function isShown(stake: Stake): stake is Stake & { readonly grading: StakeGrading } {
  return stake.phase !== 'ended' && stake.grading !== undefined;
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

function gradingAfter(current: StakeGrading | undefined, event: StakeEvent, policy: Policy): StakeGrading | undefined {
  if (event.type !== 'DisputeGraded.v1' && event.type !== 'DisputeCorrected.v1') return current;
  const { aggregateVersion: at, policyVersion } = event;
  const { department, level } = event.data.dispute;
  const newest = current === undefined || at > current.at;
  const head = newest ? { at, department, level, points: negative(baseOf(level, policy)), policyVersion } : current;
  const gradedAt = current?.gradedAt ?? 0;
  if (event.type === 'DisputeCorrected.v1' || at <= gradedAt) return newest ? { ...current, ...head } : current;
  const { nearestMiss: _older, ...rest } = { ...current, ...head };
  const { nearestMiss } = event.data.grade;
  return { ...rest, gradedAt: at, ...(nearestMiss && { nearestMiss }) };
}
