import { addMember } from './add-member.ts';
import { bridge } from './bridge.ts';
import { busyMembers } from './busy-members.ts';
import { compact } from './compact.ts';
import { crashLoop } from './crash-loop.ts';
import { cutLinks } from './cut-links.ts';
import { defragment } from './defragment.ts';
import { divide } from './divide.ts';
import { exhaustConnections } from './exhaust-connections.ts';
import { flappingLinks } from './flapping-links.ts';
import { fullDisk } from './full-disk.ts';
import { isolateAll } from './isolate-all.ts';
import { isolateFollower } from './isolate-follower.ts';
import { isolateLeader } from './isolate-leader.ts';
import { isolateMinority } from './isolate-minority.ts';
import { killDatabase } from './kill-database.ts';
import { killDuringCompaction } from './kill-during-compaction.ts';
import { killInstance } from './kill-instance.ts';
import { killInstances } from './kill-instances.ts';
import { killMember } from './kill-member.ts';
import { kind, type NemesisKind, oneOf, wholeNumber } from './kind.ts';
import { leaseStorm } from './lease-storm.ts';
import { lockTables } from './lock-tables.ts';
import { loseData } from './lose-data.ts';
import { majoritiesRing } from './majorities-ring.ts';
import type { Nemesis } from './nemesis.ts';
import { oneWay } from './one-way.ts';
import { pauseInstance } from './pause-instance.ts';
import { pauseMember } from './pause-member.ts';
import { places } from './place.ts';
import { quotaReached } from './quota-reached.ts';
import { removeMember } from './remove-member.ts';
import { replaceMember } from './replace-member.ts';
import { resetLinks } from './reset-links.ts';
import { restartInstance } from './restart-instance.ts';
import { rollingRestart } from './rolling-restart.ts';
import { slicedLinks } from './sliced-links.ts';
import { slowClose } from './slow-close.ts';
import { slowLinks } from './slow-links.ts';
import { slowPeers } from './slow-peers.ts';
import { stopMember } from './stop-member.ts';
import { thinLinks } from './thin-links.ts';
import { transferLeader } from './transfer-leader.ts';
import { watcherStorm } from './watcher-storm.ts';
import { worseningLinks } from './worsening-links.ts';

const flavour = oneOf('reject', 'blackhole', 'hold');
const role = oneOf('leader', 'follower', 'any');
const place = oneOf(...places);
const delayMs = wholeNumber(0, 60_000);
const everyMs = wholeNumber(1, 3_600_000);

/** Every kind of nemesis with its options. A new one is a file of its own and a line here. */
export const kinds: readonly NemesisKind[] = [
  kind(isolateLeader, { flavour }),
  kind(isolateFollower, { flavour }),
  kind(isolateMinority, { flavour, leader: oneOf('inside', 'outside') }),
  kind(divide, { flavour }),
  kind(oneWay, { direction: oneOf('from-leader', 'to-leader'), flavour: oneOf('blackhole', 'hold') }),
  kind(isolateAll, { flavour }),
  kind(bridge, { flavour }),
  kind(majoritiesRing, { flavour }),
  kind(slowPeers, { latencyMs: delayMs, jitterMs: delayMs }),
  kind(slowLinks, { place, latencyMs: delayMs, jitterMs: delayMs }),
  kind(worseningLinks, { place, stepMs: wholeNumber(1, 60_000), everyMs, mostMs: wholeNumber(1, 60_000) }),
  kind(thinLinks, { place, kilobytesPerSecond: wholeNumber(1, 1_000_000) }),
  kind(slicedLinks, {
    place,
    averageBytes: wholeNumber(1, 1_000_000),
    delayMicros: wholeNumber(0, 1_000_000),
  }),
  kind(slowClose, { place, delayMs }),
  kind(cutLinks, { place, flavour }),
  kind(flappingLinks, { place, flavour, everyMs }),
  kind(resetLinks, { place, everyMs }),
  kind(killMember, { role }),
  kind(killDuringCompaction, { role }),
  kind(pauseMember, { role }),
  kind(stopMember, { role }),
  kind(rollingRestart, { pauseMs: delayMs }),
  kind(crashLoop, { role, upMs: delayMs }),
  kind(loseData, { role }),
  kind(fullDisk, { role }),
  kind(addMember, {}),
  kind(removeMember, { role }),
  kind(replaceMember, { role }),
  kind(transferLeader, {}),
  kind(busyMembers, { perSecond: wholeNumber(1, 10_000), bytes: wholeNumber(1, 1_000_000) }),
  kind(killInstance, {}),
  kind(killInstances, {}),
  kind(restartInstance, {}),
  kind(pauseInstance, {}),
  kind(killDatabase, { role: oneOf('primary', 'replica') }),
  kind(exhaustConnections, {}),
  kind(lockTables, {}),
  kind(compact, { everyMs }),
  kind(defragment, { everyMs }),
  kind(leaseStorm, { leases: wholeNumber(1, 100_000), ttlSeconds: wholeNumber(1, 3_600) }),
  kind(watcherStorm, { watchers: wholeNumber(1, 10_000) }),
  kind(quotaReached, {}),
];

/** Each as it is without options. */
export const nemeses: readonly Nemesis[] = kinds.map(({ make }) => make({}));
