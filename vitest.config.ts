import { defineConfig } from 'vitest/config';

/** The rules: pure and fast; what mutation testing runs again and again. */
const RULES = ['test/{domain,contracts,policy}/**/*.test.ts'];
/** Random runs of the whole flow, each with its printed seed. */
const SIMULATION = ['test/simulation/**/*.test.ts'];
/** Against a running system, with a command of its own. */
const END_TO_END = ['test/e2e/**'];

export default defineConfig({
  test: {
    maxWorkers: '100%',
    coverage: {
      provider: 'v8',
      include: ['shared/domain/**/*.ts'],
      reporter: ['text', 'json-summary'],
      thresholds: { 100: true },
    },
    projects: [
      { test: { name: 'rules', include: RULES, testTimeout: 120_000 } },
      {
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: [...RULES, ...SIMULATION, ...END_TO_END],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: 'simulation', include: SIMULATION, testTimeout: 280_000 } },
    ],
  },
});
