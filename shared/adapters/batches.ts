/** Splits items, in their order, into batches of at most `maxCount` and `maxBytes`; a larger item is alone. */
export function batchesOf<T extends { readonly bytes: number }>(
  items: readonly T[],
  maxCount: number,
  maxBytes: number,
): readonly T[][] {
  const batches: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const current = batches.at(-1);
    if (current && current.length < maxCount && bytes + item.bytes <= maxBytes) {
      current.push(item);
      bytes += item.bytes;
    } else {
      batches.push([item]);
      bytes = item.bytes;
    }
  }
  return batches;
}
