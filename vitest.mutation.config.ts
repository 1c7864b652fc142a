import { defineConfig } from 'vitest/config';

/**
 * What runs for every mutant of the domain: its examples and small properties. The long walks over random calendars
 * (`*.properties.test.ts`) prove the rules, but a thousand times over they would take days.
 */
export default defineConfig({
  test: {
    include: ['test/domain/**/*.test.ts'],
    exclude: ['test/**/*.properties.test.ts'],
    setupFiles: ['test/support/one-seed.ts'],
  },
});
