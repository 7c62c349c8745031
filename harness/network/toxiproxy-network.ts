import { randomBytes } from 'node:crypto';
import { Mutex } from 'async-mutex';
import type { Proxy as ClientProxy, ToxicDirection } from 'toxiproxy-node-client';
import { freePort } from '../process/free-port.ts';
import { type AdoptedLink, findAdopted, giveBack } from './adopted-proxies.ts';
import type { MadeProxies } from './made-proxies.ts';
import type { Cut, Flavour, Impairment, Link, Network } from './network.ts';
import {
  type Change,
  type StreamBytes,
  type ToxicSpec,
  ToxiproxyClient,
  ToxiproxyFailed,
} from './toxiproxy-client.ts';

export interface NetworkOptions {
  /** The embedded server, or any Toxiproxy: 'http://127.0.0.1:8474'. */
  readonly toxiproxyUrl: string;
  /** For each call to it: 5,000 unless told. */
  readonly timeoutMs?: number;
  /** Where a new link listens; on a free port of this machine unless told. */
  placeOf?(link: { readonly from: string; readonly to: string }): Placing;
  /** Told of each proxy before it is made, where the Toxiproxy outlives the run. */
  readonly made?: MadeProxies;
  /** Links over proxies that are there already, and not the run's own. */
  readonly adopted?: readonly AdoptedLink[];
}

/** A Placing is where a proxy listens, as its Toxiproxy sees it, and where whoever uses the link connects. */
export interface Placing {
  readonly listen: string;
  readonly reachedAt: string;
}

/** Rejects when no Toxiproxy answers there; with ProxyUnfit when a proxy cannot be adopted. */
export async function createNetwork(options: NetworkOptions): Promise<Network> {
  const client = new ToxiproxyClient(options.toxiproxyUrl, options.timeoutMs ?? 5_000);
  await client.version();
  // The original goes on counting where an earlier proxy of the same name has ended.
  const countsLive = await client.countsLive();
  const network = new ToxiproxyNetwork(client, {
    together: await client.changesTogether(),
    countsLive,
    countedBefore: countsLive ? new Map() : await client.traffic(),
    placeOf: options.placeOf,
    made: options.made,
  });
  await network.adopt(options.adopted ?? []);
  return network;
}

/** A link with its proxy and the cuts that refuse connections on it. */
interface LinkState {
  readonly link: Link;
  readonly proxy: ClientProxy;
  /** Cuts that overlap must not enable what another has just disabled. */
  readonly mutex: Mutex;
  readonly refusedBy: Set<object>;
  /** Undefined while it is not known: an update that was not answered may have happened. */
  enabled: boolean | undefined;
  /** Somebody else's: nothing but toxics whose names begin like this is the run's. */
  readonly adopted?: { readonly toxicsBegin: string };
}

/**
 * One change of a cut, to a link that is held meanwhile; undefined when nothing is to be asked for it. `undo` is harmless
 * when `apply` did not happen, or it is not known whether it did.
 */
interface Step {
  readonly state: LinkState;
  apply(): Change | undefined;
  undo(): Change | undefined;
}

const both: readonly ToxicDirection[] = ['upstream', 'downstream'];

class ToxiproxyNetwork implements Network {
  readonly countsLive: boolean;
  readonly #client: ToxiproxyClient;
  readonly #together: boolean;
  readonly #countedBefore: ReadonlyMap<string, Readonly<StreamBytes>>;
  readonly #states = new Map<string, LinkState>();
  readonly #adding = new Set<string>();
  /** Of each cut what is left to undo. What could not be undone stays, so that healing again tries it again. */
  readonly #inForce = new Set<Set<Step>>();
  #cuts = 0;

  readonly #placeOf: NetworkOptions['placeOf'];
  readonly #made: NetworkOptions['made'];

  constructor(
    client: ToxiproxyClient,
    options: Pick<NetworkOptions, 'placeOf' | 'made'> & {
      readonly together: boolean;
      readonly countsLive: boolean;
      readonly countedBefore: ReadonlyMap<string, Readonly<StreamBytes>>;
    },
  ) {
    this.#client = client;
    this.#together = options.together;
    this.#countedBefore = options.countedBefore;
    this.countsLive = options.countsLive;
    this.#placeOf = options.placeOf;
    this.#made = options.made;
  }

  get links(): readonly Link[] {
    return [...this.#states.values()].map((state) => state.link);
  }

  link(from: string, to: string): Link {
    return this.#state(nameOf(from, to)).link;
  }

  async add({ from, to, upstream }: { from: string; to: string; upstream: string }): Promise<Link> {
    for (const party of [from, to]) {
      // Toxiproxy's paths and its client leave no room for more.
      if (!/^[\w.-]+$/.test(party)) {
        throw new RangeError(`a party of a link should be letters, digits, '.', '_' or '-', got '${party}'`);
      }
    }
    const name = nameOf(from, to);
    if (this.#states.has(name) || this.#adding.has(name))
      throw new RangeError(`link ${name} is there already`);
    this.#adding.add(name);
    try {
      const placing = this.#placeOf?.({ from, to });
      const proxy = await this.#createProxy(name, upstream, placing?.listen);
      const link = { from, to, proxy: name, listen: placing?.reachedAt ?? proxy.listen, upstream };
      this.#states.set(name, { link, proxy, mutex: new Mutex(), refusedBy: new Set(), enabled: true });
      return link;
    } finally {
      this.#adding.delete(name);
    }
  }

  /** Before any other use. Those of whom one does not fit are not adopted. */
  async adopt(links: readonly AdoptedLink[]): Promise<void> {
    const proxies = await findAdopted(this.#client, links);
    const adopted = { toxicsBegin: `faultline-${randomBytes(4).toString('hex')}-` };
    for (const [i, { from, to }] of links.entries()) {
      const proxy = proxies[i]!;
      const { name, listen, upstream } = proxy;
      await this.#made?.note(this.#client.url, proxy, adopted);
      const link = { from, to, proxy: name, listen, upstream };
      const mutex = new Mutex();
      this.#states.set(nameOf(from, to), {
        ...{ link, proxy, mutex, adopted },
        refusedBy: new Set(),
        enabled: true,
      });
    }
  }

  async cut(links: readonly Link[], flavour: Flavour): Promise<Cut> {
    const states = this.#statesOf(links);
    if (flavour === 'reject') {
      return await this.#apply(states.map((state) => this.#refusal(state)));
    }
    return await this.#toxics(
      states.flatMap((state) => both.map((stream) => ({ state, stream, ...toxicOf[flavour] }))),
    );
  }

  async cutMessages(from: string, to: string, flavour: Exclude<Flavour, 'reject'>): Promise<Cut> {
    // `to` dialled `from` to be sent its raft messages; `from` itself dials only to post snapshots and the like.
    return await this.#toxics([
      { state: this.#state(nameOf(to, from)), stream: 'downstream', ...toxicOf[flavour] },
      { state: this.#state(nameOf(from, to)), stream: 'upstream', ...toxicOf[flavour] },
    ]);
  }

  async slow(links: readonly Link[], by: { latencyMs: number; jitterMs: number }): Promise<Cut> {
    const { latencyMs, jitterMs } = by;
    if (!Number.isSafeInteger(latencyMs) || latencyMs < 0) {
      throw new RangeError(`latencyMs should be a whole number from 0, got ${latencyMs}`);
    }
    if (!Number.isSafeInteger(jitterMs) || jitterMs < 0 || jitterMs > latencyMs) {
      throw new RangeError(
        `jitterMs should be a whole number between 0 and latencyMs (${latencyMs}), got ${jitterMs}`,
      );
    }
    const toxic = { type: 'latency', attributes: { latency: latencyMs, jitter: jitterMs } } as const;
    return await this.#toxics(
      this.#statesOf(links).flatMap((state) => both.map((stream) => ({ state, stream, ...toxic }))),
    );
  }

  async impair(links: readonly Link[], by: Impairment): Promise<Cut> {
    const toxic = impairing(by);
    for (const [attribute, value] of Object.entries(toxic.attributes)) {
      if (!Number.isSafeInteger(value) || value < 0)
        throw new RangeError(`${attribute} should be a whole number from 0, got ${value}`);
    }
    return await this.#toxics(
      this.#statesOf(links).flatMap((state) => both.map((stream) => ({ state, stream, ...toxic }))),
    );
  }

  async reset(): Promise<void> {
    // Behind whatever is being cut or healed, so that nothing of it comes after the reset.
    const states = [...this.#states.values()];
    const releases = await Promise.all(states.map((state) => state.mutex.acquire()));
    try {
      await allOrThrow(
        states.map(async (state) => {
          const { proxy } = state;
          if (state.adopted) return await this.#giveBack(state, state.adopted);
          const toxics = await this.#client.toxicsOf(proxy);
          await allOrThrow(toxics.map((name) => this.#client.removeToxic(proxy, name)));
          await this.#client.setEnabled(proxy, true);
        }),
      );
      for (const left of this.#inForce) left.clear();
      this.#inForce.clear();
      for (const state of states) {
        state.enabled = true;
        state.refusedBy.clear();
      }
    } finally {
      for (const release of releases) release();
    }
  }

  async traffic(): Promise<ReadonlyMap<string, { upstreamBytes: number; downstreamBytes: number }>> {
    const all = await this.#client.traffic();
    const none = { upstreamBytes: 0, downstreamBytes: 0 };
    return new Map(
      [...this.#states.values()].map(({ link: { proxy: name } }) => {
        const { upstreamBytes, downstreamBytes } = all.get(name) ?? none;
        const before = this.#countedBefore.get(name) ?? none;
        return [
          name,
          {
            upstreamBytes: upstreamBytes - before.upstreamBytes,
            downstreamBytes: downstreamBytes - before.downstreamBytes,
          },
        ];
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const states = [...this.#states.values()];
    this.#states.clear();
    await allOrThrow(
      states.map((state) => {
        const { proxy, adopted } = state;
        const left = adopted ? this.#giveBack(state, adopted) : this.#client.removeProxy(proxy);
        return left.catch((error) => {
          // A Toxiproxy that is gone has no proxies, and of one that is gone itself nothing is left.
          const gone = error instanceof ToxiproxyFailed && (error.status ?? 404) === 404;
          if (!gone) throw error;
        });
      }),
    );
  }

  async #giveBack(state: LinkState, { toxicsBegin }: NonNullable<LinkState['adopted']>): Promise<void> {
    await giveBack(this.#client, state.proxy, { toxicsBegin, enable: state.enabled !== true });
  }

  /** Each once. */
  #statesOf(links: readonly Link[]): readonly LinkState[] {
    return [...new Set(links.map(({ from, to }) => this.#state(nameOf(from, to))))];
  }

  #state(name: string): LinkState {
    const state = this.#states.get(name);
    if (!state) {
      const known = [...this.#states.keys()].join(', ') || 'none';
      throw new RangeError(`there is no link ${name}; the links are: ${known}`);
    }
    return state;
  }

  async #createProxy(name: string, upstream: string, place?: string): Promise<ClientProxy> {
    for (let attempt = 1; ; attempt++) {
      // Below the ephemeral range: a port of a link that is disabled for a while must not be taken meanwhile.
      const listen = place ?? `127.0.0.1:${await freePort()}`;
      await this.#made?.note(this.#client.url, { name, listen, upstream });
      try {
        return await this.#client.createProxy(name, listen, upstream);
      } catch (error) {
        const status = error instanceof ToxiproxyFailed ? error.status : undefined;
        // 500 is what a port that was taken since is told as.
        if (status === 500 && place === undefined && attempt < 5) continue;
        if (status !== 409) throw error;
        const message = `Toxiproxy at ${this.#client.url} has a proxy ${name} already; an earlier run left it, or another one uses it: delete it or restart Toxiproxy`;
        throw new ToxiproxyFailed(message, status, error);
      }
    }
  }

  #toxics(specs: readonly (Omit<ToxicSpec, 'name'> & { state: LinkState })[]): Promise<Cut> {
    const id = ++this.#cuts;
    return this.#apply(
      specs.map(({ state, stream, type, attributes }) => {
        const { proxy } = state;
        // A name of its own, so that overlapping cuts stay apart.
        const name = `${state.adopted?.toxicsBegin ?? ''}cut${id}-${stream}`;
        return {
          state,
          apply: () => ({ proxy, do: 'add', toxic: { name, type, stream, attributes } }),
          undo: () => ({ proxy, do: 'remove', toxic: name }),
        };
      }),
    );
  }

  /** The proxy refuses while any cut wants it. */
  #refusal(state: LinkState): Step {
    const token = {};
    const settle = (): Change | undefined => {
      const enabled = state.refusedBy.size === 0;
      if (enabled === state.enabled) return undefined;
      return { proxy: state.proxy, do: enabled ? 'enable' : 'disable' };
    };
    return {
      state,
      apply: () => {
        state.refusedBy.add(token);
        return settle();
      },
      undo: () => {
        state.refusedBy.delete(token);
        return settle();
      },
    };
  }

  /** All at once. When one fails, all are undone. */
  async #apply(steps: readonly Step[]): Promise<Cut> {
    const left = new Set(steps);
    this.#inForce.add(left);
    const heal = async () => {
      const undone = [...left];
      const outcomes = await this.#change(undone, 'undo');
      for (const [i, step] of undone.entries()) if (outcomes[i] === undefined) left.delete(step);
      throwAny(outcomes);
      this.#inForce.delete(left);
    };
    try {
      throwAny(await this.#change(steps, 'apply'));
    } catch (failure) {
      await heal().catch((error) => {
        throw new AggregateError([failure, error], `a cut failed, and so did undoing it: ${failure}`);
      });
      throw failure;
    }
    return { heal };
  }

  /** Answers why each failed; undefined for those that were done. */
  async #change(steps: readonly Step[], which: 'apply' | 'undo'): Promise<readonly (Error | undefined)[]> {
    const states = [...new Set(steps.map((step) => step.state))];
    // Asked for in one go, so that of two that share links one comes first at all of them.
    const releases = await Promise.all(states.map((state) => state.mutex.acquire()));
    try {
      const outcomes: (Error | undefined)[] = steps.map(() => undefined);
      const asked = steps.flatMap(({ state, [which]: change }, at) => {
        const wanted = change();
        return wanted === undefined ? [] : [{ at, state, change: wanted }];
      });
      for (const { state, change } of asked) if (enables(change) !== undefined) state.enabled = undefined;
      const answers = await this.#client.change(
        asked.map(({ change }) => change),
        { together: this.#together },
      );
      for (const [i, { at, state, change }] of asked.entries()) {
        outcomes[at] = answers[i];
        if (answers[i] === undefined) state.enabled = enables(change) ?? state.enabled;
      }
      return outcomes;
    } finally {
      for (const release of releases) release();
    }
  }
}

const enables = (change: Change): boolean | undefined =>
  change.do === 'enable' ? true : change.do === 'disable' ? false : undefined;

const toxicOf = {
  blackhole: { type: 'timeout', attributes: { timeout: 0 } },
  hold: { type: 'bandwidth', attributes: { rate: 0 } },
} as const;

function impairing(by: Impairment): Pick<ToxicSpec, 'type' | 'attributes'> {
  switch (by.kind) {
    case 'thin':
      return { type: 'bandwidth', attributes: { rate: by.kilobytesPerSecond } };
    case 'sliced':
      return {
        type: 'slicer',
        attributes: {
          average_size: by.averageBytes,
          size_variation: by.variationBytes,
          delay: by.delayMicros,
        },
      };
    case 'slow-close':
      return { type: 'slow_close', attributes: { delay: by.delayMs } };
  }
}

const nameOf = (from: string, to: string): string => `${from}->${to}`;

/** Unlike Promise.all it waits for all of them, so that nothing is still under way when it throws. */
async function allOrThrow(pending: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(pending);
  throwAny(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined)));
}

function throwAny(outcomes: readonly (Error | undefined)[]): void {
  const failures = outcomes.filter((outcome) => outcome !== undefined);
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) {
    throw new AggregateError(failures, `${failures.length} calls failed, the first: ${failures[0]!.message}`);
  }
}
