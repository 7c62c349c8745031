import { describe, expect, it, test } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { linearizability } from '../../harness/checker/linearizability.ts';
import type { Model } from '../../harness/checker/model.ts';
import { counter } from '../../harness/checker/models/counter.ts';
import { models } from '../../harness/checker/models/list.ts';
import { multiRegister } from '../../harness/checker/models/multi-register.ts';
import { mutex } from '../../harness/checker/models/mutex.ts';
import { queue } from '../../harness/checker/models/queue.ts';
import { casRegister } from '../../harness/checker/models/register.ts';
import { set } from '../../harness/checker/models/set.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { seeded } from '../../harness/random.ts';
import { info, ok } from './build.ts';
import { isLinearizableByConfigurations } from './configurations.ts';
import { generateBy, type Specification, specifications } from './specifications.ts';

const check = (operations: readonly Operation[], model: Model) =>
  linearizability({ model }).check({ operations, faults: [] }, defaultBudget);

type Row = [name: string, operations: Operation[], valid: boolean];

const tables: readonly [Model, readonly Row[]][] = [
  [
    casRegister,
    [
      ['nothing at first', [ok.read(null, 0, 1)], true],
      ['a write is read', [ok.write(1, 0, 1), ok.read(1, 2, 3)], true],
      ['a compare that holds', [ok.write(1, 0, 1), ok.cas(1, 2, 2, 3), ok.read(2, 4, 5)], true],
      ['a compare that does not', [ok.write(1, 0, 1), ok.miss(3, 2, 2, 3), ok.read(1, 4, 5)], true],
      ['a compare with nothing', [ok.cas(null, 1, 0, 1), ok.read(1, 2, 3)], true],
      ['an open compare that happened', [ok.write(1, 0, 1), info.cas(1, 2, 2, 3), ok.read(2, 9, 10)], true],
      ['of two compares at once one holds', [ok.cas(null, 1, 0, 9), ok.miss(null, 2, 0, 9)], true],
      ['a stale read', [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.read(1, 4, 5)], false],
      ['a compare that holds with what is not there', [ok.write(1, 0, 1), ok.cas(2, 3, 2, 3)], false],
      ['a compare that does not hold with what is', [ok.write(1, 0, 1), ok.miss(1, 3, 2, 3)], false],
      ['both of two compares at once hold', [ok.cas(null, 1, 0, 9), ok.cas(null, 2, 0, 9)], false],
      ['a lost compare', [ok.write(1, 0, 1), ok.cas(1, 2, 2, 3), ok.read(1, 4, 5)], false],
      ['an open compare that could not', [ok.write(1, 0, 1), info.cas(3, 2, 2, 3), ok.read(2, 9, 10)], false],
    ],
  ],
  [
    set,
    [
      ['empty at first', [ok.read([], 0, 1)], true],
      ['no such key is empty', [ok.read(null, 0, 1)], true],
      ['in any order', [ok.add(1, 0, 1), ok.add(2, 2, 3), ok.read([2, 1], 4, 5)], true],
      ['once is enough', [ok.add(1, 0, 1), ok.add(1, 2, 3), ok.read([1], 4, 5)], true],
      ['an add at the same time is there', [ok.add(1, 0, 9), ok.read([1], 2, 3)], true],
      ['or is not', [ok.add(1, 0, 9), ok.read([], 2, 3)], true],
      ['an open add comes late', [info.add(1, 0, 1), ok.read([], 2, 3), ok.read([1], 4, 5)], true],
      ['an add that is missing', [ok.add(1, 0, 1), ok.read([], 2, 3)], false],
      ['what nobody added', [ok.add(1, 0, 1), ok.read([1, 2], 2, 3)], false],
      ['its text', [ok.add(1, 0, 1), ok.read(['1'], 2, 3)], false],
      ['an add that came too early', [ok.read([1], 0, 1), ok.add(1, 2, 3)], false],
      ['an element that goes away', [info.add(1, 0, 1), ok.read([1], 2, 3), ok.read([], 4, 5)], false],
      [
        'two reads that saw two adds in different orders',
        [ok.add(1, 0, 9), ok.add(2, 0, 9), ok.read([1], 1, 8), ok.read([2], 1, 8)],
        false,
      ],
    ],
  ],
  [
    counter,
    [
      ['0 at first', [ok.read(0, 0, 1)], true],
      ['the sum', [ok.add(2, 0, 1), ok.add(3, 2, 3), ok.read(5, 4, 5)], true],
      ['less', [ok.add(2, 0, 1), ok.add(-3, 2, 3), ok.read(-1, 4, 5)], true],
      ['1 when no number is named', [ok.add(null, 0, 1), ok.read(1, 2, 3)], true],
      ['one of two at the same time', [ok.add(1, 0, 9), ok.add(2, 0, 9), ok.read(2, 3, 4)], true],
      ['an open add happened', [info.add(4, 0, 1), ok.read(4, 2, 3)], true],
      ['an open add did not', [info.add(4, 0, 1), ok.read(0, 2, 3)], true],
      ['a lost add', [ok.add(2, 0, 1), ok.add(3, 2, 3), ok.read(3, 4, 5)], false],
      ['an add that happened twice', [ok.add(2, 0, 1), ok.read(4, 2, 3)], false],
      ['an open add that happened twice', [info.add(2, 0, 1), ok.read(2, 2, 3), ok.read(4, 4, 5)], false],
      ['it goes back', [info.add(2, 0, 1), ok.read(2, 2, 3), ok.read(0, 4, 5)], false],
      ['no sum of any', [ok.add(2, 0, 9), ok.add(4, 0, 9), ok.read(3, 3, 4)], false],
      ['too early', [ok.read(1, 0, 1), ok.add(1, 2, 3)], false],
    ],
  ],
  [
    mutex,
    [
      ['granted', [ok.acquire('a', 0, 1)], true],
      ['one after another', [ok.acquire('a', 0, 1), ok.release('a', 2, 3), ok.acquire('b', 4, 5)], true],
      [
        'released while the other waits',
        [ok.acquire('a', 0, 1), ok.acquire('b', 2, 9), ok.release('a', 3, 4)],
        true,
      ],
      [
        'an open release happened',
        [ok.acquire('a', 0, 1), info.release('a', 2, 3), ok.acquire('b', 4, 5)],
        true,
      ],
      ['an open acquire did not', [info.acquire('a', 0, 1), ok.acquire('b', 2, 3)], true],
      ['without owners', [ok.acquire(null, 0, 1), ok.release(null, 2, 3), ok.acquire(null, 4, 5)], true],
      ['granted twice', [ok.acquire('a', 0, 1), ok.acquire('b', 2, 3)], false],
      ['granted twice at once', [ok.acquire('a', 0, 9), ok.acquire('b', 0, 9)], false],
      ['released by another', [ok.acquire('a', 0, 1), ok.release('b', 2, 3)], false],
      ['released while free', [ok.release('a', 0, 1)], false],
      ['released twice', [ok.acquire('a', 0, 1), ok.release('a', 2, 3), ok.release('a', 4, 5)], false],
      [
        'granted before the release was sent',
        [ok.acquire('a', 0, 1), ok.acquire('b', 2, 3), ok.release('a', 4, 5)],
        false,
      ],
      [
        'an open release is one',
        [ok.acquire(null, 0, 1), info.release(null, 2, 3), ok.acquire(null, 4, 5), ok.acquire(null, 6, 7)],
        false,
      ],
    ],
  ],
  [
    queue,
    [
      ['empty at first', [ok.dequeue(null, 0, 1)], true],
      [
        'the oldest first',
        [ok.enqueue(1, 0, 1), ok.enqueue(2, 2, 3), ok.dequeue(1, 4, 5), ok.dequeue(2, 6, 7)],
        true,
      ],
      ['any of two at once first', [ok.enqueue(1, 0, 9), ok.enqueue(2, 0, 9), ok.dequeue(2, 10, 11)], true],
      ['taken while it is put', [ok.enqueue(1, 0, 9), ok.dequeue(1, 2, 3)], true],
      [
        'an open dequeue took the first',
        [ok.enqueue(1, 0, 1), ok.enqueue(2, 2, 3), info.dequeue(null, 4, 5), ok.dequeue(2, 6, 7)],
        true,
      ],
      [
        'an open enqueue came late',
        [info.enqueue(1, 0, 1), ok.dequeue(null, 2, 3), ok.dequeue(1, 4, 5)],
        true,
      ],
      [
        'the same value twice',
        [ok.enqueue(1, 0, 1), ok.enqueue(1, 2, 3), ok.dequeue(1, 4, 5), ok.dequeue(1, 6, 7)],
        true,
      ],
      ['the newest first', [ok.enqueue(1, 0, 1), ok.enqueue(2, 2, 3), ok.dequeue(2, 4, 5)], false],
      ['taken twice', [ok.enqueue(1, 0, 1), ok.dequeue(1, 2, 3), ok.dequeue(1, 4, 5)], false],
      ['taken twice at once', [ok.enqueue(1, 0, 1), ok.dequeue(1, 2, 9), ok.dequeue(1, 2, 9)], false],
      ['lost', [ok.enqueue(1, 0, 1), ok.dequeue(null, 2, 3)], false],
      ['never put', [ok.enqueue(1, 0, 1), ok.dequeue(2, 2, 3)], false],
      ['taken before it was put', [ok.dequeue(1, 0, 1), ok.enqueue(1, 2, 3)], false],
      [
        'two values taken in an order in which they were not put',
        [ok.enqueue(1, 0, 1), ok.enqueue(2, 2, 3), ok.dequeue(2, 4, 9), ok.dequeue(1, 10, 11)],
        false,
      ],
    ],
  ],
  [
    multiRegister,
    [
      [
        'nothing at first',
        [
          ok.txn(
            [
              ['r', 'x', null],
              ['r', 'y', null],
            ],
            0,
            1,
          ),
        ],
        true,
      ],
      [
        'both of a write',
        [
          ok.txn(
            [
              ['w', 'x', 1],
              ['w', 'y', 1],
            ],
            0,
            1,
          ),
          ok.txn(
            [
              ['r', 'x', 1],
              ['r', 'y', 1],
            ],
            2,
            3,
          ),
        ],
        true,
      ],
      [
        'its own write',
        [
          ok.txn(
            [
              ['w', 'x', 1],
              ['r', 'x', 1],
            ],
            0,
            1,
          ),
        ],
        true,
      ],
      [
        'beside plain operations',
        [
          ok.write(1, 0, 1, { key: 'x' }),
          ok.txn(
            [
              ['r', 'x', 1],
              ['w', 'y', 2],
            ],
            2,
            3,
          ),
          ok.read(2, 4, 5, { key: 'y' }),
        ],
        true,
      ],
      [
        'an open one happened',
        [
          info.txn(
            [
              ['r', 'y', null],
              ['w', 'x', 1],
            ],
            0,
            1,
          ),
          ok.read(1, 2, 3, { key: 'x' }),
        ],
        true,
      ],
      [
        'a swap',
        [
          ok.txn(
            [
              ['w', 'x', 1],
              ['w', 'y', 2],
            ],
            0,
            1,
          ),
          ok.txn(
            [
              ['r', 'x', 1],
              ['r', 'y', 2],
              ['w', 'x', 2],
              ['w', 'y', 1],
            ],
            2,
            3,
          ),
          ok.read(2, 4, 5, { key: 'x' }),
        ],
        true,
      ],
      ['a key named as an object has names', [ok.txn([['r', 'constructor', null]], 0, 1)], true],
      [
        'half of a write',
        [
          ok.txn(
            [
              ['w', 'x', 1],
              ['w', 'y', 1],
            ],
            0,
            1,
          ),
          ok.txn(
            [
              ['r', 'x', 1],
              ['r', 'y', null],
            ],
            2,
            3,
          ),
        ],
        false,
      ],
      [
        'half of a write at the same time',
        [
          ok.txn(
            [
              ['w', 'x', 1],
              ['w', 'y', 1],
            ],
            0,
            9,
          ),
          ok.txn(
            [
              ['r', 'x', 1],
              ['r', 'y', null],
            ],
            2,
            3,
          ),
        ],
        false,
      ],
      [
        'half of an open write',
        [
          info.txn(
            [
              ['w', 'x', 1],
              ['w', 'y', 1],
            ],
            0,
            1,
          ),
          ok.read(1, 2, 3, { key: 'x' }),
          ok.read(null, 4, 5, { key: 'y' }),
        ],
        false,
      ],
      [
        'a write skew',
        [
          ok.txn(
            [
              ['r', 'x', null],
              ['w', 'y', 1],
            ],
            0,
            9,
          ),
          ok.txn(
            [
              ['r', 'y', null],
              ['w', 'x', 1],
            ],
            0,
            9,
          ),
        ],
        false,
      ],
      [
        'a lost update',
        [
          ok.txn(
            [
              ['r', 'x', null],
              ['w', 'x', 1],
            ],
            0,
            9,
          ),
          ok.txn(
            [
              ['r', 'x', null],
              ['w', 'x', 2],
            ],
            0,
            9,
          ),
        ],
        false,
      ],
      ['a stale snapshot', [ok.txn([['w', 'x', 1]], 0, 1), ok.txn([['r', 'x', null]], 2, 3)], false],
      [
        'two readers that saw two writes in different orders',
        [
          ok.write(1, 0, 9, { key: 'x' }),
          ok.write(1, 0, 9, { key: 'y' }),
          ok.txn(
            [
              ['r', 'x', 1],
              ['r', 'y', null],
            ],
            1,
            8,
          ),
          ok.txn(
            [
              ['r', 'x', null],
              ['r', 'y', 1],
            ],
            1,
            8,
          ),
        ],
        false,
      ],
    ],
  ],
];

describe.each(tables)('$name', (model, table) => {
  test.each(table)('%s', (_, operations, valid) => {
    const verdict = check(operations, model);
    expect(verdict.valid).toBe(valid);
    if (verdict.valid === false) expect(verdict.violations[0]!.operations.length).toBeGreaterThan(0);
  });

  it('has six histories of either kind', () => {
    for (const kind of [true, false])
      expect(table.filter(([, , valid]) => valid === kind).length).toBeGreaterThanOrEqual(6);
  });
});

it('every model has a specification to be held against', () => {
  expect(specifications.map(({ name }) => name).sort()).toEqual(models.map(({ name }) => name).sort());
});

it('a violation tells the smallest part that is still wrong, and how far it can be explained', () => {
  const more = Array.from({ length: 20 }, (_, i) => ok.enqueue(10 + i, 20 + i, 20.5 + i, { process: 7 }));
  const taken = [
    ok.enqueue(1, 0, 1),
    ok.enqueue(2, 2, 3, { process: 1 }),
    ok.dequeue(2, 4, 5, { process: 2 }),
  ];
  const verdict = check([...taken, ...more], queue);
  expect(verdict.valid === false && verdict.violations[0]!.summary).toBe(
    'k: no order of these 3 operations explains every answer: enqueue 1 by process 0 (sent 0 ns, acknowledged 1 ms); ' +
      'enqueue 2 by process 1 (sent 2 ms, acknowledged 3 ms); dequeue 2 by process 2 (sent 4 ms, acknowledged 5 ms). ' +
      'The longest order that explains any: enqueue 1, then enqueue 2',
  );
});

it('an operation that a model does not know makes the verdict unknown, wherever it is', () => {
  const odd: [Model, Operation][] = [
    [casRegister, ok.delete(2, 3)],
    [set, ok.read('x', 2, 3)],
    [counter, ok.add('x', 2, 3)],
    [mutex, ok.read(null, 2, 3)],
    [queue, ok.read(null, 2, 3)],
    [multiRegister, ok.txn([['append', 'x', 1]], 2, 3)],
  ];
  const known = new Map<Model, Operation>([
    [casRegister, ok.write(1, 0, 1)],
    [set, ok.read([], 0, 1)],
    [counter, ok.add(1, 0, 1)],
    [mutex, ok.acquire('a', 0, 1)],
    [queue, ok.enqueue(1, 0, 1)],
    [multiRegister, ok.txn([['r', 'x', null]], 0, 1)],
  ]);
  for (const [model, operation] of odd)
    expect(check([known.get(model)!, operation], model)).toMatchObject({
      valid: 'unknown',
      reason: `the model ${model.name} does not know "${operation.f}"`,
    });
});

describe.each(specifications)('a history made by the specification of $name', (specification) => {
  const model = models.find(({ name }) => name === specification.name)!;

  it('is valid', () => {
    for (let seed = 0; seed < 60; seed++) {
      const operations = generateBy(specification, {
        seed,
        clients: 2 + (seed % 4),
        operations: 5 + (seed % 50),
        infoShare: seed % 3 === 0 ? 0.1 : 0,
      });
      const { valid } = check(operations, model);
      if (valid !== true) throw new Error(`seed ${seed}: ${valid}`);
    }
  });

  it('is rejected, or not, as walking through its configurations says, once answers are changed', () => {
    const counts = { valid: 0, illegal: 0, 'too large': 0 };
    for (let seed = 0; seed < 150; seed++) {
      const operations = disturb(
        specification,
        generateBy(specification, { seed, clients: 3, operations: 6 + (seed % 20), infoShare: 0.1 }),
        seed,
      );
      const expected = isLinearizableByConfigurations(specification, operations);
      counts[expected === undefined ? 'too large' : expected ? 'valid' : 'illegal']++;
      const { valid } = check(operations, model);
      if (expected !== undefined && valid !== expected && operations.some(happened))
        throw new Error(`seed ${seed}: expected ${expected}, got ${valid}\n${JSON.stringify(operations)}`);
    }
    expect(counts.illegal).toBeGreaterThan(15);
    expect(counts.valid).toBeGreaterThan(15);
  });
});

function happened({ outcome, f }: Operation): boolean {
  return outcome === 'ok' || (outcome === 'info' && f !== 'read');
}

/** Gives one or two operations the answers of others, makes them shorter, or takes them away. */
function disturb({ name }: Specification, operations: readonly Operation[], seed: number): Operation[] {
  const random = seeded(seed).fork(`disturb ${name}`);
  const changed = [...operations];
  for (let i = random.integer(1, 2); i > 0; i--) {
    const at = random.integer(0, changed.length - 1);
    const one = changed[at]!;
    const others = changed.filter(({ f, outcome }) => f === one.f && outcome === 'ok');
    const kind = random.integer(0, 3);
    if (kind === 0) changed.splice(at, changed.length > 1 ? 1 : 0);
    else if (one.outcome !== 'ok') continue;
    else if (kind === 1) changed[at] = { ...one, returnNs: one.invokeNs };
    else if (others.length > 0) changed[at] = { ...one, value: random.pick(others).value };
  }
  return changed;
}

describe('1,000 histories of 5 clients and up to 100 operations, a fifth of them open', () => {
  const registers = specifications.filter(({ name }) => name === 'register' || name === 'kv');
  it.each(registers)(
    '$name: verdicts are what walking through all configurations says',
    { timeout: 120_000 },
    (specification) => {
      const model = models.find(({ name }) => name === specification.name)!;
      // Of the larger half there are too many configurations to walk through; the checker still has to decide them.
      const counts = { valid: 0, illegal: 0, 'too large': 0 };
      for (let seed = 0; seed < 500; seed++) {
        const made = generateBy(specification, {
          seed: 10_000 + seed,
          clients: 5,
          operations: 1 + ((seed * 7) % 100),
          infoShare: 0.2,
        });
        const operations = seed % 3 === 0 ? made : disturb(specification, made, seed);
        if (!operations.some(happened)) continue;
        const expected = isLinearizableByConfigurations(specification, operations, 250);
        counts[expected === undefined ? 'too large' : expected ? 'valid' : 'illegal']++;
        const { valid } = check(operations, model);
        if (valid === 'unknown') throw new Error(`seed ${seed}: not decided`);
        if (expected !== undefined && valid !== expected)
          throw new Error(`seed ${seed}: expected ${expected}, got ${valid}`);
        // What was not changed is valid, however large it is.
        if (operations === made) expect(valid).toBe(true);
      }
      expect(counts.valid).toBeGreaterThan(60);
      expect(counts.illegal).toBeGreaterThan(40);
    },
  );
});
