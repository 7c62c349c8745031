import { expect, test } from 'vitest';
import { type Budget, defaultBudget } from '../../harness/checker/checker.ts';
import { keyHistory } from '../../harness/checker/key-history.ts';
import { linearizability } from '../../harness/checker/linearizability.ts';
import type { Model } from '../../harness/checker/model.ts';
import { counter } from '../../harness/checker/models/counter.ts';
import { multiRegister } from '../../harness/checker/models/multi-register.ts';
import { register } from '../../harness/checker/models/register.ts';
import { Search } from '../../harness/checker/search.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { ok } from './build.ts';

/** How a judgement spends its budget, on keys that take more than the first turn of 20,000 steps. */
const check = (operations: readonly Operation[], model: Model, budget: Partial<Budget> = {}) =>
  linearizability({ model }).check(
    { operations, faults: [] },
    { ...defaultBudget, timeMs: 600_000, ...budget },
  );

/** Of so many doublings every sum is another, and a read tells which of them came first. */
const sums = (count: number, sum: number, key = 'k') => [
  ...Array.from({ length: count }, (_, i) => ok.add(2 ** i, i, 1_000, { key })),
  ok.read(sum, 100, 101, { key }),
  ok.read(2 ** count - 1, 1_001, 1_002, { key }),
];
const stepsOf = (operations: readonly Operation[]) => {
  const search = new Search(keyHistory(counter, operations));
  let steps = 0;
  for (; search.state === 'searching'; steps += 1_000) search.run(1_000);
  return { steps, state: search.state, entries: search.entries, size: search.size };
};

const late = sums(12, 2 ** 11);
const never = sums(13, 2 ** 13 + 1);

test('the hard keys are hard: a turn does not decide them', () => {
  expect(stepsOf(late)).toMatchObject({ state: 'linearizable' });
  expect(stepsOf(never)).toMatchObject({ state: 'illegal' });
  expect(stepsOf(late).steps).toBeGreaterThan(20_000);
  expect(stepsOf(never).steps).toBeGreaterThan(60_000);
});

test('what the first turn does not decide a further one does', () => {
  expect(check(late, counter)).toEqual({ valid: true, operations: 14 });
  expect(check(never, counter)).toMatchObject({ valid: false, operations: 15, violations: [{ key: 'k' }] });
  const others = [...late, ...sums(12, 2 ** 11, 'l'), ...sums(13, 2 ** 13 + 1, 'm')];
  expect(check(others, counter)).toMatchObject({ valid: false, violations: [{ key: 'm' }] });
});

test('nothing is decided once the time is over', () => {
  const plain = (key: string) => ok.read(null, 0, 1, { key });
  const reason = (keys: string[], model: Model = register) => check(keys.map(plain), model, { timeMs: -1 });
  expect(reason(['a'])).toEqual({
    valid: 'unknown',
    operations: 1,
    reason: 'the time of -1 ms is spent with 1 of 1 keys undecided (a)',
  });
  expect(reason(['a', 'b', 'c'])).toMatchObject({
    reason: 'the time of -1 ms is spent with 3 of 3 keys undecided (a, b, c)',
  });
  expect(reason(['a', 'b', 'c', 'd', 'e'])).toMatchObject({
    reason: 'the time of -1 ms is spent with 5 of 5 keys undecided (a, b, c and 2 more)',
  });
  expect(reason(['a', 'b'], multiRegister)).toMatchObject({
    reason: 'the time of -1 ms is spent with 1 of 1 keys undecided (the one key)',
  });
});

test('nor once the memory is: entries, or numbers', () => {
  // An entry is taken to have sixteen numbers; these have four times as many.
  const worth = Math.ceil(turnOf(never).size / 16);
  const told = (operations: Operation[], maxMemoEntries: number) =>
    check(operations, counter, { maxMemoEntries });
  expect(told(never, 10)).toEqual({
    valid: 'unknown',
    operations: 15,
    reason: 'the search memory of 10 entries is spent with 1 of 1 keys undecided (k)',
  });
  expect(told(never, worth - 1).valid).toBe('unknown');
  expect(told(never, 1e6).valid).toBe(false);
  // What is behind a key that took it all is not looked at; what was before it is.
  const before = [ok.read(1, 0, 1, { key: 'a' }), ...never];
  expect(told(before, 10)).toMatchObject({ valid: false, violations: [{ key: 'a' }] });
  const behind = [...never, ok.read(1, 0, 1, { key: 'z' })];
  expect(told(behind, 10)).toMatchObject({
    reason: 'the search memory of 10 entries is spent with 2 of 2 keys undecided (z, k)',
  });
  // Two keys share it.
  const two = [...never, ...sums(13, 2 ** 13 + 1, 'l')];
  expect(told(two, worth + 1)).toMatchObject({ reason: expect.stringMatching(/2 of 2 keys undecided/) });
});

/** After the first turn. */
function turnOf(operations: readonly Operation[]) {
  const search = new Search(keyHistory(counter, operations));
  search.run(20_000);
  return search;
}

test('a key that is decided gives its memory back', () => {
  const keys = ['k', 'l', 'm', 'n', 'o', 'p'].flatMap((key) => sums(12, 2 ** 11, key));
  const numbers = 6 * turnOf(late).size + stepsOf(late).size;
  expect(check(keys, counter, { maxMemoEntries: Math.ceil(numbers / 16) })).toEqual({
    valid: true,
    operations: 84,
  });
});

test('ten violations are evidence enough', () => {
  const keys = Array.from({ length: 14 }, (_, i) => ok.read(1, 0, 1, { key: `k${i}` }));
  const verdict = check(keys, register);
  expect(verdict.valid === false && verdict.violations.map(({ key }) => key)).toEqual(
    keys.slice(0, 10).map(({ key }) => key),
  );
});
