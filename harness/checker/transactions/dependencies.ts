import type { Operation } from '../../history/operation.ts';
import type { Append } from './appends.ts';
import { edgeKinds, type Graph, GraphBuilder } from './graph.ts';
import type { VersionOrder } from './version-order.ts';

const { ww, wr, rw, helper } = edgeKinds;

/** The place of an edge into what nobody read. */
export const unread = -1;

/**
 * What came before what, by Adya's dependencies between committed transactions, and by the clock or the order of each
 * process where that is asked for.
 */
export function dependencies(
  transactions: readonly Operation[],
  orders: readonly VersionOrder[],
  besides: 'none' | 'process' | 'realtime',
): Graph {
  const committed = happened(transactions, orders);
  const builder = new GraphBuilder(transactions.length);
  for (const [key, order] of orders.entries()) addKey(builder, key, order, committed);
  if (besides === 'realtime') addClock(builder, transactions, committed);
  if (besides === 'process') addProcesses(builder, transactions, committed);
  return builder.build();
}

/** `ok`, or `info` with an element that somebody read. What of an `info` nobody read, may as well not have been. */
function happened(transactions: readonly Operation[], orders: readonly VersionOrder[]): Uint8Array {
  const committed = Uint8Array.from(transactions, ({ outcome }) => (outcome === 'ok' ? 1 : 0));
  for (const { appends } of orders) {
    for (const append of appends) if (append !== undefined) committed[append.transaction] = 1;
  }
  return committed;
}

function addKey(builder: GraphBuilder, key: number, order: VersionOrder, committed: Uint8Array): void {
  const { appends, reads } = order;
  /** By how many elements a list has: the place of the last of them, and of the next one, whose writer is known. */
  const last = new Int32Array(appends.length + 1).fill(-1);
  for (let count = 1; count <= appends.length; count++) {
    last[count] = appends[count - 1] === undefined ? last[count - 1]! : count - 1;
  }
  const next = new Int32Array(appends.length + 1).fill(appends.length);
  for (let count = appends.length - 1; count >= 0; count--) {
    next[count] = appends[count] === undefined ? next[count + 1]! : count;
  }
  const writerAt = (place: number) => appends[place]!.transaction;

  for (let place = next[0]!; place < appends.length; place = next[place + 1]!) {
    const before = last[place]!;
    if (before !== -1) builder.edge(writerAt(before), writerAt(place), ww, key, place);
  }
  const rest = new UnreadAppends(builder, key, order.unread, committed);
  for (const { transaction, others, isFirst } of reads) {
    if (!isFirst) continue;
    if (last[others] !== -1) builder.edge(writerAt(last[others]!), transaction, wr, key, last[others]!);
    if (next[others]! < appends.length)
      builder.edge(transaction, writerAt(next[others]!), rw, key, next[others]!);
    else rest.after(transaction, rw);
  }
  if (last[appends.length] !== -1) rest.after(writerAt(last[appends.length]!), ww);
}

/**
 * UnreadAppends are the transactions whose appends came after everything that was read of a list. Each reader of the
 * newest version came before all of them but itself; two chains of helpers say so with three edges for each.
 *
 *   before(i) --> a(i), before(i - 1)        after(i) --> a(i), after(i + 1)
 */
class UnreadAppends {
  readonly #builder: GraphBuilder;
  readonly #key: number;
  readonly #writers: readonly number[];
  readonly #index: ReadonlyMap<number, number>;
  #before: number[] | undefined;
  #after: number[] | undefined;

  constructor(builder: GraphBuilder, key: number, appends: readonly Append[], committed: Uint8Array) {
    this.#builder = builder;
    this.#key = key;
    const writers = appends.map(({ transaction }) => transaction).filter((one) => committed[one] === 1);
    this.#writers = [...new Set(writers)];
    this.#index = new Map(this.#writers.map((writer, i) => [writer, i]));
  }

  after(transaction: number, kind: number): void {
    if (this.#writers.length === 0) return;
    const own = this.#index.get(transaction);
    this.#before ??= this.#chain(1);
    const newest = own === undefined ? this.#writers.length - 1 : own - 1;
    if (newest >= 0) this.#builder.edge(transaction, this.#before[newest]!, kind, this.#key, unread);
    if (own === undefined || own + 1 === this.#writers.length) return;
    this.#after ??= this.#chain(-1);
    this.#builder.edge(transaction, this.#after[own + 1]!, kind, this.#key, unread);
  }

  #chain(step: 1 | -1): number[] {
    const helpers = this.#writers.map(() => this.#builder.helper());
    for (const [i, writer] of this.#writers.entries()) {
      this.#builder.edge(helpers[i]!, writer, helper);
      const neighbour = helpers[i - step];
      if (neighbour !== undefined) this.#builder.edge(helpers[i]!, neighbour, helper);
    }
    return helpers;
  }
}

/**
 * Everything that was acknowledged before another was sent. A helper for each moment at which acknowledgements are
 * followed by sendings leads to what was sent then, and to the next helper. Equal times are at the same time.
 */
function addClock(builder: GraphBuilder, transactions: readonly Operation[], committed: Uint8Array): void {
  const numbers = [...transactions.keys()].filter((one) => committed[one] === 1);
  const sent = [...numbers].sort((a, b) => transactions[a]!.invokeNs - transactions[b]!.invokeNs);
  const acknowledged = numbers
    .filter((one) => transactions[one]!.outcome === 'ok')
    .sort((a, b) => transactions[a]!.returnNs - transactions[b]!.returnNs);
  let moment = -1;
  let done = 0;
  for (const one of sent) {
    const { invokeNs } = transactions[one]!;
    const from = done;
    while (done < acknowledged.length && transactions[acknowledged[done]!]!.returnNs < invokeNs) done++;
    if (done > from) {
      const next = builder.helper();
      for (const earlier of acknowledged.slice(from, done)) {
        builder.edge(earlier, next, edgeKinds.realtime);
      }
      if (moment !== -1) builder.edge(moment, next, helper);
      moment = next;
    }
    if (moment !== -1) builder.edge(moment, one, helper);
  }
}

function addProcesses(
  builder: GraphBuilder,
  transactions: readonly Operation[],
  committed: Uint8Array,
): void {
  const last = new Map<number, number>();
  const inOrder = [...transactions.keys()].sort(
    (a, b) => transactions[a]!.invokeNs - transactions[b]!.invokeNs,
  );
  for (const one of inOrder) {
    if (committed[one] === 0) continue;
    const { process } = transactions[one]!;
    const earlier = last.get(process);
    if (earlier !== undefined) builder.edge(earlier, one, edgeKinds.process);
    last.set(process, one);
  }
}
