import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readPeerProxies } from '../../harness/cli/peer-proxies-option.ts';
import {
  attachExternal,
  type ExternalPlace,
  examineExternal,
} from '../../harness/cluster/external/external-cluster.ts';
import { peerPreflight } from '../../harness/cluster/external/peer-preflight.ts';
import { isolateLeader } from '../../harness/nemesis/isolate-leader.ts';
import { createNetwork } from '../../harness/network/toxiproxy-network.ts';
import { runCell } from '../../harness/run-cell.ts';
import { at, profiles } from '../../harness/scenario.ts';
import { baseline } from '../../scenarios/baseline.ts';
import { strategies } from '../../strategies/list.ts';
import { faultline } from '../cli/command.ts';
import { startWorld, type TestWorld } from '../cluster/world.ts';

vi.setConfig({ testTimeout: 120_000 });

// A cluster that is somebody else's, whose members reach each other through the proxies of a Toxiproxy.
let world: TestWorld;
let place: ExternalPlace;
let file: string;
beforeAll(async () => {
  world = await startWorld(3);
  const { members } = world.cluster;
  file = join(world.folder, 'peers.json');
  const named = world.network.links.map(({ from, to, proxy }) => [`${from}->${to}`, proxy]);
  await writeFile(file, JSON.stringify(Object.fromEntries(named)));
  place = {
    endpoints: members.map(({ clientAddress }) => clientAddress),
    root: '/faultline/',
    peers: await readPeerProxies(
      file,
      members.map(({ name }) => name),
    ),
  };
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** Every proxy with its toxics. */
async function proxies(): Promise<unknown> {
  return await (await fetch(`${world.toxiproxyUrl}/proxies`)).json();
}

const command = (scenario: string) =>
  faultline([
    ...['run', scenario, '--runtime', 'external', '--endpoints', place.endpoints.join(',')],
    ...['--toxiproxy', world.toxiproxyUrl, '--peer-proxies', file],
  ]);

test('the leader is isolated by its own proxies, and all of them are left as they were', async () => {
  const before = await proxies();
  const folder = join(world.folder, 'cell');
  const cell = await runCell({
    scenario: {
      ...baseline,
      name: 'leader-partition',
      question: 'who leads when the leader is cut off?',
      members: 3,
      ratePerSecond: 100,
      schedule: { exactly: [at(300, isolateLeader()).for(5_500)] },
    },
    strategy: strategies.find(({ name }) => name === 'lease-session')!,
    profile: { ...profiles.quick, warmUpMs: 500, loadMs: 7_000, recoverMs: 1_000 },
    seed: 5,
    etcd: { path: place.endpoints.join(), version: world.etcd.version },
    toxiproxy: { kind: 'server', url: world.toxiproxyUrl, version: '2.12.0' },
    external: place,
    folder,
    relativeFolder: 'cell',
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  expect(cell.verdict, cell.reason).not.toBe('error');
  expect(cell.promises.filter(({ state }) => state === 'broken')).toEqual([]);
  expect(cell.faults.map(({ nemesis }) => nemesis)).toEqual(['isolate-leader']);
  const led = cell.leaders.filter(({ leader }) => leader !== null);
  expect(new Set(led.map(({ leader }) => leader)).size).toBeGreaterThan(1);
  expect(await proxies()).toEqual(before);
});

test('proxies that are not in the way, or are in the way of others, fail the preflight', async () => {
  const { cluster } = await attachExternal(place);
  const far = world.network.links.map(({ from, to, upstream }) => ({ from, to, upstream }));
  const made = await createNetwork({ toxiproxyUrl: world.toxiproxyUrl });
  try {
    // Nobody dials through these.
    const unused = await Promise.all(
      far.map(async ({ from, to, upstream }) => {
        const { proxy } = await made.add({ from: `unused-${from}`, to, upstream });
        return { from, to, proxy };
      }),
    );
    const besides = await createNetwork({ toxiproxyUrl: world.toxiproxyUrl, adopted: unused });
    await expect(peerPreflight({ cluster, network: besides })).rejects.toThrow(
      /preflight, cut: with all its links cut .*m\d should answer no linearizable read, but does/,
    );
    // What is said to lie between m1 and m2 lies elsewhere, and the other way round.
    const turn: Record<string, string> = { m1: 'm2', m2: 'm3', m3: 'm1' };
    const turned = place.peers!.map(({ from, to }) => ({
      ...{ from, to },
      proxy: `${turn[from]}->${turn[to]}`,
    }));
    const astray = await createNetwork({ toxiproxyUrl: world.toxiproxyUrl, adopted: turned });
    await expect(peerPreflight({ cluster, network: astray })).rejects.toThrow(/preflight, cut: with/);
  } finally {
    await made[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  }
});

test('an election that is under way is waited for, not told as a cluster that is unfit', async () => {
  const { cluster, network } = world;
  const cut = await network.cut(network.links, 'blackhole');
  await vi.waitFor(
    async () => {
      const led = (await cluster.status()).filter((status) => status.reachable && status.leader !== null);
      expect(led).toEqual([]);
    },
    { timeout: 20_000 },
  );
  await cut.heal();
  await expect(examineExternal(place)).resolves.toMatchObject({ removed: [] });
});

test('the command refuses faults of members still, and a proxy that somebody has a toxic on, by name', async () => {
  const killed = await command('leader-election');
  expect(killed.stderr).toContain('it strikes members, which takes processes of our own');
  expect(killed.code).toBe(64);
  const slow = await world.network.slow([world.network.link('m1', 'm2')], { latencyMs: 1, jitterMs: 0 });
  const busy = await command('leader-partition');
  await slow.heal();
  expect(busy.stderr).toContain(`${file}: m1->m2 should name a proxy without toxics, got m1->m2 with cut`);
  expect(busy.code).toBe(64);
});
