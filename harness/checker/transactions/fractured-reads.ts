import type { History, Operation } from '../../history/operation.ts';
import { type Checker, unknown, type Verdict, type Violation } from '../checker.ts';
import { comparable } from '../values.ts';
import { wordsFor } from '../words.ts';
import { malformed, stepsOf, tellRead } from './micro-operation.ts';

/**
 * Demands that a transaction is seen whole or not at all (Read Atomic; Bailis et al., SIGMOD 2014): whoever read one
 * key as a transaction left it reads no other of its keys as it was before.
 *
 *   T1: write x 1, write y 1      T2: read x 1, read y nothing
 *
 * It asks for less than a serial order: reads may be old as long as they are whole. Of lists, one without the element
 * that the transaction appended is older. Of values written, older is nothing at all, and what the transaction or
 * others before it are known to have replaced because they read it first. What cannot be told apart is passed over:
 * values that several transactions wrote to one key.
 */
export const fracturedReads: Checker = { name: 'fractured-reads', check };

/** What one transaction left in one key. */
interface Effect {
  readonly writer: Operation;
  /** The last value written; all elements appended. */
  readonly value?: unknown;
  readonly appended: unknown[];
  /** What the writer read in the key before it wrote; undefined when it did not. */
  readonly replaced?: unknown;
}

/** By writer and key, and by key and value; null in the place of a value with several writers. */
interface Effects {
  readonly of: Map<Operation, Map<string, Effect>>;
  readonly by: Map<string, Map<unknown, Effect | null>>;
}

const mostTold = 20;

function check({ operations, orderedBy }: History): Verdict {
  const wrong = malformed(operations);
  if (wrong !== undefined) return unknown(wrong);
  const words = wordsFor(orderedBy);
  const transactions = operations.filter(({ f }) => f === 'txn');
  const effects = effectsOf(transactions.filter(({ outcome }) => outcome !== 'fail'));
  const violations: Violation[] = [];
  let judged = 0;
  for (const reader of transactions) {
    if (reader.outcome !== 'ok') continue;
    const reads = readsOf(reader);
    if (reads.size < 2) continue;
    judged++;
    const seen = firstFracture(reader, reads, effects);
    if (seen === undefined || violations.length === mostTold) continue;
    const { shown, hidden, writer } = seen;
    violations.push({
      checker: 'fractured-reads',
      key: hidden,
      summary:
        `${words.brief(reader)} saw one part of ${words.operation(writer)} and not the other: ` +
        `${shown} read as ${tellRead(reads.get(shown))} has it, ${hidden} read as ${tellRead(reads.get(hidden))} has not`,
      atNs: reader.invokeNs,
      operations: [writer, reader],
    });
  }
  if (violations.length > 0) return { valid: false, operations: transactions.length, violations };
  if (![...effects.of.values()].some((keys) => keys.size > 1)) {
    return unknown('no transaction wrote several keys', transactions.length);
  }
  if (judged === 0) return unknown('no transaction read several keys', transactions.length);
  return { valid: true, operations: transactions.length };
}

/** What it read of each key before it wrote the key itself. */
function readsOf(transaction: Operation): Map<string, unknown> {
  const reads = new Map<string, unknown>();
  const own = new Set<string>();
  for (const [f, name, value] of stepsOf(transaction)) {
    const key = String(name);
    if (f !== 'r') own.add(key);
    else if (!own.has(key) && !reads.has(key)) reads.set(key, value ?? null);
  }
  return reads;
}

function effectsOf(transactions: readonly Operation[]): Effects {
  const of: Effects['of'] = new Map();
  const by: Effects['by'] = new Map();
  for (const writer of transactions) {
    const reads = writer.outcome === 'ok' ? readsOf(writer) : undefined;
    const own = new Map<string, Effect>();
    for (const [f, name, value] of stepsOf(writer)) {
      const key = String(name);
      if (f === 'append') {
        const effect = own.get(key) ?? { writer, appended: [] };
        effect.appended.push(value);
        own.set(key, effect);
      } else if (f === 'w') {
        own.set(key, { writer, value, appended: [], replaced: reads?.get(key) });
      }
    }
    if (own.size === 0) continue;
    of.set(writer, own);
    for (const [key, effect] of own) {
      let values = by.get(key);
      if (values === undefined) {
        values = new Map();
        by.set(key, values);
      }
      for (const value of effect.appended.length > 0 ? effect.appended : [effect.value]) {
        const name = comparable(value);
        values.set(name, values.has(name) ? null : effect);
      }
    }
  }
  return { of, by };
}

interface Fracture {
  readonly writer: Operation;
  readonly shown: string;
  readonly hidden: string;
}

function firstFracture(
  reader: Operation,
  reads: ReadonlyMap<string, unknown>,
  effects: Effects,
): Fracture | undefined {
  const elements = new Map<string, ReadonlySet<unknown>>();
  const has = (key: string, list: readonly unknown[], element: unknown) => {
    let known = elements.get(key);
    if (known === undefined) {
      known = new Set(list.map(comparable));
      elements.set(key, known);
    }
    return known.has(comparable(element));
  };
  for (const [shown, value] of reads) {
    for (const one of Array.isArray(value) ? value : [value]) {
      const writer = effects.by.get(shown)?.get(comparable(one))?.writer;
      if (writer === undefined || writer === reader) continue;
      for (const [hidden, effect] of effects.of.get(writer)!) {
        const read = reads.get(hidden);
        if (read === undefined) continue;
        const misses =
          effect.appended.length > 0
            ? !effect.appended.every((element) => has(hidden, (read ?? []) as unknown[], element))
            : isOlder(read, effect, effects.by.get(hidden)!);
        if (misses) return { writer, shown, hidden };
      }
    }
  }
  return undefined;
}

/** A chain of replacements is followed for as far as readers are commonly behind. */
const longestChain = 1_000;

/** Whether a value of a key is certainly from before what a transaction wrote there. */
function isOlder(read: unknown, effect: Effect, ofKey: ReadonlyMap<unknown, Effect | null>): boolean {
  const wanted = comparable(read);
  // Not one of its own: then nothing is known of when.
  if (comparable(effect.value) === wanted || ofKey.get(comparable(effect.value)) === null) return false;
  if (read === null) return true;
  if (ofKey.get(wanted) === null) return false;
  let replaced = effect.replaced;
  for (let length = 0; replaced !== undefined && replaced !== null && length < longestChain; length++) {
    if (comparable(replaced) === wanted) return true;
    replaced = ofKey.get(comparable(replaced))?.replaced;
  }
  return false;
}
