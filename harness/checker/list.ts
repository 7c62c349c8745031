import type { Grade, History } from '../history/operation.ts';
import type { Checker } from './checker.ts';
import { convergence } from './convergence.ts';
import { linearizability } from './linearizability.ts';
import { lostWrites } from './lost-writes.ts';
import type { Model } from './model.ts';
import { register } from './models/register.ts';
import { progress } from './progress.ts';
import { monotonicReads, readYourWrites } from './session.ts';
import { staleness } from './staleness.ts';
import { bank } from './transactions/bank.ts';
import { fracturedReads } from './transactions/fractured-reads.ts';
import { listAppend } from './transactions/list-append.ts';
import { watch } from './watch/watch.ts';
import type { WriteOrder } from './write-order.ts';

/** A ListedChecker is a checker by its name; `faultline list checkers` shows it, `faultline check --checker` runs it. */
export interface ListedChecker {
  readonly name: string;
  /** One sentence. */
  readonly demands: string;
  /** The checker for a history of which nothing else is known than what the settings say. */
  make(settings: CheckerSettings): Checker;
}

/** What some checkers have to be told about a history; each takes what it needs. */
export interface CheckerSettings {
  /** What a key is (linearizability). */
  readonly model: Model;
  /** Which reads are held to a promise about reads; without it see `gradeIn`. */
  readonly grade?: Grade | undefined;
  readonly order: WriteOrder;
  /** How long ago the value of a read may have been overwritten (staleness). */
  readonly maxStaleMs: number;
  /** How long after the last fault everything has to work again (progress). */
  readonly withinMs: number;
}

export const defaultSettings: CheckerSettings = {
  model: register,
  order: 'real-time',
  maxStaleMs: 0,
  withinMs: 10_000,
};

/** Every checker, one line each: to add one, write it in a file of its own and name it here. */
export const checkers: readonly ListedChecker[] = [
  {
    name: 'linearizability',
    demands: "one order of each key's operations explains every answer and keeps to the clock",
    make: ({ model }) => linearizability({ model }),
  },
  {
    name: 'lost-writes',
    demands: 'no acknowledged write is missing at the end',
    make: ({ order }) => lostWrites(order),
  },
  {
    name: 'staleness',
    demands: 'no read shows what was overwritten longer ago than promised, unless marked stale',
    make: ({ maxStaleMs, order, grade: asked }) =>
      atGrade('staleness', asked, (grade) => staleness({ grade, maxStaleMs, order })),
  },
  {
    name: 'read-your-writes',
    demands: 'a process never reads what was there before its own acknowledged write',
    make: ({ order, grade: asked }) =>
      atGrade('read-your-writes', asked, (grade) => readYourWrites({ grade, order })),
  },
  {
    name: 'monotonic-reads',
    demands: 'a process never reads an older value after a newer one',
    make: ({ order, grade: asked }) =>
      atGrade('monotonic-reads', asked, (grade) => monotonicReads({ grade, order })),
  },
  {
    name: 'convergence',
    demands: 'after everything healed all instances answer the same',
    make: () => convergence,
  },
  {
    name: 'progress',
    demands: 'within the time promised after the last fault every kind of operation succeeds again',
    make: ({ withinMs }) => progress(withinMs),
  },
  {
    name: 'watch',
    demands:
      'every watcher is told what etcd promises of watches: all nine guarantees (harness/checker/watch)',
    make: () => watch(),
  },
  {
    name: 'list-append',
    demands:
      'transactions that append to lists and read them happened as if one after the other: no cycle of them',
    // Who promises no order over all instances has not promised that the clock shows one.
    make: ({ order }) => listAppend({ order: order === 'real-time' ? 'realtime' : 'none' }),
  },
  {
    name: 'fractured-reads',
    demands: 'a transaction over several keys is seen whole or not at all',
    make: () => fracturedReads,
  },
  {
    name: 'bank',
    demands: 'transfers keep the sum of all accounts, and none falls below nothing',
    make: () => bank(),
  },
];

/** A checker of reads of one grade: of the grade asked for, else of the one that the history is about. */
export function atGrade(
  name: string,
  asked: Grade | undefined,
  make: (grade: Grade | undefined) => Checker,
): Checker {
  return { name, check: (history, budget) => make(asked ?? gradeIn(history)).check(history, budget) };
}

/** Session, where reads name their grades; undefined where none does, as in the histories of other tools. */
function gradeIn({ operations }: History): Grade | undefined {
  return operations.some(({ f, grade }) => f === 'read' && grade !== undefined) ? 'session' : undefined;
}
