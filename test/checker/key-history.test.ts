import { describe, expect, it, test } from 'vitest';
import {
  type KeyHistory,
  Kind,
  keyHistory,
  type Step,
  unlookedFor,
} from '../../harness/checker/key-history.ts';
import type { Model } from '../../harness/checker/model.ts';
import { counter } from '../../harness/checker/models/counter.ts';
import { kv } from '../../harness/checker/models/kv.ts';
import { multiRegister } from '../../harness/checker/models/multi-register.ts';
import { register } from '../../harness/checker/models/register.ts';
import { tell } from '../../harness/checker/tell.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';

const names = new Map<number, string>(Object.entries(Kind).map(([name, kind]) => [kind, name]));

/** A step as "set 1, 0 to 5": `*` is a value that nobody asks about, `oo` the end of what may never have happened. */
function told({ values }: KeyHistory, { kind, a, b, call, ret }: Step): string {
  const value = (number: number) => (number === unlookedFor ? '*' : tell(values.value(number)));
  const what =
    kind === Kind.look || kind === Kind.change
      ? `#${a}`
      : kind === Kind.swap
        ? `${value(a)} to ${value(b)}`
        : value(a);
  return `${names.get(kind)} ${what}, ${call / 1e6} to ${ret === Number.POSITIVE_INFINITY ? 'oo' : ret / 1e6}`;
}

function stepsOf(operations: readonly Operation[], model: Model = register) {
  const history = keyHistory(model, operations);
  const all = (steps: readonly Step[]) => steps.map((step) => told(history, step));
  return { steps: all(history.steps), open: all(history.open) };
}

describe('the steps of a key', () => {
  it('are what certainly happened, by when it was sent, and apart from that what may have', () => {
    expect(
      stepsOf([
        ok.read(2, 8, 9),
        ok.write(1, 0, 1),
        fail.write(5, 0, 1),
        info.read(1, 0, 1),
        fail.read(1, 0, 1),
        ok.cas(1, 2, 2, 3),
        ok.miss(7, 8, 4, 5),
        info.write(2, 7, 8),
        info.write(2, 6, 8),
        info.miss(7, 8, 6, 7),
      ]),
    ).toEqual({
      steps: ['set 1, 0 to 1', 'swap 1 to 2, 2 to 3', 'expectNot 7, 4 to 5', 'expect 2, 8 to 9'],
      open: ['set 2, 6 to oo', 'set 2, 7 to oo'],
    });
  });

  it('stay in the order of the file where that is the order of time', () => {
    const tied = [ok.write(1, 0, 9), ok.write(2, 0, 1), ok.read(1, 0, 9), ok.read(2, 0, 1)];
    expect(keyHistory(register, tied).steps.map(({ operation }) => operation)).toEqual(tied);
    const late = [tied[1]!, { ...tied[0]!, invokeNs: -1 }];
    expect(keyHistory(register, late).steps.map(({ operation }) => operation)).toEqual([...late].reverse());
  });

  test.each<[string, Operation[], Model, { hasExpectNot: boolean; hasChange: boolean }]>([
    [
      'reads and writes',
      [ok.write(1, 0, 1), ok.read(1, 2, 3)],
      register,
      { hasExpectNot: false, hasChange: false },
    ],
    [
      'a compare that did not hold',
      [ok.miss(1, 2, 0, 1)],
      register,
      { hasExpectNot: true, hasChange: false },
    ],
    [
      'one of which nobody knows',
      [info.miss(1, 2, 0, 1)],
      register,
      { hasExpectNot: false, hasChange: false },
    ],
    ['an append', [ok.append('x', 0, 1)], kv, { hasExpectNot: false, hasChange: true }],
    ['a look', [ok.read(null, 0, 1)], multiRegister, { hasExpectNot: false, hasChange: true }],
  ])('tell of themselves: %s', (_, operations, model, expected) => {
    expect(keyHistory(model, operations)).toMatchObject(expected);
  });

  it('leave out what the model does not know, and open looks', () => {
    expect(stepsOf([ok.append('x', 0, 1), ok.read(null, 2, 3)])).toEqual({
      steps: ['expect nothing, 2 to 3'],
      open: [],
    });
    expect(stepsOf([info.txn([['r', 'x', 1]], 0, 1)], multiRegister)).toEqual({ steps: [], open: [] });
  });

  it('number their effects by name, and never settle where values follow from one another', () => {
    const operations = [
      ok.add(2, 0, 1),
      info.add(3, 0, 1),
      ok.add(2, 2, 3),
      info.add(2, 5, 6),
      info.add(3, 4, 5),
      ok.read(4, 4, 5),
    ];
    expect(stepsOf(operations, counter)).toEqual({
      steps: ['change #0, 0 to 1', 'change #0, 2 to 3', 'expect 4, 4 to 5'],
      open: ['change #1, 0 to oo', 'change #1, 4 to oo', 'change #0, 5 to oo'],
    });
    const history = keyHistory(counter, operations);
    expect(history.changes.map(({ name }) => name)).toEqual(['2', '3']);
    expect(history).toMatchObject({ looks: [], unwritten: undefined });
    expect(history.values.value(history.initial)).toBe(0);
    const txns = [
      ok.txn([['r', 'x', null]], 0, 1),
      ok.txn([['w', 'x', 1]], 2, 3),
      ok.txn([['r', 'x', null]], 0, 9),
    ];
    expect(stepsOf(txns, multiRegister).steps).toEqual([
      'look #0, 0 to 1',
      'look #0, 0 to 9',
      'change #0, 2 to 3',
    ]);
    expect(keyHistory(multiRegister, txns).looks).toHaveLength(1);
    expect(keyHistory(kv, txns.slice(0, 0)).mayBecome).toBe(kv.mayBecome);
  });
});

describe('an open write', () => {
  const table: [what: string, operations: Operation[], steps: string[], open: string[]][] = [
    [
      'of which alone a value can come has happened by the time the first that found it returned',
      [info.write(1, 0, 1), ok.read(1, 8, 9), ok.read(1, 5, 6), ok.read(1, 2, 20)],
      ['set 1, 0 to 6', 'expect 1, 2 to 20', 'expect 1, 5 to 6', 'expect 1, 8 to 9'],
      [],
    ],
    [
      'of which alone a compare can have found it has happened too',
      [info.write(1, 4, 5), ok.cas(1, 2, 6, 7), ok.write(3, 0, 1), ok.read(2, 8, 9)],
      ['set *, 0 to 1', 'set 1, 4 to 7', 'swap 1 to 2, 6 to 7', 'expect 2, 8 to 9'],
      [],
    ],
    [
      'is one of two that may have been it',
      [info.write(1, 0, 1), info.write(1, 0, 1), ok.read(1, 2, 3)],
      ['expect 1, 2 to 3'],
      ['set 1, 0 to oo', 'set 1, 0 to oo'],
    ],
    [
      'is one of two, the other certain',
      [info.write(1, 0, 1), ok.write(1, 0, 1), ok.read(1, 2, 3)],
      ['set 1, 0 to 1', 'expect 1, 2 to 3'],
      ['set 1, 0 to oo'],
    ],
    [
      'of the first value may not have been it',
      [info.delete(0, 1), ok.read(null, 2, 3)],
      ['expect nothing, 2 to 3'],
      ['set nothing, 0 to oo'],
    ],
    [
      'that nobody found is of no consequence',
      [ok.write(2, 0, 1), info.write(1, 0, 1), ok.read(2, 2, 3)],
      ['set 2, 0 to 1', 'expect 2, 2 to 3'],
      [],
    ],
    [
      'sent when all that found its value had returned is of none either, and then the other is alone',
      [info.write(1, 0, 1), ok.read(1, 2, 3), info.write(1, 3.1, 4)],
      ['set 1, 0 to 3', 'expect 1, 2 to 3'],
      [],
    ],
    [
      'sent at the very time at which the last returned may have been it',
      [info.write(1, 0, 1), ok.read(1, 2, 3), info.write(1, 3, 4)],
      ['expect 1, 2 to 3'],
      ['set 1, 0 to oo', 'set 1, 3 to oo'],
    ],
    [
      'that nobody found may have been why a compare did not hold',
      [ok.write(2, 0, 1), info.write(1, 0, 1), ok.miss(2, 3, 2, 3)],
      ['set 2, 0 to 1', 'expectNot 2, 2 to 3'],
      ['set *, 0 to oo'],
    ],
    [
      'that an open compare may have found stays, if that compare does',
      [info.write(1, 0, 1), info.cas(1, 2, 0.1, 1), info.cas(1, 2, 0.2, 1), ok.read(2, 2, 3)],
      ['expect 2, 2 to 3'],
      ['set 1, 0 to oo', 'swap 1 to 2, 0.1 to oo', 'swap 1 to 2, 0.2 to oo'],
    ],
    [
      'is certain if the open compare which found it is',
      [info.write(1, 0, 1), info.cas(1, 2, 0.5, 1), ok.read(2, 2, 3)],
      ['set 1, 0 to 3', 'swap 1 to 2, 0.5 to 3', 'expect 2, 2 to 3'],
      [],
    ],
    [
      'is of no consequence if the open compare which may have found it is of none',
      [info.write(1, 0, 1), info.cas(1, 2, 0, 1), ok.read(null, 2, 3)],
      ['expect nothing, 2 to 3'],
      [],
    ],
    ['is alone', [info.write(1, 0, 1)], [], []],
  ];
  test.each(table)('%s', (_, operations, steps, open) => {
    expect(stepsOf(operations)).toEqual({ steps, open });
    expect(stepsOf([...operations].reverse())).toEqual({ steps, open });
  });

  it('is settled through a chain of eight open compares, and one round each is the most that is worth it', () => {
    const chain = (length: number) => [
      info.write(0, 0, 1),
      ...Array.from({ length }, (_, i) => info.cas(i, i + 1, i + 1, i + 2)),
      ok.read(length, 90, 91),
    ];
    expect(stepsOf(chain(7)).open).toEqual([]);
    expect(stepsOf(chain(8)).open).toEqual(['set 0, 0 to oo']);
    expect(stepsOf(chain(9)).open).toHaveLength(2);
    expect(stepsOf(chain(8).reverse()).open).toEqual([]);
  });
});

describe('values', () => {
  it('that nobody asks about are one, the first one too', () => {
    const { initial, values, ...history } = keyHistory(register, [
      ok.write(1, 0, 1),
      ok.write(2, 2, 3),
      ok.write(3, 4, 5),
      ok.cas(3, 4, 6, 7),
    ]);
    expect(initial).toBe(unlookedFor);
    expect(history.steps.map(({ a, b }) => [a, b])).toEqual([
      [0, 0],
      [0, 0],
      [4, 0],
      [4, 0],
    ]);
    expect(values.value(4)).toBe(3);
  });

  it('that a compare which did not hold names, or an open one, are asked about', () => {
    expect(stepsOf([ok.write(1, 0, 1), ok.write(2, 0, 1), ok.miss(1, 5, 2, 3)]).steps).toEqual([
      'set 1, 0 to 1',
      'set *, 0 to 1',
      'expectNot 1, 2 to 3',
    ]);
    const open = [ok.write(1, 0, 1), info.cas(1, 5, 2, 3), info.cas(1, 5, 2, 3), ok.read(5, 4, 5)];
    expect(stepsOf(open)).toEqual({
      steps: ['set 1, 0 to 1', 'expect 5, 4 to 5'],
      open: ['swap 1 to 5, 2 to oo', 'swap 1 to 5, 2 to oo'],
    });
    const first = keyHistory(register, [ok.read(null, 0, 1)]);
    expect(first.values.value(first.initial)).toBe(null);
    expect(keyHistory(register, [ok.miss(null, 1, 0, 1)]).initial).not.toBe(unlookedFor);
  });

  test.each<[string, Operation[], string | undefined]>([
    ['of a read', [ok.write(1, 0, 1), ok.read(2, 2, 3), ok.read(3, 4, 5)], 'expect 2, 2 to 3'],
    ['of a compare that held', [ok.cas(1, 2, 0, 1)], 'swap 1 to *, 0 to 1'],
    ['of a compare that did not hold', [ok.miss(1, 2, 0, 1)], undefined],
    ['which a compare wrote', [ok.cas(null, 2, 0, 1), ok.read(2, 2, 3)], undefined],
    ['which may have been written', [info.write(2, 0, 1), info.write(2, 0, 1), ok.read(2, 2, 3)], undefined],
    [
      'which an open compare may have written',
      [info.cas(null, 2, 0, 1), info.cas(null, 2, 0, 1), ok.read(2, 2, 3)],
      undefined,
    ],
    ['which was refused', [fail.write(2, 0, 1), ok.read(2, 2, 3)], 'expect 2, 2 to 3'],
    ['which is the first', [ok.read(null, 2, 3)], undefined],
  ])('that nobody wrote are told: %s', (_, operations, expected) => {
    const history = keyHistory(register, operations);
    expect(history.unwritten && told(history, history.unwritten)).toBe(expected);
  });
});
