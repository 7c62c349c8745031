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
}

export interface ToxicSpec {
  readonly name: string;
  readonly type: ToxicType;
  readonly stream: ToxicDirection;
  readonly attributes: Readonly<Record<string, number>>;
}

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

  createProxy(name: string, listen: string, upstream: string): Promise<ClientProxy> {
    return this.#ask(`a proxy ${name} at ${listen}`, this.#client.createProxy({ name, listen, upstream }));
  }

  async setEnabled(proxy: ClientProxy, enabled: boolean): Promise<void> {
    const { listen, upstream } = proxy;
    await this.#ask(
      `proxy ${proxy.name} to be ${enabled ? 'enabled' : 'disabled'}`,
      proxy.update({ enabled, listen, upstream }),
    );
  }

  async addToxic(proxy: ClientProxy, toxic: ToxicSpec): Promise<void> {
    await this.#ask(
      `toxic ${toxic.name} (${toxic.type}) on ${proxy.name}`,
      proxy.addToxic<object>({ ...toxic, toxicity: 1 }),
    );
  }

  /** Harmless when it is gone. By name, so that one can be removed whose addition was never answered. */
  removeToxic(proxy: ClientProxy, name: string): Promise<void> {
    // The client knows a toxic by its path alone; the rest of the body is not sent.
    const body = { name, type: 'latency', stream: 'downstream', toxicity: 1, attributes: {} } as const;
    const toxic = new ClientToxic(proxy.api, proxy.getPath(), body);
    return this.#gone(`toxic ${name} on ${proxy.name} to be removed`, toxic.remove());
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
    try {
      const { data } = await this.#ask(
        'its traffic',
        this.#client.getApi().get<Traffic>(`${this.url}/traffic`),
      );
      return data;
    } catch (error) {
      if (error instanceof ToxiproxyFailed && error.status === 404) return undefined;
      throw error;
    }
  }

  async #gone(what: string, pending: Promise<void>): Promise<void> {
    try {
      await this.#ask(what, pending);
    } catch (error) {
      if (!(error instanceof ToxiproxyFailed) || error.status !== 404) throw error;
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
