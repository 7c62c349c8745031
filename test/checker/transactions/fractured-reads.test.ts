import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultBudget, type Verdict } from '../../../harness/checker/checker.ts';
import { fracturedReads } from '../../../harness/checker/transactions/fractured-reads.ts';
import type { Operation } from '../../../harness/history/operation.ts';
import { atLeastSix } from '../table.ts';
import { append, fail, info, ok, r, w } from './build.ts';
import { generateTransactions } from './generate.ts';

function check(operations: readonly Operation[]): Verdict {
  return fracturedReads.check({ operations, faults: [] }, defaultBudget);
}

type Row = readonly [what: string, history: readonly Operation[]];

describe('fractured-reads accepts', () => {
  const rows: readonly Row[] = [
    ['all of it', [ok(0, 0, 1, w('x', 1), w('y', 1)), ok(1, 2, 3, r('x', 1), r('y', 1))]],
    ['nothing of it', [ok(0, 0, 1, w('x', 1), w('y', 1)), ok(1, 2, 3, r('x', null), r('y', null))]],
    [
      'one part, and something newer in the place of the other',
      [
        ok(0, 0, 1, w('x', 1), w('y', 1)),
        ok(1, 2, 3, r('y', 1), w('y', 2)),
        ok(2, 4, 5, r('x', 1), r('y', 2)),
      ],
    ],
    [
      'one part, and of the other what may be older or newer',
      [ok(0, 0, 9, w('x', 1), w('y', 1)), ok(1, 0, 9, w('y', 2)), ok(2, 10, 11, r('x', 1), r('y', 2))],
    ],
    [
      'values that were written more than once',
      [
        ok(0, 0, 9, w('x', 1), w('y', 1)),
        ok(1, 0, 9, w('x', 1), w('y', 2)),
        ok(2, 10, 11, r('x', 1), r('y', null)),
      ],
    ],
    [
      'its own writes',
      [ok(0, 0, 9, w('x', 1), w('y', 1)), ok(1, 0, 9, r('y', null), w('x', 2), r('x', 2), r('z', null))],
    ],
    [
      'an old but whole list',
      [
        ok(0, 0, 1, append('x', 1), append('y', 1)),
        ok(1, 2, 3, append('x', 2), append('y', 2)),
        ok(2, 4, 5, r('x', [1]), r('y', [1])),
      ],
    ],
    [
      'an info that was seen whole',
      [info(0, 0, 1, append('x', 1), append('y', 1)), ok(1, 2, 3, r('x', [1]), r('y', [1]))],
    ],
  ];
  atLeastSix('fractured-reads', 'accepted', rows);
  test.each(rows)('%s', (_, history) => {
    expect(check(history)).toEqual({ valid: true, operations: history.length });
  });
});

describe('fractured-reads rejects', () => {
  const rows: readonly Row[] = [
    ['one value and nothing', [ok(0, 0, 1, w('x', 1), w('y', 1)), ok(1, 2, 3, r('x', 1), r('y', null))]],
    [
      'one value, and what the writer itself had read',
      [
        ok(0, 0, 1, w('x', 1), w('y', 1)),
        ok(0, 2, 3, r('x', 1), r('y', 1), w('x', 2), w('y', 2)),
        ok(1, 4, 5, r('x', 2), r('y', 1)),
      ],
    ],
    [
      'one value, and what others had replaced before',
      [
        ok(0, 0, 1, w('y', 1)),
        ok(0, 2, 3, r('y', 1), w('y', 2)),
        ok(0, 4, 5, r('y', 2), w('x', 3), w('y', 3)),
        ok(1, 6, 7, r('x', 3), r('y', 1)),
      ],
    ],
    [
      'one list with, one without',
      [ok(0, 0, 1, append('x', 1), append('y', 1)), ok(1, 2, 3, r('x', [1]), r('y', []))],
    ],
    [
      'a part that others have appended to since',
      [
        ok(0, 0, 1, append('x', 1), append('y', 1)),
        ok(0, 2, 3, append('x', 2)),
        ok(1, 4, 5, r('x', [1, 2]), r('y', null)),
      ],
    ],
    [
      'half of an info',
      [info(0, 0, 1, append('x', 1), append('y', 1)), ok(1, 2, 3, r('x', []), r('y', [1]))],
    ],
    [
      'by a transaction that itself writes',
      [ok(0, 0, 1, append('x', 1), append('y', 1)), ok(1, 2, 3, r('x', [1]), r('y', []), append('z', 2))],
    ],
  ];
  atLeastSix('fractured-reads', 'rejected', rows);
  test.each(rows)('%s', (_, history) => {
    const verdict = check(history);
    expect(verdict).toMatchObject({
      valid: false,
      violations: [{ checker: 'fractured-reads', summary: expect.stringContaining('saw one part of') }],
    });
  });
});

describe('fractured-reads cannot say', () => {
  test.each<[string, readonly Operation[], string]>([
    [
      'nobody wrote several keys',
      [ok(0, 0, 1, append('x', 1)), ok(0, 2, 3, r('x', [1]), r('y', []))],
      'no transaction wrote several keys',
    ],
    [
      'whoever wrote several keys failed',
      [fail(0, 0, 1, append('x', 1), append('y', 1)), ok(0, 2, 3, r('x', []), r('y', []))],
      'no transaction wrote several keys',
    ],
    [
      'nobody read several keys',
      [ok(0, 0, 1, append('x', 1), append('y', 1)), ok(0, 2, 3, r('x', [1]))],
      'no transaction read several keys',
    ],
  ])('%s', (_, history, reason) => {
    expect(check(history)).toMatchObject({ valid: 'unknown', reason });
  });
});

test('what was carried out one after the other is never accused', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 2, max: 120 }), (seed, transactions) => {
      const history = generateTransactions({ seed, transactions, clients: 5, keys: 4, infoShare: 0.1 });
      expect(check(history).valid).not.toBe(false);
    }),
    { numRuns: 60 },
  );
});
