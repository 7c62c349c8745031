import { cutLinks } from '../harness/nemesis/cut-links.ts';
import { slowLinks } from '../harness/nemesis/slow-links.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

/** The replica falls behind, then stands still: linearizable and session reads may be slow or refused, never old. */
export const replicaLag: Scenario = {
  ...baseline,
  name: 'replica-lag',
  question:
    'Are linearizable reads still of the newest version when the replica lags, and what do they wait?',
  strategies: ['consistency-routing'],
  schedule: [
    at(2_500, slowLinks({ place: 'replication', latencyMs: 150, jitterMs: 50 })).for(2_000),
    at(5_000, cutLinks({ place: 'replication', flavour: 'hold' })).for(2_000),
  ],
};
