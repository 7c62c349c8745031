import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { bank } from '../../harness/checker/transactions/bank.ts';
import { fracturedReads } from '../../harness/checker/transactions/fractured-reads.ts';
import { listAppend } from '../../harness/checker/transactions/list-append.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { type Attempt, attemptOf, endOf, learn, requestOf } from '../../harness/load/attempt.ts';
import { type LogicalProcess, processFactory } from '../../harness/load/logical-process.ts';
import { operations, type PlannedOperation } from '../../harness/load/operations.ts';
import type { Workload } from '../../harness/load/workload.ts';
import { seeded } from '../../harness/random.ts';
import { parseAnswer, type TransactionContract } from '../../harness/service/http-contract.ts';

const workload: Workload = {
  keys: 1,
  keyDistribution: { kind: 'uniform' },
  transactions: { lists: 4, accounts: 4 },
  mix: { 'txn:append': 4, 'txn:read': 2, 'txn:transfer': 3, 'txn:balance': 2 },
  arrivals: 'constant',
  deadlineMs: 1_000,
  maxInFlight: 64,
};

const newProcess = () => processFactory(false)();
const planned = (transaction: PlannedOperation['transaction']): PlannedOperation => ({
  kind: 'txn:append',
  key: '',
  value: null,
  transaction,
});
const append = planned({ kind: 'append', appends: [{ list: 'l', element: 3 }], reads: ['o'] });
const transfer = planned({ kind: 'transfer', from: 'a', to: 'b', amount: 4, accounts: ['a', 'b', 'c'] });
const balance = planned({ kind: 'balance', accounts: ['a', 'b'] });

function knowing(known: Record<string, { value: unknown; revision: number }>): LogicalProcess {
  const process = newProcess();
  for (const [key, one] of Object.entries(known)) process.knownToAll.set(key, one);
  return process;
}
const bodyOf = (attempt: Attempt): TransactionContract => JSON.parse(requestOf(attempt).body!);
const answered = (attempt: Attempt, body: unknown) =>
  endOf(attempt, parseAnswer(200, {}, JSON.stringify(body)));

describe('what is asked', () => {
  test('an append to a list that was read compares on its revision', () => {
    const attempt = attemptOf(append, knowing({ l: { value: [1, 2], revision: 7 } }));
    expect(requestOf(attempt)).toMatchObject({ method: 'PUT', path: '/tx' });
    expect(bodyOf(attempt)).toEqual({
      compare: [{ key: 'l', target: 'revision', result: 'equal', value: 7 }],
      success: [
        { op: 'put', key: 'l', value: [1, 2, 3] },
        { op: 'get', key: 'o' },
      ],
      failure: [
        { op: 'get', key: 'l' },
        { op: 'get', key: 'o' },
      ],
    });
    // What it will have read is not known when it is sent.
    expect(attempt.value).toEqual([
      ['r', 'l', null],
      ['append', 'l', 3],
      ['r', 'o', null],
    ]);
  });

  test('one to a list that is not known is a read of it', () => {
    const attempt = attemptOf(append, newProcess());
    expect(attempt.value).toEqual([
      ['r', 'l', null],
      ['r', 'o', null],
    ]);
    expect(bodyOf(attempt)).toMatchObject({ compare: [], failure: [] });
  });

  test('a transfer compares on both balances', () => {
    const attempt = attemptOf(
      transfer,
      knowing({ a: { value: 9, revision: 1 }, b: { value: 0, revision: 1 } }),
    );
    expect(bodyOf(attempt).compare).toEqual([
      { key: 'a', target: 'value', result: 'equal', value: 9 },
      { key: 'b', target: 'value', result: 'equal', value: 0 },
    ]);
    expect(attempt.value).toEqual([
      ['r', 'a', null],
      ['r', 'b', null],
      ['w', 'a', 5],
      ['w', 'b', 4],
    ]);
  });

  test('one that the balance does not allow is a read of all balances', () => {
    const attempt = attemptOf(
      transfer,
      knowing({ a: { value: 3, revision: 1 }, b: { value: 0, revision: 1 } }),
    );
    expect(bodyOf(attempt).success).toEqual(['a', 'b', 'c'].map((key) => ({ op: 'get', key })));
  });

  test('accounts that are not there are opened all at once, if still none is there', () => {
    const attempt = attemptOf(balance, knowing({ a: { value: null, revision: 0 } }));
    expect(bodyOf(attempt)).toMatchObject({
      compare: ['a', 'b'].map((key) => ({ key, target: 'version', result: 'equal', value: 0 })),
      success: ['a', 'b'].map((key) => ({ op: 'put', key, value: 100 })),
    });
  });
});

describe('what an answer says', () => {
  const attempt = attemptOf(append, knowing({ l: { value: [1, 2], revision: 7 } }));
  const put = { key: 'l', revision: 9 };

  test.each<[string, unknown, object]>([
    [
      'it was done',
      { succeeded: true, results: [put, { key: 'o', value: [5], revision: 4 }], revision: 9 },
      {
        outcome: 'ok',
        swapped: true,
        revision: 9,
        value: [
          ['r', 'l', [1, 2]],
          ['append', 'l', 3],
          ['r', 'o', [5]],
        ],
      },
    ],
    [
      'a comparison did not hold: then it is what was read instead',
      {
        succeeded: false,
        results: [
          { key: 'l', value: [1, 2, 8], revision: 8 },
          { key: 'o', value: null },
        ],
      },
      {
        outcome: 'ok',
        swapped: false,
        value: [
          ['r', 'l', [1, 2, 8]],
          ['r', 'o', null],
        ],
      },
    ],
    ['too few results', { succeeded: true, results: [put] }, { outcome: 'info', error: 'bad-body' }],
    [
      'another key',
      { succeeded: true, results: [put, { key: 'x', value: [5] }] },
      { outcome: 'info', error: 'bad-body' },
    ],
    [
      'no list',
      { succeeded: true, results: [put, { key: 'o', value: 'x' }] },
      { outcome: 'info', error: 'bad-body' },
    ],
    ['no word of success', { results: [] }, { outcome: 'info', error: 'bad-body' }],
  ])('%s', (_, body, end) => {
    expect(answered(attempt, body)).toMatchObject(end);
  });

  test('what wrote nothing has failed when its answer cannot be read', () => {
    expect(answered(attemptOf(balance, newProcess()), {})).toMatchObject({
      outcome: 'fail',
      error: 'bad-body',
    });
  });

  test('a list is known as it was left, or as it was found', () => {
    const process = newProcess();
    learn(
      process,
      attempt,
      answered(attempt, { succeeded: true, results: [put, { key: 'o', value: null }] }),
      undefined,
    );
    expect(process.knownToAll.get('l')).toEqual({ value: [1, 2, 3], revision: 9 });
    expect(process.knownToAll.get('o')).toEqual({ value: null, revision: 0 });
    const noRevision = answered(attempt, {
      succeeded: true,
      results: [{ key: 'l' }, { key: 'o', value: null }],
    });
    learn(process, attempt, noRevision, undefined);
    expect(process.knownToAll.get('l')).toBeUndefined();
  });
});

/** A store that carries transactions out as etcd does, in one go or with its writes one by one. */
class Store {
  readonly #keys = new Map<string, { value: unknown; revision: number; version: number }>();
  #revision = 0;

  /** The branch that is taken. */
  branch({ compare, success, failure }: TransactionContract) {
    const succeeded = compare.every(({ key, target, value }) => {
      const found = this.#keys.get(key);
      return target === 'value'
        ? found !== undefined && found.value === value
        : (found?.[target] ?? 0) === value;
    });
    return { succeeded, steps: succeeded ? success : failure };
  }

  carryOut(step: TransactionContract['success'][number]) {
    const found = this.#keys.get(step.key);
    if (step.op === 'get') return { key: step.key, value: null, ...found };
    this.#revision += 1;
    const kept = { value: step.value, revision: this.#revision, version: (found?.version ?? 0) + 1 };
    this.#keys.set(step.key, kept);
    return { key: step.key, revision: this.#revision };
  }
}

/** The load of a few processes, each with one transaction in flight, against the store; `splits` takes them apart. */
function historyOf(seed: number, splits: boolean): Operation[] {
  const random = seeded(seed);
  const stream = operations(workload, seed);
  const createProcess = processFactory(false);
  const store = new Store();
  const history: Operation[] = [];
  type Flight = {
    process: LogicalProcess;
    attempt: Attempt;
    invokeNs: number;
    left: TransactionContract['success'][number][];
    succeeded: boolean;
    results: unknown[];
    begun: boolean;
  };
  const idle = Array.from({ length: 4 }, createProcess);
  const flights: Flight[] = [];
  for (let atNs = 0; atNs < 1_500; atNs++) {
    const process = idle.pop();
    if (process !== undefined) {
      const attempt = attemptOf(stream.next().value, process);
      flights.push({
        process,
        attempt,
        invokeNs: atNs,
        left: [],
        succeeded: false,
        results: [],
        begun: false,
      });
      continue;
    }
    const i = random.integer(0, flights.length - 1);
    const flight = flights[i]!;
    if (!flight.begun) {
      const { succeeded, steps } = store.branch(flight.attempt.transaction!.request);
      Object.assign(flight, { succeeded, left: [...steps], begun: true });
    }
    const now = splits ? flight.left.splice(0, 1) : flight.left.splice(0);
    flight.results.push(...now.map((step) => store.carryOut(step)));
    if (flight.left.length > 0) continue;
    flights.splice(i, 1);
    idle.unshift(flight.process);
    const { attempt, succeeded, results, invokeNs } = flight;
    const end = answered(attempt, { succeeded, results });
    learn(flight.process, attempt, end, undefined);
    const { learned: _, ...ended } = end;
    history.push({ ...ended, process: flight.process.number, f: 'txn', key: '', invokeNs, returnNs: atNs });
  }
  return history;
}

const verdicts = (history: readonly Operation[]) =>
  [listAppend(), fracturedReads, bank({ total: 400 })].map(
    (checker) => checker.check({ operations: history, faults: [] }, defaultBudget).valid,
  );

describe('the load against a store', () => {
  test('that carries transactions out whole is found to keep every promise', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(verdicts(historyOf(seed, false))).toEqual([true, true, true]);
      }),
      { numRuns: 20 },
    );
  });

  test('that carries them out step by step is found to break every one', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(verdicts(historyOf(seed, true))).toEqual([false, false, false]);
      }),
      { numRuns: 20 },
    );
  });
});
