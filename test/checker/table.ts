import { expect, test } from 'vitest';
import { type Checker, defaultBudget } from '../../harness/checker/checker.ts';
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

/** A table of tiny histories and what a checker says of each, in whatever order the lines were written. */
export function table(checker: Checker, rows: readonly Row[]): void {
  test('the table has at least six that are accepted and six that are rejected', () => {
    expect(rows.filter(([, , expected]) => expected === 'valid').length).toBeGreaterThanOrEqual(6);
    expect(rows.filter(([, , expected]) => expected instanceof RegExp).length).toBeGreaterThanOrEqual(6);
  });
  test.each(rows)('%s', (_, seen, expected) => {
    const given: Seen = Array.isArray(seen) ? { operations: seen } : (seen as Seen);
    const { operations = [], observations = [], faults = [] } = given;
    for (const turned of [false, true]) {
      const verdict = checker.check(
        {
          operations: turned ? [...operations].reverse() : operations,
          observations: turned ? [...observations].reverse() : observations,
          faults,
        },
        defaultBudget,
      );
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
}
