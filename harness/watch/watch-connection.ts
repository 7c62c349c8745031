import { once } from 'node:events';
import { Etcd3, type IDuplexStream, type IOptions, type IWatchRequest, type IWatchResponse } from 'etcd3';
import type { Clock } from '../clock.ts';
import type { WatchAsked, WatcherHistory, WatchTold } from '../history/watch.ts';
import { createRequest, toldBy } from './told.ts';

/**
 * A WatchConnection is one stream to one member with any number of watchers on it. It takes down all that each is told
 * and does nothing else: no retry, no resumption. It ends when the stream ends, and `ended` then resolves.
 */
export class WatchConnection {
  /** Resolves when nothing will be told any more. Never rejects. */
  readonly ended: Promise<void>;
  readonly #client: Etcd3;
  readonly #clock: Clock;
  readonly #stream: IDuplexStream<IWatchRequest, IWatchResponse>;
  /** In the order in which they were asked for: etcd answers `created` in that order. */
  readonly #creating: Watching[] = [];
  readonly #watching = new Map<string, Watching>();
  readonly #all: Watching[] = [];
  readonly #onTold: ((name: string, told: WatchTold) => void) | undefined;
  #closed = false;

  /** `address` is 'host:port'. Rejects when there is no connection within timeoutMs. */
  static async open(options: {
    readonly address: string;
    readonly clock: Clock;
    readonly timeoutMs?: number;
    onTold?(name: string, told: WatchTold): void;
  }): Promise<WatchConnection> {
    const client = new Etcd3({
      hosts: [`http://${options.address}`],
      faultHandling: { global: oneAttempt, host: () => oneAttempt } as unknown as NonNullable<
        IOptions['faultHandling']
      >,
      grpcOptions: { 'grpc.enable_retries': 0, 'grpc.enable_http_proxy': 0 },
    });
    const { timeoutMs = 5_000 } = options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `no watch stream to ${options.address} within ${timeoutMs} ms`;
      timer = setTimeout(() => reject(new Error(message)), timeoutMs);
    });
    try {
      return new WatchConnection(client, await Promise.race([client.watchClient.watch(), late]), options);
    } catch (error) {
      client.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private constructor(
    client: Etcd3,
    stream: IDuplexStream<IWatchRequest, IWatchResponse>,
    { clock, onTold }: { readonly clock: Clock; onTold?(name: string, told: WatchTold): void },
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#stream = stream;
    this.#onTold = onTold;
    stream.on('data', (response) => this.#hear(response));
    // An error that nobody listens to ends the process; `ended` says all that there is to say.
    stream.on('error', () => {});
    this.ended = Promise.race(
      ['end', 'error', 'close'].map((event) => once(stream as never, event).catch(() => {})),
    ).then(() => {
      this.#closed = true;
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Adds a watcher. What it is told is in `histories` under this name. */
  watch(name: string, asked: WatchAsked): void {
    if (this.#closed) return;
    const watching = { name, asked, told: [] };
    this.#creating.push(watching);
    this.#all.push(watching);
    this.#stream.write({ create_request: createRequest(asked) });
  }

  /** Asks how far everything on this stream has been told; the answer is a progress notice for every watcher on it. */
  requestProgress(): void {
    if (!this.#closed) this.#stream.write({ progress_request: {} });
  }

  /** Takes nothing off the connection until it is resumed: what is told meanwhile piles up on the way. */
  pause(): void {
    readable(this.#stream).pause();
  }

  resume(): void {
    readable(this.#stream).resume();
  }

  /** What each watcher was told so far, in the order in which they were added. */
  get histories(): readonly WatcherHistory[] {
    return this.#all;
  }

  close(): void {
    this.#closed = true;
    this.#stream.end();
    this.#stream.cancel();
    this.#client.close();
  }

  #hear(response: IWatchResponse): void {
    const told = toldBy(response, this.#clock.nowNs());
    // A request's progress is for every watcher of the stream; etcd sends it under no watcher's id.
    if (told.kind === 'progress' && !this.#watching.has(response.watch_id)) {
      for (const watching of this.#watching.values()) this.#take(watching, told);
      return;
    }
    if (response.created) {
      const watching = this.#creating.shift();
      if (!watching) throw new Error(`${response.watch_id} was created, which nobody had asked for`);
      this.#watching.set(response.watch_id, watching);
    }
    const watching = this.#watching.get(response.watch_id);
    if (!watching) return;
    this.#take(watching, told);
    if (told.kind === 'canceled') this.#watching.delete(response.watch_id);
  }

  #take(watching: Watching, told: WatchTold): void {
    watching.told.push(told);
    this.#onTold?.(watching.name, told);
  }
}

interface Watching extends WatcherHistory {
  readonly told: WatchTold[];
}

/** Once, and no circuit breaker: what fails is seen. */
const oneAttempt = {
  execute: async <T>(run: (context: { signal: AbortSignal }) => T | Promise<T>) =>
    run({ signal: new AbortController().signal }),
};

/** The stream is one of Node's; etcd3's type names only a part of it. */
function readable(stream: unknown): { pause(): void; resume(): void } {
  return stream as { pause(): void; resume(): void };
}
