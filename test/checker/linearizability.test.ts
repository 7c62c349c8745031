import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Budget, defaultBudget } from '../../harness/checker/checker.ts';
import { isLinearizableGrade, linearizability } from '../../harness/checker/linearizability.ts';
import type { Model } from '../../harness/checker/model.ts';
import { kv } from '../../harness/checker/models/kv.ts';
import { register } from '../../harness/checker/models/register.ts';
import type { History, Operation } from '../../harness/history/operation.ts';
import { seeded } from '../../harness/random.ts';
import { isLinearizableByBruteForce } from './brute-force.ts';
import { fail, info, ok } from './build.ts';
import { generate } from './generate.ts';
import { atLeastSix } from './table.ts';

const history = (operations: readonly Operation[]): History => ({ operations, faults: [] });
const check = (operations: readonly Operation[], model: Model = register, budget: Budget = defaultBudget) =>
  linearizability({ model }).check(history(operations), budget);

/** A name, the history, and `valid` or what the violation's summary has to say. */
type Row = [name: string, operations: Operation[], expected: 'valid' | RegExp];

const registers: Row[] = [
  // Reads and writes.
  ['a read of nothing from a key that was never written', [ok.read(null, 0, 1)], 'valid'],
  ['a read of what was written', [ok.write(1, 0, 1), ok.read(1, 2, 3)], 'valid'],
  [
    'a read of what nobody wrote',
    [ok.read(7, 0, 1)],
    /k: read 7 by process 0 at 0 ns, but nobody had written 7/,
  ],
  [
    'a read of what others wrote, but not this',
    [ok.write(1, 0, 1), ok.read(2, 2, 3)],
    /read 2 .*nobody had written 2/,
  ],
  [
    'a number read where its text was written',
    [ok.write('1', 0, 1), ok.read(1, 2, 3)],
    /nobody had written 1/,
  ],
  ['an object that is equal', [ok.write({ a: 1, b: [2] }, 0, 1), ok.read({ b: [2], a: 1 }, 2, 3)], 'valid'],
  [
    'an object that is not equal',
    [ok.write({ a: 1 }, 0, 1), ok.read({ a: 2 }, 2, 3)],
    /nobody had written \{"a":2\}/,
  ],
  [
    'a stale read',
    [ok.write(12, 0, 1), ok.write(15, 3200, 3300, { process: 2 }), ok.read(12, 4100, 4200, { process: 3 })],
    /^k: read 12 by process 3 at 4.1 s, but 12 was overwritten by write 15 by process 2 \(sent 3.2 s, acknowledged 3.3 s\)$/,
  ],
  [
    'a read of nothing after a write',
    [ok.write(1, 0, 1), ok.read(null, 2, 3)],
    /read nothing .* but it had been given a value by write 1/,
  ],
  ['a read before a write that runs at the same time', [ok.write(1, 0, 10), ok.read(null, 2, 3)], 'valid'],
  ['a read of a write that runs at the same time', [ok.write(1, 0, 10), ok.read(1, 2, 3)], 'valid'],
  [
    'of two writes at one time the first to return came last, since a compare with the other did not hold',
    [ok.write(2, 0, 100), ok.write(1, 0, 101), ok.miss(1, 9, 200, 201)],
    'valid',
  ],
  [
    'an open write that is of use only to an open compare, both of whose values others wrote too',
    [
      ok.write(3, 0, 1),
      ok.read(3, 2, 3),
      ok.write(1, 4, 5),
      info.write(2, 10, 11),
      info.cas(2, 3, 12, 13),
      ok.read(3, 20, 21),
    ],
    'valid',
  ],
  [
    'a write that only an open compare may have found, and a concurrent one',
    [
      ok.write(3, 0, 1),
      ok.read(3, 2, 3),
      ok.write(1, 9, 20),
      ok.write(2, 10, 21),
      info.cas(2, 3, 12, 13),
      ok.read(3, 30, 31),
    ],
    'valid',
  ],
  [
    'two open writes of one value, the later of which is told first',
    [
      info.write(2, 100, 101),
      info.write(2, 0, 1),
      ok.write(1, 2, 3),
      ok.read(2, 10, 11),
      ok.write(3, 20, 21),
      ok.read(2, 200, 201),
    ],
    'valid',
  ],
  [
    'a read that was answered at the very time at which its write was sent',
    [ok.read(1, 0, 5), ok.write(1, 5, 10, { process: 4 })],
    'valid',
  ],
  [
    'an open write that only an open compare found, whose own value was read',
    [ok.write(1, 0, 1), info.write(2, 10, 11), info.cas(2, 3, 12, 13), ok.read(3, 20, 21)],
    'valid',
  ],
  [
    'a read that was answered before its write was sent',
    [ok.read(1, 0, 1), ok.write(1, 2, 3, { process: 4 })],
    /read 1 .* was answered at 1 ms, but 1 was sent only at 2 ms, by process 4/,
  ],
  [
    'two concurrent writes, read in one order',
    [ok.write(1, 0, 9), ok.write(2, 0, 9), ok.read(1, 10, 11)],
    'valid',
  ],
  [
    'two concurrent writes, read in the other order',
    [ok.write(1, 0, 9), ok.write(2, 0, 9), ok.read(2, 10, 11)],
    'valid',
  ],
  [
    'two concurrent writes, read in both orders',
    [ok.write(1, 0, 9), ok.write(2, 0, 9), ok.read(1, 10, 11), ok.read(2, 12, 13), ok.read(1, 14, 15)],
    /read 1 .* at 14 ms, but 2 had taken its place: read 2 .*1 is the older: /,
  ],
  [
    'a read of the new and then of the old value during the write',
    [ok.write(1, 0, 1), ok.write(2, 2, 100), ok.read(2, 3, 4), ok.read(1, 5, 6)],
    /read 1 by process 0 at 5 ms, but 2 had taken its place: read 2/,
  ],
  [
    'a read of the old and then of the new value during the write',
    [ok.write(1, 0, 1), ok.write(2, 2, 100), ok.read(1, 3, 4), ok.read(2, 5, 6)],
    'valid',
  ],
  [
    'a read sent at the very time at which the write returned',
    [ok.write(1, 0, 5), ok.read(null, 5, 6)],
    'valid',
  ],
  [
    'a read sent just after the write returned',
    [ok.write(1, 0, 5), ok.read(null, 5.000001, 6)],
    /read nothing/,
  ],
  [
    'keys that are each right',
    [ok.write(1, 0, 1, { key: 'a' }), ok.read(null, 2, 3, { key: 'b' }), ok.read(1, 4, 5, { key: 'a' })],
    'valid',
  ],
  [
    'a value that was written to another key',
    [ok.write(1, 0, 1, { key: 'a' }), ok.read(1, 2, 3, { key: 'b' })],
    /^b: read 1 .*nobody had written 1/,
  ],
  [
    'the same value written twice, and back again',
    [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.write(1, 4, 5), ok.read(1, 6, 7)],
    'valid',
  ],
  [
    'the same value written twice, both overwritten',
    [ok.write(1, 0, 1), ok.write(1, 2, 3), ok.write(2, 4, 5), ok.read(1, 6, 7)],
    /no order of these \d operations explains every answer: .*read 1/,
  ],

  // Refused operations.
  ['a read of nothing after a refused write', [fail.write(1, 0, 1), ok.read(null, 2, 3)], 'valid'],
  [
    'a read of a refused write',
    [fail.write(1, 0, 1), ok.read(1, 2, 3)],
    /1 was never written: write 1 by process 0 \(sent 0 ns, refused 1 ms\) failed/,
  ],
  ['a refused read', [ok.write(1, 0, 1), fail.read(null, 2, 3), ok.read(1, 4, 5)], 'valid'],

  // Writes of which nobody knows.
  ['a read of a write that may have happened', [info.write(1, 0, 1), ok.read(1, 5, 6)], 'valid'],
  ['a read of nothing where a write may have happened', [info.write(1, 0, 1), ok.read(null, 5, 6)], 'valid'],
  [
    'a write that happens long after its client gave up',
    [info.write(1, 0, 1), ok.write(2, 5, 6), ok.read(2, 7, 8), ok.read(1, 9, 10)],
    'valid',
  ],
  [
    'a write that may have happened, seen and then gone',
    [info.write(1, 0, 1), ok.read(1, 5, 6), ok.read(null, 7, 8)],
    /read nothing .* at 7 ms, but 1 had taken its place: read 1/,
  ],
  [
    'a write that may have happened, twice',
    [info.write(1, 0, 1), ok.read(1, 2, 3), ok.write(2, 4, 5), ok.read(1, 6, 7)],
    /read 1 .* at 6 ms, but 1 was overwritten by write 2/,
  ],
  [
    'a write that may have happened, read before it was sent',
    [ok.read(1, 0, 1), info.write(1, 2, 3)],
    /read 1/,
  ],
  ['a read of which nobody knows the answer', [ok.write(1, 0, 1), info.read(null, 2, 3)], 'valid'],
  [
    'a delete that may have happened',
    [ok.write(1, 0, 1), info.delete(2, 3), ok.read(1, 4, 5), ok.read(null, 6, 7)],
    'valid',
  ],
  [
    'a delete that may have happened once, seen twice',
    [ok.write(1, 0, 1), info.delete(2, 3), ok.read(null, 4, 5), ok.write(2, 6, 7), ok.read(null, 8, 9)],
    /read nothing/,
  ],

  // Compare and set.
  ['a compare that held', [ok.write(1, 0, 1), ok.cas(1, 2, 2, 3), ok.read(2, 4, 5)], 'valid'],
  [
    'a compare that should not have held',
    [ok.write(1, 0, 1), ok.write(3, 2, 3), ok.cas(1, 2, 4, 5)],
    /cas 1 to 2 by process 0 at 4 ms, but 1 was overwritten by write 3/,
  ],
  [
    'a compare with what nobody wrote that held',
    [ok.write(1, 0, 1), ok.cas(5, 2, 2, 3)],
    /cas 5 to 2 .*nobody had written 5/,
  ],
  ['a compare that did not hold', [ok.write(1, 0, 1), ok.miss(3, 2, 2, 3), ok.read(1, 4, 5)], 'valid'],
  [
    'a compare that should have held',
    [ok.write(1, 0, 1), ok.miss(1, 2, 2, 3)],
    /no order .*write 1 .*cas 1 to 2 \(did not swap\)/,
  ],
  [
    'a compare that did not hold, but is read',
    [ok.write(1, 0, 1), ok.miss(3, 2, 2, 3), ok.read(2, 4, 5)],
    /nobody had written 2/,
  ],
  [
    'two compares with one value that both held',
    [ok.write(1, 0, 1), ok.cas(1, 2, 2, 9, { process: 1 }), ok.cas(1, 3, 2, 9, { process: 2 })],
    /no order .*cas 1 to 2 by process 1.*cas 1 to 3 by process 2/,
  ],
  ['a compare with nothing on a new key', [ok.cas(null, 1, 0, 1), ok.read(1, 2, 3)], 'valid'],
  [
    'a compare with nothing on a key that is there',
    [ok.write(1, 0, 1), ok.cas(null, 2, 2, 3)],
    /cas nothing to 2/,
  ],
  [
    'compares in a chain, sent in the opposite order',
    [ok.write(1, 0, 1), ok.cas(3, 4, 2, 9), ok.cas(2, 3, 3, 9), ok.cas(1, 2, 4, 9), ok.read(4, 10, 11)],
    'valid',
  ],
  [
    'compares in a chain that the clock forbids',
    [ok.write(1, 0, 1), ok.cas(2, 3, 2, 3), ok.cas(1, 2, 4, 5)],
    /cas 2 to 3 .* was answered at 3 ms, but 2 was sent only at 4 ms/,
  ],
  ['a compare that may have held', [ok.write(1, 0, 1), info.cas(1, 2, 2, 3), ok.read(2, 4, 5)], 'valid'],
  ['a compare that may not have held', [ok.write(1, 0, 1), info.cas(1, 2, 2, 3), ok.read(1, 4, 5)], 'valid'],
  [
    'a compare that cannot have held, but is read',
    [ok.write(1, 0, 1), ok.write(3, 2, 3), info.cas(1, 2, 4, 5), ok.read(2, 6, 7)],
    /cas 1 to 2 .*but 1 was overwritten by write 3/,
  ],
  [
    'an open write of a value that nobody reads explains why a compare did not hold',
    [ok.write(1, 0, 1), info.write(9, 2, 3), ok.miss(1, 2, 4, 5)],
    'valid',
  ],
  [
    'and is seen no more once the compared value is read again',
    [ok.write(1, 0, 1), info.write(9, 2, 3), ok.miss(1, 2, 4, 5), ok.read(1, 6, 7)],
    /no order of these 4 operations/,
  ],

  // Deletes.
  ['a read of nothing after a delete', [ok.write(1, 0, 1), ok.delete(2, 3), ok.read(null, 4, 5)], 'valid'],
  [
    'a read of what was deleted',
    [ok.write(1, 0, 1), ok.delete(2, 3), ok.read(1, 4, 5)],
    /1 was overwritten by delete/,
  ],
  [
    'a read of nothing before the delete',
    [ok.write(1, 0, 1), ok.read(null, 2, 3), ok.delete(4, 5)],
    /read nothing/,
  ],
  [
    'a write after a delete',
    [ok.write(1, 0, 1), ok.delete(2, 3), ok.write(2, 4, 5), ok.read(2, 6, 7)],
    'valid',
  ],
];

const stores: Row[] = [
  ['a get of an empty key', [ok.read('', 0, 1)], 'valid'],
  ['a get of a key that is not there', [ok.read(null, 0, 1)], 'valid'],
  ['appends in order', [ok.append('x', 0, 1), ok.append('y', 2, 3), ok.read('xy', 4, 5)], 'valid'],
  [
    'appends in the wrong order',
    [ok.append('x', 0, 1), ok.append('y', 2, 3), ok.read('yx', 4, 5)],
    /no order .*read "yx"/,
  ],
  ['concurrent appends', [ok.append('x', 0, 9), ok.append('y', 0, 9), ok.read('yx', 10, 11)], 'valid'],
  ['an append that is missing', [ok.append('x', 0, 1), ok.append('y', 2, 3), ok.read('x', 4, 5)], /no order/],
  ['an append that came twice', [ok.append('x', 0, 1), ok.read('xx', 2, 3)], /no order/],
  ['an append to what was put', [ok.write('a', 0, 1), ok.append('b', 2, 3), ok.read('ab', 4, 5)], 'valid'],
  ['a put over appends', [ok.append('b', 0, 1), ok.write('a', 2, 3), ok.read('a', 4, 5)], 'valid'],
  [
    'an append that survives a put',
    [ok.append('b', 0, 1), ok.write('a', 2, 3), ok.read('ba', 4, 5)],
    /no order/,
  ],
  [
    'an append that may have happened',
    [info.append('x', 0, 1), ok.read('', 2, 3), ok.read('x', 4, 5)],
    'valid',
  ],
  [
    'an append that may have happened, seen and then gone',
    [info.append('x', 0, 1), ok.read('x', 2, 3), ok.read('', 4, 5)],
    /no order/,
  ],
  ['an append that may have happened, twice', [info.append('x', 0, 1), ok.read('xx', 2, 3)], /no order/],
  ['a get of what nobody put', [ok.write('a', 0, 1), ok.read('b', 2, 3)], /nobody had written "b"/],
];

describe.each([
  ['register', register, registers],
  ['kv', kv, stores],
] as const)('histories of a %s', (_, model, rows) => {
  atLeastSix(
    'linearizability',
    'accepted',
    rows.filter(([, , expected]) => expected === 'valid'),
  );
  atLeastSix(
    'linearizability',
    'rejected',
    rows.filter(([, , expected]) => expected !== 'valid'),
  );
  test.each(rows)('%s', (_name, operations, expected) => {
    const verdict = check(operations, model);
    if (expected === 'valid') {
      expect(verdict).toEqual({ valid: true, operations: expect.any(Number) });
    } else {
      expect(verdict).toMatchObject({
        valid: false,
        violations: [{ checker: 'linearizability', summary: expect.stringMatching(expected) }],
      });
    }
    // The order in which a file tells them is not the order in which they happened.
    expect(check([...operations].reverse(), model).valid).toBe(verdict.valid);
  });
});

describe('what is no proof', () => {
  it('an empty history is unknown', () => {
    expect(check([])).toEqual({ valid: 'unknown', operations: 0, reason: 'no operation happened' });
  });

  it('a history in which everything was refused is unknown', () => {
    expect(check([fail.write(1, 0, 1), fail.read(null, 2, 3), info.read(null, 2, 3)]).valid).toBe('unknown');
  });

  it('an operation that the model does not know is unknown', () => {
    expect(check([ok.append('x', 0, 1)])).toMatchObject({
      valid: 'unknown',
      reason: 'the model register does not know "append"',
    });
  });

  it('what the budget does not reach is unknown, with the reason', () => {
    const operations = hopeless();
    const timed = check(operations, register, { timeMs: 50, maxMemoEntries: 1e6 });
    expect(timed).toMatchObject({
      valid: 'unknown',
      reason: expect.stringMatching(/time of 50 ms is spent with 1 of 1 keys/),
    });
    const small = check(operations, register, { timeMs: 20_000, maxMemoEntries: 1_000 });
    expect(small).toMatchObject({
      valid: 'unknown',
      reason: expect.stringMatching(/memory of 1000 entries is spent/),
    });
  });

  it('a hopeless key does not hide an illegal one', () => {
    const operations = [...hopeless(), ok.read(5, 0, 1, { key: 'plain' })];
    expect(check(operations)).toMatchObject({
      valid: false,
      violations: [{ key: 'plain' }],
    });
  });

  it('only operations of the grade take part where one is judged', () => {
    const operations = [
      ok.write(1, 0, 1),
      ok.write(2, 2, 3),
      ok.read(1, 4, 5, { grade: 'eventual' }),
      ok.read(2, 4, 5, { grade: 'linearizable' }),
    ];
    expect(check(operations).valid).toBe(false);
    const graded = linearizability({ takesPart: isLinearizableGrade }).check(
      history(operations),
      defaultBudget,
    );
    expect(graded).toEqual({ valid: true, operations: 3 });
  });
});

/** Sixteen writes of two values at once, over and over, and in the end a read that none of it explains. */
function hopeless(): Operation[] {
  const operations: Operation[] = [];
  for (let i = 0; i < 26; i++) {
    operations.push(ok.cas(i % 5, (i * 3 + 1) % 5, 0, 100, { process: i, key: 'hard' }));
    operations.push(ok.write(i % 5, 0, 100, { process: 100 + i, key: 'hard' }));
  }
  operations.push(ok.write(0, 101, 102, { key: 'hard' }), ok.read(1, 103, 104, { key: 'hard' }));
  return operations;
}

describe('evidence', () => {
  it('is the few operations that show it, out of many', () => {
    const operations = generate({
      seed: 5,
      clients: 8,
      keys: 1,
      operations: 2_000,
      mix: { read: 5, write: 3, cas: 2 },
    });
    const at = operations.findIndex(({ f }, i) => f === 'read' && i > 1_000);
    const [first] = operations.filter(({ f }) => f === 'write');
    operations[at] = { ...operations[at]!, value: first!.value };
    const verdict = check(operations);
    expect(verdict).toMatchObject({ valid: false, violations: [{ key: 'k0' }] });
    if (verdict.valid !== false) return;
    expect(verdict.violations[0]!.operations.length).toBeLessThanOrEqual(6);
    expect(verdict.violations[0]!.operations).toContain(operations[at]);
  });

  it('is still illegal by itself, where a search had to find it', () => {
    const operations = generate({
      seed: 6,
      clients: 6,
      keys: 1,
      operations: 300,
      mix: { read: 2, write: 2, cas: 2 },
      values: 4,
    });
    const missed = operations.findIndex(({ f, swapped }, i) => f === 'cas' && swapped === true && i > 150);
    operations[missed] = { ...operations[missed]!, swapped: false };
    const verdict = check(operations);
    expect(verdict.valid).toBe(false);
    if (verdict.valid !== false) return;
    const [violation] = verdict.violations;
    expect(violation!.operations.length).toBeLessThan(operations.length);
    // Only those that it shows in full; a longer list is cut.
    if (violation!.operations.length < 40) {
      expect(violation!.summary).toMatch(/no order of these/);
    }
  });
});

describe('laws', () => {
  const mixes = [
    { read: 1, write: 1 },
    { read: 4, write: 3, cas: 2 },
    { read: 4, write: 3, cas: 2, delete: 1 },
  ] as const;
  const options = fc.record({
    seed: fc.integer(),
    clients: fc.integer({ min: 1, max: 12 }),
    keys: fc.integer({ min: 1, max: 3 }),
    operations: fc.integer({ min: 2, max: 150 }),
    mix: fc.constantFrom(...mixes),
    infoShare: fc.constantFrom(0, 0.05, 0.2),
    values: fc.constantFrom(undefined, 3, 5),
  });

  it('what a linearizable register did is valid', () => {
    fc.assert(
      fc.property(options, (generated) => {
        const verdict = check(generate(generated));
        expect(verdict.valid === true || verdict.operations === 0).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('what a linearizable key-value store did is valid', () => {
    fc.assert(
      fc.property(options, (generated) => {
        const mix = { read: 4, write: 1, append: 4 };
        const verdict = check(
          generate({ ...generated, mix, strings: true, operations: Math.min(60, generated.operations) }),
          kv,
        );
        expect(verdict.valid === true || verdict.operations === 0).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('and is rejected once a read shows what it cannot', () => {
    let mutated = 0;
    fc.assert(
      fc.property(options, fc.integer(), (generated, seed) => {
        const operations = generate({ ...generated, values: undefined });
        const wrong = mutate(operations, seed);
        if (wrong === undefined) return;
        mutated++;
        expect(check(wrong).valid).toBe(false);
      }),
      { numRuns: 400 },
    );
    expect(mutated).toBeGreaterThan(200);
  });

  it('agrees with trying every order, on 1,000 small histories with a fifth of them open', () => {
    const counts = { valid: 0, illegal: 0 };
    for (let seed = 0; seed < 1_000; seed++) {
      const random = seeded(seed).fork('agreement');
      const strings = random.number() < 0.2;
      const model = strings ? kv : register;
      const operations = disturb(
        generate({
          seed,
          clients: random.integer(2, 5),
          operations: random.integer(3, 9),
          keys: 1,
          mix: strings
            ? { read: 4, write: 2, append: 3 }
            : { read: 4, write: 3, cas: random.integer(0, 3), delete: random.integer(0, 1) },
          infoShare: 0.2,
          values: random.pick([undefined, 2, 3]),
          strings,
        }),
        seed,
        strings,
      );
      const expected = isLinearizableByBruteForce(operations, model.initial);
      const verdict = check(operations, model);
      const found = verdict.operations === 0 ? true : verdict.valid;
      if (found !== expected)
        throw new Error(`seed ${seed}: expected ${expected}, got ${JSON.stringify(verdict)}`);
      counts[expected ? 'valid' : 'illegal']++;
    }
    expect(counts.valid).toBeGreaterThan(200);
    expect(counts.illegal).toBeGreaterThan(200);
  });

  it('stays what it is when its open operations are settled by trying them', () => {
    // Two keys' worth of a pruned search against none: adding a compare that did not hold turns the pruning off.
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const operations = disturb(
          generate({
            seed,
            clients: 4,
            keys: 1,
            operations: 9,
            mix: { read: 3, write: 3, cas: 1 },
            infoShare: 0.4,
            values: 4,
          }),
          seed,
          false,
        );
        const unpruned = [...operations, ok.miss('never there', 'x', 0, 1e9, { process: 99, key: 'k0' })];
        expect(check(unpruned).valid).toBe(operations.length === 0 ? true : checkOrTrue(operations));
      }),
      { numRuns: 400 },
    );
  });
});

function checkOrTrue(operations: readonly Operation[]): boolean | 'unknown' {
  const verdict = check(operations);
  return verdict.operations === 0 ? true : verdict.valid;
}

/** Changes one thing that makes a history of unique values certainly illegal; undefined when it has no place for it. */
function mutate(operations: readonly Operation[], seed: number): Operation[] | undefined {
  const random = seeded(seed);
  const reads = operations.filter(({ f, outcome }) => f === 'read' && outcome === 'ok');
  const written = new Map(
    operations
      .filter(({ f }) => f === 'write')
      .map((operation) => [`${operation.key} ${operation.value}`, operation]),
  );
  const replace = (one: Operation, by: Operation) => operations.map((other) => (other === one ? by : other));
  const kinds = ['never written', 'not yet written', 'overwritten', 'write taken away'] as const;
  const kind = random.pick(kinds);
  for (const read of random.shuffle(reads)) {
    const writer = written.get(`${read.key} ${read.value}`);
    switch (kind) {
      case 'never written':
        return replace(read, { ...read, value: 'never written' });
      case 'not yet written': {
        const later = operations.find(
          ({ f, key, invokeNs }) => f === 'write' && key === read.key && invokeNs > read.returnNs,
        );
        if (later !== undefined) return replace(read, { ...read, value: later.value });
        break;
      }
      case 'overwritten': {
        const ofKey = operations.filter(
          ({ f, key, outcome }) => f === 'write' && key === read.key && outcome === 'ok',
        );
        const last = ofKey.findLast(({ returnNs }) => returnNs < read.invokeNs);
        const old = last && ofKey.find(({ returnNs }) => returnNs < last.invokeNs);
        if (old !== undefined) return replace(read, { ...read, value: old.value });
        break;
      }
      case 'write taken away':
        if (writer !== undefined) return operations.filter((one) => one !== writer);
        break;
    }
  }
  return undefined;
}

/** Changes a thing or two, at random: the outcome may be legal or not. */
function disturb(operations: readonly Operation[], seed: number, strings: boolean): Operation[] {
  const random = seeded(seed).fork('disturb');
  const changed = [...operations];
  const values = [
    strings ? '' : null,
    ...changed.flatMap(({ f, value }) =>
      f === 'cas' ? (value as unknown[]) : f === 'read' || f === 'delete' ? [] : [value],
    ),
  ];
  for (let i = random.integer(0, 4); i > 0; i--) {
    const at = random.integer(0, changed.length - 1);
    const one = changed[at]!;
    switch (random.integer(0, 3)) {
      case 0:
        if (one.outcome === 'ok') changed[at] = { ...one, returnNs: one.invokeNs + 1 };
        break;
      case 1:
        if (one.f === 'cas' && one.outcome === 'ok') changed[at] = { ...one, swapped: !one.swapped };
        break;
      case 2:
        if (one.f === 'write') changed[at] = { ...one, value: random.pick(values) };
        break;
      default:
        break;
    }
    const read = random.pick(changed);
    if (read.f === 'read' && read.outcome === 'ok')
      changed[changed.indexOf(read)] = { ...read, value: random.pick(values) };
  }
  return changed;
}
