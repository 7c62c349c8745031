import type { WatchAsked } from '../history/watch.ts';

export interface WatchKind {
  readonly name: string;
  readonly asked: WatchAsked;
  /** On every new stream it begins where it first did, not after what it was told. */
  readonly anew?: true;
}

/**
 * Watchers of every kind over the keys under a prefix: from the past, from now and from the future; of all of them and
 * of one; with what was there before; without puts, without deletes. `revision` is the store's, more or less: the past
 * is what was before it, and the future a little after it. `anew` goes back to the beginning whenever its stream has ended, which
 * is as far back as the history goes.
 */
export function everyKind(at: {
  readonly prefix: string;
  /** One key under it, whole. */
  readonly key: string;
  readonly fromRevision: number;
  readonly revision: number;
}): readonly WatchKind[] {
  const all = { key: at.prefix, prefix: true };
  return [
    { name: 'past', asked: { ...all, startRevision: at.fromRevision } },
    { name: 'anew', asked: { ...all, startRevision: at.fromRevision }, anew: true },
    { name: 'now', asked: all },
    { name: 'future', asked: { ...all, startRevision: at.revision + 10 } },
    { name: 'key', asked: { key: at.key, startRevision: at.fromRevision } },
    { name: 'prev-kv', asked: { ...all, startRevision: at.fromRevision, prevKv: true } },
    { name: 'no-puts', asked: { ...all, startRevision: at.fromRevision, noPut: true } },
    { name: 'no-deletes', asked: { ...all, startRevision: at.fromRevision, noDelete: true } },
  ];
}
