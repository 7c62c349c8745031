import { createServer } from 'node:http';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Cut, Flavour, Link, Network } from '../../harness/network/network.ts';
import { readMetrics } from '../../harness/network/toxiproxy-client.ts';
import { createNetwork } from '../../harness/network/toxiproxy-network.ts';
import { dial, echoServer, listen, type Peer, pause, tryDial, until } from './tcp.ts';
import { client, type UnderTest } from './toxiproxy-under-test.ts';

/** What a Network does, whichever Toxiproxy is behind it. */
export function networkContract(start: () => Promise<UnderTest>): void {
  let server: UnderTest;
  let network: Network;
  beforeAll(async () => {
    server = await start();
  });
  beforeEach(async () => {
    network = await createNetwork({ toxiproxyUrl: server.url });
  });
  afterEach(() => network[Symbol.asyncDispose]());
  afterAll(() => server[Symbol.asyncDispose]());

  const proxies = async () => (await client(server.url).call('GET', '/proxies')).json;

  async function speaks(peer: Peer): Promise<void> {
    const wanted = peer.length + 1;
    peer.write('x');
    await peer.received(wanted);
  }

  async function echoLink(from = 'm1', to = 'm2') {
    const echo = await echoServer();
    const link = await network.add({ from, to, upstream: echo.address });
    const peer = await dial(link.listen);
    await speaks(peer);
    return {
      link,
      peer,
      echo,
      async [Symbol.asyncDispose]() {
        peer.socket.destroy();
        await echo[Symbol.asyncDispose]();
      },
    };
  }

  describe('links', () => {
    test('are proxies by the name m1->m2, below the ephemeral ports', async () => {
      await using wire = await echoLink();
      expect(wire.link).toMatchObject({ from: 'm1', to: 'm2', proxy: 'm1->m2', upstream: wire.echo.address });
      expect(Number(wire.link.listen.split(':')[1])).toBeLessThan(32_768);
      expect(network.links).toEqual([wire.link]);
      expect(network.link('m1', 'm2')).toBe(wire.link);
      expect(await proxies()).toMatchObject({ 'm1->m2': { listen: wire.link.listen, enabled: true } });
    });

    test('that are not there are told with those that are', async () => {
      await using _wire = await echoLink();
      expect(() => network.link('m2', 'm1')).toThrow('there is no link m2->m1; the links are: m1->m2');
    });

    test.each([['m 1'], ['m1/x'], ['m?'], [''], ['m#1'], ['m%31']])(
      'of a party called %j are refused',
      async (from) => {
        await expect(network.add({ from, to: 'm2', upstream: 'a:1' })).rejects.toThrow(/letters, digits/);
      },
    );

    test('are added once, also when two try at the same time', async () => {
      const add = () => network.add({ from: 'm1', to: 'm2', upstream: '127.0.0.1:1' });
      const outcomes = await Promise.allSettled([add(), add()]);
      expect(outcomes.map((o) => o.status).sort()).toEqual(['fulfilled', 'rejected']);
      await expect(add()).rejects.toThrow('link m1->m2 is there already');
    });

    test('of an earlier run are named', async () => {
      await network.add({ from: 'm1', to: 'm2', upstream: '127.0.0.1:1' });
      const second = await createNetwork({ toxiproxyUrl: server.url });
      await expect(second.add({ from: 'm1', to: 'm2', upstream: '127.0.0.1:1' })).rejects.toThrow(
        /has a proxy m1->m2 already; an earlier run left it/,
      );
    });

    test('are gone after the network', async () => {
      await using wire = await echoLink();
      await network[Symbol.asyncDispose]();
      expect(await proxies()).toEqual({});
      expect(await tryDial(wire.link.listen)).toBe('ECONNREFUSED');
      await wire.peer.closed();
    });
  });

  describe('a cut', () => {
    test('that rejects refuses and resets; healed, the link is back where it was', async () => {
      await using wire = await echoLink();
      const cut = await network.cut([wire.link], 'reject');
      expect(await tryDial(wire.link.listen)).toBe('ECONNREFUSED');
      await wire.peer.closed();
      expect(wire.peer.state).toBe(network.countsLive ? 'ECONNRESET' : 'ended');
      await cut.heal();
      using again = await dial(wire.link.listen);
      await speaks(again);
    });

    test('that is a black hole swallows both ways, and its connections die at heal', async () => {
      await using wire = await echoLink();
      const cut = await network.cut([wire.link], 'blackhole');
      wire.peer.write('lost');
      (await wire.echo.socket(0)).write('lost too');
      await pause(100);
      expect([wire.peer.length, wire.peer.state]).toEqual([1, 'open']);
      expect((await wire.echo.socket(0)).length).toBe(1);
      await cut.heal();
      await wire.peer.closed();
      expect(wire.peer.length).toBe(1);
      using again = await dial(wire.link.listen);
      await speaks(again);
    });

    test('that holds stalls both ways, new connections too, and delivers at heal', async () => {
      await using wire = await echoLink();
      const cut = await network.cut([wire.link], 'hold');
      wire.peer.write('ab');
      (await wire.echo.socket(0)).write('cd');
      using late = await dial(wire.link.listen);
      late.write('ef');
      await pause(100);
      expect([wire.peer.length, (await wire.echo.socket(0)).length, late.length]).toEqual([1, 1, 0]);
      await cut.heal();
      await wire.peer.received(5);
      await late.received(2);
      expect([wire.peer.text, late.text]).toEqual(['xcdab', 'ef']);
    });

    test.each<[Flavour, Flavour]>([
      ['reject', 'reject'],
      ['blackhole', 'blackhole'],
      ['hold', 'hold'],
      ['reject', 'hold'],
      ['hold', 'blackhole'],
    ])(
      'of %s stays in force when an overlapping %s is healed, and the other way round',
      async (first, second) => {
        await using wire = await echoLink();
        const passes = async () => {
          if ((await tryDial(wire.link.listen)) !== 'connected') return false;
          using peer = await dial(wire.link.listen);
          peer.write('x');
          await pause(60);
          return peer.length === 1;
        };
        const cuts = [await network.cut([wire.link], first), await network.cut([wire.link], second)];
        for (const cut of cuts.reverse()) {
          expect(await passes()).toBe(false);
          await cut.heal();
        }
        using again = await dial(wire.link.listen);
        await speaks(again);
      },
    );

    test('is healed once; healing it again touches no other', async () => {
      await using wire = await echoLink();
      const cut = await network.cut([wire.link], 'hold');
      await Promise.all([cut.heal(), cut.heal()]);
      const rejecting = await network.cut([wire.link], 'reject');
      await rejecting.heal();
      const other = await network.cut([wire.link, wire.link], 'reject');
      await cut.heal();
      await rejecting.heal();
      expect(await tryDial(wire.link.listen)).toBe('ECONNREFUSED');
      await other.heal();
      expect(await tryDial(wire.link.listen)).toBe('connected');
    });

    test('that fails on one link undoes the others and says what was asked', async () => {
      await using _first = await echoLink('m1', 'm2');
      await using _second = await echoLink('m2', 'm1');
      await client(server.url).call('DELETE', '/proxies/m2-%3Em1');
      await expect(network.cut(network.links, 'hold')).rejects.toThrow(
        /asked for toxic .* on m2->m1: .* 404/,
      );
      expect(await proxies()).toMatchObject({ 'm1->m2': { toxics: [] } });
      await expect(network.cut(network.links, 'reject')).rejects.toThrow(
        /proxy m2->m1 to be disabled: .* 404/,
      );
      expect(await proxies()).toMatchObject({ 'm1->m2': { enabled: true } });
    });

    test('of many links is in force at once', async () => {
      const names = ['m1', 'm2', 'm3', 'm4', 'm5'];
      await using sink = await listen();
      for (const from of names) {
        for (const to of names) if (from !== to) await network.add({ from, to, upstream: sink.address });
      }
      const startedMs = performance.now();
      const cut = await network.cut(network.links, 'blackhole');
      // The aim is 20 ms for six links (bench); this is a machine under tests.
      expect(performance.now() - startedMs).toBeLessThan(1_000);
      const toxics = Object.values(await proxies()).map((p) => (p as { toxics: [] }).toxics.length);
      expect(toxics).toEqual(Array(20).fill(2));
      await cut.heal();
    });

    test('of any links, in any order with others, leaves nothing when all are healed', async () => {
      const links: Link[] = [];
      for (const to of ['m2', 'm3', 'm4']) {
        links.push(await network.add({ from: 'm1', to, upstream: '127.0.0.1:1' }));
      }
      const command = fc.record({
        links: fc.subarray(links, { minLength: 1 }),
        what: fc.constantFrom<Flavour | 'slow'>('reject', 'blackhole', 'hold', 'slow'),
        healedAt: fc.nat({ max: 10 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 6 }), async (commands) => {
          const open: { cut: Cut; command: (typeof commands)[number] }[] = [];
          for (const [step, command] of commands.entries()) {
            const slow = { latencyMs: 5, jitterMs: 1 };
            const [cut] = await Promise.all([
              command.what === 'slow'
                ? network.slow(command.links, slow)
                : network.cut(command.links, command.what),
              ...open.filter((o) => o.command.healedAt === step).map((o) => o.cut.heal()),
            ]);
            for (const o of [...open]) if (o.command.healedAt === step) open.splice(open.indexOf(o), 1);
            open.push({ cut, command });
            const now = await proxies();
            for (const link of links) {
              const on = open.filter((o) => o.command.links.includes(link));
              const rejecting = on.filter((o) => o.command.what === 'reject').length;
              expect(now[link.proxy].enabled).toBe(rejecting === 0);
              expect(now[link.proxy].toxics).toHaveLength(2 * (on.length - rejecting));
            }
          }
          await Promise.all(open.map((o) => o.cut.heal()));
          for (const proxy of Object.values(await proxies()))
            expect(proxy).toMatchObject({ enabled: true, toxics: [] });
        }),
        { numRuns: 15, seed: 7 },
      );
    });
  });

  test('cut messages: those of m1 to m2 stop on both links that carry them, the others do not', async () => {
    // m2 dials m1 (link m2->m1) and is sent m1's raft messages downstream.
    await using streams = await echoLink('m2', 'm1');
    await using posts = await echoLink('m1', 'm2');
    const cut = await network.cutMessages('m1', 'm2', 'hold');

    const m1 = await streams.echo.socket(0);
    m1.write('message m1 to m2');
    streams.peer.write('m2 to m1');
    posts.peer.write('snapshot m1 to m2');
    (await posts.echo.socket(0)).write('answer m2 to m1');
    await until(() => m1.text === 'xm2 to m1', 'the message of m2');
    await until(() => posts.peer.text === 'xanswer m2 to m1', 'the answer of m2');
    await pause(50);
    expect([streams.peer.text, (await posts.echo.socket(0)).text]).toEqual(['x', 'x']);

    await cut.heal();
    await until(() => streams.peer.text.includes('message m1 to m2'), 'the message of m1');
    await until(() => posts.peer.text.includes('snapshot'), 'the echoed snapshot');
  });

  describe('slow', () => {
    test('delays each stream, so a round trip takes twice as long', async () => {
      await using wire = await echoLink();
      const slow = await network.slow([wire.link], { latencyMs: 60, jitterMs: 0 });
      const startedMs = performance.now();
      await speaks(wire.peer);
      expect(performance.now() - startedMs).toBeGreaterThan(118);
      await slow.heal();
      // The quickest of a few, since a busy machine may hold up any one of them.
      let quickestMs = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 5; i++) {
        const fromMs = performance.now();
        await speaks(wire.peer);
        quickestMs = Math.min(quickestMs, performance.now() - fromMs);
      }
      expect(quickestMs).toBeLessThan(60);
    });

    test.each([
      [1.5, 0, 'latencyMs should be a whole number from 0, got 1.5'],
      [-1, 0, 'latencyMs should be a whole number from 0, got -1'],
      [5, 6, 'jitterMs should be a whole number between 0 and latencyMs (5), got 6'],
    ])('refuses %d +/- %d', async (latencyMs, jitterMs, message) => {
      await expect(network.slow([], { latencyMs, jitterMs })).rejects.toThrow(message);
    });
  });

  test('reset leaves nothing, and what was cut before it heals to no effect', async () => {
    await using wire = await echoLink();
    const cuts = [
      await network.cut([wire.link], 'reject'),
      await network.cut([wire.link], 'blackhole'),
      await network.slow([wire.link], { latencyMs: 5, jitterMs: 0 }),
    ];
    await network.reset();
    expect(await proxies()).toMatchObject({ 'm1->m2': { enabled: true, toxics: [] } });
    const later = await network.cut([wire.link], 'reject');
    for (const cut of cuts) await cut.heal();
    expect(await proxies()).toMatchObject({ 'm1->m2': { enabled: false } });
    await later.heal();
  });

  test('reset comes after a cut that is under way', async () => {
    await using wire = await echoLink();
    const cutting = network.cut([wire.link], 'hold');
    await network.reset();
    await cutting;
    expect(await proxies()).toMatchObject({ 'm1->m2': { toxics: [] } });
  });

  test('traffic counts while connections live, or once they have ended', async () => {
    await using wire = await echoLink('m8', 'm9');
    await network.add({ from: 'm9', to: 'm8', upstream: '127.0.0.1:1' });
    wire.peer.write('0123456789');
    await wire.peer.received(11);
    if (!network.countsLive) {
      wire.peer.socket.destroy();
      await vi.waitUntil(async () => (await network.traffic()).get('m8->m9')!.downstreamBytes > 0, 10_000);
    }
    expect(await network.traffic()).toEqual(
      new Map([
        ['m8->m9', { upstreamBytes: 11, downstreamBytes: 11 }],
        ['m9->m8', { upstreamBytes: 0, downstreamBytes: 0 }],
      ]),
    );
  });

  test('traffic leaves out what another network has counted under the same name', async () => {
    const other = await createNetwork({ toxiproxyUrl: server.url });
    await using echo = await echoServer();
    const link = await other.add({ from: 'm6', to: 'm7', upstream: echo.address });
    const peer = await dial(link.listen);
    await speaks(peer);
    peer.socket.destroy();
    await vi.waitUntil(async () => (await other.traffic()).get('m6->m7')!.downstreamBytes > 0, 10_000);
    await other[Symbol.asyncDispose]();

    const again = await createNetwork({ toxiproxyUrl: server.url });
    await again.add({ from: 'm6', to: 'm7', upstream: echo.address });
    expect((await again.traffic()).get('m6->m7')).toEqual({ upstreamBytes: 0, downstreamBytes: 0 });
    await again[Symbol.asyncDispose]();
  });

  test('reset leaves what is not its own in the same Toxiproxy as it is', async () => {
    const api = client(server.url);
    await api.proxy('foreign', '127.0.0.1:1');
    await api.toxic('foreign', 'latency', { latency: 5 });
    await network.reset();
    expect((await proxies()).foreign.toxics).toHaveLength(1);
    await api.call('DELETE', '/proxies/foreign');
  });

  test('the text of an original is read as traffic', () => {
    const text = `# TYPE toxiproxy_proxy_received_bytes_total counter
toxiproxy_proxy_received_bytes_total{direction="downstream",listener="127.0.0.1:1",proxy="m1->m2",upstream="a:1"} 1.5e+06
toxiproxy_proxy_received_bytes_total{direction="upstream",listener="127.0.0.1:1",proxy="m1->m2",upstream="a:1"} 7
toxiproxy_proxy_received_bytes_total{direction="upstream",listener="127.0.0.1:1",proxy="m1->m2",upstream="b:1"} 8
toxiproxy_proxy_sent_bytes_total{direction="upstream",listener="127.0.0.1:1",proxy="m1->m2",upstream="a:1"} 9
`;
    expect(readMetrics(text)).toEqual(
      new Map([['m1->m2', { upstreamBytes: 15, downstreamBytes: 1_500_000 }]]),
    );
  });

  describe('a Toxiproxy', () => {
    test('that is not there is told at once', async () => {
      const gone = await listen();
      await gone[Symbol.asyncDispose]();
      await expect(createNetwork({ toxiproxyUrl: `http://${gone.address}` })).rejects.toThrow(
        `Toxiproxy at http://${gone.address}, asked for its version: fetch failed`,
      );
    });

    test('that never answers is waited for no longer than told', async () => {
      const silent = createServer(() => {});
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(silent.address() as { port: number }).port}`;
      await expect(createNetwork({ toxiproxyUrl: url, timeoutMs: 100 })).rejects.toThrow(
        `Toxiproxy at ${url} did not answer within 100 ms, asked for its version`,
      );
      silent.closeAllConnections();
      silent.close();
    });
  });
}
