import { describe, expect, it, test } from 'vitest';
import { tell } from '../../harness/checker/tell.ts';
import { comparable, Values } from '../../harness/checker/values.ts';
import { deed, inKey, ofGrade, wordsFor } from '../../harness/checker/words.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';

describe('an instant', () => {
  test.each([
    [0, '0 ns'],
    [999, '999 ns'],
    [-999, '-999 ns'],
    [1e3, '1 µs'],
    [-1_500, '-1.5 µs'],
    [999_999, '999.999 µs'],
    [1e6, '1 ms'],
    [3_214_500, '3.215 ms'],
    [999e6, '999 ms'],
    [1e9, '1 s'],
    [3_214_159_265, '3.214 s'],
    [-2e9, '-2 s'],
    [Number.POSITIVE_INFINITY, 'never'],
    [Number.NEGATIVE_INFINITY, 'the beginning'],
  ])('%d ns is %s', (ns, told) => {
    expect(wordsFor().instant(ns)).toBe(told);
    expect(wordsFor('time').instant(ns)).toBe(told);
  });

  it('is a line where lines stand for times', () => {
    expect(wordsFor('line').instant(12)).toBe('line 12');
  });
});

describe('an operation', () => {
  const { operation, brief } = wordsFor();
  test.each<[Operation, string]>([
    [ok.write(15, 1, 2, { process: 3 }), 'write 15 by process 3 (sent 1 ms, acknowledged 2 ms)'],
    [ok.read(15, 1, 2), 'read 15 by process 0 (sent 1 ms, answered 2 ms)'],
    [ok.read(null, 1, 2), 'read nothing by process 0 (sent 1 ms, answered 2 ms)'],
    [fail.write(15, 1, 2), 'write 15 by process 0 (sent 1 ms, refused 2 ms)'],
    [info.write(15, 1, 2), 'write 15 by process 0 (sent 1 ms, no answer by 2 ms)'],
    [
      { ...info.write(15, 1, 2), endedNs: undefined as never },
      'write 15 by process 0 (sent 1 ms, never answered)',
    ],
    [
      ok.write(15, 1, 2, { endedNs: 5e6 }),
      'write 15 by process 0 (sent 1 ms, no answer, but seen in the store by 2 ms)',
    ],
    [
      { ...ok.write(15, 1, 2, { endedNs: 5e6 }), returnNs: Number.POSITIVE_INFINITY },
      'write 15 by process 0 (sent 1 ms, no answer, but seen in the store)',
    ],
  ])('%#: is told with its end', (one, told) => {
    expect(operation(one)).toBe(told);
  });

  it('is told in short with its beginning', () => {
    expect(brief(ok.read(12, 4100, 4200, { process: 3 }))).toBe('read 12 by process 3 at 4.1 s');
    expect(wordsFor('line').brief({ ...ok.read(12, 0, 0), invokeNs: 7 })).toBe(
      'read 12 by process 0 at line 7',
    );
  });
});

describe('a deed', () => {
  test.each<[string, Operation]>([
    ['write {"a":1}', ok.write({ a: 1 }, 0, 1)],
    ['delete', ok.delete(0, 1)],
    ['cas 1 to 2', ok.cas(1, 2, 0, 1)],
    ['cas nothing to 2', ok.cas(null, 2, 0, 1)],
    ['cas 1 to 2', info.cas(1, 2, 0, 1)],
    ['cas 1 to 2 (did not swap)', ok.miss(1, 2, 0, 1)],
    ['cas 1 to 2', fail.miss(1, 2, 0, 1)],
    ['read 1', ok.read(1, 0, 1)],
    ['read nothing', ok.read(undefined, 0, 1)],
    ['read', info.read(1, 0, 1)],
    ['dequeue 1', ok.dequeue(1, 0, 1)],
    ['dequeue', info.dequeue(1, 0, 1)],
    ['enqueue 1', info.enqueue(1, 0, 1)],
    ['append "x"', ok.append('x', 0, 1)],
    ['acquire', ok.acquire(null, 0, 1)],
    ['acquire by "a"', ok.acquire('a', 0, 1)],
    ['release', ok.release(undefined, 0, 1)],
    ['release by "a"', ok.release('a', 0, 1)],
    [
      'txn (append 1 to x, read y [2])',
      ok.txn(
        [
          ['append', 'x', 1],
          ['r', 'y', [2]],
        ],
        0,
        1,
      ),
    ],
    ['txn "nonsense"', ok.txn('nonsense', 0, 1)],
  ])('%s', (told, one) => {
    expect(deed(one)).toBe(told);
  });
});

describe('what stands before', () => {
  it('a key is its name, and nothing where there is none', () => {
    expect(inKey('k7')).toBe('k7: ');
    expect(inKey('')).toBe('');
  });

  it('a read of a grade is the grade, and nothing where there is none', () => {
    expect(ofGrade(ok.read(1, 0, 1, { grade: 'session' }))).toBe('session ');
    expect(ofGrade(ok.read(1, 0, 1))).toBe('');
  });
});

describe('a value', () => {
  test.each<[unknown, string]>([
    [null, 'nothing'],
    [undefined, 'nothing'],
    [0, '0'],
    ['', '""'],
    ['x'.repeat(38), `"${'x'.repeat(38)}"`],
    ['x'.repeat(39), `"${'x'.repeat(36)}...`],
  ])('%j is short enough for a sentence', (value, told) => {
    expect(tell(value)).toBe(told);
  });

  test.each<[string, unknown, unknown, boolean]>([
    ['a number and its text', 1, '1', false],
    ['objects of equal fields in any order', { a: 1, b: { c: [2] } }, { b: { c: [2] }, a: 1 }, true],
    ['objects of other fields', { a: 1 }, { b: 1 }, false],
    ['objects of other values', { a: 1 }, { a: 2 }, false],
    ['lists in another order', [1, 2], [2, 1], false],
    ['equal lists', [1, [2]], [1, [2]], true],
    ['a list and what it looks like when it is joined', [1, 2], ['1,2'], false],
    ['a nested number and its text', { a: 1 }, { a: '1' }, false],
    ['an object and a string of its looks', { a: 1 }, '{"a":1}', false],
    ['nothing and a list of nothing', null, [null], false],
    ['a list of undefined and one of null, which JSON has in its place', [undefined], [null], true],
    ['an empty list and an empty object', [], {}, false],
  ])('%s', (_, x, y, isEqual) => {
    expect(comparable(x) === comparable(y)).toBe(isEqual);
    expect(comparable(y) === comparable(x)).toBe(isEqual);
    const values = new Values();
    expect(values.number(x) === values.number(y)).toBe(isEqual);
    expect(values.size).toBe(isEqual ? 1 : 2);
  });

  it('has one number, from 0 on, by which it is found again', () => {
    const values = new Values();
    const some = [null, 'x', { a: 1 }, 3, 'x', { a: 1 }];
    expect(some.map((value) => values.number(value))).toEqual([0, 1, 2, 3, 1, 2]);
    expect([0, 1, 2, 3].map((number) => values.value(number))).toEqual([null, 'x', { a: 1 }, 3]);
  });

  it('weighs what it is likely to take: eight for itself, a text a quarter a character, an object one a character', () => {
    const weightOf = (...some: unknown[]) => {
      const values = new Values();
      for (const value of some) values.number(value);
      return values.weight;
    };
    expect(weightOf()).toBe(0);
    expect(weightOf(5)).toBe(8);
    expect(weightOf(5, 5)).toBe(8);
    expect(weightOf('x'.repeat(40))).toBe(18);
    expect(weightOf({ a: 1 })).toBe(8 + '\u0000{"a":1}'.length);
    expect(weightOf(5, 'xxxx')).toBe(17);
  });
});
