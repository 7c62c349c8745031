import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { readHistory } from '../history/read-history.ts';
import type { WatchHistory, WatchLog } from '../history/watch.ts';
import { encodeWatchLine } from '../history/watch-format.ts';
import { type Observer, observe } from './observer.ts';

/**
 * CellWatches is what a cell knows of the watches of its instances: each takes down what it was told in a file of its
 * own, an observer keeps the true log, and both become one watch history when the stack is gone.
 */
export class CellWatches {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #etcdVersion: string;
  readonly #instances: string[] = [];
  #observer: Observer | undefined;
  #log: WatchLog | undefined;

  constructor(options: { readonly folder: string; readonly clock: Clock; readonly etcdVersion: string }) {
    this.#folder = options.folder;
    this.#clock = options.clock;
    this.#etcdVersion = options.etcdVersion;
  }

  /** What an instance is told, so that it takes down what its watch tells. */
  environment(instance: string): Record<string, string> {
    this.#instances.push(instance);
    return {
      FAULTLINE_WATCH_RECORD: this.#part(instance),
      FAULTLINE_ORIGIN_NS: String(this.#clock.originNs),
    };
  }

  async begin(cluster: Cluster): Promise<void> {
    this.#observer = await observe({ cluster, clock: this.#clock });
  }

  /**
   * Takes the log up to now, and gives every watch its time to be told the end of it. Ends early once all were; what
   * is not told by then is not told.
   */
  async end(
    cluster: Cluster,
    options: { readonly settleMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const revisions = (await cluster.status()).map((one) => (one.reachable ? one.revision : 0));
    this.#log = await this.#observer!.log(Math.max(...revisions), { timeoutMs: 10_000 });
    const untilMs = performance.now() + options.settleMs;
    while (performance.now() < untilMs && !options.signal.aborted) {
      if ((await Promise.all(this.#instances.map((name) => this.#toldAll(name)))).every(Boolean)) return;
      await sleep(200, undefined, { signal: options.signal }).catch(() => {});
    }
  }

  close(): void {
    this.#observer?.close();
  }

  /** The whole history, once the instances have ended; it is also left in `file`, in the place of its parts. */
  async history(file: string): Promise<WatchHistory | undefined> {
    if (!this.#log) return undefined;
    const { events, ...bounds } = this.#log;
    const parts = await Promise.all(this.#instances.map((name) => this.#text(name)));
    const lines = [
      encodeWatchLine({ watch: 'log', ...bounds, etcdVersion: this.#etcdVersion }),
      ...events.map((event) => encodeWatchLine({ watch: 'event', ...event })),
      ...parts,
      ...this.#instances
        .filter((_, i) => parts[i] !== '')
        .map((name) => encodeWatchLine({ watch: 'settled', name, toRevision: bounds.toRevision })),
    ];
    await writeFile(file, lines.join(''));
    for (const name of this.#instances) await rm(this.#part(name), { force: true });
    return (await readHistory(file)).watches;
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
    return join(this.#folder, `watch-${instance}.jsonl`);
  }
}
