import { defineConfig } from 'vitest/config';

/** The suites that mutants of harness/checker are held against: no process, no cluster, and the same cases each time. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/checker/**/*.test.ts', 'test/history/convert.test.ts'],
    setupFiles: ['test/mutation/one-seed.ts'],
    isolate: false,
    fileParallelism: false,
    testTimeout: 120_000,
  },
});
