import type { Socket } from 'node:net';
import type { Random } from '../../random.ts';
import type { HostPort } from './address.ts';
import { acceptLending, dialLending } from './lent-socket.ts';
import { Stage } from './stage.ts';
import { type Counter, Stream } from './stream.ts';
import type { Toxic } from './toxic.ts';
import type { Direction } from './toxic-type.ts';

export interface ConnectionOptions {
  /** As it was accepted, paused. */
  readonly client: Socket;
  readonly upstream: HostPort;
  /** Of both directions. */
  readonly toxics: readonly Toxic[];
  readonly counters: Readonly<Record<Direction, Counter>>;
  /** This connection's own; asked for when there is a toxic, and the same each time. */
  random(): Random;
  /** Whether reset_peer also resets connections that are open when it is added. */
  readonly resetOpen: boolean;
  onDialled(error: Error | undefined): void;
  onGone(): void;
}

/**
 * A Connection is a client's socket, one to the upstream, and a stream each way between them. The client is read from the
 * start, so a dial that takes long delays this connection and nothing else.
 */
export class Connection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #streams: Readonly<Record<Direction, Stream>>;
  #over = false;

  constructor(options: ConnectionOptions) {
    const client = acceptLending(options.client, (bytes) => upstream.arrive(bytes));
    const server = dialLending(options.upstream, (bytes) => downstream.arrive(bytes));
    this.#client = client;
    this.#server = server;
    const stream = (direction: Direction, source: Socket, sink: Socket) =>
      new Stream({
        source,
        sink,
        counter: options.counters[direction],
        toxics: options.toxics.filter((toxic) => toxic.direction === direction),
        startStage: (toxic, alreadyOpen, wake) =>
          new Stage(
            toxic,
            {
              random: options.random().fork(`${toxic.name}/${toxic.generation}`),
              nowMs: performance.now(),
              alreadyOpen: alreadyOpen && options.resetOpen,
            },
            wake,
          ),
        endConnection: (how) => (how === 'close' ? this.#closeAfter(sink) : this.reset()),
      });
    const upstream = stream('upstream', client, server);
    const downstream = stream('downstream', server, client);
    this.#streams = { upstream, downstream };

    let dialled = false;
    server.once('connect', () => {
      dialled = true;
      options.onDialled(undefined);
    });
    // Errors are told by 'close', which follows them.
    client.on('error', () => {});
    server.on('error', (error) => dialled || options.onDialled(error));

    client.on('close', (failed) => {
      if (failed) upstream.enter({ end: 'reset', atMs: performance.now() });
      else upstream.pump();
      if (server.destroyed) options.onGone();
    });
    server.on('close', (failed) => {
      // A dial that failed is an ordinary close, as in the original. It passes through the toxics like all else that
      // the far side says: a client behind a black hole does not learn of it.
      if (failed) downstream.enter({ end: dialled ? 'reset' : 'close', atMs: performance.now() });
      else downstream.pump();
      if (client.destroyed) options.onGone();
    });
    upstream.start();
    downstream.start();
  }

  addToxic(toxic: Toxic): void {
    this.#streams[toxic.direction].add(toxic);
  }

  removeToxic(toxic: Toxic): void {
    this.#streams[toxic.direction].remove(toxic);
  }

  toxicChanged(toxic: Toxic): void {
    this.#streams[toxic.direction].pump();
  }

  /** Ends it at once, with an RST on both sides; what was under way is lost. */
  reset(): void {
    this.#dispose();
    resetSocket(this.#client);
    resetSocket(this.#server);
  }

  /** Ends it once the bytes that this socket was given are sent. */
  #closeAfter(sink: Socket): void {
    if (this.#over) return;
    this.#dispose();
    const source = sink === this.#client ? this.#server : this.#client;
    source.destroy();
    sink.destroySoon();
  }

  #dispose(): void {
    this.#over = true;
    this.#streams.upstream.dispose();
    this.#streams.downstream.dispose();
  }
}

/** Closes with an RST where that can be had. */
function resetSocket(socket: Socket): void {
  // While a FIN is under way a reset fails (libuv: EINVAL) and would leave the socket open; a dial has nobody to tell.
  const ending = socket.writableEnded && !socket.writableFinished;
  if (socket.connecting || socket.destroyed || ending) socket.destroy();
  else socket.resetAndDestroy();
}
