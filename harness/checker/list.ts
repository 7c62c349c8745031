import type { Grade, History } from '../history/operation.ts';
import { availability } from './availability.ts';
import type { Checker } from './checker.ts';
import { convergence } from './convergence.ts';
import { duplicatedWrites } from './duplicated-writes.ts';
import { type FenceScope, fencing } from './fencing.ts';
import { leaseTruth } from './lease-truth.ts';
import { linearizability } from './linearizability.ts';
import { lostWrites } from './lost-writes.ts';
import { memberRevisions } from './member-revisions.ts';
import { membersAgree } from './members-agree.ts';
import type { Model } from './model.ts';
import { register } from './models/register.ts';
import { processHealth } from './process-health.ts';
import { progress } from './progress.ts';
import { resurrectedWrites } from './resurrected-writes.ts';
import { monotonicReads, readYourWrites } from './session.ts';
import { monotonicWrites, writesFollowReads } from './session-writes.ts';
import { splitBrain } from './split-brain.ts';
import { staleness } from './staleness.ts';
import { stalenessInRevisions } from './staleness-revisions.ts';
import { storesAgree } from './stores-agree.ts';
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
  /** How many newer writes of its key a read may lack (staleness-revisions). */
  readonly maxRevisions: number;
  /** What one fencing token guards (fencing). */
  readonly fenceScope: FenceScope;
  /** Which share has to end ok at each instance that is left alone (availability). */
  readonly okShare: number;
  /** How long after the last fault everything has to work again (progress). */
  readonly withinMs: number;
}

export const defaultSettings: CheckerSettings = {
  model: register,
  order: 'real-time',
  maxStaleMs: 0,
  maxRevisions: 0,
  fenceScope: 'key',
  okShare: 0.99,
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
    name: 'monotonic-writes',
    demands: 'the writes of a process take effect in the order in which it made them',
    make: ({ order }) => monotonicWrites(order),
  },
  {
    name: 'writes-follow-reads',
    demands: 'a write takes effect after what its process had read before it',
    make: ({ grade: asked }) => atGrade('writes-follow-reads', asked, writesFollowReads),
  },
  {
    name: 'staleness-revisions',
    demands: 'no read lacks more newer writes of its key than promised, unless marked stale',
    make: ({ maxRevisions, order, grade: asked }) =>
      atGrade('staleness-revisions', asked, (grade) => stalenessInRevisions({ grade, maxRevisions, order })),
  },
  {
    name: 'duplicated-writes',
    demands: 'no write is carried out twice: the value of one write has one revision',
    make: () => duplicatedWrites,
  },
  {
    name: 'resurrected-writes',
    demands: 'what was overwritten or deleted, and seen to be gone, stays gone',
    make: ({ order }) => resurrectedWrites(order),
  },
  {
    name: 'fencing',
    demands: 'no write is accepted under an older fencing token than one before it',
    make: ({ fenceScope }) => fencing(fenceScope),
  },
  {
    name: 'lease-truth',
    demands: 'nobody believes in a lease that the server has let go, or that another holds too',
    make: () => leaseTruth,
  },
  {
    name: 'split-brain',
    demands: 'one member is elected in a term, and a revision of a key has one content',
    make: () => splitBrain,
  },
  {
    name: 'members-agree',
    demands: 'all members have the same keys as of one revision',
    make: () => membersAgree,
  },
  {
    name: 'member-revisions',
    demands: 'the revision that a member shows never falls, also across its restarts',
    make: () => memberRevisions,
  },
  {
    name: 'process-health',
    demands: 'no member panics, logs something fatal, or ends by itself',
    make: () => processHealth,
  },
  {
    name: 'availability',
    demands: 'an instance that is left alone goes on answering, whatever befalls what is behind it',
    make: ({ okShare }) => availability({ okShare }),
  },
  {
    name: 'convergence',
    demands: 'after everything healed all instances answer the same',
    make: () => convergence,
  },
  {
    name: 'stores-agree',
    demands: 'after everything healed the primary and the replica have what etcd has, key by key',
    make: () => storesAgree,
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
