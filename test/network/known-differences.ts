import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { countingBytes, dial, echoServer, listen, type Peer, pause, until } from './tcp.ts';
import type { UnderTest } from './toxiproxy-under-test.ts';

/**
 * A KnownDifference is something that the embedded server does unlike the original, on purpose: what each of them does
 * is looked at with the same probe. Whatever else a run may rely on is in the contract, which both keep.
 */
export interface KnownDifference {
  readonly what: string;
  /** Why the embedded server differs. */
  readonly why: string;
  readonly embedded: string;
  readonly original: string;
  /** The original does so most times, and at others as the embedded server: the order of a map or a race decides. */
  readonly mostTimes?: true;
  /** What a Toxiproxy does, in a word or two. Each `start` gives a fresh one. */
  probe(start: (seed: number) => Promise<UnderTest>): Promise<string>;
}

type Probe = (toxiproxy: UnderTest) => Promise<string>;

const onOne =
  (probe: Probe): KnownDifference['probe'] =>
  async (start) => {
    await using toxiproxy = await start(1);
    return await probe(toxiproxy);
  };

/** How a peer is after a moment: 'open', or how it ended. Long enough for what is going to happen at all. */
const settledMs = 400;

async function stateAfter(peer: Peer, wantedMs = settledMs): Promise<string> {
  await peer.closed(wantedMs).catch(() => {});
  return peer.state;
}

export const knownDifferences: readonly KnownDifference[] = [
  {
    what: 'which connections a toxicity of 0.5 chooses, with the same seed twice',
    why: 'a run is repeated with its seed',
    embedded: 'the same',
    original: 'others',
    async probe(start) {
      const chosen = async () => {
        await using toxiproxy = await start(7);
        await using echo = await echoServer();
        const address = await toxiproxy.proxy('p', echo.address);
        await toxiproxy.toxic('p', 'limit_data', { bytes: 0 }, { toxicity: 0.5 });
        let pattern = '';
        // Chance makes two of 2^40 alike about never.
        for (let i = 0; i < 40; i++) {
          using peer = await dial(address);
          peer.write('x');
          await until(() => peer.length > 0 || peer.state !== 'open', 'an answer or the close');
          pattern += peer.length > 0 ? '.' : 'x';
        }
        return pattern;
      };
      const [first, second] = [await chosen(), await chosen()];
      return first === second ? 'the same' : 'others';
    },
  },
  {
    what: 'bytes of a connection that lives',
    why: 'a preflight proves that links are in use while they are',
    embedded: 'told',
    original: 'told once it has ended',
    probe: onOne(async (toxiproxy) => {
      await using echo = await echoServer();
      using peer = await dial(await toxiproxy.proxy('p', echo.address));
      peer.write('12345');
      await peer.received(5);
      const told = async () =>
        /^toxiproxy_proxy_received_bytes_total\{.*proxy="p".*\} 5$/m.test(
          (await toxiproxy.call('GET', '/metrics')).text,
        );
      await pause(100);
      if (await told()) return 'told';
      peer.socket.destroy();
      for (let i = 0; i < 100 && !(await told()); i++) await pause(20);
      return (await told()) ? 'told once it has ended' : 'never told';
    }),
  },
  {
    what: 'GET /traffic',
    why: 'bytes as JSON, for the harness',
    embedded: '200',
    original: '404',
    probe: onOne(async (toxiproxy) => String((await toxiproxy.call('GET', '/traffic')).status)),
  },
  {
    what: 'POST /changes',
    why: 'all links of a partition are cut at one moment',
    embedded: '200',
    original: '404',
    probe: onOne(async (toxiproxy) => String((await toxiproxy.call('POST', '/changes', [])).status)),
  },
  {
    what: 'another upstream, and a connection to it, while dials to the first are not answered',
    why: 'one black hole must not stop a whole link',
    embedded: 'served',
    original: 'not served for 3 s',
    // It goes by which of its own dials holds the lock.
    mostTimes: true,
    probe: onOne(async (toxiproxy) => {
      // A listener that never accepts and whose queue is full: the kernel leaves further dials unanswered.
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
        await using echo = await echoServer();
        const served = toxiproxy.call('POST', '/proxies/deaf', { upstream: echo.address }).then(async () => {
          using peer = await dial(address);
          peer.write('x');
          await peer.received(1);
          return 'served';
        });
        // What is not answered in time ends with its server.
        served.catch(() => {});
        const outcome = await Promise.race([served, pause(3_000).then(() => 'not served for 3 s')]);
        for (const peer of waiting) peer.socket.destroy();
        return outcome;
      } finally {
        await deaf.terminate();
      }
    }),
  },
  {
    what: 'reset_peer, added to a connection that is open and idle',
    why: 'a reset that waits for the next connection resets nothing that is in use',
    embedded: 'ECONNRESET',
    original: 'open',
    probe: onOne(async (toxiproxy) => {
      await using echo = await echoServer();
      using idle = await dial(await toxiproxy.proxy('p', echo.address));
      await echo.socket(0);
      await toxiproxy.toxic('p', 'reset_peer', { timeout: 0 });
      return await stateAfter(idle);
    }),
  },
  {
    what: 'the answer to a client that has ended its side',
    why: 'a half-closed connection is a legal one',
    embedded: 'the answer',
    original: 'nothing',
    probe: onOne(async (toxiproxy) => {
      await using upstream = await listen((socket) => {
        socket.on('end', () => setTimeout(() => socket.end('the answer'), 50));
      });
      using peer = await dial(await toxiproxy.proxy('p', upstream.address));
      await upstream.socket(0);
      peer.socket.end('the question');
      await stateAfter(peer, 2_000);
      return peer.text || 'nothing';
    }),
  },
  {
    what: 'a reset of the client, seen at the upstream',
    why: 'a crash and a clean end look different to a server',
    embedded: 'ECONNRESET',
    original: 'ended',
    probe: onOne(async (toxiproxy) => {
      await using upstream = await listen();
      using peer = await dial(await toxiproxy.proxy('p', upstream.address));
      const far = await upstream.socket(0);
      peer.socket.resetAndDestroy();
      return await stateAfter(far, 2_000);
    }),
  },
  {
    what: 'a proxy that is disabled or deleted ends its connections by',
    why: 'a refused link should look like one',
    embedded: 'ECONNRESET',
    original: 'ended',
    probe: onOne(async (toxiproxy) => {
      await using echo = await echoServer();
      using peer = await dial(await toxiproxy.proxy('p', echo.address));
      peer.write('x');
      await peer.received(1);
      await toxiproxy.call('DELETE', '/proxies/p');
      return await stateAfter(peer, 2_000);
    }),
  },
  {
    what: 'the end of a connection under timeout 0 (black hole)',
    why: 'a black hole swallows the end as well',
    embedded: 'open',
    original: 'ended',
    probe: onOne(async (toxiproxy) => {
      await using upstream = await listen();
      using peer = await dial(await toxiproxy.proxy('p', upstream.address));
      const far = await upstream.socket(0);
      await toxiproxy.toxic('p', 'timeout', { timeout: 0 }, { stream: 'upstream' });
      peer.socket.end();
      return await stateAfter(far);
    }),
  },
  {
    what: 'the end of a connection under a latency of 300 ms',
    why: 'the end takes as long as bytes do',
    embedded: 'late',
    original: 'at once',
    probe: onOne(async (toxiproxy) => {
      await using upstream = await listen();
      using peer = await dial(await toxiproxy.proxy('p', upstream.address));
      const far = await upstream.socket(0);
      await toxiproxy.toxic('p', 'latency', { latency: 300 }, { stream: 'upstream' });
      const startedMs = performance.now();
      peer.socket.end();
      await far.closed();
      return performance.now() - startedMs > 298 ? 'late' : 'at once';
    }),
  },
  {
    what: 'a toxic removed from a connection whose receiver reads nothing',
    why: 'healing must end',
    embedded: 'answered',
    original: 'not answered for 3 s',
    probe: onOne(async (toxiproxy) => {
      await using upstream = await listen((socket) => void socket.pause());
      using peer = await dial(await toxiproxy.proxy('p', upstream.address));
      await upstream.socket(0);
      await toxiproxy.toxic('p', 'latency', { latency: 1 }, { stream: 'upstream', name: 'l' });
      peer.write(countingBytes(20_000_000));
      await pause(settledMs);
      const removed = toxiproxy.remove('p', 'l').then(
        () => 'answered',
        () => 'failed',
      );
      return await Promise.race([removed, pause(3_000).then(() => 'not answered for 3 s')]);
    }),
  },
  {
    what: 'POST /populate with an empty list',
    why: 'toxiproxy-node-client throws at null',
    embedded: '201 {"proxies":[]}',
    original: '201 {"proxies":null}',
    probe: onOne(async (toxiproxy) => {
      const { status, text } = await toxiproxy.call('POST', '/populate', []);
      return `${status} ${text.trim()}`;
    }),
  },
  {
    what: 'reset, when one proxy cannot listen again: the others',
    why: 'one port that is taken must not leave the rest cut',
    embedded: 'enabled, and it is told',
    original: 'some stay disabled, and it is told',
    // Those that come after the one that fails, in the order of a map.
    mostTimes: true,
    probe: onOne(async (toxiproxy) => {
      await using squatter = await listen();
      const disabled = { upstream: '127.0.0.1:1', enabled: false };
      await toxiproxy.call('POST', '/proxies', { ...disabled, name: 'a', listen: squatter.address });
      for (const name of ['b', 'c', 'd', 'e', 'f'])
        await toxiproxy.call('POST', '/proxies', { ...disabled, name, listen: '127.0.0.1:0' });
      const { status } = await toxiproxy.call('POST', '/reset');
      const others = Object.values<{ name: string; enabled: boolean }>(
        (await toxiproxy.call('GET', '/proxies')).json,
      ).filter(({ name }) => name !== 'a');
      return `${others.every(({ enabled }) => enabled) ? 'enabled' : 'some stay disabled'}, ${status === 500 ? 'and it is told' : 'and it is not told'}`;
    }),
  },
  {
    what: 'the version',
    why: 'one can be told from the other',
    embedded: '2.12.0+faultline',
    original: '2.12.0',
    probe: onOne(async (toxiproxy) => (await toxiproxy.call('GET', '/version')).json.version),
  },
];
