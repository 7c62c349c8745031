import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startToxiproxyServer, type ToxiproxyServer } from '../../harness/network/toxiproxy/server.ts';
import { countingBytes, dial, echoServer, listen, type Peer, pause, until } from './tcp.ts';
import { client, type UnderTest } from './toxiproxy-under-test.ts';

let server: ToxiproxyServer;
let toxiproxy: UnderTest;
beforeEach(async () => {
  server = await startToxiproxyServer({ port: 0, seed: 1 });
  toxiproxy = client(server.url);
});
afterEach(() => server.close());

async function openConnections(): Promise<number> {
  const { text } = await toxiproxy.call('GET', '/metrics');
  return Number(/^toxiproxy_proxy_open_connections\{proxy="p"\} (\d+)$/m.exec(text)?.[1]);
}

async function untilNoneIsOpen(): Promise<void> {
  let open = await openConnections();
  for (let i = 0; open > 0 && i < 300; i++) {
    await pause(10);
    open = await openConnections();
  }
  expect(open).toBe(0);
}

const endings: readonly [string, (peer: Peer, far: Peer) => void][] = [
  [
    'the client ends and the server answers with its end',
    (peer, far) => {
      peer.socket.end();
      far.socket.end();
    },
  ],
  [
    'the server ends first',
    (peer, far) => {
      far.socket.end('bye');
      peer.socket.end();
    },
  ],
  [
    'the client vanishes while the server writes',
    (peer, far) => {
      peer.socket.destroy();
      flood(far);
    },
  ],
  [
    'the server vanishes while the client writes',
    (peer, far) => {
      far.socket.destroy();
      flood(peer);
    },
  ],
  ['the client resets', (peer) => void peer.socket.resetAndDestroy()],
  ['the server resets', (_peer, far) => void far.socket.resetAndDestroy()],
  [
    'both reset',
    (peer, far) => {
      peer.socket.resetAndDestroy();
      far.socket.resetAndDestroy();
    },
  ],
];

function flood(peer: Peer): void {
  const timer = setInterval(() => {
    if (peer.socket.destroyed || peer.state !== 'open') {
      clearInterval(timer);
      peer.socket.destroy();
    } else peer.write(Buffer.alloc(10_000));
  }, 5);
}

test.each(endings)('nothing stays of a connection when %s', async (_what, end) => {
  await using upstream = await listen();
  const address = await toxiproxy.proxy('p', upstream.address);
  for (const stream of ['upstream', 'downstream']) {
    await toxiproxy.toxic('p', 'latency', { latency: 20, jitter: 10 }, { stream });
    await toxiproxy.toxic('p', 'slicer', { average_size: 500, delay: 10 }, { stream });
  }
  for (let i = 0; i < 5; i++) {
    using peer = await dial(address);
    const far = await upstream.socket(i);
    peer.write('hello');
    await far.received(5);
    end(peer, far);
    await untilNoneIsOpen();
  }
});

test.each(['bandwidth', 'timeout'])(
  'nothing stays of connections that ended under %s 0 once it is gone',
  async (type) => {
    await using upstream = await listen();
    const address = await toxiproxy.proxy('p', upstream.address);
    const peers: Peer[] = [];
    for (let i = 0; i < endings.length; i++) peers.push(await dial(address));
    const fars = await Promise.all(endings.map((_, i) => upstream.socket(i)));
    for (const stream of ['upstream', 'downstream']) await toxiproxy.toxic('p', type, {}, { stream });
    for (const [i, [, end]] of endings.entries()) end(peers[i]!, fars[i]!);
    await pause(50);
    await toxiproxy.call('POST', '/reset');
    await untilNoneIsOpen();
  },
);

test('nothing stays of connections whose upstream refuses', async () => {
  const gone = await listen();
  await gone[Symbol.asyncDispose]();
  const address = await toxiproxy.proxy('p', gone.address);
  for (let i = 0; i < 5; i++) {
    using peer = await dial(address);
    await peer.closed();
  }
  await untilNoneIsOpen();
});

test('whatever toxics come, change and go meanwhile, bytes arrive whole and in order', async () => {
  await using echo = await echoServer();
  const address = await toxiproxy.proxy('p', echo.address);
  const change = fc.record({
    type: fc.constantFrom('latency', 'bandwidth', 'slicer', 'slow_close', 'noop'),
    stream: fc.constantFrom('upstream', 'downstream'),
    toxicity: fc.constantFrom(0.5, 1),
    latency: fc.nat(15),
    jitter: fc.nat(15),
    rate: fc.constantFrom(0, 500, 20_000),
    average_size: fc.integer({ min: 200, max: 20_000 }),
    size_variation: fc.nat(150),
    // Every second one is removed at once, the others with the next reset.
    kept: fc.boolean(),
    updated: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 10 }), async (changes) => {
      const sent = countingBytes(400_000);
      using first = await dial(address);
      using second = await dial(address);
      for (const peer of [first, second]) peer.write(sent);
      for (const [i, { type, stream, toxicity, kept, updated, ...attributes }] of changes.entries()) {
        const name = `t${i}`;
        await toxiproxy.toxic('p', type, attributes, { name, stream, toxicity });
        if (updated) {
          await toxiproxy.call('POST', `/proxies/p/toxics/${name}`, {
            attributes: { latency: 3, rate: 5_000 },
          });
        }
        await pause(2);
        if (!kept) await toxiproxy.remove('p', name);
      }
      await toxiproxy.call('POST', '/reset');
      for (const peer of [first, second]) {
        peer.socket.end();
        await until(
          () => peer.state !== 'open',
          () => `the end, got ${peer.length} bytes`,
        );
        expect(peer.bytes.equals(sent)).toBe(true);
      }
    }),
    { numRuns: 12, seed: 11 },
  );
});

// Small messages fill up what the system holds, so that one of them is taken in part: it waits in the buffer that it was
// read into while more are read.
test.each(['up', 'down'])(
  'small messages to who reads late, sent %s, arrive whole and in order',
  async (way) => {
    await using far = await listen();
    const address = await toxiproxy.proxy('p', far.address);
    using peer = await dial(address);
    const other = await far.socket(0);
    const [from, to] = way === 'up' ? [peer, other] : [other, peer];
    to.socket.pause();
    const sent = countingBytes(8_000_000);
    for (let at = 0; at < sent.length; at += 3_001) {
      from.write(sent.subarray(at, at + 3_001));
      await nextTurn();
    }
    to.socket.resume();
    await to.received(sent.length);
    expect(to.bytes.equals(sent)).toBe(true);
  },
);
