import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

/** Suites that start no cluster, no database and no load: nothing in them is told by how long it took. */
const pure = [
  'test/*.test.ts',
  'test/{checker,cli,history,measure,reports,scenarios,shrink}/**/*.test.ts',
  'test/observer/member-log.test.ts',
  'test/cluster/tuning.test.ts',
  'test/nemesis/{effects,heal-once,through-any}.test.ts',
  'test/strategies/cache/{belady,laws,trace-report}.test.ts',
  'test/load/transactions.test.ts',
  'test/strategies/lease-session/states.test.ts',
  'test/strategies/consistency-routing/seen.test.ts',
  'test/strategies/service/configuration.test.ts',
  'test/corpus/{cells,planted-fault,record,table}.test.ts',
  'test/watch/told-revisions.test.ts',
  'test/external/{namespace,options,peer-proxies-file}.test.ts',
];

/** Suites of many cells, kills or cuts, minutes together: CI runs them beside the others (npm run test:deep). */
const deep = [
  'test/nemesis/{every,full-disk,links,members,membership,database,store}.test.ts',
  'test/corpus/corpus.test.ts',
  'test/docker/*.test.ts',
  'test/external/{external,peer-proxies}.test.ts',
  'test/network/toxiproxy-original.test.ts',
  'test/versions/*.test.ts',
  'test/run/{killed,shards,slower,twins,database-rows,transactions,shrink,exploration}.test.ts',
  'test/strategies/{crash,fencing}.test.ts',
  'test/strategies/etcd/{careful-watch,held-lease,lock}.test.ts',
];

// The pure suites share all cores. The others start real processes and mostly wait for them: two files at a time, one
// in CI, where a second machine's slowness is no reason to fail.
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: pure,
          maxWorkers: availableParallelism(),
          // They share nothing that a test changes; loading the sources once a worker saves a third of the time.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'world',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...pure, ...deep],
          maxWorkers: process.env.CI ? 1 : 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'deep',
          include: deep,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
