import { Mutex } from 'async-mutex';
import type { Random } from '../../random.ts';
import { ApiError, proxyExists, proxyNotFound } from './api-error.ts';
import type { ChangeInput, NewProxy } from './input.ts';
import { type ProxyOptions, TcpProxy } from './tcp-proxy.ts';

/** What became of one change, as the API tells it. */
export interface Changed {
  readonly status: number;
  /** Unless it was done. */
  readonly error?: string;
}

/** Proxies are all proxies of a server, by name. */
export class Proxies {
  readonly #byName = new Map<string, TcpProxy>();
  /** One name, one proxy: creations and removals are done one after another. Looking does not wait for them. */
  readonly #mutex = new Mutex();
  readonly #random: Random;
  readonly #options: Omit<ProxyOptions, 'random'>;

  constructor(random: Random, options: Omit<ProxyOptions, 'random'>) {
    this.#random = random;
    this.#options = options;
  }

  get all(): readonly TcpProxy[] {
    return [...this.#byName.values()];
  }

  get(name: string): TcpProxy {
    const proxy = this.#byName.get(name);
    if (!proxy) throw proxyNotFound();
    return proxy;
  }

  create(input: NewProxy): Promise<TcpProxy> {
    return this.#mutex.runExclusive(async () => {
      if (this.#byName.has(input.name)) throw proxyExists();
      return await this.#put(input);
    });
  }

  /**
   * Makes those that are missing, replaces those that differ in address (their toxics go), leaves the others as they are.
   * On a failure it stops there; `made` says what was done.
   */
  populate(inputs: readonly NewProxy[]): Promise<{ made: readonly TcpProxy[]; failure?: ApiError }> {
    return this.#mutex.runExclusive(async () => {
      const made: TcpProxy[] = [];
      try {
        for (const input of inputs) {
          const existing = this.#byName.get(input.name);
          if (existing && !(await existing.differs(input))) {
            made.push(existing);
            continue;
          }
          await existing?.stop();
          made.push(await this.#put(input));
        }
        return { made };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return { made, failure: error };
      }
    });
  }

  remove(name: string): Promise<void> {
    return this.#mutex.runExclusive(async () => {
      await this.get(name).stop();
      this.#byName.delete(name);
    });
  }

  /** All in this turn of the loop, but that listening again waits for the system. Answers in the same order. */
  change(inputs: readonly ChangeInput[]): Promise<readonly Changed[]> {
    return Promise.all(
      inputs.map(async (input): Promise<Changed> => {
        try {
          const proxy = this.get(input.proxy);
          switch (input.do) {
            case 'enable':
              await proxy.start();
              break;
            case 'disable':
              await proxy.stop();
              break;
            case 'add':
              proxy.addToxic(input.toxic);
              break;
            case 'remove':
              proxy.removeToxic(proxy.toxic(input.toxic));
          }
          return { status: 200 };
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          return { status: error.status, error: error.message };
        }
      }),
    );
  }

  /** Enables every proxy and removes every toxic. */
  async reset(): Promise<void> {
    const proxies = this.all;
    // Toxics first, and of every proxy: one that cannot listen must not leave the others as they are.
    for (const proxy of proxies) proxy.removeToxics();
    const outcomes = await Promise.allSettled(proxies.map((proxy) => proxy.start()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Ends all. */
  async clear(): Promise<void> {
    await Promise.all(this.all.map((proxy) => this.remove(proxy.name)));
  }

  async #put(input: NewProxy): Promise<TcpProxy> {
    const proxy = new TcpProxy(input, { ...this.#options, random: this.#random.fork(`proxy ${input.name}`) });
    if (input.enabled) await proxy.start();
    this.#byName.set(input.name, proxy);
    return proxy;
  }
}
