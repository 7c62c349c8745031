import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { countingBytes, dial, echoServer, listen, pause, tryDial, until } from './tcp.ts';
import type { UnderTest } from './toxiproxy-under-test.ts';

/**
 * What any Toxiproxy 2.12 does, as far as the harness or a user may rely on it. Held against the embedded server and
 * against the original (toxiproxy-original.test.ts); what tells the two apart is in known-differences.ts.
 */
export function toxiproxyContract(start: () => Promise<UnderTest>): void {
  let toxiproxy: UnderTest;
  beforeAll(async () => {
    toxiproxy = await start();
  });
  afterEach(() => toxiproxy.clear());
  afterAll(() => toxiproxy[Symbol.asyncDispose]());

  const nowhere = 'localhost:1';
  const disabled = { name: 'p', upstream: nowhere, listen: '127.0.0.1:0', enabled: false };

  describe('answers', () => {
    const notFound = 'proxy not found';
    const toxicNotFound = 'toxic not found';
    const badStream = 'stream was invalid, can be either upstream or downstream';
    const bad = /^bad request body: /;

    // Each against a server with the disabled proxy 'p', which has the toxic 'slow' (latency, downstream).
    test.each<[string, string, string, unknown, number, string | RegExp]>([
      ['an unknown proxy', 'GET', '/proxies/nope', undefined, 404, notFound],
      ['an update of an unknown proxy', 'POST', '/proxies/nope', {}, 404, notFound],
      ['a deletion of an unknown proxy', 'DELETE', '/proxies/nope', undefined, 404, notFound],
      ['the toxics of an unknown proxy', 'GET', '/proxies/nope/toxics', undefined, 404, notFound],
      ['a toxic for an unknown proxy', 'POST', '/proxies/nope/toxics', { type: 'latency' }, 404, notFound],
      ['an unknown toxic', 'GET', '/proxies/p/toxics/nope', undefined, 404, toxicNotFound],
      ['an update of an unknown toxic', 'PATCH', '/proxies/p/toxics/nope', {}, 404, toxicNotFound],
      ['a deletion of an unknown toxic', 'DELETE', '/proxies/p/toxics/nope', undefined, 404, toxicNotFound],
      ['a proxy that is there', 'POST', '/proxies', disabled, 409, 'proxy already exists'],
      ['no body', 'POST', '/proxies', undefined, 400, 'bad request body: EOF'],
      ['half a body', 'POST', '/proxies', '{"name":', 400, bad],
      ['a list for a proxy', 'POST', '/proxies', [], 400, bad],
      ['a name that is a number', 'POST', '/proxies', { name: 1, upstream: 'a:1' }, 400, bad],
      ['no name', 'POST', '/proxies', { upstream: 'a:1' }, 400, 'missing required field: name'],
      ['no upstream', 'POST', '/proxies', { name: 'q' }, 400, 'missing required field: upstream'],
      [
        'an empty name',
        'POST',
        '/proxies',
        { name: '', upstream: 'a:1' },
        400,
        'missing required field: name',
      ],
      [
        'a listen without port',
        'POST',
        '/proxies',
        { name: 'q', upstream: 'a:1', listen: 'x' },
        500,
        /missing port/,
      ],
      [
        'a listen beyond ports',
        'POST',
        '/proxies',
        { name: 'q', upstream: 'a:1', listen: ':70000' },
        500,
        /invalid port/,
      ],
      ['an update with no body', 'PATCH', '/proxies/p', undefined, 400, 'bad request body: EOF'],
      ['enabled that is a word', 'PATCH', '/proxies/p', { enabled: 'yes' }, 400, bad],
      ['an update to no port', 'POST', '/proxies/p', { listen: 'x' }, 500, /missing port/],
      ['a toxic with no body', 'POST', '/proxies/p/toxics', undefined, 400, 'bad request body: EOF'],
      ['a toxic of no type', 'POST', '/proxies/p/toxics', {}, 400, 'invalid toxic type'],
      ['the type down', 'POST', '/proxies/p/toxics', { type: 'down' }, 400, 'invalid toxic type'],
      ['a stream sideways', 'POST', '/proxies/p/toxics', { type: 'latency', stream: 'x' }, 400, badStream],
      ['a stream before a type', 'POST', '/proxies/p/toxics', { type: 'x', stream: 'x' }, 400, badStream],
      [
        'a toxic that is there',
        'POST',
        '/proxies/p/toxics',
        { type: 'latency', name: 'slow' },
        409,
        'toxic already exists',
      ],
      [
        'its name upstream',
        'POST',
        '/proxies/p/toxics',
        { type: 'noop', name: 'slow', stream: 'upstream' },
        409,
        'toxic already exists',
      ],
      [
        'an attribute of 1.5',
        'POST',
        '/proxies/p/toxics',
        { type: 'latency', attributes: { latency: 1.5 } },
        400,
        bad,
      ],
      [
        'an attribute in words',
        'POST',
        '/proxies/p/toxics',
        { type: 'latency', attributes: { latency: '5' } },
        400,
        bad,
      ],
      ['attributes as a list', 'POST', '/proxies/p/toxics', { type: 'latency', attributes: [5] }, 400, bad],
      ['toxicity in words', 'POST', '/proxies/p/toxics', { type: 'latency', toxicity: '1' }, 400, bad],
      ['an update to 1.5', 'POST', '/proxies/p/toxics/slow', { attributes: { latency: 1.5 } }, 400, bad],
      [
        'an update of a toxic with no body',
        'PATCH',
        '/proxies/p/toxics/slow',
        undefined,
        400,
        'bad request body: EOF',
      ],
    ])('%s: %s %s %j is refused', async (_what, method, path, body, status, message) => {
      await toxiproxy.call('POST', '/proxies', disabled);
      await toxiproxy.toxic('p', 'latency', { latency: 7 }, { name: 'slow' });

      const reply = await toxiproxy.call(method, path, body);

      expect(reply.status).toBe(status);
      expect(reply.type).toBe('text/plain; charset=utf-8');
      expect(reply.json).toEqual({
        error: typeof message === 'string' ? message : expect.stringMatching(message),
        status,
      });
      expect((await toxiproxy.call('GET', '/proxies/p/toxics/slow')).json.attributes.latency).toBe(7);
    });

    test.each([
      ['GET', '/', 404],
      ['GET', '/nope', 404],
      ['GET', '/proxies/', 404],
      ['PUT', '/proxies', 405],
      ['DELETE', '/proxies', 405],
      ['OPTIONS', '/proxies', 405],
      ['GET', '/reset', 405],
      ['GET', '/populate', 405],
      ['POST', '/version', 405],
      ['PUT', '/proxies/p', 405],
      ['DELETE', '/proxies/p/toxics', 405],
      ['PUT', '/proxies/p/toxics/t', 405],
    ])('%s %s is %d', async (method, path, status) => {
      const reply = await toxiproxy.call(method, path);
      expect([reply.status, reply.text]).toEqual([status, status === 404 ? '404 page not found\n' : '']);
    });

    test('a browser is refused', async () => {
      const reply = await toxiproxy.call('GET', '/version', undefined, { 'user-agent': 'Mozilla/5.0 (X11)' });
      expect([reply.status, reply.text]).toEqual([403, 'User agent not allowed\n']);
      const other = await toxiproxy.call('GET', '/version', undefined, { 'user-agent': 'curl Mozilla/5.0' });
      expect(other.status).toBe(200);
    });

    test('the version is JSON', async () => {
      const reply = await toxiproxy.call('GET', '/version');
      expect(reply.status).toBe(200);
      expect(reply.type).toMatch(/^application\/json/);
      expect(reply.json).toEqual({ version: expect.any(String) });
    });

    test('no proxies are an empty object', async () => {
      const reply = await toxiproxy.call('GET', '/proxies');
      expect([reply.status, reply.type, reply.json]).toEqual([200, 'application/json', {}]);
    });
  });

  describe('a proxy', () => {
    test('is told as it was made, by its name and in the index', async () => {
      const made = await toxiproxy.call('POST', '/proxies', {
        name: 'p',
        upstream: nowhere,
        listen: '127.0.0.1:0',
      });
      expect([made.status, made.type]).toEqual([201, 'application/json']);
      const wanted = { name: 'p', upstream: nowhere, enabled: true, toxics: [] };
      expect(made.json).toMatchObject({
        ...wanted,
        listen: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/),
      });

      const shown = await toxiproxy.call('GET', '/proxies/p');
      expect([shown.status, shown.json]).toEqual([200, made.json]);
      expect((await toxiproxy.call('GET', '/proxies')).json).toEqual({ p: made.json });
    });

    test('that is disabled keeps the listen that it was given', async () => {
      const made = await toxiproxy.call('POST', '/proxies', disabled);
      expect(made.json).toMatchObject({ listen: '127.0.0.1:0', enabled: false });
    });

    test('without a listen takes any port of every interface', async () => {
      const made = await toxiproxy.call('POST', '/proxies', { name: 'p', upstream: nowhere });
      expect(made.json.listen).toMatch(/^(\[::\]|0\.0\.0\.0):[1-9]\d*$/);
    });

    test('shows localhost as the address that it is', async () => {
      const made = await toxiproxy.call('POST', '/proxies', {
        name: 'p',
        upstream: nowhere,
        listen: 'localhost:0',
      });
      expect(made.json.listen).toMatch(/^127\.0\.0\.1:/);
    });

    test('whose port is taken is not made', async () => {
      await using server = await echoServer();
      const reply = await toxiproxy.call('POST', '/proxies', {
        name: 'p',
        upstream: nowhere,
        listen: server.address,
      });
      expect([reply.status, reply.json.error]).toEqual([
        500,
        expect.stringMatching(/address already in use/),
      ]);
      expect((await toxiproxy.call('GET', '/proxies/p')).status).toBe(404);
    });

    test('of any name is found URL-encoded', async () => {
      for (const name of ['m1->m2', 'with space', 'prozent%41', 'ümlaut', 'a:b;c,d']) {
        await toxiproxy.call('POST', '/proxies', { ...disabled, name });
        const found = await toxiproxy.call('GET', `/proxies/${encodeURIComponent(name)}`);
        expect([found.status, found.json?.name]).toEqual([200, name]);
      }
    });

    test('carries bytes both ways, whatever they are', async () => {
      await using server = await echoServer();
      using client = await dial(await toxiproxy.proxy('p', server.address));
      const sent = countingBytes(3_000_000);
      client.write(sent);
      await client.received(sent.length);
      expect(client.bytes.equals(sent)).toBe(true);
    });

    test('ends the connection of a client whose upstream refuses', async () => {
      const gone = await listen();
      await gone[Symbol.asyncDispose]();
      using client = await dial(await toxiproxy.proxy('p', gone.address));
      await client.closed();
      expect(client.length).toBe(0);
    });

    test('passes the close of either side on', async () => {
      await using server = await listen();
      const listen1 = await toxiproxy.proxy('p', server.address);
      using first = await dial(listen1);
      const firstServer = await server.socket(0);
      first.socket.end();
      await firstServer.closed();
      using second = await dial(listen1);
      (await server.socket(1)).socket.end('bye');
      await second.closed();
      expect([second.text, second.state]).toEqual(['bye', 'ended']);
    });

    test.each(['POST', 'PATCH'])(
      'is disabled and enabled by %s: refused, closed, back at its port',
      async (method) => {
        await using server = await echoServer();
        const address = await toxiproxy.proxy('p', server.address);
        using client = await dial(address);
        client.write('x');
        await client.received(1);

        const off = await toxiproxy.call(method, '/proxies/p', { enabled: false });
        expect([off.status, off.json.enabled]).toEqual([200, false]);
        await client.closed();
        expect(await tryDial(address)).toBe('ECONNREFUSED');

        const on = await toxiproxy.call(method, '/proxies/p', { enabled: true });
        expect(on.json).toMatchObject({ enabled: true, listen: address });
        using again = await dial(address);
        again.write('y');
        await again.received(1);
      },
    );

    test('keeps its toxics while it is disabled', async () => {
      await toxiproxy.proxy('p', nowhere);
      await toxiproxy.toxic('p', 'latency', { latency: 5 });
      await toxiproxy.call('POST', '/proxies/p', { enabled: false });
      const on = await toxiproxy.call('POST', '/proxies/p', { enabled: true });
      expect(on.json.toxics).toHaveLength(1);
    });

    test('with another upstream closes its connections and serves the new one', async () => {
      await using one = await listen((socket) => void socket.write('one'));
      await using two = await listen((socket) => void socket.write('two'));
      const address = await toxiproxy.proxy('p', one.address);
      using client = await dial(address);
      await client.received(3);
      const updated = await toxiproxy.call('POST', '/proxies/p', { upstream: two.address });
      expect(updated.json).toMatchObject({ listen: address, upstream: two.address, enabled: true });
      await client.closed();
      using again = await dial(address);
      await again.received(3);
      expect(again.text).toBe('two');
    });

    test('keeps its connections when an update changes nothing', async () => {
      await using server = await echoServer();
      const address = await toxiproxy.proxy('p', server.address);
      using client = await dial(address);
      client.write('x');
      await client.received(1);
      await toxiproxy.call('POST', '/proxies/p', {
        listen: address,
        upstream: server.address,
        enabled: true,
        name: 'other',
      });
      client.write('y');
      await client.received(2);
      expect((await toxiproxy.call('GET', '/proxies/p')).json.name).toBe('p');
    });

    test('that is deleted refuses, and its connections end', async () => {
      await using server = await echoServer();
      const address = await toxiproxy.proxy('p', server.address);
      using client = await dial(address);
      client.write('x');
      await client.received(1);
      const reply = await toxiproxy.call('DELETE', '/proxies/p');
      expect([reply.status, reply.text]).toEqual([204, '']);
      await client.closed();
      expect(await tryDial(address)).toBe('ECONNREFUSED');
    });
  });

  describe('populate', () => {
    test('makes what is missing, in order, and enables it unless told', async () => {
      const reply = await toxiproxy.call('POST', '/populate', [
        { name: 'b', upstream: nowhere, listen: '127.0.0.1:0' },
        { ...disabled, name: 'a' },
      ]);
      expect([reply.status, reply.type]).toEqual([201, 'application/json']);
      expect(reply.json.proxies).toMatchObject([
        { name: 'b', enabled: true, toxics: [] },
        { name: 'a', enabled: false, toxics: [] },
      ]);
    });

    test('leaves an identical proxy as it is, with its toxics and connections', async () => {
      await using server = await echoServer();
      const address = await toxiproxy.proxy('p', server.address);
      await toxiproxy.toxic('p', 'noop', {});
      using client = await dial(address);
      client.write('x');
      await client.received(1);
      const same = {
        name: 'p',
        upstream: server.address,
        listen: address.replace('127.0.0.1', 'localhost'),
        enabled: false,
      };
      const reply = await toxiproxy.call('POST', '/populate', [same]);
      expect(reply.json.proxies).toMatchObject([
        { name: 'p', listen: address, enabled: true, toxics: [{ type: 'noop' }] },
      ]);
      client.write('y');
      await client.received(2);
    });

    test('replaces a proxy that differs: connections end, toxics go', async () => {
      await using server = await echoServer();
      const address = await toxiproxy.proxy('p', server.address);
      await toxiproxy.toxic('p', 'noop', {});
      using client = await dial(address);
      client.write('x');
      await client.received(1);
      const reply = await toxiproxy.call('POST', '/populate', [
        { name: 'p', upstream: nowhere, listen: address },
      ]);
      expect(reply.json.proxies).toMatchObject([
        { name: 'p', listen: address, upstream: nowhere, enabled: true, toxics: [] },
      ]);
      await client.closed();
    });

    test.each<[string, unknown, number, string | RegExp]>([
      ['a body that is no list', {}, 400, /^bad request body: /],
      ['no body', undefined, 400, 'bad request body: EOF'],
      [
        'a proxy without a name',
        [{ ...disabled, name: 'ok' }, { upstream: 'a:1' }],
        400,
        'missing required field: name at proxy 2',
      ],
      ['a proxy without an upstream', [{ name: 'a' }], 400, 'missing required field: upstream at proxy 1'],
    ])('makes nothing of %s', async (_what, body, status, message) => {
      const reply = await toxiproxy.call('POST', '/populate', body);
      expect([reply.status, reply.type]).toEqual([status, 'application/json']);
      const error = typeof message === 'string' ? message : expect.stringMatching(message);
      expect(reply.json).toEqual({ error, status, proxies: null });
      expect((await toxiproxy.call('GET', '/proxies')).json).toEqual({});
    });

    test('tells what it made before one that failed', async () => {
      await using server = await echoServer();
      const reply = await toxiproxy.call('POST', '/populate', [
        { name: 'a', upstream: nowhere, listen: '127.0.0.1:0' },
        { name: 'b', upstream: nowhere, listen: server.address },
        { name: 'c', upstream: nowhere, listen: '127.0.0.1:0' },
      ]);
      expect([reply.status, reply.type]).toEqual([500, 'application/json']);
      expect(reply.json).toMatchObject({
        error: expect.stringMatching(/address already in use/),
        proxies: [{ name: 'a' }],
      });
      expect(Object.keys((await toxiproxy.call('GET', '/proxies')).json)).toEqual(['a']);
    });
  });

  describe('a toxic', () => {
    test.each([
      ['latency', { latency: 0, jitter: 0 }],
      ['bandwidth', { rate: 0 }],
      ['slow_close', { delay: 0 }],
      ['timeout', { timeout: 0 }],
      ['reset_peer', { timeout: 0 }],
      ['slicer', { average_size: 0, size_variation: 0, delay: 0 }],
      ['limit_data', { bytes: 0 }],
      ['noop', {}],
    ])('of type %s has defaults', async (type, attributes) => {
      await toxiproxy.call('POST', '/proxies', disabled);
      const reply = await toxiproxy.call('POST', '/proxies/p/toxics', { type });
      expect([reply.status, reply.type]).toEqual([200, 'application/json']);
      const wanted = { name: `${type}_downstream`, type, stream: 'downstream', toxicity: 1, attributes };
      expect(reply.json).toEqual(wanted);
      expect((await toxiproxy.call('GET', `/proxies/p/toxics/${type}_downstream`)).json).toEqual(wanted);
      expect((await toxiproxy.call('GET', '/proxies/p/toxics')).json).toEqual([wanted]);
      expect((await toxiproxy.call('GET', '/proxies/p')).json.toxics).toEqual([wanted]);
    });

    test('is told as it was made; unknown attributes are ignored', async () => {
      await toxiproxy.call('POST', '/proxies', disabled);
      const given = {
        name: 't',
        type: 'latency',
        stream: 'upstream',
        toxicity: 0.25,
        attributes: { latency: 3, jitter: 2 },
      };
      const reply = await toxiproxy.call('POST', '/proxies/p/toxics', {
        ...given,
        attributes: { ...given.attributes, x: 'y' },
      });
      expect(reply.json).toEqual(given);
    });

    test('may be written in other cases; null is not given', async () => {
      await toxiproxy.call('POST', '/proxies', disabled);
      const body = {
        TYPE: 'latency',
        Stream: 'UpStream',
        name: null,
        toxicity: null,
        Attributes: { LATENCY: 4, jitter: null },
      };
      const reply = await toxiproxy.call('POST', '/proxies/p/toxics', body);
      const attributes = { latency: 4, jitter: 0 };
      expect(reply.json).toEqual({
        name: 'latency_UpStream',
        type: 'latency',
        stream: 'UpStream',
        toxicity: 1,
        attributes,
      });
    });

    test.each(['POST', 'PATCH'])('is updated by %s: what is given and nothing else', async (method) => {
      await toxiproxy.call('POST', '/proxies', disabled);
      await toxiproxy.toxic('p', 'latency', { latency: 3, jitter: 2 }, { name: 't' });
      const reply = await toxiproxy.call(method, '/proxies/p/toxics/t', {
        attributes: { latency: 9 },
        toxicity: 0.5,
        name: 'other',
        type: 'noop',
        stream: 'upstream',
      });
      const attributes = { latency: 9, jitter: 2 };
      const wanted = { name: 't', type: 'latency', stream: 'downstream', toxicity: 0.5, attributes };
      expect([reply.status, reply.json]).toEqual([200, wanted]);
      expect((await toxiproxy.call(method, '/proxies/p/toxics/t', {})).json).toEqual(wanted);
    });

    test('that is deleted is gone', async () => {
      await toxiproxy.call('POST', '/proxies', disabled);
      await toxiproxy.toxic('p', 'noop', {}, { name: 't' });
      const reply = await toxiproxy.call('DELETE', '/proxies/p/toxics/t');
      expect([reply.status, reply.text]).toEqual([204, '']);
      expect((await toxiproxy.call('GET', '/proxies/p/toxics')).json).toEqual([]);
      await toxiproxy.toxic('p', 'noop', {}, { name: 't' });
    });

    test('is listed upstream first, then in the order of addition', async () => {
      await toxiproxy.call('POST', '/proxies', disabled);
      for (const [name, stream] of [
        ['d1', 'downstream'],
        ['u1', 'upstream'],
        ['d2', 'downstream'],
        ['u2', 'upstream'],
      ]) {
        await toxiproxy.toxic('p', 'noop', {}, { name, stream });
      }
      const names = (await toxiproxy.call('GET', '/proxies/p/toxics')).json.map(
        (t: { name: string }) => t.name,
      );
      expect(names).toEqual(['u1', 'u2', 'd1', 'd2']);
    });
  });

  test('reset enables every proxy and removes every toxic, and asks for no body', async () => {
    await toxiproxy.call('POST', '/proxies', disabled);
    await toxiproxy.proxy('q', nowhere);
    await toxiproxy.toxic('p', 'latency', { latency: 1 });
    await toxiproxy.toxic('q', 'timeout', {}, { stream: 'upstream' });
    const reply = await toxiproxy.call('POST', '/reset');
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect((await toxiproxy.call('GET', '/proxies')).json).toMatchObject({
      p: { enabled: true, toxics: [] },
      q: { enabled: true, toxics: [] },
    });
    expect((await toxiproxy.call('POST', '/reset', 'junk')).status).toBe(204);
  });

  describe('on the wire', () => {
    /** A proxy 'p' in front of an echo, and a client that had its first byte back. */
    async function echoed() {
      const server = await echoServer();
      const address = await toxiproxy.proxy('p', server.address);
      const client = await dial(address);
      client.write('.');
      await client.received(1);
      const roundTrip = async (text = 'x') => {
        const startedMs = performance.now();
        const wanted = client.length + text.length;
        client.write(text);
        await client.received(wanted);
        return performance.now() - startedMs;
      };
      /** Of a few, since a busy machine may hold up any one of them. */
      const quickestRoundTrip = async () => {
        let quickestMs = Number.POSITIVE_INFINITY;
        for (let i = 0; i < 5; i++) quickestMs = Math.min(quickestMs, await roundTrip());
        return quickestMs;
      };
      return {
        server,
        address,
        client,
        roundTrip,
        quickestRoundTrip,
        async [Symbol.asyncDispose]() {
          client.socket.destroy();
          await server[Symbol.asyncDispose]();
        },
      };
    }

    test('latency delays its own direction; two add up; a removed one does not delay', async () => {
      await using wire = await echoed();
      const { server, client, roundTrip, quickestRoundTrip } = wire;
      expect(await quickestRoundTrip()).toBeLessThan(100);
      await toxiproxy.toxic('p', 'latency', { latency: 150 }, { name: 'down' });
      const served = server.sockets[0]!.bytesRead;
      const received = client.length;
      const startedMs = performance.now();
      client.write('y');
      await until(() => server.sockets[0]!.bytesRead > served, 'the byte upstream');
      expect(client.length).toBe(received);
      await client.received(received + 1);
      expect(performance.now() - startedMs).toBeGreaterThan(148);

      await toxiproxy.toxic('p', 'latency', { latency: 100 }, { name: 'down2' });
      await toxiproxy.toxic('p', 'latency', { latency: 50 }, { name: 'up', stream: 'upstream' });
      const all = await roundTrip();
      expect(all).toBeGreaterThan(298);

      for (const name of ['down', 'down2', 'up']) await toxiproxy.remove('p', name);
      expect(await quickestRoundTrip()).toBeLessThan(100);
    });

    test('latency is updated on an open connection', async () => {
      await using wire = await echoed();
      const { roundTrip } = wire;
      await toxiproxy.toxic('p', 'latency', { latency: 5_000 }, { name: 't' });
      await toxiproxy.call('POST', '/proxies/p/toxics/t', { attributes: { latency: 60 } });
      const ms = await roundTrip();
      expect(ms).toBeGreaterThan(58);
      expect(ms).toBeLessThan(1_000);
    });

    test('latency with jitter stays within latency +/- jitter', async () => {
      await using wire = await echoed();
      const { roundTrip } = wire;
      await toxiproxy.toxic('p', 'latency', { latency: 40, jitter: 30 });
      const times: number[] = [];
      for (let i = 0; i < 8; i++) times.push(await roundTrip());
      expect(Math.min(...times)).toBeGreaterThan(8);
      expect(Math.max(...times)).toBeLessThan(1_000);
      expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(3);
    });

    test('latency does not limit throughput', async () => {
      await using wire = await echoed();
      const { client } = wire;
      await toxiproxy.toxic('p', 'latency', { latency: 200 });
      const sent = countingBytes(4_000_000);
      const startedMs = performance.now();
      client.write(sent);
      await client.received(1 + sent.length);
      // One 64 KiB chunk each 200 ms would take 12 s.
      expect(performance.now() - startedMs).toBeLessThan(3_000);
      expect(client.bytes.subarray(1).equals(sent)).toBe(true);
    });

    test('bandwidth keeps to its rate', async () => {
      await using wire = await echoed();
      const { client } = wire;
      await toxiproxy.toxic('p', 'bandwidth', { rate: 500 });
      const startedMs = performance.now();
      client.write(countingBytes(250_000));
      await client.received(250_001);
      const ms = performance.now() - startedMs;
      expect(ms).toBeGreaterThan(400);
      expect(ms).toBeLessThan(1_500);
    });

    test('bandwidth 0 holds everything, and what was held is delivered', async () => {
      await using wire = await echoed();
      const { client } = wire;
      await toxiproxy.toxic('p', 'bandwidth', { rate: 0 }, { name: 'hold' });
      const sent = countingBytes(500_000);
      client.write(sent);
      await pause(250);
      expect(client.length).toBe(1);
      await toxiproxy.remove('p', 'hold');
      await client.received(1 + sent.length);
      expect(client.bytes.subarray(1).equals(sent)).toBe(true);
    });

    test('what is held presses back on the sender', async () => {
      await using server = await listen();
      using client = await dial(await toxiproxy.proxy('p', server.address));
      await toxiproxy.toxic('p', 'bandwidth', { rate: 0 }, { stream: 'upstream' });
      const offered = 48 * 1024 * 1024;
      client.write(Buffer.alloc(offered));
      await pause(500);
      const sent = client.socket.bytesWritten - client.socket.writableLength;
      expect(client.socket.writableLength).toBeGreaterThan(0);
      expect(sent).toBeLessThan(offered);
      expect((await server.socket(0)).length).toBe(0);
    });

    test('timeout 0 drops, and its removal closes the connection', async () => {
      await using wire = await echoed();
      const { client, server, address } = wire;
      await toxiproxy.toxic('p', 'timeout', { timeout: 0 }, { name: 't' });
      client.write('lost');
      await pause(150);
      expect([client.text, client.state]).toEqual(['.', 'open']);
      const startedMs = performance.now();
      await toxiproxy.remove('p', 't');
      expect(performance.now() - startedMs).toBeLessThan(1_000);
      await client.closed();
      expect(client.text).toBe('.');
      await (await server.socket(0)).closed();
      using again = await dial(address);
      again.write('z');
      await again.received(1);
    });

    test('timeout closes after its time, counted from the last bytes', async () => {
      await using wire = await echoed();
      const { client } = wire;
      const startedMs = performance.now();
      await toxiproxy.toxic('p', 'timeout', { timeout: 800 });
      await pause(400);
      client.write('x');
      await client.closed();
      expect(performance.now() - startedMs).toBeGreaterThan(1_180);
      expect(client.text).toBe('.');
    });

    test('reset_peer resets a connection once bytes are sent', async () => {
      await using server = await echoServer();
      const address = await toxiproxy.proxy('p', server.address);
      await toxiproxy.toxic('p', 'reset_peer', { timeout: 0 }, { stream: 'upstream' });
      using client = await dial(address);
      client.write('x');
      await client.closed();
      expect([client.state, client.length]).toEqual(['ECONNRESET', 0]);
    });

    test('reset_peer waits for its timeout', async () => {
      await using server = await echoServer();
      const address = await toxiproxy.proxy('p', server.address);
      await toxiproxy.toxic('p', 'reset_peer', { timeout: 200 });
      using client = await dial(address);
      const startedMs = performance.now();
      client.write('x');
      await client.closed();
      expect(performance.now() - startedMs).toBeGreaterThan(190);
      expect([client.state, client.length]).toEqual(['ECONNRESET', 0]);
    });

    test('slow_close holds the close back, not the bytes', async () => {
      await using server = await listen((socket) => void socket.end('all'));
      const address = await toxiproxy.proxy('p', server.address);
      await toxiproxy.toxic('p', 'slow_close', { delay: 300 });
      const startedMs = performance.now();
      using client = await dial(address);
      await client.received(3);
      expect(client.state).toBe('open');
      await client.closed();
      expect(performance.now() - startedMs).toBeGreaterThan(295);
      expect(client.state).toBe('ended');
    });

    test('limit_data passes that many bytes, then closes', async () => {
      await using server = await listen((socket) => void socket.write(countingBytes(100_000)));
      const address = await toxiproxy.proxy('p', server.address);
      await toxiproxy.toxic('p', 'limit_data', { bytes: 12_345 });
      using client = await dial(address);
      await client.closed();
      expect(client.bytes.equals(countingBytes(12_345))).toBe(true);
      expect(client.state).toBe('ended');
    });

    test('limit_data counts over chunks', async () => {
      await using wire = await echoed();
      const { client, roundTrip } = wire;
      await toxiproxy.toxic('p', 'limit_data', { bytes: 5 });
      await roundTrip('ab');
      await roundTrip('cd');
      client.write('efg');
      await client.closed();
      expect(client.text).toBe('.abcde');
    });

    test('slicer cuts and loses nothing', async () => {
      await using wire = await echoed();
      const { client } = wire;
      await toxiproxy.toxic('p', 'slicer', { average_size: 100, size_variation: 20, delay: 3_000 });
      const sent = countingBytes(3_000);
      const startedMs = performance.now();
      client.write(sent);
      await client.received(1 + sent.length);
      // 25 to 48 slices of 3 ms each.
      expect(performance.now() - startedMs).toBeGreaterThan(60);
      expect(client.chunks.length).toBeGreaterThan(10);
      expect(client.bytes.subarray(1).equals(sent)).toBe(true);
    });

    test('noop and toxicity 0 change nothing', async () => {
      await using wire = await echoed();
      const { roundTrip } = wire;
      await toxiproxy.toxic('p', 'noop', {});
      await toxiproxy.toxic('p', 'latency', { latency: 5_000 }, { toxicity: 0 });
      await toxiproxy.toxic('p', 'bandwidth', { rate: 0 }, { toxicity: 0, stream: 'upstream' });
      expect(await roundTrip()).toBeLessThan(1_000);
    });

    test('toxicity chooses some connections', async () => {
      await using server = await echoServer();
      const address = await toxiproxy.proxy('p', server.address);
      await toxiproxy.toxic('p', 'limit_data', { bytes: 0 }, { toxicity: 0.5 });
      let closed = 0;
      for (let i = 0; i < 40; i++) {
        using client = await dial(address);
        client.write('x');
        await until(() => client.length > 0 || client.state !== 'open', 'an answer or the close');
        if (client.length === 0) closed++;
      }
      // One in 3,000 seeds is outside.
      expect(closed).toBeGreaterThan(8);
      expect(closed).toBeLessThan(32);
    });

    test('toxics that come, change and go while bytes flow lose and reorder nothing', async () => {
      await using wire = await echoed();
      const { client } = wire;
      const total = 4_000_000;
      const sent = countingBytes(total);
      client.write(sent);
      for (let round = 0; round < 6; round++) {
        await toxiproxy.toxic('p', 'latency', { latency: 5, jitter: 5 }, { name: 'l' });
        await toxiproxy.toxic('p', 'bandwidth', { rate: 20_000 }, { name: 'b', stream: 'upstream' });
        await toxiproxy.toxic('p', 'slicer', { average_size: 10_000, size_variation: 3_000 }, { name: 's' });
        await pause(10);
        await toxiproxy.call('POST', '/proxies/p/toxics/l', { attributes: { latency: 20 } });
        await toxiproxy.call('POST', '/proxies/p/toxics/b', { attributes: { rate: 0 } });
        await pause(10);
        for (const name of ['l', 'b', 's']) await toxiproxy.remove('p', name);
      }
      await client.received(1 + total);
      expect(client.bytes.subarray(1).equals(sent)).toBe(true);
    });
  });
}
