import type { Operation } from '../../history/operation.ts';
import { comparable } from '../values.ts';
import { type MicroOperation, stepsOf } from './micro-operation.ts';

/** An Append is one element that a transaction put at the end of a list. */
export interface Append {
  readonly element: unknown;
  readonly transaction: number;
  /** Those before and after it by the same transaction to the same list. */
  readonly earlier: Append | undefined;
  later: Append | undefined;
}

/** A ListRead is what an acknowledged transaction read of a list. */
export interface ListRead {
  readonly transaction: number;
  readonly list: readonly unknown[];
  /** How many elements others had put there: without those that the transaction itself had appended before. */
  readonly others: number;
  /** The first of this list in its transaction: what comes later in it says nothing new of the others. */
  readonly isFirst: boolean;
}

/** A KeyLog is everything that a history says of one list. */
export interface KeyLog {
  readonly key: string;
  /** By the element, as `comparable`. */
  readonly appends: Map<unknown, Append>;
  readonly reads: ListRead[];
}

/** Something that one transaction shows by itself. */
export interface Oddity {
  readonly name: 'internal' | 'future-read';
  readonly transaction: number;
  readonly says: string;
}

export interface Collected {
  /** Numbered as `transaction` says. */
  readonly transactions: readonly Operation[];
  readonly keys: readonly KeyLog[];
  readonly oddities: readonly Oddity[];
}

/** Nothing can be inferred where two appends put the same element into one list. */
export class AppendedTwice extends Error {
  override readonly name = 'AppendedTwice';

  constructor(
    readonly key: string,
    readonly element: unknown,
    readonly operations: readonly [Operation, Operation],
  ) {
    super(`every append to a list should have an element of its own, but ${element} is in ${key} twice`);
  }
}

/** What one transaction has seen and done of one list so far. */
interface Seen {
  readonly log: KeyLog;
  /** The list as it should be read next; undefined until it has been read. */
  expected: unknown[] | undefined;
  readonly own: unknown[];
  /** The reads from before its appends, which must not show them. */
  readonly before: (readonly unknown[])[];
  last: Append | undefined;
}

/** Takes the transactions apart, list by list. Throws AppendedTwice. */
export function collect(transactions: readonly Operation[]): Collected {
  const byKey = new Map<string, KeyLog>();
  const oddities: Oddity[] = [];
  for (const [number, transaction] of transactions.entries()) {
    const seen = new Map<string | number, Seen>();
    for (const step of stepsOf(transaction)) {
      let of = seen.get(step[1]);
      if (of === undefined) {
        of = {
          log: logOf(byKey, String(step[1])),
          expected: undefined,
          own: [],
          before: [],
          last: undefined,
        };
        seen.set(step[1], of);
      }
      if (step[0] === 'append') append(of, step, number, transactions, oddities);
      // What was read is known only of a transaction that was acknowledged.
      else if (step[0] === 'r' && transaction.outcome === 'ok') read(of, step, number, oddities);
    }
  }
  return { transactions, keys: [...byKey.values()], oddities };
}

function logOf(byKey: Map<string, KeyLog>, key: string): KeyLog {
  let log = byKey.get(key);
  if (log === undefined) {
    log = { key, appends: new Map(), reads: [] };
    byKey.set(key, log);
  }
  return log;
}

function append(
  seen: Seen,
  [, , element]: MicroOperation,
  transaction: number,
  transactions: readonly Operation[],
  oddities: Oddity[],
): void {
  const { log } = seen;
  const name = comparable(element);
  const other = log.appends.get(name);
  if (other !== undefined) {
    throw new AppendedTwice(log.key, element, [transactions[other.transaction]!, transactions[transaction]!]);
  }
  const made: Append = { element, transaction, earlier: seen.last, later: undefined };
  if (seen.last !== undefined) seen.last.later = made;
  seen.last = made;
  log.appends.set(name, made);
  seen.own.push(element);
  seen.expected?.push(element);
  if (seen.before.some((list) => list.some((one) => comparable(one) === name))) {
    const says = `it read ${JSON.stringify(element)} in ${log.key} before it appended it`;
    oddities.push({ name: 'future-read', transaction, says });
  }
}

function read(seen: Seen, [, , value]: MicroOperation, transaction: number, oddities: Oddity[]): void {
  const { log, own, expected } = seen;
  const list: readonly unknown[] = (value as unknown[] | null | undefined) ?? [];
  const isFirst = expected === undefined;
  if (!(isFirst ? endsWith(list, own) : list.length === expected.length && endsWith(list, expected))) {
    const should = isFirst
      ? `ending in what it had appended itself, ${JSON.stringify(own)}`
      : JSON.stringify(expected);
    const says = `it read ${log.key} as ${JSON.stringify(list)}, but should have read it as ${should}`;
    oddities.push({ name: 'internal', transaction, says });
    return;
  }
  if (isFirst) {
    seen.expected = [...list];
    if (own.length === 0) seen.before.push(list);
  }
  log.reads.push({ transaction, list, others: list.length - own.length, isFirst });
}

function endsWith(list: readonly unknown[], end: readonly unknown[]): boolean {
  const from = list.length - end.length;
  return from >= 0 && end.every((element, i) => isSame(element, list[from + i]));
}

export function isSame(a: unknown, b: unknown): boolean {
  return a === b || comparable(a) === comparable(b);
}
