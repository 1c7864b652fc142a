import { defineConfig } from 'vitest/config';

/** Against a deployed system: `npm run e2e:deployed` starts what it needs. One file after the other, for they share it. */
export default defineConfig({
  test: { include: ['test/e2e/**/*.e2e.ts'], testTimeout: 400_000, hookTimeout: 60_000, fileParallelism: false },
});
