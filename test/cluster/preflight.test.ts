import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { PreflightFailed, preflight } from '../../harness/cluster/preflight.ts';
import type { Cut, Link, Network } from '../../harness/network/network.ts';
import { eventually, get, startWorld, type TestWorld } from './world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await startWorld(3);
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(async () => {
  await world.network.reset();
  // The next test begins with a cluster that is well.
  await eventually(async () => {
    for (const { name } of world.cluster.members) await get(world.cluster, name, 'k', 1_000);
  });
});

/** The network of the world, with some of it done differently: a harness that is wrong. */
function wrong(changes: (network: Network) => Partial<Network>): Network {
  const { network } = world;
  return {
    get links() {
      return network.links;
    },
    get countsLive() {
      return network.countsLive;
    },
    link: (from, to) => network.link(from, to),
    add: (link) => network.add(link),
    cut: (links, flavour) => network.cut(links, flavour),
    cutMessages: (from, to, flavour) => network.cutMessages(from, to, flavour),
    slow: (links, by) => network.slow(links, by),
    impair: (links, by) => network.impair(links, by),
    reset: () => network.reset(),
    traffic: () => network.traffic(),
    [Symbol.asyncDispose]: async () => {},
    ...changes(network),
  };
}

const between = (link: Link, a: string, b: string) =>
  (link.from === a && link.to === b) || (link.from === b && link.to === a);

async function failure(network: Network): Promise<PreflightFailed> {
  const { cluster } = world;
  const error = await preflight({ cluster, network, stepTimeoutMs: 1_500 }).then(
    () => new Error('should have failed'),
    (e) => e,
  );
  expect(error).toBeInstanceOf(PreflightFailed);
  return error;
}

test('a network as it should be passes, and is whole afterwards', async () => {
  const { cluster, network } = world;
  await preflight({ cluster, network });
  const statuses = await cluster.status();
  expect(new Set(statuses.map((s) => s.reachable && s.leader)).size).toBe(1);
});

test('a link that carries nothing is named', async () => {
  const network = wrong((real) => ({
    traffic: async () => new Map([...(await real.traffic())].filter(([link]) => link !== 'm1->m2')),
  }));
  expect(await failure(network)).toMatchObject({ step: 'carried', culprits: ['m1->m2'] });
});

test('holding that takes the links of another member is noticed', async () => {
  const swapped: Record<string, string> = { m1: 'm2', m2: 'm3', m3: 'm1' };
  const network = wrong((real) => ({
    cut: (links, flavour) =>
      real.cut(
        links.map((link) => real.link(swapped[link.from]!, swapped[link.to]!)),
        flavour,
      ),
  }));
  const error = await failure(network);
  expect(error.step).toBe('aimed');
  expect(error.message).toMatch(
    /the links of m\d were held, but the messages .*(still arrived|stopped as well)/,
  );
});

test('holding that stops more than it should is noticed', async () => {
  const network = wrong((real) => ({ cut: (_links, flavour) => real.cut(real.links, flavour) }));
  const error = await failure(network);
  expect(error.step).toBe('aimed');
  expect(error.message).toMatch(/the links of m\d were held, but the messages m\d -> m\d stopped as well/);
});

test('a pair that a cut leaves together is noticed', async () => {
  const [a, b] = ['m2', 'm3'];
  const network = wrong((real) => ({
    cut: (links, flavour) =>
      real.cut(flavour === 'blackhole' ? links.filter((link) => !between(link, a, b)) : links, flavour),
  }));
  const error = await failure(network);
  expect(error.step).toBe('cut');
  // Two of three are a majority: they elect, and so are named themselves or by what arrives.
  const shown = error.culprits.join(' ');
  expect(shown).toContain(a);
  expect(shown).toContain(b);
});

test('one direction of one pair that a cut leaves open is noticed', async () => {
  const network = wrong((real) => ({
    cut: async (links, flavour) =>
      flavour === 'blackhole'
        ? real.cut(
            links.filter((link) => link.proxy !== 'm2->m1'),
            flavour,
          )
        : real.cut(links, flavour),
  }));
  // m2 dials m1, and m1 answers with its messages: m1 -> m2 arrives on the link m2->m1.
  const error = await failure(network);
  expect(error.step).toBe('cut');
  expect(error.culprits).toContain('m1 -> m2');
});

test('a link that a heal forgets is named', async () => {
  const network = wrong((real) => ({
    cut: async (links, flavour) => {
      if (flavour !== 'blackhole') return real.cut(links, flavour);
      const forgotten = links.filter((link) => link.proxy === 'm3->m1');
      const rest = links.filter((link) => !forgotten.includes(link));
      const cuts: Cut[] = [await real.cut(rest, flavour), await real.cut(forgotten, flavour)];
      return { heal: () => cuts[0]!.heal() };
    },
  }));
  expect(await failure(network)).toMatchObject({ step: 'healed', culprits: ['m3->m1'] });
});

test('a single member has nothing to be proven', async () => {
  const [member] = world.cluster.members;
  const single = { ...world.cluster, members: [member!] } as unknown as TestWorld['cluster'];
  const network = wrong(() => ({
    cut: () => {
      throw new Error('should not be cut');
    },
  }));
  await preflight({ cluster: single, network });
});
