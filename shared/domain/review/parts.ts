/** The whole of anything, in basis points. */
export const WHOLE_BP = 10_000;

/** One part of a total. */
export interface Part {
  readonly id: string;
  readonly count: number;
  /** Of the total; in units of {@link SHARE_UNIT_BP}; all parts together are exactly {@link WHOLE_BP}, unless the total is 0 or less. */
  readonly shareBp: number;
}

/** What shares are allotted in, in basis points: a tenth of a percent, which is how they are printed. */
export const SHARE_UNIT_BP = 10;

/**
 * Counts with their shares of a whole: largest remainder first, ties to the lower id. They are allotted in units that
 * are printed as they are ({@link SHARE_UNIT_BP}), so that what is read adds up, and not only what is stored. While
 * events are still on their way a count may be negative; without a positive sum nothing has a share of the whole.
 *
 * @param counts whole numbers; the order of the answer is theirs
 * @param wholeBp what all of them have together; that of one part where its own parts are counted
 */
export function withShares<C extends Omit<Part, 'shareBp'>>(
  counts: readonly C[],
  wholeBp = WHOLE_BP,
): readonly (C & Part)[] {
  const total = sum(counts.map(({ count }) => count));
  if (total === 0 || (total < 0 && wholeBp > 0)) return counts.map((each) => ({ ...each, shareBp: 0 }));
  const units = wholeBp / SHARE_UNIT_BP;
  const parts = counts.map((each) => {
    const exact = each.count * Math.sign(total) * units;
    const floor = Math.floor(exact / Math.abs(total));
    return { each, floor, remainder: exact - floor * Math.abs(total) };
  });
  const left = units - sum(parts.map(({ floor }) => floor));
  const rounded = new Set(
    parts.toSorted((a, b) => b.remainder - a.remainder || (a.each.id < b.each.id ? -1 : 1)).slice(0, left),
  );
  return parts.map((part) => ({ ...part.each, shareBp: (part.floor + (rounded.has(part) ? 1 : 0)) * SHARE_UNIT_BP }));
}

/** As {@link withShares}, of counts by their ids. */
export function partsOf(counts: ReadonlyMap<string, number>): readonly Part[] {
  return withShares([...counts].map(([id, count]) => ({ id, count })));
}

/** The largest first; those of one size by their id. */
export function largestFirst<P extends Part>(parts: readonly P[]): readonly P[] {
  return parts.toSorted((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1));
}

/** A share in basis points, rounded half up; undefined of nothing. */
export function rateBp(count: number, of: number): number | undefined {
  return of > 0 ? Math.floor((count * WHOLE_BP * 2 + of) / (of * 2)) : undefined;
}

export function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
