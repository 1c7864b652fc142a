import type { Instant, Month } from '../calendar/civil-date.ts';
import type { ReviewInputs } from '../review/inputs.ts';

/** One run of a month's review that found other inputs than the one before. */
export interface ReviewRun {
  readonly period: Month;
  /** From 1 on. */
  readonly revision: number;
  /** Content hash of the inputs. */
  readonly inputs: string;
  readonly provisional: boolean;
  readonly ranAt: Instant;
  /** Who asked for it; `schedule` where nobody did. */
  readonly ranBy: string;
}

/** Runs of reviews, and the inputs that they stored. */
export interface ReviewStore {
  latest(period: Month): Promise<ReviewRun | undefined>;
  revision(period: Month, revision: number): Promise<ReviewRun | undefined>;
  /**
   * Stores the inputs, then the run.
   * @throws WriteRefused when the revision is there already
   */
  record(run: ReviewRun, inputs: ReviewInputs): Promise<void>;
  /** @throws RangeError when the inputs of a recorded run are not what their hash says */
  inputs(run: ReviewRun): Promise<ReviewInputs>;
}
