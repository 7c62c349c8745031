import { slowPeers } from '../harness/nemesis/slow-peers.ts';
import { at, type Scenario } from '../harness/scenario.ts';
import { baseline } from './baseline.ts';

export const peerLatency: Scenario = {
  ...baseline,
  name: 'peer-latency',
  question: 'How much of a slow network between the members reaches the clients?',
  schedule: [at(3_000, slowPeers({ latencyMs: 40, jitterMs: 10 })).for(3_500)],
};
