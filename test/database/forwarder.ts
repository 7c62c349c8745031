import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A Forwarder is the simplest link: it passes bytes on, unless it is cut. The network's own have their own tests. */
export interface Forwarder {
  readonly address: string;
  /** Resets every connection and refuses new ones. */
  cut(): void;
  heal(): void;
  close(): Promise<void>;
}

export async function startForwarder(upstream: string): Promise<Forwarder> {
  const [host, port] = upstream.split(':') as [string, string];
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const server = connect({ host, port: Number(port) });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true;
      dropAll();
    },
    heal() {
      isCut = false;
    },
    async close() {
      dropAll();
      server.close();
      await once(server, 'close');
    },
  };
}
