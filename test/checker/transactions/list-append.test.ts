import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultBudget, type Verdict } from '../../../harness/checker/checker.ts';
import { type ListAppendOptions, listAppend } from '../../../harness/checker/transactions/list-append.ts';
import type { MicroOperation } from '../../../harness/checker/transactions/micro-operation.ts';
import type { Operation } from '../../../harness/history/operation.ts';
import { atLeastSix } from '../table.ts';
import { isSerializable } from './brute-force.ts';
import { append, fail, info, ok, r, w } from './build.ts';
import { generateTransactions } from './generate.ts';

function check(operations: readonly Operation[], options?: ListAppendOptions): Verdict {
  return listAppend(options).check({ operations, faults: [] }, defaultBudget);
}

/** The names before the first colon of what was found, each once. */
function namesOf(verdict: Verdict): string[] {
  if (verdict.valid !== false) return [];
  return [...new Set(verdict.violations.map(({ summary }) => summary.split(':')[0]!))].sort();
}

type Row = readonly [what: string, history: readonly Operation[], options?: ListAppendOptions];

describe('list-append accepts', () => {
  const rows: readonly Row[] = [
    ['one after the other', [ok(0, 0, 1, append('x', 1)), ok(1, 2, 3, r('x', [1]))]],
    [
      'a key that is not there, as null or as no elements',
      [ok(0, 0, 1, r('x', null), r('y', [])), ok(0, 2, 3, append('x', 1), r('x', [1]))],
    ],
    [
      'either order of two at the same time',
      [
        ok(0, 0, 9, append('x', 1), append('y', 1)),
        ok(1, 0, 9, append('x', 2), append('y', 2)),
        ok(2, 10, 11, r('x', [2, 1]), r('y', [2, 1])),
      ],
    ],
    [
      'a read from before a write that ran at the same time',
      [ok(0, 0, 5, append('x', 1)), ok(1, 5, 9, r('x', [])), ok(2, 10, 12, r('x', [1]))],
    ],
    [
      'an info that happened, late',
      [
        info(0, 0, 1, append('x', 1), append('y', 1)),
        ok(1, 2, 3, r('x', []), r('y', [])),
        ok(1, 4, 5, r('y', [1]), r('x', [1])),
      ],
    ],
    [
      'an info that never happened',
      [info(0, 0, 1, append('x', 1)), ok(1, 2, 3, append('x', 2)), ok(1, 4, 5, r('x', [2]))],
    ],
    ['a fail that did not happen', [fail(0, 0, 1, append('x', 1)), ok(1, 2, 3, append('x', 2), r('x', [2]))]],
    [
      'own appends read between them',
      [
        ok(0, 0, 1, append('x', 1)),
        ok(1, 2, 3, r('x', [1]), append('x', 2), r('x', [1, 2]), append('x', 3), r('x', [1, 2, 3])),
        ok(2, 4, 5, r('x', [1, 2, 3])),
      ],
    ],
    [
      'an own append read, with what came before unread',
      [ok(0, 0, 1, append('x', 1)), ok(1, 2, 3, append('x', 2), r('x', [1, 2]))],
    ],
    [
      'appends that nobody read',
      [
        ok(0, 0, 1, append('x', 1)),
        ok(1, 0, 1, append('x', 2)),
        ok(2, 0, 1, r('x', [])),
        ok(2, 2, 3, append('y', 3), r('y', [3])),
      ],
    ],
    [
      'an old read, where the clock says nothing',
      [ok(0, 0, 1, append('x', 1)), ok(1, 2, 3, r('x', [])), ok(2, 4, 5, r('x', [1]))],
      { order: 'none' },
    ],
    [
      'an old read of another process, where only the order of each process counts',
      [ok(0, 0, 1, append('x', 1)), ok(1, 2, 3, r('x', [])), ok(2, 4, 5, r('x', [1]))],
      { order: 'process' },
    ],
    [
      'transactions over other things beside them',
      [
        ok(0, 0, 1, w('a', 100), w('b', 0)),
        ok(0, 2, 3, append('x', 1), r('x', [1])),
        ok(0, 4, 5, r('a', 100), r('b', 0)),
      ],
    ],
  ];
  atLeastSix('list-append', 'accepted', rows);
  for (const [what, history, options] of rows) {
    test(what, () => {
      expect(check(history, options)).toEqual({ valid: true, operations: expect.any(Number) });
    });
  }
});

type Rejected = readonly [
  what: string,
  names: readonly string[],
  history: readonly Operation[],
  options?: ListAppendOptions,
];

describe('list-append rejects', () => {
  const rows: readonly Rejected[] = [
    [
      'writes of two transactions in different orders',
      ['G0'],
      [
        ok(0, 0, 9, append('x', 1), append('y', 1)),
        ok(1, 0, 9, append('x', 2), append('y', 2)),
        ok(2, 10, 11, r('x', [1, 2])),
        ok(2, 12, 13, r('y', [2, 1])),
      ],
    ],
    [
      'writes of one transaction with another between them',
      ['G0'],
      [
        ok(0, 0, 9, append('x', 1), append('x', 2)),
        ok(1, 0, 9, append('x', 3)),
        ok(2, 10, 11, r('x', [1, 3, 2])),
      ],
    ],
    ['an aborted read', ['G1a'], [fail(0, 0, 1, append('x', 1)), ok(1, 2, 3, r('x', [1]), append('y', 2))]],
    [
      'an intermediate read',
      ['G-single', 'G1b'],
      [ok(0, 0, 9, append('x', 1), append('x', 2)), ok(1, 0, 9, r('x', [1]))],
    ],
    [
      'an intermediate read of what nobody acknowledged',
      ['G-single', 'G1b'],
      [info(0, 0, 9, append('x', 1), append('x', 2)), ok(1, 0, 9, r('x', [1]), append('y', 3))],
    ],
    [
      'two that read each other',
      ['G1c'],
      [ok(0, 0, 9, append('x', 1), r('y', [2])), ok(1, 0, 9, append('y', 2), r('x', [1]))],
    ],
    [
      'three that read each other in a ring',
      ['G1c'],
      [
        ok(0, 0, 9, append('x', 1), r('z', [3])),
        ok(1, 0, 9, append('y', 2), r('x', [1])),
        ok(2, 0, 9, append('z', 3), r('y', [2])),
      ],
    ],
    [
      'one part of a transaction without the other',
      ['G-single'],
      [
        ok(0, 0, 9, append('x', 1), append('y', 1)),
        ok(1, 0, 9, r('x', [1]), r('y', [])),
        ok(2, 10, 11, r('x', [1]), r('y', [1])),
      ],
    ],
    [
      'one part of a transaction whose other part nobody ever read',
      ['G-single'],
      [ok(0, 0, 9, append('x', 1), append('y', 1)), ok(1, 0, 9, r('x', [1]), r('y', []))],
    ],
    [
      'one part of an info',
      ['G-single'],
      [info(0, 0, 9, append('x', 1), append('y', 1)), ok(1, 0, 9, r('x', [1]), r('y', []))],
    ],
    [
      'a lost update, in the order of the list',
      ['G-single'],
      [
        ok(0, 0, 9, r('x', []), append('x', 1)),
        ok(1, 0, 9, r('x', []), append('x', 2)),
        ok(2, 10, 11, r('x', [1, 2])),
      ],
    ],
    [
      'a lost update that nobody read',
      ['G2-item'],
      [ok(0, 0, 9, r('x', []), append('x', 1)), ok(1, 0, 9, r('x', []), append('x', 2))],
    ],
    [
      'write skew',
      ['G2-item'],
      [
        ok(0, 0, 9, r('x', []), append('y', 1)),
        ok(1, 0, 9, r('y', []), append('x', 2)),
        ok(2, 10, 11, r('x', [2]), r('y', [1])),
      ],
    ],
    [
      'write skew of three',
      ['G2-item'],
      [
        ok(0, 0, 9, r('x', []), append('y', 1)),
        ok(1, 0, 9, r('y', []), append('z', 2)),
        ok(2, 0, 9, r('z', []), append('x', 3)),
      ],
    ],
    [
      'an old read',
      ['G-single-realtime'],
      [ok(0, 0, 1, append('x', 1)), ok(1, 2, 3, r('x', [])), ok(2, 4, 5, r('x', [1]))],
    ],
    [
      'an acknowledged append that is not there',
      ['G-single-realtime'],
      [ok(0, 0, 1, append('x', 1)), ok(1, 2, 3, r('x', []))],
    ],
    [
      'a read of what was sent later',
      ['G1c-realtime'],
      [ok(0, 0, 1, r('x', [1])), ok(1, 2, 3, append('x', 1))],
    ],
    [
      'appends against the clock',
      ['G0-realtime'],
      [ok(0, 0, 1, append('x', 1)), ok(1, 2, 3, append('x', 2)), ok(2, 0, 9, r('x', [2, 1]))],
    ],
    [
      'two that each miss the next one, although the last was over before the first',
      ['G2-item-realtime'],
      [ok(0, 5, 9, r('x', [])), ok(1, 1, 9, append('x', 1), r('y', [])), ok(2, 0, 2, append('y', 2))],
    ],
    [
      'an old read by the process that wrote',
      ['G-single-process'],
      [ok(0, 0, 1, append('x', 1)), ok(0, 2, 3, r('x', [])), ok(2, 4, 5, r('x', [1]))],
      { order: 'process' },
    ],
    [
      'lists of which neither begins as the other',
      ['incompatible-order'],
      [
        ok(0, 0, 9, append('x', 1)),
        ok(1, 0, 9, append('x', 2)),
        ok(2, 0, 9, r('x', [1, 2])),
        ok(3, 0, 9, r('x', [2])),
      ],
    ],
    [
      'appends of one transaction the wrong way round',
      ['incompatible-order'],
      [ok(0, 0, 9, append('x', 1), append('x', 2), append('x', 3)), ok(1, 0, 9, r('x', [2, 1, 3]))],
    ],
    [
      'an append of a transaction without its earlier one',
      ['G-single', 'incompatible-order'],
      [ok(0, 0, 9, append('x', 1), append('x', 2)), ok(1, 0, 9, r('x', [2]))],
    ],
    ['an element twice', ['duplicate-elements'], [ok(0, 0, 9, append('x', 1)), ok(1, 0, 9, r('x', [1, 1]))]],
    [
      'an element that nobody appended',
      ['garbage-read'],
      [ok(0, 0, 9, append('x', 1)), ok(1, 0, 9, r('x', [7]))],
    ],
    [
      'a transaction that does not see its own append',
      ['internal'],
      [ok(0, 0, 1, append('x', 1), r('x', []))],
    ],
    [
      'a transaction that reads twice differently',
      ['internal'],
      [ok(0, 0, 9, append('x', 1)), ok(1, 0, 9, r('x', []), r('x', [1]))],
    ],
    [
      'a transaction that sees what it appends later',
      ['future-read'],
      [ok(0, 0, 9, r('x', [1]), append('x', 1))],
    ],
  ];
  atLeastSix('list-append', 'rejected', rows);
  for (const [what, names, history, options] of rows) {
    test(what, () => {
      const verdict = check(history, options);
      expect(namesOf(verdict)).toEqual(names);
      for (const { operations, summary } of verdict.valid === false ? verdict.violations : []) {
        expect(operations.length).toBeGreaterThan(0);
        expect(summary).toContain('process');
      }
    });
  }
});

describe('list-append cannot say', () => {
  test.each<[string, readonly Operation[], RegExp]>([
    ['nothing happened', [], /no transaction over lists was acknowledged/],
    ['nothing was appended', [ok(0, 0, 1, r('x', []))], /no append was acknowledged or read/],
    ['nothing was read', [ok(0, 0, 1, append('x', 1))], /no list was read/],
    [
      'an element was appended twice',
      [ok(3, 0, 1, append('x', 1)), ok(4, 0, 1, append('x', 1))],
      /element of its own, but 1 is in x twice: by .*process 3.*process 4/,
    ],
    [
      'it is no transaction',
      [{ ...ok(3, 0, 1), value: 'x' }],
      /process 3 should be a list of steps .* got "x"/,
    ],
    [
      'it has no steps',
      [{ ...ok(3, 0, 1), value: [['put', 'x', 1]] }],
      /process 3 should have steps .* got \["put","x",1\]/,
    ],
  ])('%s', (_, history, reason) => {
    expect(check(history)).toMatchObject({ valid: 'unknown', reason: expect.stringMatching(reason) });
  });
});

test('the evidence says why each came before the next', () => {
  const verdict = check([
    ok(1, 10, 20, append('x', 1), append('y', 1)),
    ok(2, 12, 15, r('x', [1]), r('y', [])),
  ]);
  expect(verdict).toMatchObject({
    violations: [
      {
        checker: 'list-append',
        summary:
          'G-single: T1 is read x [1], read y [] (process 2, sent 12 ms); ' +
          'T2 is append 1 to x, append 1 to y (process 1, sent 10 ms). ' +
          'T1 came before T2, because it read y without 1, which T2 appended; ' +
          'T2 came before T1, because T1 read 1 in x, which T2 had appended: no order explains all of this',
      },
    ],
  });
});

describe('laws', () => {
  const generated = fc.record({
    seed: fc.integer(),
    transactions: fc.integer({ min: 2, max: 200 }),
    clients: fc.integer({ min: 1, max: 8 }),
    keys: fc.integer({ min: 1, max: 5 }),
    infoShare: fc.constantFrom(0, 0.2),
    failShare: fc.constantFrom(0, 0.1),
  });

  test('what was carried out one after the other is never accused', () => {
    fc.assert(
      fc.property(generated, (options) => {
        expect(namesOf(check(generateTransactions(options)))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  const planted: Record<string, (at: number) => Operation[]> = {
    G0: (at) => [
      ok(9_001, at, at + 9, append('p', 1), append('q', 1)),
      ok(9_002, at, at + 9, append('p', 2), append('q', 2)),
      ok(9_003, at, at + 9, r('p', [1, 2]), r('q', [2, 1])),
    ],
    G1a: (at) => [fail(9_001, at, at + 9, append('p', 1)), ok(9_002, at, at + 9, r('p', [1]))],
    G1b: (at) => [ok(9_001, at, at + 9, append('p', 1), append('p', 2)), ok(9_002, at, at + 9, r('p', [1]))],
    G1c: (at) => [
      ok(9_001, at, at + 9, append('p', 1), r('q', [2])),
      ok(9_002, at, at + 9, append('q', 2), r('p', [1])),
    ],
    'G-single': (at) => [
      ok(9_001, at, at + 9, append('p', 1), append('q', 2)),
      ok(9_002, at, at + 9, r('p', [1]), r('q', [])),
    ],
    'G2-item': (at) => [
      ok(9_001, at, at + 9, r('p', []), append('q', 1)),
      ok(9_002, at, at + 9, r('q', []), append('p', 2)),
    ],
    'G-single-realtime': (at) => [
      ok(9_001, at, at + 1, append('p', 1)),
      ok(9_002, at + 2, at + 9, r('p', [])),
      ok(9_003, at, at + 9, r('p', [1])),
    ],
  };

  test.each(Object.entries(planted))('a planted %s is found under its name', (name, plant) => {
    fc.assert(
      fc.property(generated, (options) => {
        const sound = generateTransactions({ ...options, transactions: 60 });
        // Long after the others, or among them: the others' times end before 1 ms.
        for (const at of [0, 5]) {
          const verdict = check([...sound, ...plant(at)]);
          expect(namesOf(verdict)).toContain(name);
        }
      }),
      { numRuns: 8 },
    );
  });

  /** Tiny histories, right and wrong: reads answer some list that the key might have held. */
  const tiny = fc
    .array(
      fc.record({
        process: fc.nat(3),
        outcome: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'fail', 'info'),
        from: fc.nat(12),
        length: fc.nat(8),
        steps: fc.array(
          fc.record({ key: fc.constantFrom('x', 'y'), appends: fc.boolean(), shows: fc.nat(1_000) }),
          { minLength: 1, maxLength: 3 },
        ),
      }),
      { minLength: 2, maxLength: 6 },
    )
    .map((plans) => {
      let element = 0;
      const appended: Record<string, number[]> = { x: [], y: [] };
      for (const { steps } of plans) {
        for (const { key, appends } of steps) if (appends) appended[key]!.push(++element);
      }
      const next = { x: 0, y: 0 } as Record<string, number>;
      return plans.map(({ process, outcome, from, length, steps }) => {
        const made = outcome === 'ok' ? ok : outcome === 'fail' ? fail : info;
        return made(
          process,
          from,
          from + length,
          ...steps.map(({ key, appends, shows }): MicroOperation => {
            if (appends) return append(key, appended[key]![next[key]!++]);
            return r(key, outcome === 'ok' ? arrangement(appended[key]!, shows) : null);
          }),
        );
      });
    });

  /** One of the lists that can be made of the elements: mostly a beginning of them in their order. */
  function arrangement(elements: readonly number[], chance: number): number[] {
    const list = elements.slice(0, chance % (elements.length + 1));
    return chance % 7 === 0 ? list.reverse() : list;
  }

  test.each(['none', 'realtime'] as const)('it agrees with trying every order (%s)', (order) => {
    let valid = 0;
    fc.assert(
      fc.property(tiny, (history) => {
        const found = namesOf(check(history, { order }));
        const expected = isSerializable(history, order === 'realtime');
        if (expected) valid++;
        expect({ isValid: found.length === 0, found }).toMatchObject({ isValid: expected });
      }),
      { numRuns: 800 },
    );
    // Else it would say nothing of one side.
    expect(valid).toBeGreaterThan(100);
    expect(valid).toBeLessThan(700);
  });
});

test('a ring through a whole long history is found', () => {
  const count = 2_000;
  const ring = Array.from({ length: count }, (_, i) =>
    ok(i, 0, 9, append(`k${i}`, 1), r(`k${(i + 1) % count}`, [1])),
  );
  const verdict = check(ring);
  expect(namesOf(verdict)).toEqual(['G1c']);
});
