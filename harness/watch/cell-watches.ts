import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { WatchLog } from '../history/watch.ts';
import { encodeWatchLine } from '../history/watch-format.ts';
import { type Observer, observe } from './observer.ts';

export interface CellWatchesOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly etcdVersion: string;
  /** Whether the instances are to take down what their watches tell. */
  readonly recorded: boolean;
  /** Where the service keeps its values (StrategyDescription.valueKeys). */
  readonly valuesUnder?: string | undefined;
}

/**
 * CellWatches is what a cell knows of the changes in etcd: where the service's values are there, or watches are what is
 * looked at, an observer keeps the true log. In the latter case each instance also takes down what its own watch was told
 * in a file. All of it becomes part of the history when the stack is gone.
 */
export class CellWatches {
  readonly #options: CellWatchesOptions;
  readonly #instances: string[] = [];
  #observer: Observer | undefined;
  #log: WatchLog | undefined;

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
    const { recorded, valuesUnder } = this.#options;
    if (!recorded && valuesUnder === undefined) return;
    this.#observer = await observe({ cluster, clock: this.#options.clock });
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
    this.#log = await (this.#options.recorded ? log : log.catch(() => observer.soFar()));
    const untilMs = performance.now() + options.settleMs;
    while (performance.now() < untilMs && !options.signal.aborted) {
      if ((await Promise.all(this.#instances.map((name) => this.#toldAll(name)))).every(Boolean)) return;
      await sleep(200, undefined, { signal: options.signal }).catch(() => {});
    }
  }

  close(): void {
    this.#observer?.close();
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
