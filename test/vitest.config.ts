import { defineConfig } from 'vitest/config';

// Real processes share two cores in the cluster suites, so files run one after another there; the pure
// suites are quick either way.
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
