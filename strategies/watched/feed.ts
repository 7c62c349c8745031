import { Etcd3, type IKeyValue } from 'etcd3';
import { etcdOptions } from '../../harness/cluster/external/grpc.ts';
import type { ToldEvent } from '../../harness/history/watch.ts';
import { toldEvent } from '../../harness/watch/told.ts';
import type { CarefulClient } from '../etcd/careful-client.ts';
import { CarefulWatch, type CarefulWatchOptions, type WatchSink } from '../etcd/careful-watch.ts';
import type { WatchedEvent } from '../etcd/watched-keys.ts';
import type { StrategyContext } from '../strategy.ts';
import type { WatchRecorder } from './watch-recorder.ts';

/** A Feed is what keeps a copy up to date: a list, and then a watch. */
export interface Feed {
  metrics(): Readonly<Record<string, number>>;
  close(): void;
}

/**
 * The library's own watcher as it is mostly used: list, watch the prefix, take what comes. Whatever is written between
 * the list and the watch is lost, and so is what a stream that is cut after "created" had still to bring.
 */
export async function rawFeed(
  { etcd }: Pick<StrategyContext, 'etcd'>,
  prefix: string,
  sink: WatchSink,
  recorder: WatchRecorder,
): Promise<Feed> {
  const client = new Etcd3(etcdOptions(etcd));
  const { kvs, header } = await client.getAll().prefix(prefix).exec();
  const listedAt = Number(header.revision);
  recorder.begin({ key: prefix, prefix: true, startRevision: listedAt + 1 });
  sink.listed(kvs, listedAt);
  const watcher = await client.watch().prefix(prefix).create();
  let connections = 1;
  watcher.on('connected', () => {
    connections += 1;
  });
  watcher.on('data', ({ header, events }) => {
    const revision = Number(header.revision);
    recorder.told({ kind: 'events', revision, events: events.map(toldEvent) });
    for (const event of events) sink.changed(event);
  });
  watcher.on('error', (error) => console.error('watch:', error.message));
  return {
    metrics: () => ({ faultline_watch_streams: connections }),
    close: () => client.close(),
  };
}

/** The careful watch, with whatever of its mitigations. */
export async function carefulFeed(
  client: CarefulClient,
  prefix: string,
  sink: WatchSink,
  recorder: WatchRecorder,
  options: CarefulWatchOptions,
): Promise<Feed> {
  const watch = new CarefulWatch(client, prefix, new RecordingSink(sink, prefix, recorder), options);
  await watch.ready;
  return {
    metrics: () =>
      Object.fromEntries(
        Object.entries(watch.counters).map(([name, count]) => [`faultline_watch_${snakeCase(name)}`, count]),
      ),
    close: () => watch.close(),
  };
}

/** Hands everything on, and takes it down: the changes of one response are one list. */
class RecordingSink implements WatchSink {
  readonly #sink: WatchSink;
  readonly #prefix: string;
  readonly #recorder: WatchRecorder;
  #list: ToldEvent[] = [];

  constructor(sink: WatchSink, prefix: string, recorder: WatchRecorder) {
    this.#sink = sink;
    this.#prefix = prefix;
    this.#recorder = recorder;
  }

  listed(keyValues: readonly IKeyValue[], revision: number): void {
    this.#recorder.begin({ key: this.#prefix, prefix: true, startRevision: revision + 1 });
    this.#sink.listed(keyValues, revision);
  }

  changed(event: WatchedEvent): void {
    const told = toldEvent(event);
    // No list is coming with it that would have to be waited for.
    if (event.compared) this.#tell([{ ...told, compared: true }], told.revision);
    else this.#list.push(told);
    this.#sink.changed(event);
  }

  reached(revision: number): void {
    const list = this.#list;
    this.#list = [];
    if (list.length > 0) this.#tell(list, revision);
    this.#sink.reached(revision);
  }

  #tell(events: readonly ToldEvent[], revision: number): void {
    this.#recorder.told({ kind: 'events', revision, events });
  }
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
