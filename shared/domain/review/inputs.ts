import type { Day, Month } from '../calendar/civil-date.ts';
import type { CounterCell } from '../insights/count-events.ts';
import type { Arrived } from '../intake/reconciliation.ts';
import type { Names } from '../policy/policy.ts';

/**
 * Everything that a review is made of, and nothing else: the same inputs give the same review, to the byte. The
 * time of the run is none of it, so that a run without new figures is no new one.
 */
export interface ReviewInputs {
  /** Raised when the meaning of a field changes; a stored review stays readable. */
  readonly form: 1;
  readonly period: Month;
  /** Whether the month was not over yet, in the organisation's zone. */
  readonly running: boolean;
  /** The version in force on the month's last day, or when it was run. */
  readonly policyVersion: number;
  /** A type above this share of the month's disputes is frequent, in basis points. */
  readonly frequentOverBp: number;
  readonly categories: readonly NamedCategory[];
  /** The departments that the figures name. */
  readonly departments: readonly { readonly id: string; readonly name: string }[];
  /** The month's counters, as `sumCells` leaves them. */
  readonly cells: readonly CounterCell[];
  /** What arrived in the month, by day and source, by what became of it (I-7). */
  readonly received: readonly DayReceived[];
  /** Where reports received after the month are not all counted; any of them may be about the month. */
  readonly uncountedLater: readonly Uncounted[];
  /** What the entries on the cards of the month add up to, per department, in hundredths of a point. */
  readonly ledger: readonly DepartmentPoints[];
}

export interface NamedCategory {
  readonly id: string;
  readonly name: Names;
  readonly types: readonly { readonly id: string; readonly name: Names }[];
}

/** Without what waits for an officer: that changes long after the day, and no review would follow it. */
export interface DayReceived extends Arrived {
  readonly day: Day;
  readonly source: string;
}

/** Arrivals of one source in one month, and how many of them are accounted for. */
export interface Uncounted {
  readonly month: Month;
  readonly source: string;
  readonly received: number;
  readonly accounted: number;
}

/** Points by what they count as, in hundredths. */
export interface PointSums {
  readonly pending: number;
  readonly posted: number;
  readonly voided: number;
}

/** {@link PointSums} of one department; `-` stands for scored parties of none. */
export interface DepartmentPoints extends PointSums {
  readonly department: string;
}
