import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureEtcd } from '../../harness/cluster/provision.ts';
import { compact } from '../../harness/nemesis/compact.ts';
import { cutLinks } from '../../harness/nemesis/cut-links.ts';
import { defragment } from '../../harness/nemesis/defragment.ts';
import { killInstances } from '../../harness/nemesis/kill-instances.ts';
import { leaseStorm } from '../../harness/nemesis/lease-storm.ts';
import { lockTables } from '../../harness/nemesis/lock-tables.ts';
import { resetLinks } from '../../harness/nemesis/reset-links.ts';
import { slowLinks } from '../../harness/nemesis/slow-links.ts';
import { slowPeers } from '../../harness/nemesis/slow-peers.ts';
import { at, type Scenario } from '../../harness/scenario.ts';
import type { Tried } from '../../harness/shrink/search.ts';
import { shrinkCell } from '../../harness/shrink/shrink-cell.ts';
import { mutantNamed } from '../corpus/mutants.ts';
import { mutated } from '../corpus/mutated.ts';
import { profileOf, trapNamed } from '../corpus/scenarios.ts';

/** Neither loses anything alone: what waits behind the cut drains when it heals, and without it nothing waits. */
const theTwo = [
  at(600, cutLinks({ place: 'instances-to-members', flavour: 'reject' })).for(1_900),
  at(2_200, killInstances()).for(400),
];
const ten = [
  at(300, compact()).for(100),
  at(400, slowPeers({ latencyMs: 5, jitterMs: 2 })).for(800),
  theTwo[0]!,
  at(800, slowLinks({ place: 'replication' })).for(600),
  at(1_000, resetLinks({ place: 'instances-to-database' })).for(100),
  at(1_500, defragment()).for(100),
  theTwo[1]!,
  at(2_700, leaseStorm({ leases: 50 })).for(300),
  at(3_000, lockTables()).for(200),
  at(3_300, compact()).for(100),
];

test('of ten faults over a planted bug the two that matter remain, with the evidence of the last run', {
  timeout: 900_000,
}, async () => {
  const trap = trapNamed('killed-behind-a-cut');
  // A busy machine is no reason to call a run void here: what was lost is lost.
  const scenario: Scenario = { ...trap.scenario, steadyOkShare: 0.5, schedule: { exactly: ten } };
  const folder = await mkdtemp(join(tmpdir(), 'shrink-test-'));
  const told: Tried[] = [];
  try {
    const { smallest, evidence, ended, measured } = await shrinkCell({
      scenario,
      strategy: mutated(mutantNamed('journal-left-out-when-many-wait')),
      profile: { ...profileOf(trap), loadMs: 4_000 },
      seed: 5,
      etcd: await ensureEtcd({ say: () => {} }),
      folder,
      promise: { guarantee: 'no-lost-writes', order: 'per-instance' },
      dimensions: ['faults'],
      limits: { tries: 1, needed: 1, voids: 2, measured: 1, runs: 40, timeMs: 850_000, runMs: 10_000 },
      signal: new AbortController().signal,
      onProgress: () => {},
      onCandidate: (tried) => told.push(tried),
    });
    const story = told.map(({ what, state, voids }) => `${what}: ${state}, ${voids} void`).join('\n');
    expect(smallest?.steps, story).toEqual(theTwo);
    expect(ended).toBe('smallest');
    expect(measured).toEqual({ broke: 1, held: 0, voids: 0 });
    expect(evidence?.schedule).toHaveLength(2);
    expect(evidence?.violations.some(({ checker }) => checker === 'lost-writes')).toBe(true);
    // Of a dozen runs the last of the smallest is left, where a run has it.
    expect(await readdir(folder)).toEqual(['cells']);
    expect((await stat(join(folder, evidence!.files.history))).size).toBeGreaterThan(10_000);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
