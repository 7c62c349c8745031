import { isolateFollower } from './isolate-follower.ts';
import { isolateLeader } from './isolate-leader.ts';
import { isolateMinority } from './isolate-minority.ts';
import { killInstance } from './kill-instance.ts';
import { killMember } from './kill-member.ts';
import { kind, type NemesisKind, oneOf, wholeNumber } from './kind.ts';
import type { Nemesis } from './nemesis.ts';
import { oneWay } from './one-way.ts';
import { pauseInstance } from './pause-instance.ts';
import { pauseMember } from './pause-member.ts';
import { slowPeers } from './slow-peers.ts';

const flavour = oneOf('reject', 'blackhole', 'hold');
const role = oneOf('leader', 'follower', 'any');
const delayMs = wholeNumber(0, 60_000);

/** Every kind of nemesis with its options. A new one is a file of its own and a line here. */
export const kinds: readonly NemesisKind[] = [
  kind(isolateLeader, { flavour }),
  kind(isolateFollower, { flavour }),
  kind(isolateMinority, { flavour, leader: oneOf('inside', 'outside') }),
  kind(oneWay, { direction: oneOf('from-leader', 'to-leader'), flavour: oneOf('blackhole', 'hold') }),
  kind(slowPeers, { latencyMs: delayMs, jitterMs: delayMs }),
  kind(killMember, { role }),
  kind(pauseMember, { role }),
  kind(killInstance, {}),
  kind(pauseInstance, {}),
];

/** Each as it is without options. */
export const nemeses: readonly Nemesis[] = kinds.map(({ make }) => make({}));
