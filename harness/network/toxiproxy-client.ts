import {
  type Proxy as ClientProxy,
  Toxic as ClientToxic,
  type ToxicDirection,
  type ToxicType,
  Toxiproxy,
  ToxiproxyError,
} from 'toxiproxy-node-client';

/** A ToxiproxyFailed says what was asked of Toxiproxy and how it failed. */
export class ToxiproxyFailed extends Error {
  override readonly name = 'ToxiproxyFailed';
  constructor(
    message: string,
    /** Undefined when there was no answer. */
    readonly status: number | undefined,
    cause?: unknown,
  ) {
    super(message, { cause });
  }

  /** The connection was refused or lost; one that did not answer in time may be there. */
  get nobodyThere(): boolean {
    return this.status === undefined && this.cause !== undefined;
  }
}

/** What a proxy is called, where it listens and where it leads. */
export interface ProxyPlace {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
}

export interface ToxicSpec {
  readonly name: string;
  readonly type: ToxicType;
  readonly stream: ToxicDirection;
  readonly attributes: Readonly<Record<string, number>>;
}

/** A Change is one thing done to one proxy. */
export type Change =
  | { readonly proxy: ClientProxy; readonly do: 'enable' | 'disable' }
  | { readonly proxy: ClientProxy; readonly do: 'add'; readonly toxic: ToxicSpec }
  /** By name; harmless when it is gone. */
  | { readonly proxy: ClientProxy; readonly do: 'remove'; readonly toxic: string };

export interface StreamBytes {
  upstreamBytes: number;
  downstreamBytes: number;
}

/**
 * A ToxiproxyClient is toxiproxy-node-client with what it lacks: an end to every wait, and errors that say what was asked.
 * It puts names into paths as they are; fetch encodes the '>' of 'm1->m2', and other names are not let in (Network).
 */
export class ToxiproxyClient {
  readonly url: string;
  readonly #client: Toxiproxy;
  readonly #timeoutMs: number;

  constructor(url: string, timeoutMs: number) {
    this.url = url.replace(/\/+$/, '');
    this.#client = new Toxiproxy(this.url);
    this.#timeoutMs = timeoutMs;
  }

  async version(): Promise<string> {
    return JSON.parse(await this.#ask('its version', this.#client.getVersion())).version;
  }

  /** Whether it takes changes of many proxies in one request; only the embedded server does. */
  async changesTogether(): Promise<boolean> {
    const none = this.#client.getApi().post(`${this.url}/changes`, []);
    return (await this.#unlessMissing(this.#ask('no change', none))) !== undefined;
  }

  /**
   * Does all of them, in one request when `together`, else each by one of its own at the same time. Answers why each
   * failed, undefined for those that were done; waits for all.
   */
  async change(
    changes: readonly Change[],
    { together }: { readonly together: boolean },
  ): Promise<readonly (Error | undefined)[]> {
    if (changes.length === 0) return [];
    if (!together) return await Promise.all(changes.map((change) => this.#one(change).then(none, asError)));
    const body = changes.map((change) => ({
      proxy: change.proxy.name,
      do: change.do,
      ...(change.do === 'add' && { toxic: { ...change.toxic, toxicity: 1 } }),
      ...(change.do === 'remove' && { toxic: change.toxic }),
    }));
    try {
      const { data } = await this.#ask(
        `${changes.length} changes, the first: ${told(changes[0]!)}`,
        this.#client
          .getApi()
          .post<readonly { status: number; error?: string }[]>(`${this.url}/changes`, body),
      );
      return changes.map((change, i) => {
        const { status, error } = data[i]!;
        if (error === undefined || (change.do === 'remove' && status === 404)) return undefined;
        const message = `Toxiproxy at ${this.url}, asked for ${told(change)}: ${error} (status code ${status})`;
        return new ToxiproxyFailed(message, status);
      });
    } catch (error) {
      return changes.map(() => asError(error));
    }
  }

  async proxies(): Promise<readonly ClientProxy[]> {
    return Object.values(await this.#ask('its proxies', this.#client.getAll()));
  }

  createProxy(name: string, listen: string, upstream: string): Promise<ClientProxy> {
    return this.#ask(`a proxy ${name} at ${listen}`, this.#client.createProxy({ name, listen, upstream }));
  }

  async setEnabled(proxy: ClientProxy, enabled: boolean): Promise<void> {
    const { listen, upstream } = proxy;
    await this.#ask(
      told({ proxy, do: enabled ? 'enable' : 'disable' }),
      proxy.update({ enabled, listen, upstream }),
    );
  }

  async addToxic(proxy: ClientProxy, toxic: ToxicSpec): Promise<void> {
    await this.#ask(told({ proxy, do: 'add', toxic }), proxy.addToxic<object>({ ...toxic, toxicity: 1 }));
  }

  /** Harmless when it is gone. By name, so that one can be removed whose addition was never answered. */
  removeToxic(proxy: ClientProxy, name: string): Promise<void> {
    // The client knows a toxic by its path alone; the rest of the body is not sent.
    const body = { name, type: 'latency', stream: 'downstream', toxicity: 1, attributes: {} } as const;
    const toxic = new ClientToxic(proxy.api, proxy.getPath(), body);
    return this.#gone(told({ proxy, do: 'remove', toxic: name }), toxic.remove());
  }

  /** Harmless when it is gone. */
  removeProxy(proxy: ClientProxy): Promise<void> {
    return this.#gone(`proxy ${proxy.name} to be removed`, proxy.remove());
  }

  /** The names of the toxics on a proxy. */
  async toxicsOf(proxy: ClientProxy): Promise<readonly string[]> {
    const path = `${proxy.getPath()}/toxics`;
    const { data } = await this.#ask(
      `the toxics on ${proxy.name}`,
      proxy.api.get<readonly { name: string }[]>(path),
    );
    return data.map(({ name }) => name);
  }

  /** Whether bytes are told while connections live. */
  async countsLive(): Promise<boolean> {
    return (await this.#liveTraffic()) !== undefined;
  }

  /**
   * Bytes received from each side, by proxy. The embedded server tells them while connections live; the original tells
   * them with -proxy-metrics, and only once a connection has ended.
   */
  async traffic(): Promise<ReadonlyMap<string, StreamBytes>> {
    const live = await this.#liveTraffic();
    if (live === undefined)
      return readMetrics(
        await this.#ask('its metrics', this.#client.getApi().getText(`${this.url}/metrics`)),
      );
    return new Map(
      Object.entries(live).map(([name, { upstream, downstream }]) => [
        name,
        { upstreamBytes: upstream.received, downstreamBytes: downstream.received },
      ]),
    );
  }

  /** Only the embedded server has it. */
  async #liveTraffic(): Promise<Traffic | undefined> {
    const pending = this.#client.getApi().get<Traffic>(`${this.url}/traffic`);
    return (await this.#unlessMissing(this.#ask('its traffic', pending)))?.data;
  }

  async #one(change: Change): Promise<void> {
    if (change.do === 'add') await this.addToxic(change.proxy, change.toxic);
    else if (change.do === 'remove') await this.removeToxic(change.proxy, change.toxic);
    else await this.setEnabled(change.proxy, change.do === 'enable');
  }

  async #gone(what: string, pending: Promise<void>): Promise<void> {
    await this.#unlessMissing(this.#ask(what, pending));
  }

  /** Undefined when the answer was 404. */
  async #unlessMissing<T>(pending: Promise<T>): Promise<T | undefined> {
    try {
      return await pending;
    } catch (error) {
      if (error instanceof ToxiproxyFailed && error.status === 404) return undefined;
      throw error;
    }
  }

  async #ask<T>(what: string, pending: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `Toxiproxy at ${this.url} did not answer within ${this.#timeoutMs} ms, asked for ${what}`;
        reject(new ToxiproxyFailed(message, undefined));
      }, this.#timeoutMs);
    });
    try {
      return await Promise.race([pending, late]);
    } catch (error) {
      if (!(error instanceof ToxiproxyError)) throw error;
      // All that the client tells of an answer is this text.
      const status = /status code (\d+)$/.exec(error.message)?.[1];
      const message = `Toxiproxy at ${this.url}, asked for ${what}: ${error.message}`;
      throw new ToxiproxyFailed(message, status === undefined ? undefined : Number(status), error);
    } finally {
      clearTimeout(timer);
    }
  }
}

const none = (): undefined => undefined;

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

function told(change: Change): string {
  const { name } = change.proxy;
  switch (change.do) {
    case 'add':
      return `toxic ${change.toxic.name} (${change.toxic.type}) on ${name}`;
    case 'remove':
      return `toxic ${change.toxic} on ${name} to be removed`;
    default:
      return `proxy ${name} to be ${change.do}d`;
  }
}

type Traffic = Readonly<Record<string, Readonly<Record<'upstream' | 'downstream', { received: number }>>>>;

/** Reads the Prometheus text of the original. */
export function readMetrics(text: string): ReadonlyMap<string, StreamBytes> {
  const traffic = new Map<string, StreamBytes>();
  for (const [, labels, value] of text.matchAll(/^toxiproxy_proxy_received_bytes_total\{(.*)\} (\S+)$/gm)) {
    const label = (name: string) =>
      new RegExp(`(?:^|,)${name}="((?:[^"\\\\]|\\\\.)*)"`).exec(labels!)?.[1] ?? '';
    const name = label('proxy');
    const bytes = traffic.get(name) ?? { upstreamBytes: 0, downstreamBytes: 0 };
    // The same proxy is told again for each upstream that it had.
    if (label('direction') === 'upstream') bytes.upstreamBytes += Number(value);
    else bytes.downstreamBytes += Number(value);
    traffic.set(name, bytes);
  }
  return traffic;
}
