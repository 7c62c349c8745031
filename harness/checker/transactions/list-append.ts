import type { History, Operation } from '../../history/operation.ts';
import { type Checker, unknown, type Verdict, type Violation } from '../checker.ts';
import { type Words, wordsFor } from '../words.ts';
import { AppendedTwice, type Collected, collect } from './appends.ts';
import { type Cycle, findCycles } from './cycles.ts';
import { dependencies, unread } from './dependencies.ts';
import { edgeKinds, type Graph } from './graph.ts';
import { malformed, stepsOf, tellSteps } from './micro-operation.ts';
import { type VersionOrder, versionOrder } from './version-order.ts';

export interface ListAppendOptions {
  /**
   * What an order of the transactions has to keep to, beside the data: nothing (serializable), the order of each
   * process (strong session), or the clock (strict serializable).
   */
  readonly order?: 'none' | 'process' | 'realtime';
}

/**
 * Demands that transactions which append to lists and read them happened as if one after the other (and, unless told
 * otherwise, in keeping with the clock): no cycle of them in which each must have come before the next.
 *
 *   T1: append 1 to x, read y []      T2: append 1 to y, read x []      each came before the other: G2-item
 *
 * It follows Elle (Kingsbury and Alvaro, VLDB 2020): reads of a list show in which order its elements came, and from
 * that follow Adya's dependencies. A cycle is a proof, so no violation is ever told wrongly; and without cycles there
 * is an order that explains every answer, since what nobody read may stand in any order. An `info` transaction happened
 * as a whole if anyone read an element of it, and may as well not have happened otherwise.
 *
 * Every append to one list needs an element of its own; else it is unknown.
 */
export function listAppend({ order = 'realtime' }: ListAppendOptions = {}): Checker {
  return { name: 'list-append', check: (history) => check(history, order) };
}

/** Of each anomaly; a store that is wrong throughout would tell the same a thousand times. */
const mostOfEach = 20;

/** More operations than that show nothing to a reader, and of more steps no sentence is read. */
const mostShown = 40;
const mostTold = 8;

function check({ operations, orderedBy }: History, order: 'none' | 'process' | 'realtime'): Verdict {
  const wrong = malformed(operations);
  if (wrong !== undefined) return unknown(wrong);
  const transactions = operations.filter(isOfLists);
  const words = wordsFor(orderedBy);
  let collected: Collected;
  try {
    collected = collect(transactions);
  } catch (error) {
    if (!(error instanceof AppendedTwice)) throw error;
    const [first, second] = error.operations.map((operation) => words.operation(operation));
    return unknown(`${error.message}: by ${first} and by ${second}`);
  }
  const violations: Violation[] = [];
  const told = new Map<string, number>();
  const tell = (name: string, key: string | undefined, says: string, shown: readonly Operation[]) => {
    const count = (told.get(name) ?? 0) + 1;
    told.set(name, count);
    if (count > mostOfEach) return;
    violations.push({
      checker: 'list-append',
      ...(key !== undefined && { key }),
      summary: `${name}: ${says}`,
      atNs: Math.max(...shown.map(({ invokeNs }) => invokeNs)),
      operations: [...new Set(shown)].slice(0, mostShown),
    });
  };

  for (const { name, transaction, says } of collected.oddities) {
    const operation = transactions[transaction]!;
    tell(name, undefined, `${words.brief(operation)}: ${says}`, [operation]);
  }
  const orders: VersionOrder[] = [];
  for (const log of collected.keys) {
    const { order, faults } = versionOrder(log, transactions);
    orders.push(order);
    for (const { name, says, transactions: numbers } of faults) {
      const shown = numbers.map((number) => transactions[number]!);
      tell(name, log.key, `${says}: ${shown.map((one) => words.brief(one)).join('; ')}`, shown);
    }
  }
  const graph = dependencies(transactions, orders, order);
  const telling = { graph, orders, transactions, words };
  for (const cycle of findCycles(graph, order)) {
    const shown = cycle.steps.map(({ from }) => transactions[from]!);
    tell(cycle.name, undefined, tellCycle(cycle, telling), shown);
  }
  if (violations.length > 0) return { valid: false, operations: transactions.length, violations };
  return missing(transactions) ?? { valid: true, operations: transactions.length };
}

/** Transactions over other things than lists may be in the same history; they are another checker's. */
function isOfLists(operation: Operation): boolean {
  return (
    operation.f === 'txn' &&
    stepsOf(operation).every(
      ([f, , value]) =>
        f === 'append' || (f === 'r' && (value === null || value === undefined || Array.isArray(value))),
    )
  );
}

/** What was never tried, or never seen, is not shown to hold. */
function missing(transactions: readonly Operation[]): Verdict | undefined {
  const ok = transactions.filter(({ outcome }) => outcome === 'ok');
  if (ok.length === 0) return unknown('no transaction over lists was acknowledged');
  const steps = ok.flatMap((one) => stepsOf(one));
  const reads = steps.filter(([f]) => f === 'r');
  const hasAppended = steps.some(([f]) => f === 'append') || reads.some(([, , list]) => isFilled(list));
  if (!hasAppended) return unknown('no append was acknowledged or read', ok.length);
  return reads.length > 0 ? undefined : unknown('no list was read', ok.length);
}

function isFilled(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}

interface Telling {
  readonly graph: Graph;
  readonly orders: readonly VersionOrder[];
  readonly transactions: readonly Operation[];
  readonly words: Words;
}

function tellCycle({ steps }: Cycle, telling: Telling): string {
  const { transactions, words } = telling;
  const told = steps.slice(0, mostTold);
  const known = told.map(({ from }, i) => {
    const operation = transactions[from]!;
    return `T${i + 1} is ${tellSteps(stepsOf(operation))} (process ${operation.process}, sent ${words.instant(operation.invokeNs)})`;
  });
  const reasons = told.map(({ from, edge }, i) => {
    const to = (i + 1) % steps.length;
    const reason = reasonOf(edge, from, steps[to]!.from, `T${i + 1}`, `T${to + 1}`, telling);
    return `T${i + 1} came before T${to + 1}, because ${reason}`;
  });
  const others = steps.length - told.length;
  const rest = others > 0 ? `; and so on over ${others} more, the last of them before T1` : '';
  return `${known.join('; ')}. ${reasons.join('; ')}${rest}: no order explains all of this`;
}

function reasonOf(
  edge: number,
  from: number,
  to: number,
  earlier: string,
  later: string,
  { graph, orders, transactions, words }: Telling,
): string {
  const kind = graph.kind[edge]!;
  if (kind === edgeKinds.realtime) {
    return `it was acknowledged at ${words.instant(transactions[from]!.returnNs)}, before ${later} was sent at ${words.instant(transactions[to]!.invokeNs)}`;
  }
  if (kind === edgeKinds.process) return `both are process ${transactions[from]!.process}'s, in this order`;
  const order = orders[graph.key[edge]!]!;
  const { key } = order.log;
  const place = graph.place[edge]!;
  const append = place === unread ? order.unread.find((one) => one.transaction === to) : order.appends[place];
  const element = JSON.stringify(append!.element);
  switch (kind) {
    case edgeKinds.wr:
      return `${later} read ${element} in ${key}, which ${earlier} had appended`;
    case edgeKinds.rw:
      return `it read ${key} without ${element}, which ${later} appended`;
    default:
      return place === unread
        ? `${key} was read up to what it appended, and ${later} appended ${element}`
        : `${later} appended ${element} to ${key} after what ${earlier} had appended`;
  }
}
