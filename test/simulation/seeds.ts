import '#test/support/quiet-runtime.ts';
import { expect, test } from 'vitest';
import { checkSeed } from './check.ts';

/** Seeds of one test, so that a failing one is found soon. */
const SEEDS_PER_TEST = 20;

/** How many seeds are run, and from which on: `SIMULATION_SEEDS` and `SIMULATION_SEED`. */
function seedsToRun(): readonly number[] {
  const first = Number(process.env.SIMULATION_SEED ?? 1);
  return Array.from({ length: Number(process.env.SIMULATION_SEEDS ?? 60) }, (_, index) => first + index);
}

/**
 * Tests of every second seed, so that two files share the work.
 *
 * @param parity 0 for the first, third … seed, 1 for the others
 */
export function theSimulationOf(parity: 0 | 1): void {
  const own = seedsToRun().filter((_, index) => index % 2 === parity);
  const batches = Array.from({ length: Math.ceil(own.length / SEEDS_PER_TEST) }, (_, batch) =>
    own.slice(batch * SEEDS_PER_TEST, (batch + 1) * SEEDS_PER_TEST),
  );
  // A single seed that is replayed belongs to the first file.
  if (batches.length === 0) test('has its seeds in the other file', () => expect(own).toEqual([]));
  for (const seeds of batches) {
    test(`seeds ${seeds[0]} to ${seeds.at(-1)}: whatever goes wrong, the end is that of a clean run`, async () => {
      const failed: string[] = [];
      for (const seed of seeds) {
        const { broken } = await checkSeed(seed);
        failed.push(...broken.map(({ invariant, detail }) => `seed ${seed}: ${invariant}: ${detail}\n${replay(seed)}`));
      }
      expect(failed.join('\n')).toBe('');
    });
  }
}

function replay(seed: number): string {
  return `replay: SIMULATION_SEED=${seed} SIMULATION_SEEDS=1 npx vitest run test/simulation/simulation.test.ts`;
}
