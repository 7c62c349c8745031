import type { Scenario } from '../harness/scenario.ts';

/** The baseline is what the scenarios have in common: three members, two instances, a mixed load on 60 skewed keys. */
export const baseline = {
  members: 3,
  instances: 2,
  ratePerSecond: 200,
  steadyOkShare: 0.99,
  workload: {
    keys: 60,
    keyDistribution: { kind: 'zipf', theta: 0.99 },
    mix: {
      'read:linearizable': 20,
      'read:session': 30,
      'read:eventual': 20,
      write: 20,
      cas: 8,
      delete: 2,
    },
    arrivals: 'poisson',
    deadlineMs: 1_000,
    maxInFlight: 256,
  },
} as const satisfies Partial<Scenario>;
