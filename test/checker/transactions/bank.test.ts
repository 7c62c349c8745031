import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultBudget, type Verdict } from '../../../harness/checker/checker.ts';
import { type BankOptions, bank } from '../../../harness/checker/transactions/bank.ts';
import type { Operation } from '../../../harness/history/operation.ts';
import { seeded } from '../../../harness/random.ts';
import { atLeastSix } from '../table.ts';
import { append, fail, info, ok, r, w } from './build.ts';

function check(operations: readonly Operation[], options?: BankOptions): Verdict {
  return bank(options).check({ operations, faults: [] }, defaultBudget);
}

const open = ok(0, 0, 1, w('a', 10), w('b', 10), w('c', 0));
/** 4 from a to b. */
const transfer = ok(1, 2, 6, r('a', 10), r('b', 10), w('a', 6), w('b', 14));
const all = (process: number, fromMs: number, toMs: number, a: unknown, b: unknown, c: unknown) =>
  ok(process, fromMs, toMs, r('a', a), r('b', b), r('c', c));

/** As Jepsen's own bank test writes them. */
const jepsen = (f: 'read' | 'transfer', value: unknown, atMs: number): Operation => ({
  ...ok(0, atMs, atMs + 1),
  f,
  value,
});

type Row = readonly [what: string, history: readonly Operation[], options?: BankOptions];

describe('bank accepts', () => {
  const rows: readonly Row[] = [
    [
      'reads from before and after a transfer',
      [open, all(2, 2, 6, 10, 10, 0), transfer, all(2, 7, 8, 6, 14, 0)],
    ],
    [
      'accounts that are not opened yet',
      [all(2, 0, 1, null, null, null), open, transfer, all(2, 7, 8, 6, 14, 0)],
    ],
    [
      'a transfer of which nobody knows whether it happened',
      [open, info(3, 2, 3, r('b', 10), r('c', 0), w('b', 5), w('c', 5)), transfer, all(2, 7, 8, 6, 9, 5)],
    ],
    [
      'a transfer that failed',
      [open, fail(3, 2, 3, r('b', 10), r('c', 0), w('b', 5), w('c', 5)), transfer, all(2, 7, 8, 6, 14, 0)],
    ],
    [
      'a negative balance, where it is allowed',
      [open, ok(1, 2, 6, r('a', 10), r('c', 0), w('a', 12), w('c', -2)), all(2, 7, 8, 12, 10, -2)],
      { mayBeNegative: true },
    ],
    ['a total that is known', [transfer, all(2, 7, 8, 6, 14, 0)], { total: 20 }],
    ['reads of some accounts', [open, transfer, ok(2, 4, 5, r('a', 10), r('c', 0)), all(2, 7, 8, 6, 14, 0)]],
    [
      'lists in the same history',
      [open, transfer, ok(3, 4, 5, append('l', 1), r('l', [1])), all(2, 7, 8, 6, 14, 0)],
    ],
    [
      "Jepsen's form",
      [
        jepsen('read', { 0: 10, 1: 0 }, 0),
        jepsen('transfer', { from: 0, to: 1, amount: 3 }, 2),
        jepsen('read', { 0: 7, 1: 3 }, 4),
      ],
    ],
  ];
  atLeastSix('bank', 'accepted', rows);
  for (const [what, history, options] of rows) {
    test(what, () => {
      expect(check(history, options)).toEqual({ valid: true, operations: expect.any(Number) });
    });
  }
});

describe('bank rejects', () => {
  const rows: readonly (readonly [
    what: string,
    name: string,
    history: readonly Operation[],
    options?: BankOptions,
  ])[] = [
    ['the first half of a transfer', 'wrong-total', [open, transfer, all(2, 3, 4, 6, 10, 0)]],
    ['the second half of a transfer', 'wrong-total', [open, transfer, all(2, 3, 4, 10, 14, 0)]],
    [
      'a total that differs from the one that is known',
      'wrong-total',
      [transfer, all(2, 7, 8, 6, 14, 0)],
      { total: 21 },
    ],
    [
      'one sum among many others',
      'wrong-total',
      [all(2, 0, 1, 10, 10, 0), transfer, all(2, 7, 8, 6, 14, 0), all(2, 9, 10, 6, 10, 0)],
    ],
    [
      'a transfer that was lost in one account',
      'wrong-total',
      [open, transfer, ok(3, 2, 6, r('a', 10), r('c', 0), w('a', 9), w('c', 1)), all(2, 7, 8, 9, 14, 1)],
    ],
    [
      'a negative balance',
      'negative-value',
      [open, ok(1, 2, 6, r('a', 10), r('c', 0), w('a', 12), w('c', -2)), all(2, 7, 8, 12, 10, -2)],
    ],
    ['an account that is not there', 'nil-balance', [open, transfer, all(2, 7, 8, 6, 14, null)]],
    ['accounts that have vanished', 'nil-balance', [open, transfer, all(2, 7, 8, null, null, null)]],
    [
      "Jepsen's form",
      'wrong-total',
      [
        jepsen('read', { 0: 10, 1: 0 }, 0),
        jepsen('transfer', { from: 0, to: 1, amount: 3 }, 2),
        jepsen('read', { 0: 7, 1: 0 }, 4),
      ],
    ],
  ];
  atLeastSix('bank', 'rejected', rows);
  for (const [what, name, history, options] of rows) {
    test(what, () => {
      expect(check(history, options)).toMatchObject({
        valid: false,
        violations: [{ checker: 'bank', summary: expect.stringMatching(`^${name}: `) }],
      });
    });
  }

  test('and tells the transfer of which one half was seen', () => {
    expect(check([open, transfer, all(2, 3, 4, 6, 10, 0)])).toMatchObject({
      violations: [
        {
          summary: expect.stringMatching(
            /a 6, b 10, c 0 are 16 together, but there are 20; it saw one half of .* by process 1 .*: a with it, b without$/,
          ),
          operations: [transfer, { process: 2 }],
        },
      ],
    });
  });
});

describe('bank cannot say', () => {
  test.each<[string, readonly Operation[], string]>([
    ['nothing happened', [], 'nobody read all accounts at once'],
    [
      'only some accounts were read',
      [open, transfer, ok(2, 7, 8, r('a', 6))],
      'nobody read all accounts at once',
    ],
    ['nothing was moved', [open, all(2, 3, 4, 10, 10, 0)], 'no transfer was acknowledged'],
    [
      'it has no steps',
      [{ ...open, value: 7 }],
      'a transaction of process 0 should be a list of steps such as ["append","k",1] or ["r","k",null], got 7',
    ],
  ])('%s', (_, history, reason) => {
    expect(check(history)).toMatchObject({ valid: 'unknown', reason });
  });
});

describe('laws', () => {
  const accounts = ['a', 'b', 'c', 'd'];

  /** Transfers and reads, one after the other; `half` is which transfer stops in the middle, while it is read. */
  function generated(seed: number, count: number, half: number): Operation[] {
    const random = seeded(seed);
    const balances = new Map(accounts.map((one) => [one, 10]));
    const history = [ok(0, 0, 1, ...accounts.map((one) => w(one, 10)))];
    const readAll = (atMs: number) =>
      history.push(ok(1, atMs, atMs + 1, ...accounts.map((one) => r(one, balances.get(one)!))));
    for (let i = 0; i < count; i++) {
      const [from, to] = random.number() < 0.5 ? ['a', 'b'] : ['c', 'd'];
      const amount = Math.min(balances.get(from!)!, random.integer(1, 3));
      if (amount === 0) continue;
      const [left, right] = [balances.get(from!)!, balances.get(to!)!];
      const steps = [r(from!, left), r(to!, right), w(from!, left - amount), w(to!, right + amount)];
      history.push(ok(2, 10 * i + 2, 10 * i + 8, ...steps));
      balances.set(from!, left - amount);
      if (i === half) readAll(10 * i + 4);
      balances.set(to!, right + amount);
      readAll(10 * i + 9);
    }
    return history;
  }

  test('transfers one after the other are never accused, a half one always is', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 12 }), (seed, count) => {
        expect(check(generated(seed, count, -1))).toMatchObject({ valid: true });
        // The first transfer always moves something.
        const verdict = check(generated(seed, count, 0));
        expect(verdict).toMatchObject({ valid: false });
        expect(verdict.valid === false && verdict.violations[0]!.summary).toMatch(
          /^wrong-total: .*one half of/,
        );
      }),
    );
  });
});
