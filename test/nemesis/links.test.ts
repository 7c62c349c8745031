import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bridge } from '../../harness/nemesis/bridge.ts';
import { cutLinks } from '../../harness/nemesis/cut-links.ts';
import { flappingLinks } from '../../harness/nemesis/flapping-links.ts';
import { isolateAll } from '../../harness/nemesis/isolate-all.ts';
import type { Injected, Nemesis } from '../../harness/nemesis/nemesis.ts';
import { type Place, places } from '../../harness/nemesis/place.ts';
import { resetLinks } from '../../harness/nemesis/reset-links.ts';
import { slicedLinks } from '../../harness/nemesis/sliced-links.ts';
import { slowClose } from '../../harness/nemesis/slow-close.ts';
import { slowLinks } from '../../harness/nemesis/slow-links.ts';
import { thinLinks } from '../../harness/nemesis/thin-links.ts';
import { worseningLinks } from '../../harness/nemesis/worsening-links.ts';
import type { Link } from '../../harness/network/network.ts';
import type { Instance } from '../../harness/service/instance.ts';
import { eventually, put, startWorld, type TestWorld } from '../cluster/world.ts';
import { dial, listen, type Peer, pause, type TestServer, tryDial, until } from '../network/tcp.ts';
import { linksUntouched, refusing } from './ground.ts';

let world: TestWorld;
/** Stands where the databases would: what a link does to bytes is seen on the bytes themselves. */
let server: TestServer;
beforeAll(async () => {
  const started = await startWorld(3);
  server = await listen();
  const { network, cluster } = started;
  const instances = ['s1', 's2'].map((name) => ({ name, state: 'up' }) as Instance);
  for (const { name } of instances) {
    for (const member of cluster.members)
      await network.add({ from: name, to: member.name, upstream: member.clientAddress });
    for (const to of ['primary', 'replica']) await network.add({ from: name, to, upstream: server.address });
  }
  await network.add({ from: 'replica', to: 'primary', upstream: server.address });
  world = { ...started, instances };
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** In force for as long as `see` takes; what it makes of the world afterwards is for the caller to look at. */
async function during(nemesis: Nemesis, see: (injected: Injected) => Promise<void>): Promise<void> {
  const injected = await nemesis.inject(world);
  try {
    await see(injected);
  } finally {
    await injected.heal();
  }
}

describe('places', () => {
  const isMember = (name: string) => /^m\d$/.test(name);
  const at: Readonly<Record<Place, (link: Link, targets: readonly string[]) => boolean>> = {
    peers: ({ from, to }) => isMember(from) && isMember(to),
    leader: ({ from, to }, [it]) => isMember(from) && isMember(to) && [from, to].includes(it!),
    follower: ({ from, to }, [it]) => isMember(from) && isMember(to) && [from, to].includes(it!),
    'two-members': ({ from, to }, ends) => ends.includes(from) && ends.includes(to),
    'instances-to-members': ({ from, to }) => from.startsWith('s') && isMember(to),
    'instance-to-members': ({ from, to }, [it]) => from === it && isMember(to),
    'instances-to-database': ({ from, to }) => from.startsWith('s') && !isMember(to),
    replication: ({ from }) => from === 'replica',
  };

  test.each(places.map((place) => [place]))(
    '%s: these links and no others, until it is healed',
    async (place) => {
      await eventually(async () => void (await world.cluster.leader()));
      await during(cutLinks({ place, flavour: 'reject' }), async ({ targets, sentence }) => {
        expect(sentence).toMatch(/^everything between .* was cut \(reject\)$/);
        const expected = world.network.links.filter((link) => at[place](link, targets));
        expect(expected.length).toBeGreaterThan(0);
        expect(await refusing(world.network)).toEqual(new Set(expected.map(({ proxy }) => proxy)));
      });
      expect(await refusing(world.network)).toEqual(new Set());
    },
  );

  test('where there is none, it says which', async () => {
    const alone = { ...world, instances: [] };
    await expect(cutLinks().inject(alone)).rejects.toThrow(
      'expected links from an instance to m1, m2 and m3, got none (instance-to-members)',
    );
  });
});

describe('what a link does to bytes', () => {
  const place = 'replication';
  let client: Peer;
  let far: Peer;
  beforeEach(async () => {
    client = await dial(world.network.link('replica', 'primary').listen);
    far = await otherEnd(client);
  });
  afterEach(async () => {
    client.socket.destroy();
    await linksUntouched(world);
  });

  /** Connections of earlier dials may still arrive: the other end is the one that hears the greeting. */
  async function otherEnd(near: Peer): Promise<Peer> {
    const greeting = `from ${near.socket.localPort};`;
    near.write(greeting);
    let found: Peer | undefined;
    await eventually(async () => {
      const peers = await Promise.all(server.sockets.map((_, n) => server.socket(n)));
      found = peers.find((peer) => peer.text === greeting);
      expect(found).toBeDefined();
    });
    found!.chunks.length = 0;
    found!.length = 0;
    return found!;
  }

  /** Of so many messages, one after another, the median from the sending to the receiver's side, in milliseconds. */
  async function delayMs(count: number): Promise<number> {
    const delays: number[] = [];
    for (let i = 0; i < count; i++) {
      const before = far.length;
      const sentMs = performance.now();
      client.write('x');
      await far.received(before + 1);
      delays.push(performance.now() - sentMs);
    }
    return delays.sort((a, b) => a - b)[Math.floor(count / 2)]!;
  }

  test('hold delivers after the heal what a black hole loses; reject breaks at once', async () => {
    await during(cutLinks({ place, flavour: 'hold' }), async () => {
      client.write('held');
      await pause(100);
      expect(far.text).toBe('');
    });
    await far.received(4);
    expect(far.text).toBe('held');
    expect(client.state).toBe('open');
    await during(cutLinks({ place, flavour: 'blackhole' }), async () => {
      client.write('lost');
      await pause(100);
    });
    await client.closed();
    expect(far.text).toBe('held');
    const again = await dial(world.network.link('replica', 'primary').listen);
    await during(cutLinks({ place, flavour: 'reject' }), () => again.closed());
    expect(again.state).toBe('ECONNRESET');
  });

  /** Of three messages on each of forty connections of a link, from the sending to the receiver's side, sorted. */
  async function delaysMs({ listen: address }: Link): Promise<number[]> {
    const peers = await Promise.all(Array.from({ length: 40 }, () => dial(address)));
    const delays = await Promise.all(
      peers.map(async (near) => {
        const far = await otherEnd(near);
        const each: number[] = [];
        for (let i = 0; i < 3; i++) {
          const heard = once(far.socket, 'data').then(() => performance.now());
          const sentMs = performance.now();
          near.write('x');
          each.push((await heard) - sentMs);
        }
        return each;
      }),
    ).finally(() => {
      for (const near of peers) near.socket.destroy();
    });
    return delays.flat().sort((a, b) => a - b);
  }

  test('slow-links: 100 ± 20 ms is a median of 100 ± 5 ms at the receiver', async () => {
    const { network } = world;
    await during(slowLinks({ place, latencyMs: 100, jitterMs: 20 }), async () => {
      // What a busy machine adds is seen on a link beside it, and changes: until a round is not disturbed.
      await eventually(async () => {
        const plain = await delaysMs(network.link('s1', 'replica'));
        const slow = await delaysMs(network.link('replica', 'primary'));
        const [median, least] = [60, 0].map((n) => slow[n]! - plain[60]!);
        expect(Math.abs(median! - 100)).toBeLessThan(5);
        expect(least).toBeGreaterThan(70);
      }, 25_000);
    });
    await eventually(async () =>
      expect((await delaysMs(network.link('replica', 'primary')))[60]).toBeLessThan(50),
    );
  });

  test('worsening-links: the delay grows to its most, and is gone afterwards', async () => {
    await during(worseningLinks({ place, stepMs: 40, everyMs: 60, mostMs: 130 }), async () => {
      expect(await delayMs(1)).toBeGreaterThan(39);
      await eventually(async () => expect(await delayMs(1)).toBeGreaterThan(119));
    });
    await eventually(async () => expect(await delayMs(5)).toBeLessThan(40));
  });

  test('thin-links: 20 KB/s is 20 KB a second', async () => {
    await during(thinLinks({ place, kilobytesPerSecond: 20 }), async () => {
      const startedMs = performance.now();
      client.write(Buffer.alloc(12_000));
      await far.received(12_000);
      expect(performance.now() - startedMs).toBeGreaterThan(500);
    });
    client.write(Buffer.alloc(1_000_000));
    await far.received(1_012_000, 5_000);
  });

  test('sliced-links: a message comes in pieces, and whole', async () => {
    await during(slicedLinks({ place, averageBytes: 32, delayMicros: 20_000 }), async () => {
      const startedMs = performance.now();
      client.write('abcdefgh'.repeat(40));
      await far.received(320);
      expect(performance.now() - startedMs).toBeGreaterThan(100);
      expect(far.chunks.length).toBeGreaterThan(1);
      expect(far.text).toBe('abcdefgh'.repeat(40));
    });
  });

  test('slow-close: the end comes late, the bytes before it do not', async () => {
    await during(slowClose({ place, delayMs: 400 }), async () => {
      const startedMs = performance.now();
      far.socket.end('bye');
      await client.received(3);
      expect(client.state).toBe('open');
      await client.closed();
      expect(performance.now() - startedMs).toBeGreaterThan(390);
    });
  });

  test('flapping-links: refuses and lets in, in turn, and lets in for good once it is healed', async () => {
    const { listen: address } = world.network.link('replica', 'primary');
    const seen = (what: string) =>
      eventually(async () => expect((await tryDial(address)) === 'connected' ? 'in' : 'refused').toBe(what));
    await during(flappingLinks({ place, everyMs: 150 }), async () => {
      for (const what of ['refused', 'in', 'refused', 'in']) await seen(what);
    });
    for (let i = 0; i < 10; i++) {
      expect(await tryDial(address)).toBe('connected');
      await pause(40);
    }
  });

  test('reset-links: what is open is reset each time, and what comes after the heal is not', async () => {
    const { listen: address } = world.network.link('replica', 'primary');
    await during(resetLinks({ place, everyMs: 100 }), async () => {
      await client.closed();
      for (let i = 0; i < 2; i++) {
        let next: Peer | undefined;
        await eventually(async () => {
          next = await dial(address);
        });
        await next!.closed();
      }
    });
    using after = await dial(address);
    await pause(300);
    expect(after.state).toBe('open');
  });

  test('what is in force on one link at the same time is healed each for itself', async () => {
    const slow = await slowLinks({ place, latencyMs: 60, jitterMs: 0 }).inject(world);
    await during(cutLinks({ place, flavour: 'hold' }), () => slow.heal());
    await until(() => client.state === 'open', 'the link to stand');
    await eventually(async () => expect(await delayMs(5)).toBeLessThan(50));
  });
});

describe('between members', () => {
  async function oneLeader(): Promise<void> {
    await eventually(async () => {
      const leaders = (await world.cluster.status()).map((s) => s.reachable && s.leader);
      expect(leaders[0]).toMatch(/^m[123]$/);
      expect(new Set(leaders).size).toBe(1);
    }, 20_000);
  }

  test('isolate-all: nobody knows a leader, nobody commits, and all do again', async () => {
    await oneLeader();
    await during(isolateAll(), async ({ targets }) => {
      expect(targets).toEqual(['m1', 'm2', 'm3']);
      await eventually(async () => {
        const leaders = (await world.cluster.status()).map((s) => s.reachable && s.leader);
        expect(leaders).toEqual([null, null, null]);
      });
      await expect(put(world.cluster, 'm1', 'k', 'v', 500)).rejects.toThrow();
    });
    await oneLeader();
    await put(world.cluster, 'm1', 'k', 'v');
  });

  test('bridge: two members do not reach each other, and through the one between them the cluster commits', async () => {
    await oneLeader();
    await during(bridge({ flavour: 'reject' }), async ({ sentence }) => {
      const [, a, b, middle] = /^(m\d) and (m\d) were cut off from each other, and only (m\d)/.exec(
        sentence,
      )!;
      expect([a, b, middle].sort()).toEqual(['m1', 'm2', 'm3']);
      expect(await refusing(world.network)).toEqual(new Set([`${a}->${b}`, `${b}->${a}`]));
      await eventually(async () => void (await put(world.cluster, middle!, 'k', 'bridged', 1_000)), 20_000);
    });
    await oneLeader();
    expect(await refusing(world.network)).toEqual(new Set());
  });

  test('slow links to the leader slow its commits by the way there and back', async () => {
    await oneLeader();
    const { name } = await world.cluster.leader();
    await during(slowLinks({ place: 'leader', latencyMs: 60, jitterMs: 0 }), async ({ sentence }) => {
      expect(sentence).toContain(`between ${name}, the leader, and `);
      const startedMs = performance.now();
      await put(world.cluster, name, 'k', 'slow');
      expect(performance.now() - startedMs).toBeGreaterThan(118);
    });
    await oneLeader();
  });
});
