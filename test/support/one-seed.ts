import { fc } from '@fast-check/vitest';

/**
 * Gives every property the same random values on every run. Mutation testing needs it: the seed stands in a test's name,
 * and a test whose name changed from run to run would never be run against a mutant.
 */
fc.configureGlobal({ seed: 20_261_120 });
