import { expect, test } from 'vitest';
import { defaultBudget, type Violation } from '../../harness/checker/checker.ts';
import { linearizability } from '../../harness/checker/linearizability.ts';
import type { Model } from '../../harness/checker/model.ts';
import { counter } from '../../harness/checker/models/counter.ts';
import { kv } from '../../harness/checker/models/kv.ts';
import { multiRegister } from '../../harness/checker/models/multi-register.ts';
import { register } from '../../harness/checker/models/register.ts';
import { deed } from '../../harness/checker/words.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';

function violationOf(operations: readonly Operation[], model: Model = register): Violation {
  const verdict = linearizability({ model }).check({ operations, faults: [] }, defaultBudget);
  if (verdict.valid !== false) throw new Error(`expected a violation, got ${JSON.stringify(verdict)}`);
  expect(verdict.violations).toHaveLength(1);
  return verdict.violations[0]!;
}

/** What is said, and after it what is shown. */
const told = ({ summary, operations }: Violation) => [summary, operations.map(deed).join(', ')];
const p = (process: number) => ({ process });

test.each<[what: string, operations: Operation[], summary: string, shown: string, model?: Model]>([
  [
    'what nobody wrote',
    [ok.write(1, 0, 1), ok.read(7, 2, 3)],
    'k: read 7 by process 0 at 2 ms, but nobody had written 7',
    'read 7',
  ],
  [
    'what was refused, among others that were',
    [
      fail.delete(0, 1),
      fail.read(7, 0, 1),
      fail.cas(7, 6, 0, 1),
      fail.write(7, 0, 1, p(3)),
      ok.read(7, 2, 3),
    ],
    'k: read 7 by process 0 at 2 ms, but 7 was never written: write 7 by process 3 (sent 0 ns, refused 1 ms) failed',
    'write 7, read 7',
  ],
  [
    'what a refused compare would have written',
    [fail.write(6, 0, 1), fail.miss(1, 7, 0, 1, p(3)), ok.read(7, 2, 3)],
    'k: read 7 by process 0 at 2 ms, but 7 was never written: cas 1 to 7 by process 3 (sent 0 ns, refused 1 ms) failed',
    'cas 1 to 7, read 7',
  ],
  [
    'what was refused elsewhere',
    [fail.write(7, 0, 1, { key: 'b' }), fail.append('7', 0, 1), ok.read(7, 2, 3)],
    'k: read 7 by process 0 at 2 ms, but nobody had written 7',
    'read 7',
  ],
  [
    'what was sent only later',
    [ok.read(1, 0, 1), ok.write(1, 2, 3, p(4))],
    'k: read 1 by process 0 at 0 ns was answered at 1 ms, but 1 was sent only at 2 ms, by process 4',
    'read 1, write 1',
  ],
  [
    'what was overwritten',
    [ok.write(3, 4, 5), ok.read(1, 2, 6), ok.read(1, 8, 9), ok.write(1, 0, 1)],
    'k: read 1 by process 0 at 8 ms, but 1 was overwritten by write 3 by process 0 (sent 4 ms, acknowledged 5 ms)',
    'write 1, write 3, read 1',
  ],
  [
    'what was overwritten by a compare',
    [ok.write(1, 0, 1), ok.cas(1, 2, 2, 3), ok.read(1, 4, 5)],
    'k: read 1 by process 0 at 4 ms, but 1 was overwritten by cas 1 to 2 by process 0 (sent 2 ms, acknowledged 3 ms)',
    'write 1, cas 1 to 2, read 1',
  ],
  [
    'what a compare had written',
    [ok.cas(null, 1, 0, 1), ok.write(2, 2, 3), ok.read(1, 4, 5)],
    'k: read 1 by process 0 at 4 ms, but 1 was overwritten by write 2 by process 0 (sent 2 ms, acknowledged 3 ms)',
    'cas nothing to 1, write 2, read 1',
  ],
  [
    'nothing, after a write',
    [ok.write(1, 0, 1), ok.read(null, 2, 3)],
    'k: read nothing by process 0 at 2 ms, but it had been given a value by write 1 by process 0 (sent 0 ns, acknowledged 1 ms)',
    'write 1, read nothing',
  ],
  [
    'nothing, after a read of something',
    [ok.write(1, 0, 9), ok.read(1, 1, 2), ok.read(null, 3, 4)],
    'k: read nothing by process 0 at 3 ms, but 1 had taken its place: read 1 by process 0 (sent 1 ms, answered 2 ms)',
    'write 1, read 1, read nothing',
  ],
  [
    'the old, after a read of the new while it was written',
    [ok.write(1, 0, 1), ok.write(2, 2, 100), ok.read(2, 3, 4), ok.read(1, 5, 6)],
    'k: read 1 by process 0 at 5 ms, but 2 had taken its place: read 2 by process 0 (sent 3 ms, answered 4 ms), ' +
      'and 1 is the older: write 1 by process 0 (sent 0 ns, acknowledged 1 ms) was over before read 2 by process 0 (sent 3 ms, answered 4 ms)',
    'write 1, write 2, read 2, read 1',
  ],
  [
    'two that were written at once, each seen after the other',
    [ok.write(1, 0, 9), ok.write(2, 0, 9.5), ok.read(1, 10, 11), ok.read(2, 12, 13), ok.read(1, 14, 15)],
    'k: read 1 by process 0 at 14 ms, but 2 had taken its place: read 2 by process 0 (sent 12 ms, answered 13 ms), ' +
      'and 1 is the older: write 1 by process 0 (sent 0 ns, acknowledged 9 ms) was over before read 2 by process 0 (sent 12 ms, answered 13 ms)',
    'write 1, write 2, read 2, read 1',
  ],
  [
    'two of which both were read last at the same time',
    [ok.write(1, 0, 9), ok.write(2, 0, 9.5), ok.read(1, 12, 13), ok.read(2, 12, 14)],
    'k: read 1 by process 0 at 12 ms, but 1 was overwritten by write 2 by process 0 (sent 0 ns, acknowledged 9.5 ms), ' +
      'and 1 is the older: write 1 by process 0 (sent 0 ns, acknowledged 9 ms) was over before read 2 by process 0 (sent 12 ms, answered 14 ms)',
    'write 1, write 2, read 1, read 2',
  ],
  [
    'what an order would have to hold that is none',
    [ok.write(1, 0, 1), ok.miss(1, 2, 2, 3)],
    'k: no order of these 2 operations explains every answer: write 1 by process 0 (sent 0 ns, acknowledged 1 ms); ' +
      'cas 1 to 2 (did not swap) by process 0 (sent 2 ms, acknowledged 3 ms). The longest order that explains any: write 1',
    'write 1, cas 1 to 2 (did not swap)',
  ],
  [
    'two compares of which one had to fail, one of them open',
    [ok.write(1, 0, 1), ok.cas(1, 2, 2, 9, p(1)), ok.cas(1, 3, 2.5, 10, p(2)), info.cas(2, 3, 4, 5, p(3))],
    'k: no order of these 4 operations explains every answer: write 1 by process 0 (sent 0 ns, acknowledged 1 ms); ' +
      'cas 1 to 2 by process 1 (sent 2 ms, acknowledged 9 ms); cas 1 to 3 by process 2 (sent 2.5 ms, acknowledged 10 ms); ' +
      'cas 2 to 3 by process 3 (sent 4 ms, no answer by 5 ms). The longest order that explains any: write 1, then cas 1 to 2',
    'write 1, cas 1 to 2, cas 1 to 3, cas 2 to 3',
  ],
  [
    'more appends than a sentence holds',
    [...Array.from({ length: 9 }, (_, i) => ok.append('a', i, 20)), ok.read('aaaaaaaa', 30, 31)],
    'k: no order of these 10 operations explains every answer: append "a" by process 0 (sent 0 ns, acknowledged 20 ms); append "a" by process 0 (sent 1 ms, acknowledged 20 ms); append "a" by process 0 (sent 2 ms, acknowledged 20 ms); append "a" by process 0 (sent 3 ms, acknowledged 20 ms); append "a" by process 0 (sent 4 ms, acknowledged 20 ms); append "a" by process 0 (sent 5 ms, acknowledged 20 ms); append "a" by process 0 (sent 6 ms, acknowledged 20 ms); append "a" by process 0 (sent 7 ms, acknowledged 20 ms); and 2 more',
    'append "a", append "a", append "a", append "a", append "a", append "a", append "a", append "a", append "a", read "aaaaaaaa"',
    kv,
  ],
  [
    'a sum of eight that is none',
    [...Array.from({ length: 8 }, (_, i) => ok.add(1, i, 20)), ok.read(7, 30, 31)],
    'k: no order of these 9 operations explains every answer: add 1 by process 0 (sent 0 ns, acknowledged 20 ms); add 1 by process 0 (sent 1 ms, acknowledged 20 ms); add 1 by process 0 (sent 2 ms, acknowledged 20 ms); add 1 by process 0 (sent 3 ms, acknowledged 20 ms); add 1 by process 0 (sent 4 ms, acknowledged 20 ms); add 1 by process 0 (sent 5 ms, acknowledged 20 ms); add 1 by process 0 (sent 6 ms, acknowledged 20 ms); add 1 by process 0 (sent 7 ms, acknowledged 20 ms); and 1 more. The longest order that explains any: add 1, then add 1, then add 1, then add 1, then add 1, then add 1, then add 1, then add 1',
    'add 1, add 1, add 1, add 1, add 1, add 1, add 1, add 1, read 7',
    counter,
  ],
  [
    'what nobody appended',
    [ok.append('a', 0, 20), ok.read('b', 1, 2)],
    'k: no order of these 2 operations explains every answer: append "a" by process 0 (sent 0 ns, acknowledged 20 ms); ' +
      'read "b" by process 0 (sent 1 ms, answered 2 ms). The longest order that explains any: append "a"',
    'append "a", read "b"',
    kv,
  ],
])('%s', (_, operations, summary, shown, model) => {
  expect(told(violationOf(operations, model))).toEqual([summary, shown]);
});

test('a violation has its key, when it was sent, and where there is none no key', () => {
  const [one, two, read] = [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.read(1, 4, 5)];
  expect(violationOf([read, two, one])).toStrictEqual({
    checker: 'linearizability',
    key: 'k',
    summary: expect.any(String),
    atNs: 4e6,
    operations: [one, two, read],
  });
  const nameless = [one, read].map((operation) => ({ ...operation, key: '' }));
  const { summary, ...violation } = violationOf([nameless[0]!, { ...two, key: '' }, nameless[1]!]);
  expect(violation).not.toHaveProperty('key');
  expect(summary).toMatch(/^read 1 by/);
  const skewed = [ok.txn([['w', 'x', 1]], 0, 1, { key: '' }), ok.txn([['r', 'x', null]], 2, 3, { key: '' })];
  expect(violationOf(skewed, multiRegister)).toMatchObject({ atNs: 2e6, operations: skewed });
});

test('a list of evidence has forty operations at most, the first sent first', () => {
  const many = Array.from({ length: 45 }, (_, i) => ok.add(1, i, 100));
  const { operations, summary } = violationOf([ok.read(44, 101, 102), ...many.toReversed()], counter);
  expect(operations).toEqual(many.slice(0, 40));
  expect(summary).toMatch(
    /^k: no order of these 46 operations explains every answer: (add 1 [^;]*; ){8}and 38 more$/,
  );
});
