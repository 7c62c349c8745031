import { createServer } from 'node:net';

/**
 * A TCP port on 127.0.0.1 that nothing listens on now. Taken from below the ephemeral range (Linux: 32768 and up),
 * so that no outgoing connection takes it in the moment before its owner binds it.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    // Not the run's seed: two commands with one seed must not fight over the same ports.
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (port === badPort || handedOut.has(port) || !(await isFree(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(
    'no free TCP port between 10000 and 29999 on 127.0.0.1 after 200 tries; stop what holds them',
  );
}

/** The only one of the range that fetch refuses, in Node as in browsers ("bad port", fetch.spec.whatwg.org). */
const badPort = 10_080;

const handedOut = new Set<number>();

export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
