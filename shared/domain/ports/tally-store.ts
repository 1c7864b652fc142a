import type { Month } from '../calendar/civil-date.ts';
import type { DayTally, TallyState } from '../intake/tally-days.ts';

/** Tallies of finished days, so that a review need not read arrivals. */
export interface TallyStore {
  state(): Promise<TallyState | undefined>;
  /** Keeps these days and how far the tallies go; of a day or state that was written later, the later one stays. */
  keep(days: readonly DayTally[], state: TallyState): Promise<void>;
  /** All tallied days of a month, in order. */
  ofMonth(month: Month): Promise<readonly DayTally[]>;
}
