import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkFile } from '../../../harness/check-file.ts';
import { checkers } from '../../../harness/checker/list.ts';
import { encodeOperation } from '../../../harness/history/format.ts';
import { append, info, ok, r } from './build.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transactions-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function verdictOn(name: string, text: string, checker: string) {
  const path = join(folder, name);
  await writeFile(path, text);
  const [verdict] = await checkFile(path, { checkers: checkers.filter((one) => one.name === checker) });
  return verdict;
}

/** As Jepsen's store writes them. */
const listAppendEdn = (second: string) => `
{:index 0, :time 10, :type :invoke, :process 0, :f :txn, :value [[:append 8 1] [:r 9 nil]]}
{:index 1, :time 20, :type :ok, :process 0, :f :txn, :value [[:append 8 1] [:r 9 []]]}
{:index 2, :time 30, :type :invoke, :process 1, :f :txn, :value [[:append 8 2] [:append 9 1]]}
{:index 3, :time 35, :type :info, :process :nemesis, :f :start, :value nil}
{:index 4, :time 40, :type :info, :process 1, :f :txn, :value [[:append 8 2] [:append 9 1]], :error :timeout}
{:index 5, :time 50, :type :invoke, :process 2, :f :txn, :value [[:r 8 nil] [:r 9 nil]]}
{:index 6, :time 60, :type :ok, :process 2, :f :txn, :value ${second}}
`;
const bankEdn = (balance: number) => `
{:type :invoke, :f :read, :value nil, :process 0, :time 1, :index 0}
{:type :ok, :f :read, :value {0 10, 1 0}, :process 0, :time 2, :index 1}
{:type :invoke, :f :transfer, :value {:from 0, :to 1, :amount 4}, :process 1, :time 3, :index 2}
{:type :ok, :f :transfer, :value {:from 0, :to 1, :amount 4}, :process 1, :time 4, :index 3}
{:type :invoke, :f :read, :value nil, :process 0, :time 5, :index 4}
{:type :ok, :f :read, :value {0 6, 1 ${balance}}, :process 0, :time 6, :index 5}
`;

describe('stored histories of transactions', () => {
  test.each([
    [
      'jsonl',
      'list-append',
      [ok(0, 0, 1, append('x', 1)), info(1, 2, 3, append('x', 2)), ok(2, 4, 5, r('x', [1, 2]))]
        .map(encodeOperation)
        .join(''),
      true,
    ],
    [
      'jsonl',
      'list-append',
      [ok(0, 0, 1, append('x', 1)), ok(2, 4, 5, r('x', []))].map(encodeOperation).join(''),
      false,
    ],
    ['edn', 'list-append', listAppendEdn('[[:r 8 [1 2]] [:r 9 [1]]]'), true],
    ['edn', 'list-append', listAppendEdn('[[:r 8 [1 2]] [:r 9 nil]]'), false],
    ['edn', 'fractured-reads', listAppendEdn('[[:r 8 [1 2]] [:r 9 [1]]]'), true],
    ['edn', 'fractured-reads', listAppendEdn('[[:r 8 [1 2]] [:r 9 nil]]'), false],
    ['edn', 'bank', bankEdn(4), true],
    ['edn', 'bank', bankEdn(0), false],
  ])('%s, %s: %#', async (format, checker, text, valid) => {
    const verdict = await verdictOn(`history.${format}`, text, checker);
    expect(verdict.error).toBeUndefined();
    expect(verdict).toMatchObject({ checker, valid });
  });
});
