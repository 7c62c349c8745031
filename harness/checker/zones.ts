import { type KeyHistory, Kind, lookedFor, type Step, unlookedFor, written } from './key-history.ts';

/** A Conflict is two values of which neither can have been entirely before the other. */
export interface Conflict {
  readonly older: Cluster;
  readonly newer: Cluster;
}

/** A Cluster is the writer of a value and all that found the value. Nothing else may stand between them. */
export interface Cluster {
  /** Undefined for the first value. */
  readonly writer: Step | undefined;
  /** The step that returned first; undefined for the first value, which was there before everything. */
  first: Step | undefined;
  firstReturn: number;
  /** The step that was sent last. */
  last: Step | undefined;
  lastCall: number;
}

export type ZonesVerdict =
  | { readonly state: 'linearizable' }
  | { readonly state: 'conflict'; readonly conflict: Conflict }
  /** Found before it was sent. */
  | { readonly state: 'too-early'; readonly found: Step; readonly writer: Step }
  | { readonly state: 'undecided' };

/**
 * Decides a key in O(n log n) where every value that was found has one writer (Gibbons and Korach, "Testing shared
 * memories", 1997). In every order all steps of a value's cluster stand together. So cluster x cannot be before
 * cluster y if some step of y returned before some step of x was sent, that is if y.firstReturn < x.lastCall; if it
 * is the other way round too, nothing can be right. And when no two clusters conflict so, sorting them works.
 *
 *   x:  |--write x--|                         |--read x--|
 *   y:                 |--write y--|                            neither is before the other
 *
 * A conflict proves a violation on every key, also where there is more than the zones look at. That there is none
 * proves the opposite only if there is nothing but reads and writes; else the answer is `undecided`.
 */
export function decideByZones(history: KeyHistory): ZonesVerdict {
  if (history.hasChange) return { state: 'undecided' };
  const { steps, open, initial, values } = history;
  const writers = new Int32Array(values.size);
  writers[initial] = 1;
  for (const step of steps) writers[written(step)]!++;
  for (const step of open) writers[written(step)]!++;

  const clusters: Cluster[] = [];
  const clusterOf = new Int32Array(values.size).fill(-1);
  const begin = (writer: Step | undefined, value: number) => {
    // Nobody was told of its end; that it happened is known from those that found its value, so they are the witness.
    const isOpen = writer?.operation.outcome === 'info';
    const cluster: Cluster = {
      writer,
      first: isOpen ? undefined : writer,
      firstReturn: isOpen ? Number.POSITIVE_INFINITY : (writer?.ret ?? Number.NEGATIVE_INFINITY),
      last: writer,
      lastCall: writer?.call ?? Number.NEGATIVE_INFINITY,
    };
    if (value !== unlookedFor) clusterOf[value] = clusters.length;
    clusters.push(cluster);
  };
  if (initial !== unlookedFor && writers[initial] === 1) begin(undefined, initial);
  // A value that nobody looks for needs no unique writer: each write of it is a cluster of its own.
  let complete = open.length === 0 && !history.hasExpectNot;
  for (const step of steps) {
    const value = written(step);
    if (step.kind === Kind.swap) complete = false;
    if (step.kind !== Kind.set && step.kind !== Kind.swap) continue;
    if (value === unlookedFor || writers[value] === 1) begin(step, value);
    else complete = false;
  }
  for (const step of steps) {
    const value = lookedFor(step);
    if (value === 0) continue;
    const cluster = clusters[clusterOf[value]!];
    if (cluster === undefined) {
      // Written more than once, or only by open operations that are left to the search.
      complete = false;
      continue;
    }
    const { writer } = cluster;
    if (writer !== undefined && step.ret < writer.call) return { state: 'too-early', found: step, writer };
    if (step.ret < cluster.firstReturn) {
      cluster.first = step;
      cluster.firstReturn = step.ret;
    }
    if (step.call > cluster.lastCall) {
      cluster.last = step;
      cluster.lastCall = step.call;
    }
  }
  const conflict = findConflict(clusters);
  if (conflict !== undefined) return { state: 'conflict', conflict };
  return { state: complete ? 'linearizable' : 'undecided' };
}

/**
 * Two clusters conflict when x.firstReturn < y.lastCall and y.firstReturn < x.lastCall. At least one of them is then
 * a forward zone (firstReturn < lastCall). Forward zones that do not conflict with each other lie one after another,
 * so each other cluster needs to be held only against the last forward zone that begins before its lastCall.
 */
function findConflict(clusters: readonly Cluster[]): Conflict | undefined {
  const forward = clusters.filter((cluster) => cluster.firstReturn < cluster.lastCall);
  forward.sort((x, y) => x.firstReturn - y.firstReturn);
  for (let i = 1; i < forward.length; i++) {
    const before = forward[i - 1]!;
    const after = forward[i]!;
    if (after.firstReturn < before.lastCall) return { older: before, newer: after };
  }
  for (const cluster of clusters) {
    if (cluster.firstReturn < cluster.lastCall) continue;
    let low = 0;
    let high = forward.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (forward[middle]!.firstReturn < cluster.lastCall) low = middle + 1;
      else high = middle;
    }
    const zone = forward[low - 1];
    if (zone !== undefined && cluster.firstReturn < zone.lastCall) return { older: zone, newer: cluster };
  }
  return undefined;
}
