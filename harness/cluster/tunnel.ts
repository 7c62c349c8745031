import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Tunnels are the CONNECT requests of one member: by the authority that it asks for, the address that it gets. */
export interface Tunnels {
  /** 'm1'. Every member has its own listening port: that is how the router knows who dials. */
  readonly from: string;
  /** By '192.0.2.2:2380', where the link from -> m2 listens. */
  readonly routes: ReadonlyMap<string, Destination>;
  readonly dialTimeoutMs: number;
}

export interface Destination {
  /** '127.0.0.1:port' */
  readonly address: string;
  /** Dials that are still to be refused, as if nothing listened there yet. */
  refusals: number;
}

/**
 * A server for the CONNECT requests of one member. An authority without a route, a refused dial and a dial that
 * takes too long are answered with 502; a reset on one side is passed on to the other at once.
 */
export function tunnelServer(tunnels: Tunnels): Server {
  const server = createServer((_request, response) => {
    response.writeHead(405, { 'content-type': 'text/plain' }).end('only CONNECT is answered here\n');
  });
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    join(tunnels, request.url ?? '', client as Socket, head);
  });
  // A request that is no HTTP ends its own connection, nothing else.
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}

// client (m1) <--> router <--> link m1->m2 <--> m2
function join(tunnels: Tunnels, authority: string, client: Socket, head: Buffer): void {
  const destination = tunnels.routes.get(authority);
  const refuse = (reason: string) => {
    client.end(`HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nX-Reason: ${reason}\r\n\r\n`);
  };
  client.on('error', () => {});
  if (destination === undefined) {
    refuse(`${tunnels.from} has no link to that authority`);
    return;
  }
  if (destination.refusals > 0) {
    destination.refusals -= 1;
    refuse('not open yet');
    return;
  }
  const { address } = destination;
  const colon = address.lastIndexOf(':');
  const upstream = connect({
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    // A side that has said all it has to say may still listen.
    allowHalfOpen: true,
    noDelay: true,
  });
  client.setNoDelay(true);
  const dialTimer = setTimeout(
    () => upstream.destroy(new Error(`no answer within ${tunnels.dialTimeoutMs} ms`)),
    tunnels.dialTimeoutMs,
  );
  const abandon = () => upstream.destroy();
  const refuseDial = (error: Error) => refuse(`the link: ${error.message}`);
  client.once('close', abandon);
  upstream.once('error', refuseDial);
  upstream.once('close', () => clearTimeout(dialTimer));
  upstream.once('connect', () => {
    clearTimeout(dialTimer);
    client.off('close', abandon);
    upstream.off('error', refuseDial);
    // What an error means for the other side is told by `close`, which follows it.
    upstream.on('error', () => {});
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (head.length > 0) upstream.write(head);
    forward(client, upstream);
    forward(upstream, client);
  });
}

/** Bytes with back-pressure, an end as an end, and a reset as a reset: a member must notice it at once. */
function forward(from: Socket, to: Socket): void {
  from.pipe(to);
  from.once('close', (hadError) => {
    if (hadError || !from.readableEnded || !from.writableFinished) to.resetAndDestroy();
  });
}
