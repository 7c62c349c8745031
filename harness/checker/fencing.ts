import type { Operation } from '../history/operation.ts';
import { type Checker, unknown, type Violation, verdictOf } from './checker.ts';
import { leaseEnds } from './lease-ends.ts';
import { inKey, type Words, wordsFor } from './words.ts';
import { writtenValue } from './write-order.ts';

/** What one token guards: every key by itself, or all that goes through one instance. */
export type FenceScope = 'key' | 'instance';

/**
 * Demands that no write is accepted under a fencing token older than one under which a write was accepted before.
 *
 *   write 5 --ok, token 7--     write 6 --ok, token 4--      the holder of 4 had lost it, and wrote all the same
 *
 * A token is a number that grows with every holder (the revision at which the lease was registered). Which of two
 * writes came first is told by their revisions, else by the clock; writes at the same time have no order, and what
 * ended `info` or `fail` names no token. Where an observer has seen at which revision of etcd a lease's key was gone,
 * a write of a later revision under that lease is a violation too.
 */
export function fencing(scope: FenceScope): Checker {
  return {
    name: 'fencing',
    check({ operations, observations = [], orderedBy }) {
      const words = wordsFor(orderedBy);
      const violations: Violation[] = [];
      const scopes = new Map<string, Fenced[]>();
      for (const one of operations) {
        if (!isFenced(one)) continue;
        const name = scope === 'key' ? one.key : (one.instance ?? '');
        const known = scopes.get(name);
        if (known === undefined) scopes.set(name, [one]);
        else known.push(one);
      }
      let judged = 0;
      for (const fenced of scopes.values()) {
        judged += fenced.length;
        for (const found of [...byRevision(fenced), ...byTime(fenced)])
          violations.push(tell(words, ...found));
      }
      if (judged === 0) return unknown('no acknowledged write named the fencing token it was accepted under');
      if (scope === 'instance') {
        for (const end of leaseEnds(observations)) {
          for (const write of scopes.get(end.holder) ?? []) {
            if (
              write.fence !== end.epoch ||
              write.source !== 'etcd' ||
              !(write.revision! > end.goneByRevision)
            )
              continue;
            violations.push({
              checker: 'fencing',
              key: write.key,
              summary:
                `${inKey(write.key)}${words.operation(write)} was accepted at revision ${write.revision} under the lease of ` +
                `epoch ${end.epoch}, which ${end.member} no longer had at revision ${end.goneByRevision} (${words.instant(end.goneByNs)})`,
              atNs: write.invokeNs,
              operations: [write],
            });
          }
        }
      }
      // One write can be too late by several witnesses.
      const once = new Map(violations.map((violation) => [violation.operations.at(-1), violation]));
      return verdictOf(
        judged,
        [...once.values()].sort((x, y) => x.atNs - y.atNs),
      );
    },
  };
}

type Fenced = Operation & { readonly fence: number };

function isFenced(one: Operation): one is Fenced {
  return one.fence !== undefined && one.outcome === 'ok' && writtenValue(one) !== undefined;
}

/** Pairs of which the store put the newer token first: [under the newer token, under the older one]. */
function* byRevision(fenced: readonly Fenced[]): Generator<[Fenced, Fenced]> {
  // One sequence of revisions is sure only where etcd itself answered, or within a key.
  const sequences = new Map<string, Fenced[]>();
  for (const one of fenced) {
    if (one.revision === undefined) continue;
    const name = one.source === 'etcd' ? 'etcd' : `key ${one.key}`;
    const known = sequences.get(name);
    if (known === undefined) sequences.set(name, [one]);
    else known.push(one);
  }
  for (const sequence of sequences.values()) {
    let newest: Fenced | undefined;
    for (const one of sequence.sort((x, y) => x.revision! - y.revision!)) {
      if (newest !== undefined && one.fence < newest.fence && newest.revision! < one.revision!)
        yield [newest, one];
      if (newest === undefined || one.fence > newest.fence) newest = one;
    }
  }
}

/** The same by the clock, for pairs whose revisions do not tell. */
function* byTime(fenced: readonly Fenced[]): Generator<[Fenced, Fenced]> {
  const ended = [...fenced].sort((x, y) => x.returnNs - y.returnNs);
  let next = 0;
  let newest: Fenced | undefined;
  for (const one of [...fenced].sort((x, y) => x.invokeNs - y.invokeNs)) {
    for (; next < ended.length && ended[next]!.returnNs < one.invokeNs; next++) {
      if (newest === undefined || ended[next]!.fence > newest.fence) newest = ended[next]!;
    }
    if (newest === undefined || one.fence >= newest.fence) continue;
    const isToldByRevisions =
      newest.revision !== undefined &&
      one.revision !== undefined &&
      (newest.key === one.key || (newest.source === 'etcd' && one.source === 'etcd'));
    if (!isToldByRevisions) yield [newest, one];
  }
}

function tell(words: Words, newer: Fenced, older: Fenced): Violation {
  return {
    checker: 'fencing',
    key: older.key,
    summary:
      `${inKey(older.key)}${words.operation(older)} was accepted under token ${older.fence}, ` +
      `although ${words.operation(newer)} had been accepted under the newer token ${newer.fence}`,
    atNs: older.invokeNs,
    operations: [newer, older],
  };
}
