/**
 * What a function makes of each item, in the order of the items, with so many calls under way at a time: what comes
 * later waits, so that any number of items needs the memory of a few.
 *
 * @throws what the function throws, at that item's turn
 */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  atOnce: number,
  make: (item: T) => Promise<R>,
): AsyncIterable<R> {
  const waiting: { readonly made: Promise<R> }[] = [];
  for (const item of items) {
    const made = make(item);
    made.catch(() => undefined); // Told at its turn; until then nobody listens.
    waiting.push({ made });
    const first = waiting.length >= atOnce ? waiting.shift() : undefined;
    if (first) yield await first.made;
  }
  for (const { made } of waiting) yield await made;
}
