import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { LogEvent, WatchLog } from '../history/watch.ts';
import { WatchConnection } from './watch-connection.ts';

/**
 * An Observer keeps the true log of a run: a watcher of all keys at every member, over connections of the harness's
 * own that no fault touches. What one member has not yet, another tells; each revision counts from when the first told
 * it.
 */
export interface Observer {
  /** The log from the first revision after it began up to this one, once a member told all of it. Rejects when none does in time. */
  log(toRevision: number, options: { readonly timeoutMs: number }): Promise<WatchLog>;
  close(): void;
}

/** Resolves once every member has answered that it watches. */
export async function observe(options: {
  readonly cluster: Pick<Cluster, 'members'>;
  readonly clock: Clock;
}): Promise<Observer> {
  const { cluster, clock } = options;
  /** Revision to its events by key. */
  const revisions = new Map<number, Map<string, LogEvent>>();
  const reached = new Map<string, number>();
  const created = new Map<string, number>();
  const connections = await Promise.all(
    cluster.members.map(({ clientAddress }) =>
      WatchConnection.open({
        address: clientAddress,
        clock,
        onTold(name, told) {
          if (told.kind === 'created') created.set(name, told.revision);
          if (told.kind !== 'events') return;
          for (const { revision, key, kind, value } of told.events) {
            const events = revisions.get(revision) ?? new Map<string, LogEvent>();
            revisions.set(revision, events);
            if (events.has(key)) continue;
            events.set(key, { revision, key, kind, ...(value !== undefined && { value }), atNs: told.atNs });
          }
          reached.set(name, told.events.at(-1)!.revision);
        },
      }),
    ),
  );
  const close = () => {
    for (const connection of connections) connection.close();
  };
  connections.forEach((connection, i) => {
    connection.watch(cluster.members[i]!.name, { key: '', prefix: true });
  });
  try {
    await until(() => created.size === connections.length, 10_000, 'every member watches all keys');
  } catch (error) {
    close();
    throw error;
  }
  // The member that is furthest behind begins the soonest, so nothing between them is lost.
  const fromRevision = Math.max(...created.values()) + 1;
  return {
    async log(toRevision, { timeoutMs }) {
      const furthest = () => Math.max(0, ...reached.values());
      await until(
        () => furthest() >= toRevision || toRevision < fromRevision,
        timeoutMs,
        `a member has told all up to revision ${toRevision}`,
      );
      const events = [...revisions]
        .filter(([revision]) => revision >= fromRevision && revision <= toRevision)
        .sort(([a], [b]) => a - b)
        .flatMap(([, ofRevision]) => [...ofRevision.values()]);
      return { fromRevision, toRevision, allKeys: true, events, compactions: [] };
    },
    close,
  };
}

async function until(holds: () => boolean, timeoutMs: number, what: string): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadlineMs)
      throw new Error(`expected that ${what} within ${timeoutMs} ms, and it did not come to that`);
    await sleep(20);
  }
}
