import { expect, test } from 'vitest';
import { type Checker, defaultBudget, type Verdict } from '../../harness/checker/checker.ts';
import type { Observation } from '../../harness/history/observation.ts';
import type { FaultWindow, Operation } from '../../harness/history/operation.ts';

/** `valid`, `unknown` with this reason, or what the first violation's summary has to say. */
export type Expected = 'valid' | { readonly unknown: RegExp } | RegExp;

export interface Seen {
  readonly operations?: readonly Operation[];
  readonly observations?: readonly Observation[];
  readonly faults?: readonly FaultWindow[];
}

export type Row = readonly [name: string, seen: Seen | readonly Operation[], expected: Expected];

/** The table of a checker: tiny histories, at least six that it accepts and six that it rejects. */
export function table(checker: Checker, rows: readonly Row[]): void {
  atLeastSix(
    checker.name,
    'accepted',
    rows.filter(([, , expected]) => expected === 'valid'),
  );
  atLeastSix(
    checker.name,
    'rejected',
    rows.filter(([, , expected]) => expected instanceof RegExp),
  );
  histories(checker, rows);
}

/** Counts the histories of a checker. Every checker of the list has to come by here (list.test.ts). */
export function atLeastSix(checker: string, are: 'accepted' | 'rejected', rows: readonly unknown[]): void {
  test(`at least six histories of the table of ${checker} are ${are}`, () => {
    expect(rows.length).toBeGreaterThanOrEqual(6);
  });
}

/** Tiny histories and what a checker says of each, in whatever order the lines were written. */
export function histories(checker: Checker, rows: readonly Row[]): void {
  test.each(rows)('%s', (_, seen, expected) => {
    for (const verdict of verdictsOf(checker, seen)) {
      if (expected === 'valid') expect(verdict).toEqual({ valid: true, operations: expect.any(Number) });
      else if (expected instanceof RegExp) {
        expect(verdict.valid).toBe(false);
        const [first] = verdict.valid === false ? verdict.violations : [];
        expect(first).toMatchObject({ checker: checker.name, summary: expect.stringMatching(expected) });
      } else {
        expect(verdict).toMatchObject({ valid: 'unknown', reason: expect.stringMatching(expected.unknown) });
      }
    }
  });

  test('whatever is said rests on something, and shows operations of the history', () => {
    for (const [, seen, expected] of rows) {
      for (const verdict of verdictsOf(checker, seen)) {
        const { operations } = seenIn(seen);
        expect(verdict.operations).toBeGreaterThanOrEqual(
          expected === 'valid' && operations.length > 0 ? 1 : 0,
        );
        if (verdict.valid !== false) continue;
        for (const violation of verdict.violations) {
          expect(violation.checker).toBe(checker.name);
          expect(operations).toEqual(expect.arrayContaining([...violation.operations]));
          expect(new Set(violation.operations).size).toBe(violation.operations.length);
          if (operations.length === 0) continue;
          expect(violation.operations).not.toEqual([]);
          const keys = violation.operations.map(({ key }) => key);
          expect(keys).toContain(violation.key ?? keys[0]);
        }
      }
    }
  });
}

function seenIn(seen: Row[1]): Required<Seen> {
  const given: Seen = Array.isArray(seen) ? { operations: seen } : (seen as Seen);
  return { operations: [], observations: [], faults: [], ...given };
}

function* verdictsOf(checker: Checker, seen: Row[1]): Generator<Verdict> {
  const { operations, observations, faults } = seenIn(seen);
  yield checker.check({ operations, observations, faults }, defaultBudget);
  yield checker.check(
    { operations: [...operations].reverse(), observations: [...observations].reverse(), faults },
    defaultBudget,
  );
}
