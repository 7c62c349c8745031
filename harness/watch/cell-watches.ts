import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { WatcherHistory, WatchLog } from '../history/watch.ts';
import { encodeWatchLine, watcherLines } from '../history/watch-format.ts';
import { memberHash } from '../observer/member-hash.ts';
import { EveryKindWatchers } from './every-kind.ts';
import { type Observer, observe } from './observer.ts';

export interface CellWatchesOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly etcdVersion: string;
  /** Whether the instances are to take down what their watches tell. */
  readonly recorded: boolean;
  /** Where the service keeps its values (StrategyDescription.valueKeys). */
  readonly valuesUnder?: string | undefined;
  /** The operations' keys, where watchers of every kind are to be started beside the service. */
  readonly everyKindOf?: readonly string[] | undefined;
}

/**
 * CellWatches is what a cell knows of the changes in etcd: where the service's values are there, or watches are what is
 * looked at, an observer keeps the true log. In the latter case each instance also takes down what its own watch was told
 * in a file; and where a scenario asks for it, watchers of every kind are started beside the service. All of it becomes part of the history when the stack is gone.
 */
export class CellWatches {
  readonly #options: CellWatchesOptions;
  readonly #instances: string[] = [];
  #observer: Observer | undefined;
  #everyKind: EveryKindWatchers | undefined;
  #log: WatchLog | undefined;
  #told: readonly WatcherHistory[] = [];

  constructor(options: CellWatchesOptions) {
    this.#options = options;
  }

  /** What an instance is told, so that it takes down what its watch tells. */
  environment(instance: string): Record<string, string> {
    const { recorded, clock } = this.#options;
    if (!recorded) return {};
    this.#instances.push(instance);
    return {
      FAULTLINE_WATCH_RECORD: this.#part(instance),
      FAULTLINE_ORIGIN_NS: String(clock.originNs),
    };
  }

  async begin(cluster: Cluster): Promise<void> {
    const { clock, valuesUnder = '', everyKindOf } = this.#options;
    if (!this.#needed && this.#options.valuesUnder === undefined) return;
    this.#observer = await observe({ cluster, clock });
    if (everyKindOf === undefined) return;
    const { fromRevision } = this.#observer.soFar();
    this.#everyKind = new EveryKindWatchers({
      ...{ members: cluster.members, clock, prefix: valuesUnder, fromRevision, revision: fromRevision },
      keys: everyKindOf.map((key) => `${valuesUnder}${key}`),
    });
  }

  /**
   * Takes the log up to now, and gives every watch its time to be told the end of it. Ends early once all were; what
   * is not told by then is not told. Rejects when watches are recorded and the log cannot be had; where none is, a log
   * that ends early is as good, since nothing is concluded from what it lacks.
   */
  async end(
    cluster: Cluster,
    options: { readonly settleMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const observer = this.#observer;
    if (observer === undefined) return;
    const revisions = (await cluster.status()).map((one) => (one.reachable ? one.revision : 0));
    const log = observer.log(Math.max(...revisions), { timeoutMs: options.settleMs });
    this.#log = await (this.#needed ? log : log.catch(() => observer.soFar()));
    if (this.#needed) this.#log = await withCompactions(this.#log, cluster, this.#options.clock);
    this.#told = (await this.#everyKind?.settle(this.#log, options.settleMs)) ?? [];
    await this.#everyKind?.close();
    const untilMs = performance.now() + options.settleMs;
    while (performance.now() < untilMs && !options.signal.aborted) {
      if ((await Promise.all(this.#instances.map((name) => this.#toldAll(name)))).every(Boolean)) return;
      await sleep(200, undefined, { signal: options.signal }).catch(() => {});
    }
  }

  close(): void {
    void this.#everyKind?.close();
    this.#observer?.close();
  }

  /** Whether something is concluded from what the log lacks. */
  get #needed(): boolean {
    return this.#options.recorded || this.#options.everyKindOf !== undefined;
  }

  /** The lines of a history that tell all of it (watch-format.ts), once the instances have ended; '' without a log. */
  async lines(): Promise<string> {
    if (!this.#log) return '';
    const { etcdVersion, valuesUnder } = this.#options;
    const { events, ...bounds } = this.#log;
    const parts = await Promise.all(this.#instances.map((name) => this.#text(name)));
    const lines = [
      encodeWatchLine({
        watch: 'log',
        ...bounds,
        etcdVersion,
        ...(valuesUnder !== undefined && { valuesUnder }),
      }),
      ...events.map((event) => encodeWatchLine({ watch: 'event', ...event })),
      ...parts,
      ...this.#told.flatMap((watcher) => [...watcherLines(watcher)].map(encodeWatchLine)),
      ...this.#instances
        .filter((_, i) => parts[i] !== '')
        .map((name) => encodeWatchLine({ watch: 'settled', name, toRevision: bounds.toRevision })),
    ];
    return lines.join('');
  }

  /** Takes away what the instances took down, once it is in the history. */
  async removeParts(): Promise<void> {
    for (const name of this.#instances) await rm(this.#part(name), { force: true });
  }

  /** Whether the last change that the instance watches for is the last that it was told. */
  async #toldAll(instance: string): Promise<boolean> {
    const text = await this.#text(instance);
    const key = /^\{"watch":"watcher"[^\n]*?"key":("[^"]*")/.exec(text)?.[1];
    if (key === undefined) return false;
    const prefix = JSON.parse(key) as string;
    const last = this.#log!.events.findLast((event) => event.key.startsWith(prefix));
    return (
      last === undefined || text.includes(`"revision":${last.revision},"key":${JSON.stringify(last.key)}`)
    );
  }

  /** Up to its last whole line: an instance that was killed may have torn one. */
  async #text(instance: string): Promise<string> {
    const text = await readFile(this.#part(instance), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    return text.slice(0, text.lastIndexOf('\n') + 1);
  }

  #part(instance: string): string {
    return join(this.#options.folder, `watch-${instance}.jsonl`);
  }
}

/**
 * The log with how far its history was compacted, which a member tells beside its hash. Of several compactions the last
 * is enough: what came before it cannot be asked for any more. @throws Error when no member tells it
 */
async function withCompactions(log: WatchLog, cluster: Cluster, clock: Clock): Promise<WatchLog> {
  const told = await Promise.all(
    cluster.members.map((member) => memberHash(member, 0, { clock, timeoutMs: 5_000 })),
  );
  const known = told.filter(({ hash }) => hash !== undefined);
  if (known.length === 0)
    throw new Error(
      `a member should tell up to where the history was compacted, but none did: ${told[0]?.reason}`,
    );
  const newest = Math.max(...known.map(({ compactRevision }) => compactRevision));
  return newest > 0 ? { ...log, compactions: [...new Set([...log.compactions, newest])] } : log;
}
