/**
 * Milliseconds of each act in each round. All take turns, so that none runs cold or on a busier machine than the others;
 * every other round goes the other way round, for each act warms what the next one uses.
 *
 * @param before rounds that warm everything and do not count
 */
export async function alternated(
  acts: readonly (() => Promise<void>)[],
  { before, counted }: { readonly before: number; readonly counted: number },
): Promise<readonly (readonly number[])[]> {
  const took = acts.map((): number[] => []);
  for (let round = 0; round < before + counted; round += 1) {
    const order = [...acts.entries()];
    for (const [at, act] of round % 2 === 0 ? order : order.reverse()) {
      const began = performance.now();
      await act();
      if (round >= before) took[at]?.push(performance.now() - began);
    }
  }
  return took;
}

/** The middle one of an odd number of figures, and of an even number the higher of the two. NaN of none. */
export function middle(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}

/** The whole number that falls to one of so many parts, where all parts together come to exactly the sum. */
export function partOf(sum: number, parts: number, part: number): number {
  return Math.floor(((part + 1) * sum) / parts) - Math.floor((part * sum) / parts);
}
