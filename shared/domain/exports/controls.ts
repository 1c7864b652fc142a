import { pointsText } from '../performance/points.ts';
import type { NewHash } from '../ports/digest.ts';
import { type FrozenRow, hundredthsOf, type RowHead } from './score-row.ts';

/** By what a reader sees that nothing is missing. Sums are decimal strings with two places. */
export interface Controls {
  readonly rows: number;
  readonly sumResult: string;
  readonly sumAdjustments: string;
  /** One SHA-256 over the heads of all cards, each on a line of its own: {@link headLine}. */
  readonly heads: string;
}

/** Adds rows up, one after the other; the same rows in another order have another hash of their heads. */
export interface Tally {
  add(row: FrozenRow): void;
  controls(): Controls;
}

/** A tally that has seen nothing yet. */
export function newTally(newHash: NewHash): Tally {
  const hash = newHash();
  let rows = 0;
  let result = 0;
  let adjustments = 0;
  return {
    add({ row, head }) {
      rows += 1;
      result += hundredthsOf(row.result);
      adjustments += hundredthsOf(row.adjustments);
      hash.add(headLine(row.subjectId, head));
    },
    controls: () => ({
      rows,
      sumResult: pointsText(result),
      sumAdjustments: pointsText(adjustments),
      heads: hash.hex(),
    }),
  };
}

/** A card's head as the hash over all heads takes it: subject, seal, entries and hash with blanks between, or subject and `-`. */
export function headLine(subjectId: string, head: RowHead | null): string {
  return head ? `${subjectId} ${head.seal} ${head.entries} ${head.hash}\n` : `${subjectId} -\n`;
}

/** Which part of the controls differs first; undefined for equal ones. */
export function differingControl(one: Controls, other: Controls): string | undefined {
  const names = ['rows', 'sumResult', 'sumAdjustments', 'heads'] as const;
  const name = names.find((each) => one[each] !== other[each]);
  return name && `${name}: ${one[name]} is not ${other[name]}`;
}
