import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startToxiproxyServer, type ToxiproxyServer } from '../../harness/network/toxiproxy/server.ts';
import { projectRoot } from '../../harness/project.ts';
import { knownDifferences } from './known-differences.ts';
import { countingBytes, dial, echoServer, listen, type Peer, pause, tryDial, until } from './tcp.ts';
import { client, type UnderTest } from './toxiproxy-under-test.ts';

// What the embedded server does on purpose unlike the original.

let server: ToxiproxyServer;
let toxiproxy: UnderTest;
beforeEach(async () => {
  server = await startToxiproxyServer({ port: 0, seed: 1 });
  toxiproxy = client(server.url);
});
afterEach(() => server.close());

describe('one seed, one chance', () => {
  /** Which of 24 connections a toxicity of 0.5 chooses. */
  async function chosen(seed: number, proxy = 'p'): Promise<string> {
    await using seeded = await startToxiproxyServer({ port: 0, seed });
    const api = client(seeded.url);
    await using echo = await echoServer();
    const address = await api.proxy(proxy, echo.address);
    await api.toxic(proxy, 'limit_data', { bytes: 0 }, { toxicity: 0.5 });
    let pattern = '';
    for (let i = 0; i < 24; i++) {
      using peer = await dial(address);
      peer.write('x');
      await until(() => peer.length > 0 || peer.state !== 'open', 'an answer or the close');
      pattern += peer.length > 0 ? '.' : 'x';
    }
    return pattern;
  }

  test('the same seed chooses the same connections, another one others', async () => {
    const first = await chosen(1);
    expect(await chosen(1)).toBe(first);
    expect(await chosen(2)).not.toBe(first);
    expect(await chosen(1, 'q')).not.toBe(first);
  });

  test('a toxic that is put back draws anew; raised toxicity only adds connections', async () => {
    await using echo = await echoServer();
    const address = await toxiproxy.proxy('p', echo.address);
    const peers: Peer[] = [];
    for (let i = 0; i < 24; i++) peers.push(await dial(address));
    const held = async () => {
      const before = peers.map((peer) => peer.length);
      for (const peer of peers) peer.write('x');
      await pause(150);
      return peers.map((peer, i) => (peer.length === before[i] ? 'x' : '.')).join('');
    };
    await toxiproxy.toxic('p', 'bandwidth', { rate: 0 }, { name: 'h', toxicity: 0.3 });
    const some = await held();
    await toxiproxy.call('POST', '/proxies/p/toxics/h', { toxicity: 0.8 });
    const more = await held();
    expect(more).not.toBe(some);
    for (let i = 0; i < 24; i++) if (some[i] === 'x') expect(more[i]).toBe('x');

    await toxiproxy.remove('p', 'h');
    await pause(50);
    await toxiproxy.toxic('p', 'bandwidth', { rate: 0 }, { name: 'h', toxicity: 0.3 });
    expect(await held()).not.toBe(some);
    for (const peer of peers) peer.socket.destroy();
  });

  test('the sizes of slices follow from it', async () => {
    const sizes = async (seed: number) => {
      await using seeded = await startToxiproxyServer({ port: 0, seed });
      const api = client(seeded.url);
      await using echo = await echoServer();
      const address = await api.proxy('p', echo.address);
      await api.toxic('p', 'slicer', { average_size: 20, size_variation: 15, delay: 40_000 });
      using peer = await dial(address);
      peer.write(Buffer.alloc(150));
      await peer.received(150);
      return peer.chunks.map((chunk) => chunk.length).join(' ');
    };
    const first = await sizes(3);
    expect(first.split(' ').length).toBeGreaterThan(3);
    expect(await sizes(3)).toBe(first);
    expect(await sizes(4)).not.toBe(first);
  });
});

describe('changes together', () => {
  const change = async (body: unknown) => await toxiproxy.call('POST', '/changes', body);
  const proxies = async () => (await toxiproxy.call('GET', '/proxies')).json;

  test('are each tried, and each is answered in order', async () => {
    await using echo = await echoServer();
    const [p, q] = [await toxiproxy.proxy('p', echo.address), await toxiproxy.proxy('q', echo.address)];
    using peer = await dial(p);
    peer.write('x');
    await peer.received(1);
    const hold = { name: 'h', type: 'bandwidth', stream: 'upstream', attributes: { rate: 0 } };
    expect(
      (
        await change([
          { proxy: 'none', do: 'disable' },
          { proxy: 'p', do: 'add', toxic: hold },
          { proxy: 'p', do: 'add', toxic: hold },
          { proxy: 'p', do: 'add', toxic: { type: 'nothing' } },
          { proxy: 'p', do: 'remove', toxic: 'other' },
          { proxy: 'q', do: 'disable' },
        ])
      ).json,
    ).toEqual([
      { status: 404, error: 'proxy not found' },
      { status: 200 },
      { status: 409, error: 'toxic already exists' },
      { status: 400, error: 'invalid toxic type' },
      { status: 404, error: 'toxic not found' },
      { status: 200 },
    ]);
    expect(await proxies()).toMatchObject({ p: { toxics: [hold] }, q: { enabled: false } });
    expect(await tryDial(q)).toBe('ECONNREFUSED');
    peer.write('y');
    await pause(50);
    expect(peer.text).toBe('x');
    const healed = await change([
      { proxy: 'q', do: 'enable' },
      { proxy: 'p', do: 'remove', toxic: 'h' },
    ]);
    expect(healed.json).toEqual([{ status: 200 }, { status: 200 }]);
    await peer.received(2);
    expect(await tryDial(q)).toBe('connected');
  });

  test('say which could not listen again, and the others do', async () => {
    await using echo = await echoServer();
    const [p, q] = [await toxiproxy.proxy('p', echo.address), await toxiproxy.proxy('q', echo.address)];
    const both = (what: string) => ['p', 'q'].map((proxy) => ({ proxy, do: what }));
    await change(both('disable'));
    const squatter = createServer().listen(Number(p.split(':')[1]), '127.0.0.1');
    await once(squatter, 'listening');
    expect((await change(both('enable'))).json).toMatchObject([
      { status: 500, error: expect.stringContaining('address already in use') },
      { status: 200 },
    ]);
    expect(await tryDial(q)).toBe('connected');
    squatter.close();
    await once(squatter, 'close');
    expect((await change(both('enable'))).json).toEqual([{ status: 200 }, { status: 200 }]);
  });

  test.each([
    [{}, 'expected a list of changes, got a object'],
    [[{ do: 'enable' }], 'proxy at change 2'],
    [[{ proxy: 'p' }], 'do should be enable, disable, add or remove, got nothing at change 2'],
    [[{ proxy: 'p', do: 'cut' }], 'do should be enable, disable, add or remove, got cut at change 2'],
    [[{ proxy: 'p', do: 'remove' }], 'toxic at change 2'],
    [[{ proxy: 'p', do: 'add', toxic: { type: 5 } }], 'type should be a string'],
  ])('that cannot be read are refused whole: %j', async (bad, message) => {
    await toxiproxy.proxy('p', '127.0.0.1:1');
    const answer = await change(Array.isArray(bad) ? [{ proxy: 'p', do: 'disable' }, ...bad] : bad);
    expect(answer.status).toBe(400);
    expect(answer.json.error).toContain(message);
    expect((await proxies()).p.enabled).toBe(true);
  });
});

test('counters move while connections live: what came and what went through', async () => {
  await using echo = await echoServer();
  const address = await toxiproxy.proxy('p', echo.address);
  using peer = await dial(address);
  peer.write('12345');
  await peer.received(5);
  await toxiproxy.toxic('p', 'timeout', { timeout: 0 });
  peer.write('678');
  await until(() => echo.sockets[0]!.bytesWritten === 8, 'the echo');
  await pause(50);

  const traffic = await toxiproxy.call('GET', '/traffic');
  expect(traffic.json).toEqual({
    p: { upstream: { received: 8, sent: 8 }, downstream: { received: 8, sent: 5 } },
  });
  const metrics = await toxiproxy.call('GET', '/metrics');
  expect(metrics.type).toMatch(/^text\/plain; version=0\.0\.4/);
  const labels = `proxy="p",listener="${address}",upstream="${echo.address}"`;
  for (const [what, direction, bytes] of [
    ['received', 'upstream', 8],
    ['sent', 'upstream', 8],
    ['received', 'downstream', 8],
    ['sent', 'downstream', 5],
  ]) {
    expect(metrics.text).toContain(
      `toxiproxy_proxy_${what}_bytes_total{direction="${direction}",${labels}} ${bytes}\n`,
    );
  }
});

test('an upstream that does not answer its dials holds up nobody else', async () => {
  // A listener that never accepts and whose queue is full: the kernel then leaves further dials unanswered.
  const deaf = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const server = require('node:net').createServer();
     server.listen(0, '127.0.0.1', 1, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000));
     });`,
    { eval: true },
  );
  try {
    const [port] = await once(deaf, 'message');
    const address = await toxiproxy.proxy('deaf', `127.0.0.1:${port}`);
    const waiting: Peer[] = [];
    for (let i = 0; i < 6; i++) waiting.push(await dial(address));
    for (const peer of waiting) peer.write('into the void');

    await using echo = await echoServer();
    await toxiproxy.call('POST', '/proxies/deaf', { upstream: echo.address });
    using served = await dial(address);
    served.write('x');
    await served.received(1, 2_000);
    for (const peer of waiting) await peer.closed(2_000);
  } finally {
    await deaf.terminate();
  }
});

describe('reset_peer on connections that are open', () => {
  test('resets them at once, also when nothing is sent', async () => {
    await using echo = await echoServer();
    const address = await toxiproxy.proxy('p', echo.address);
    using idle = await dial(address);
    const far = await echo.socket(0);
    await toxiproxy.toxic('p', 'reset_peer', { timeout: 0 });
    await idle.closed();
    await far.closed();
    expect([idle.state, far.state]).toEqual(['ECONNRESET', 'ECONNRESET']);
  });

  test('leaves a new one until bytes come, like the original', async () => {
    await using echo = await echoServer();
    const address = await toxiproxy.proxy('p', echo.address);
    await toxiproxy.toxic('p', 'reset_peer', { timeout: 0 });
    using later = await dial(address);
    await pause(80);
    expect(later.state).toBe('open');
  });

  test('leaves them alone when told so', async () => {
    await using plain = await startToxiproxyServer({ port: 0, seed: 1, resetOpen: false });
    const api = client(plain.url);
    await using echo = await echoServer();
    using idle = await dial(await api.proxy('p', echo.address));
    await api.toxic('p', 'reset_peer', { timeout: 0 });
    await pause(80);
    expect(idle.state).toBe('open');
  });
});

describe('closes', () => {
  test('of one side only are passed on as that: the answer still comes', async () => {
    await using upstream = await listen((socket) => {
      socket.on('end', () => setTimeout(() => socket.end('the answer'), 50));
    });
    using peer = await dial(await toxiproxy.proxy('p', upstream.address));
    peer.socket.end('the question');
    await peer.closed();
    expect([peer.text, peer.state, (await upstream.socket(0)).text]).toEqual([
      'the answer',
      'ended',
      'the question',
    ]);
  });

  test('that are resets are passed on as resets', async () => {
    await using upstream = await listen();
    using peer = await dial(await toxiproxy.proxy('p', upstream.address));
    const far = await upstream.socket(0);
    peer.socket.resetAndDestroy();
    await far.closed();
    expect(far.state).toBe('ECONNRESET');
  });

  test.each(['end', 'resetAndDestroy'] as const)(
    'by %s do not cross a hold before it is over',
    async (how) => {
      await using upstream = await listen();
      using peer = await dial(await toxiproxy.proxy('p', upstream.address));
      const far = await upstream.socket(0);
      await toxiproxy.toxic('p', 'bandwidth', { rate: 0 }, { stream: 'upstream', name: 'h' });
      peer.write('last words');
      await pause(30);
      peer.socket[how]();
      await pause(100);
      expect([far.text, far.state]).toEqual(['', 'open']);
      await toxiproxy.remove('p', 'h');
      await far.closed();
      // libuv tells an RST right behind bytes as an end.
      expect([far.text, how === 'end' ? far.state : 'ended']).toEqual(['last words', 'ended']);
    },
  );

  test('do not cross a black hole', async () => {
    await using upstream = await listen();
    using peer = await dial(await toxiproxy.proxy('p', upstream.address));
    const far = await upstream.socket(0);
    await toxiproxy.toxic('p', 'timeout', { timeout: 0 }, { stream: 'upstream', name: 'b' });
    peer.socket.destroy();
    await pause(100);
    expect(far.state).toBe('open');
    await toxiproxy.remove('p', 'b');
    await far.closed();
  });

  test('take as long as the bytes do', async () => {
    await using upstream = await listen();
    using peer = await dial(await toxiproxy.proxy('p', upstream.address));
    const far = await upstream.socket(0);
    await toxiproxy.toxic('p', 'latency', { latency: 150 }, { stream: 'upstream' });
    const startedMs = performance.now();
    peer.socket.end();
    await far.closed();
    expect(performance.now() - startedMs).toBeGreaterThan(148);
  });

  test('of a proxy are resets', async () => {
    await using echo = await echoServer();
    using peer = await dial(await toxiproxy.proxy('p', echo.address));
    peer.write('x');
    await peer.received(1);
    await toxiproxy.call('DELETE', '/proxies/p');
    await peer.closed();
    expect(peer.state).toBe('ECONNRESET');
  });
});

describe('nothing hangs', () => {
  test('removing toxics of a connection whose receiver reads nothing', async () => {
    await using upstream = await listen((socket) => void socket.pause());
    using peer = await dial(await toxiproxy.proxy('p', upstream.address));
    const types = ['latency', 'bandwidth', 'slicer', 'slow_close', 'timeout', 'limit_data', 'reset_peer'];
    for (const type of types) {
      await toxiproxy.toxic(
        'p',
        type,
        { rate: 1, bytes: 2 ** 40, timeout: 60_000, delay: 60_000, latency: 60_000 },
        {
          stream: 'upstream',
          name: type,
        },
      );
      peer.write(countingBytes(1_000_000));
    }
    const startedMs = performance.now();
    for (const type of types) await toxiproxy.remove('p', type);
    await toxiproxy.call('DELETE', '/proxies/p');
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    await peer.closed();
  });

  test('a slicer without sizes', async () => {
    await using echo = await echoServer();
    const address = await toxiproxy.proxy('p', echo.address);
    await toxiproxy.toxic('p', 'slicer', { average_size: 0, size_variation: -5, delay: 0 });
    using peer = await dial(address);
    peer.write('sliced into bytes');
    await peer.received(17);
    expect(peer.text).toBe('sliced into bytes');
  });

  test('a proxy that cannot listen holds up no other', async () => {
    const body = { name: 'q', listen: '192.0.2.1:0', upstream: 'a:1' };
    const reply = await toxiproxy.call('POST', '/proxies', body);
    expect([reply.status, reply.json.status]).toEqual([500, 500]);
    await using echo = await echoServer();
    expect(await tryDial(await toxiproxy.proxy('p', echo.address))).toBe('connected');
  });

  test('reset, when one proxy cannot listen again: the others are enabled, and it is told', async () => {
    await using squatter = await listen();
    await toxiproxy.call('POST', '/proxies', {
      name: 'a',
      upstream: 'x:1',
      listen: squatter.address,
      enabled: false,
    });
    await toxiproxy.call('POST', '/proxies', {
      name: 'b',
      upstream: 'x:1',
      listen: '127.0.0.1:0',
      enabled: false,
    });
    await toxiproxy.toxic('b', 'latency', { latency: 1 });
    const reply = await toxiproxy.call('POST', '/reset');
    expect([reply.status, reply.json.error]).toEqual([500, expect.stringMatching(/already in use/)]);
    expect((await toxiproxy.call('GET', '/proxies/b')).json).toMatchObject({ enabled: true, toxics: [] });
  });
});

test('populate answers an empty list with an empty list, so that toxiproxy-node-client does not throw', async () => {
  const reply = await toxiproxy.call('POST', '/populate', []);
  expect([reply.status, reply.json]).toEqual([201, { proxies: [] }]);
});

test('latency holds no more than its buffer: the sender is pressed back on', async () => {
  await using upstream = await listen();
  using peer = await dial(await toxiproxy.proxy('p', upstream.address));
  await toxiproxy.toxic('p', 'latency', { latency: 60_000 }, { stream: 'upstream' });
  peer.write(Buffer.alloc(64 * 1024 * 1024));
  const received = async () => (await toxiproxy.call('GET', '/traffic')).json.p.upstream.received;
  await vi.waitUntil(async () => (await received()) > 30 * 1024 * 1024, 20_000);
  await pause(600);
  expect(await received()).toBeLessThan(34 * 1024 * 1024);
});

test('the differences that the documents name are those that are held against the original', async () => {
  const document = await readFile(join(projectRoot, 'harness', 'network', 'README.md'), 'utf8');
  const rows = document.split('\n').filter((line) => line.startsWith('| '));
  expect(rows.slice(1)).toEqual(
    knownDifferences.map(
      ({ what, embedded, original, why }) => `| ${what} | ${embedded} | ${original} | ${why} |`,
    ),
  );
});
