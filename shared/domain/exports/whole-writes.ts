import { type Instant, plusSeconds } from '../calendar/civil-date.ts';
import type { Entry } from '../performance/entry.ts';
import type { Seal } from '../performance/seal.ts';
import type { ScoreRow } from './score-row.ts';

/** Seconds that may lie between the time that a write's entries carry and its end: no function runs longer. */
export const LONGEST_WRITE_SECONDS = 15 * 60;

/**
 * The writes that put entries on a card since then, each once: what is decided of a dispute at one time is written on all
 * cards in one transaction (S-12), so that a card has all of it or nothing.
 */
export function writesIn(entries: readonly Entry[], since: Instant): readonly string[] {
  const late = entries.filter(({ recordedAt }) => recordedAt >= since);
  return [...new Set(late.map(({ disputeId, recordedAt }) => `${disputeId} ${recordedAt}`))];
}

/**
 * The oldest entry of a card that stood there before an export of it began and that its row leaves out; undefined when
 * the row has all of them. Those of the last quarter of an hour before it may have been written after it.
 *
 * @param seals up to the row's head; none for a subject without a row
 */
export function leftOut(
  entries: readonly Entry[],
  seals: readonly Seal[],
  { asOf }: Pick<ScoreRow, 'asOf'>,
): Entry | undefined {
  const inRow = new Set(seals.flatMap((seal) => seal.entries).map(({ entryId }) => entryId));
  const before = plusSeconds(asOf, -LONGEST_WRITE_SECONDS);
  const left = entries.filter(({ entryId, recordedAt }) => recordedAt < before && !inRow.has(entryId));
  return left.toSorted((a, b) => (a.recordedAt < b.recordedAt ? -1 : 1))[0];
}
