import type { Instant } from '../calendar/civil-date.ts';
import type { Hour } from '../insights/hour.ts';

/** An hour with events that were not counted, or commits that could not be read, when it was looked at last. */
export interface OpenHour {
  readonly hour: Hour;
  /** How often all that was missing of it was published again. */
  readonly tries: number;
  readonly checkedAt: Instant;
}

/** How far the check of one gear's commits has come. */
export interface CheckPoint {
  readonly version: number;
  /** The first hour that was never looked at. */
  readonly next: Hour;
  /** Hours before it that are not whole yet. */
  readonly open: readonly OpenHour[];
}

/** Where a check's progress is kept. */
export interface CheckPointStore {
  /** Undefined before the first check. */
  load(): Promise<CheckPoint | undefined>;
  /** @throws WriteRefused unless the version before this one is stored: another check runs at the same time */
  save(checkPoint: CheckPoint): Promise<void>;
}
