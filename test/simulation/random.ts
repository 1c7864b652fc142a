/** Random choices that are the same for the same seed. */
export interface Random {
  /** A whole number from `least` to `most`, both inclusive. */
  int(least: number, most: number): number;
  chance(probability: number): boolean;
  /** @throws RangeError for an empty list */
  pick<T>(values: readonly T[]): T;
  /** A copy in random order. */
  shuffled<T>(values: readonly T[]): T[];
}

/** mulberry32: small, fast, and good enough to choose who comes next. */
export function seeded(seed: number): Random {
  let state = seed | 0;
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
  const random: Random = {
    int: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (probability) => next() < probability,
    pick(values) {
      if (values.length === 0) throw new RangeError('there is nothing to pick from');
      return values.slice(random.int(0, values.length - 1)).reduce((first) => first);
    },
    shuffled(values) {
      return values
        .map((value) => ({ value, at: next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ value }) => value);
    },
  };
  return random;
}
