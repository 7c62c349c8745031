import { createServer, type Server, type Socket } from 'node:net';
import { Mutex } from 'async-mutex';
import type { Random } from '../../random.ts';
import { formatAddress, parseAddress, resolveAddress } from './address.ts';
import { ApiError, invalidStream, invalidType, toxicExists, toxicNotFound } from './api-error.ts';
import { Connection } from './connection.ts';
import { type NewProxy, type ProxyInput, readAttributes, type ToxicInput } from './input.ts';
import { socketOptions } from './lent-socket.ts';
import type { Counter } from './stream.ts';
import { describeToxic, type Toxic } from './toxic.ts';
import type { Direction } from './toxic-type.ts';
import { toxicTypes } from './toxics.ts';

export interface ProxyOptions {
  /** The proxy's own. */
  readonly random: Random;
  readonly resetOpen: boolean;
  log(event: Readonly<Record<string, unknown>>): void;
}

/**
 * A TcpProxy listens at one address and joins each client to its upstream, through its toxics.
 *
 *     client -- upstream toxics --> server
 *     client <-- downstream toxics -- server
 */
export class TcpProxy {
  readonly name: string;
  readonly counters: Readonly<Record<Direction, Counter>> = {
    upstream: { received: 0, sent: 0 },
    downstream: { received: 0, sent: 0 },
  };
  readonly #options: ProxyOptions;
  readonly #connections = new Set<Connection>();
  readonly #generations = new Map<string, number>();
  /** Starting waits for the system; toxics, on the other hand, change in one go and never wait for anything. */
  readonly #mutex = new Mutex();
  #listen: string;
  #upstream: string;
  #toxics: readonly Toxic[] = [];
  #server: Server | undefined;
  #accepted = 0;
  #lastDialError: string | undefined;

  constructor(input: NewProxy, options: ProxyOptions) {
    this.name = input.name;
    this.#listen = input.listen;
    this.#upstream = input.upstream;
    this.#options = options;
  }

  get listen(): string {
    return this.#listen;
  }

  get upstream(): string {
    return this.#upstream;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  describe() {
    return {
      name: this.name,
      listen: this.#listen,
      upstream: this.#upstream,
      enabled: this.#server !== undefined,
      toxics: this.describeToxics(),
    };
  }

  /** Upstream ones first. */
  describeToxics() {
    return [...this.#toxics.filter(isUpstream), ...this.#toxics.filter((toxic) => !isUpstream(toxic))].map(
      describeToxic,
    );
  }

  /** Harmless when it is started. Throws ApiError when it cannot listen. */
  start(): Promise<void> {
    return this.#mutex.runExclusive(() => this.#start());
  }

  /** Refuses from now on, and resets what is open. */
  stop(): Promise<void> {
    return this.#mutex.runExclusive(() => this.#stop());
  }

  /** A changed address closes all connections; if the new one cannot be listened at, the proxy stays disabled. */
  update(input: ProxyInput): Promise<void> {
    return this.#mutex.runExclusive(async () => {
      const enabled = input.enabled ?? this.#server !== undefined;
      const listen = input.listen ?? this.#listen;
      const upstream = input.upstream ?? this.#upstream;
      if (await this.#differs(listen, upstream)) {
        this.#stop();
        this.#listen = listen;
        this.#upstream = upstream;
      }
      if (enabled) await this.#start();
      else this.#stop();
    });
  }

  differs(other: NewProxy): Promise<boolean> {
    return this.#mutex.runExclusive(() => this.#differs(other.listen, other.upstream));
  }

  toxic(name: string): Toxic {
    const toxic = this.#toxics.find((t) => t.name === name);
    if (!toxic) throw toxicNotFound();
    return toxic;
  }

  /** Acts on open connections, too, before it returns; so do the two below. */
  addToxic(input: ToxicInput): Toxic {
    const stream = input.stream ?? 'downstream';
    const direction = stream.toLowerCase();
    if (direction !== 'upstream' && direction !== 'downstream') throw invalidStream();
    const type = toxicTypes.find((t) => t.type === input.type);
    if (!type) throw invalidType();
    const name = input.name || `${type.type}_${stream}`;
    if (this.#toxics.some((t) => t.name === name)) throw toxicExists();
    const attributes = readAttributes(type.attributes, input.attributes);

    const generation = this.#generations.get(name) ?? 0;
    this.#generations.set(name, generation + 1);
    const toxic: Toxic = {
      name,
      type,
      direction,
      stream,
      toxicity: input.toxicity ?? 1,
      attributes,
      generation,
    };
    this.#toxics = [...this.#toxics, toxic];
    for (const connection of this.#connections) connection.addToxic(toxic);
    return toxic;
  }

  updateToxic(toxic: Toxic, input: ToxicInput): void {
    toxic.attributes = readAttributes(toxic.type.attributes, input.attributes, toxic.attributes);
    toxic.toxicity = input.toxicity ?? toxic.toxicity;
    for (const connection of this.#connections) connection.toxicChanged(toxic);
  }

  removeToxic(toxic: Toxic): void {
    this.#toxics = this.#toxics.filter((t) => t !== toxic);
    for (const connection of this.#connections) connection.removeToxic(toxic);
  }

  removeToxics(): void {
    for (const toxic of this.#toxics) this.removeToxic(toxic);
  }

  async #differs(listen: string, upstream: string): Promise<boolean> {
    const resolved = await resolveAddress(listen).catch((error) => {
      throw new ApiError(500, error.message);
    });
    return formatAddress(resolved) !== this.#listen || upstream !== this.#upstream;
  }

  async #start(): Promise<void> {
    if (this.#server) return;
    try {
      const { host, port } = await resolveAddress(this.#listen);
      const server = createServer({ ...socketOptions, pauseOnConnect: true }, (client) =>
        this.#accept(client),
      );
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: host || undefined, port, backlog: 1_024 }, resolve);
      });
      server.on('error', (error) => this.#log({ event: 'cannot accept', error: error.message }));
      const bound = server.address() as { address: string; port: number };
      this.#listen = formatAddress({ host: bound.address, port: bound.port });
      this.#server = server;
    } catch (error) {
      throw new ApiError(500, listenFailure(this.#listen, error as NodeJS.ErrnoException));
    }
  }

  #stop(): void {
    // The port is closed when close() returns; its callback would wait for the connections.
    this.#server?.close();
    this.#server = undefined;
    for (const connection of this.#connections) connection.reset();
  }

  #accept(client: Socket): void {
    let upstream: ReturnType<typeof parseAddress>;
    try {
      upstream = parseAddress(this.#upstream);
    } catch (error) {
      this.#dialled(error as Error);
      client.destroy();
      return;
    }
    const index = this.#accepted++;
    const connection = new Connection({
      client,
      upstream: { host: upstream.host || 'localhost', port: upstream.port },
      toxics: this.#toxics,
      counters: this.counters,
      random: () => this.#options.random.fork(`connection ${index}`),
      resetOpen: this.#options.resetOpen,
      onDialled: (error) => this.#dialled(error),
      onGone: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
  }

  /** Told when it changes and not each time: clients of an upstream that is down try often. */
  #dialled(error: Error | undefined): void {
    if (error?.message === this.#lastDialError) return;
    this.#lastDialError = error?.message;
    this.#log(
      error ? { event: 'upstream not reached', error: error.message } : { event: 'upstream reached again' },
    );
  }

  #log(event: Readonly<Record<string, unknown>>): void {
    this.#options.log({ proxy: this.name, listen: this.#listen, upstream: this.#upstream, ...event });
  }
}

const isUpstream = (toxic: Toxic) => toxic.direction === 'upstream';

function listenFailure(listen: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return `listen tcp ${listen}: bind: address already in use`;
  return `listen tcp: ${error.message}`;
}
