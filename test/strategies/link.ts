import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TestLink is one TCP link that a test can make worse while it is in use. */
export interface TestLink extends AsyncDisposable {
  readonly address: string;
  /** pass: as it should be. deaf: requests arrive, answers vanish. hold: nothing passes until it is changed. */
  mode: 'pass' | 'deaf' | 'hold';
  /** Breaks every connection; new ones may be made. */
  reset(): void;
  /** Refuses every connection until it is opened again. */
  refuse(refused: boolean): void;
}

export async function testLink(to: string): Promise<TestLink> {
  const [host, port] = to.split(':') as [string, string];
  const pairs = new Set<readonly [Socket, Socket]>();
  let refused = false;
  let mode: TestLink['mode'] = 'pass';
  const server = createServer((client) => {
    if (refused) return void client.resetAndDestroy();
    const upstream = connect(Number(port), host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => upstream.write(bytes));
    upstream.on('data', (bytes) => {
      if (mode !== 'deaf') client.write(bytes);
    });
    if (mode === 'hold') for (const socket of pair) socket.pause();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const reset = () => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
      for (const socket of [...pairs].flat()) next === 'hold' ? socket.pause() : socket.resume();
    },
    reset,
    refuse(next) {
      refused = next;
      if (refused) reset();
    },
    async [Symbol.asyncDispose]() {
      reset();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
