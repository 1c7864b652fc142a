/** The whole of anything, in basis points. */
export const WHOLE_BP = 10_000;

/** One part of a total. */
export interface Part {
  readonly id: string;
  readonly count: number;
  /** Of the total; all parts together are exactly {@link WHOLE_BP}, unless the total is 0 or less. */
  readonly shareBp: number;
}

/**
 * Counts with their shares of their sum: largest remainder first, ties to the lower id, so that what is shown adds up.
 * While events are still on their way a count may be negative; without a positive sum every share is 0.
 *
 * @param counts whole numbers; the order of the answer is theirs
 */
export function withShares<C extends Omit<Part, 'shareBp'>>(counts: readonly C[]): readonly (C & Part)[] {
  const total = sum(counts.map(({ count }) => count));
  if (total <= 0) return counts.map((each) => ({ ...each, shareBp: 0 }));
  const floors = counts.map(({ id, count }) => {
    const floor = Math.floor((count * WHOLE_BP) / total);
    return { id, floor, remainder: count * WHOLE_BP - floor * total };
  });
  const left = WHOLE_BP - sum(floors.map(({ floor }) => floor));
  const rounded = new Set(
    floors
      .toSorted((a, b) => b.remainder - a.remainder || (a.id < b.id ? -1 : 1))
      .slice(0, left)
      .map(({ id }) => id),
  );
  return counts.map((each) => {
    const floor = Math.floor((each.count * WHOLE_BP) / total);
    return { ...each, shareBp: floor + (rounded.has(each.id) ? 1 : 0) };
  });
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
