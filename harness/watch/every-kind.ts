import type { Clock } from '../clock.ts';
import type { Member } from '../cluster/cluster.ts';
import type { WatcherHistory, WatchLog } from '../history/watch.ts';
import { everyKind, type WatchKind } from './kinds.ts';
import { ResumingWatchers } from './resuming-watchers.ts';

export interface EveryKindOptions {
  readonly members: readonly Pick<Member, 'name' | 'clientAddress'>[];
  readonly clock: Clock;
  /** What is watched: all that begins with it. */
  readonly prefix: string;
  /** Keys under it, whole, of which each gets a watcher of its own. */
  readonly keys: readonly string[];
  /** As far back as the true log goes. */
  readonly fromRevision: number;
  /** The store's, more or less. */
  readonly revision: number;
}

/**
 * EveryKindWatchers are watchers of every kind at every member, directly at it, beside the service: one stream whose
 * progress is asked for again and again, one that carries many watchers and is read slowly, and for the other members
 * streams that are closed and opened often. A member that is killed ends its stream in any case.
 */
export class EveryKindWatchers {
  readonly #streams: readonly ResumingWatchers[];

  constructor({ members, clock, ...at }: EveryKindOptions) {
    const [key] = at.keys;
    if (key === undefined) throw new RangeError('expected at least one key to watch, got none');
    const kinds = everyKind({ ...at, key });
    const many = [...kinds, ...at.keys.map((one) => ofOneKey(one, at.fromRevision))];
    this.#streams = members.map(({ name, clientAddress }, i) => {
      const stream = { member: name, address: clientAddress, clock, kinds };
      if (i === 0) return new ResumingWatchers({ ...stream, progressEveryMs: 100, reconnectEveryMs: 1_500 });
      if (i === 1)
        return new ResumingWatchers({ ...stream, kinds: many, slow: { everyMs: 150, forMs: 100 } });
      return new ResumingWatchers({ ...stream, reconnectEveryMs: 250 });
    });
  }

  /** Gives all their time to be told the end of the log, and says what they were told. */
  async settle(log: WatchLog, timeoutMs: number): Promise<readonly WatcherHistory[]> {
    const histories = await Promise.all(this.#streams.map((stream) => stream.settle(log, timeoutMs)));
    return histories.flat();
  }

  async close(): Promise<void> {
    await Promise.all(this.#streams.map((stream) => stream.close()));
  }
}

function ofOneKey(key: string, startRevision: number): WatchKind {
  return { name: `of ${key}`, asked: { key, startRevision } };
}
