/**
 * Mutation test of the checkers: every small change of harness/checker has to be noticed by the suites of
 * test/checker. `npm run mutate` runs all of it, `npm run mutate -- --mutate harness/checker/fencing.ts` one file.
 * What was tried before is kept in reports/out/mutation and tried again only where the code or its tests changed.
 */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  // Which tests reach a mutant is known from the first run: to look at imports again for each would take half the time.
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  mutate: ['harness/checker/**/*.ts'],
  coverageAnalysis: 'perTest',
  // What runs only while a file is loaded (a table of names and sentences, mostly) costs a new process and all tests.
  ignoreStatic: true,
  concurrency: 1,
  // Endless loops are told by how often a mutant is reached, not by the clock. The clock has the last word only, and
  // so late that a busy machine does not pass for a killed mutant.
  timeoutMS: 20_000,
  timeoutFactor: 10,
  dryRunTimeoutMinutes: 15,
  thresholds: { high: 95, low: 90, break: 85 },
  incremental: true,
  incrementalFile: 'reports/out/mutation/incremental.json',
  reporters: ['clear-text', 'json', 'html'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: true },
  jsonReporter: { fileName: 'reports/out/mutation/mutation.json' },
  htmlReporter: { fileName: 'reports/out/mutation/mutation.html' },
  tempDirName: 'reports/out/mutation/sandbox',
  cleanTempDir: 'always',
  ignorePatterns: ['dist', 'reports/out', 'reports/screenshots'],
  // Stryker would rewrite tsconfig.json with a compiler's interface that TypeScript 7 has no more; nothing here needs it.
  tsconfigFile: 'none',
};
