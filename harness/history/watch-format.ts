import type { LogEvent, WatchAsked, WatcherHistory, WatchHistory, WatchLog, WatchTold } from './watch.ts';

/**
 * A watch history on disk: JSON Lines, each of which says by `watch` what it is. They may stand among the lines of
 * operations; `read-history.ts` reads both.
 *
 *   {"watch":"log","fromRevision":2,"toRevision":90,"allKeys":true,"compactions":[],"etcdVersion":"3.4.23","valuesUnder":"kv/"}
 *   {"watch":"event","revision":5,"key":"a","kind":"put","value":"1"}
 *   {"watch":"watcher","name":"w1","key":"a","prefix":true,"startRevision":5}
 *   {"watch":"told","name":"w1","atNs":1200,"kind":"events","revision":9,"events":[{"revision":5,...}]}
 *   {"watch":"settled","name":"w1","toRevision":90}
 *
 * Each watcher's `watcher` line comes before what it was told, which stands in the order of the telling; else lines may
 * stand in any order, so that several recorders can write each their own and the files be put one after another.
 */
export type WatchLine =
  | ({ readonly watch: 'log'; readonly etcdVersion?: string } & Omit<WatchLog, 'events'>)
  | ({ readonly watch: 'event' } & LogEvent)
  | ({ readonly watch: 'watcher'; readonly name: string; readonly atMember?: string } & WatchAsked)
  | ({ readonly watch: 'told'; readonly name: string } & WatchTold)
  | { readonly watch: 'settled'; readonly name: string; readonly toRevision: number };

/** With its newline. */
export function encodeWatchLine(line: WatchLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** Every line of a history. */
export function* watchLines({ log, watchers, etcdVersion }: WatchHistory): Generator<WatchLine> {
  const { events, ...bounds } = log;
  yield { watch: 'log', ...bounds, ...(etcdVersion && { etcdVersion }) };
  for (const event of events) yield { watch: 'event', ...event };
  for (const one of watchers) yield* watcherLines(one);
}

/** Those of one watcher. */
export function* watcherLines({
  name,
  asked,
  atMember,
  told,
  settledTo,
}: WatcherHistory): Generator<WatchLine> {
  yield { watch: 'watcher', name, ...(atMember !== undefined && { atMember }), ...asked };
  for (const one of told) yield { watch: 'told', name, ...one };
  if (settledTo !== undefined) yield { watch: 'settled', name, toRevision: settledTo };
}

interface Watching {
  readonly name: string;
  readonly atMember?: string;
  readonly asked: WatchAsked;
  readonly told: WatchTold[];
  settledTo?: number;
}

/** WatchLines puts a watch history together, line by line. */
export class WatchLines {
  #log: (Omit<WatchLog, 'events'> & { readonly etcdVersion?: string }) | undefined;
  readonly #events: LogEvent[] = [];
  readonly #watchers = new Map<string, Watching>();

  /** Undefined when there was no line of a watch; the problem when there were some, but no `log` line. */
  finish(): WatchHistory | string | undefined {
    if (!this.#log) {
      if (this.#events.length === 0 && this.#watchers.size === 0) return undefined;
      return 'tells of watchers, but has no line {"watch":"log",…} to hold them against';
    }
    const { etcdVersion, fromRevision, toRevision, allKeys, compactions, valuesUnder, forks } = this.#log;
    return {
      log: {
        fromRevision,
        toRevision,
        allKeys,
        compactions,
        events: this.#events,
        ...(valuesUnder !== undefined && { valuesUnder }),
        ...(forks !== undefined && { forks }),
      },
      watchers: [...this.#watchers.values()] satisfies WatcherHistory[],
      ...(etcdVersion !== undefined && { etcdVersion }),
    };
  }

  /** The problem with a line; undefined when there is none. */
  add(line: WatchLine): string | undefined {
    switch (line.watch) {
      case 'log': {
        const { watch: _, ...log } = line;
        if (this.#log) return 'is a second log; one history has one';
        if (![log.fromRevision, log.toRevision].every(Number.isFinite) || !Array.isArray(log.compactions))
          return 'should name fromRevision, toRevision and compactions';
        this.#log = log;
        return undefined;
      }
      case 'event': {
        const { watch: _, ...event } = line;
        if (!isEvent(event)) return 'should name revision, key and kind (put or delete)';
        this.#events.push(event);
        return undefined;
      }
      case 'watcher': {
        const { watch: _, name, atMember, ...asked } = line;
        if (typeof name !== 'string' || typeof asked.key !== 'string') return 'should name name and key';
        if (this.#watchers.has(name)) return `is a second watcher ${name}`;
        this.#watchers.set(name, { name, ...(atMember !== undefined && { atMember }), asked, told: [] });
        return undefined;
      }
      case 'told': {
        const { watch: _, name, ...told } = line;
        const watcher = this.#watchers.get(name);
        if (!watcher) return `tells of the watcher ${name}, which no line before it names`;
        if (told.kind === 'events' && !(Array.isArray(told.events) && told.events.every(isEvent)))
          return 'should have events, each with revision, key and kind';
        watcher.told.push(told);
        return undefined;
      }
      case 'settled': {
        const watcher = this.#watchers.get(line.name);
        if (!watcher) return `tells of the watcher ${line.name}, which no line before it names`;
        watcher.settledTo = line.toRevision;
        return undefined;
      }
      default:
        return 'should say by "watch" whether it is a log, event, watcher, told or settled line';
    }
  }
}

function isEvent({ revision, key, kind }: LogEvent): boolean {
  return Number.isFinite(revision) && typeof key === 'string' && (kind === 'put' || kind === 'delete');
}
