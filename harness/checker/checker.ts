import type { History, Operation } from '../history/operation.ts';

/** A Checker demands one guarantee of a history. It sees the history and nothing else. */
export interface Checker {
  readonly name: string;
  check(history: History, budget: Budget): Verdict;
}

/** A Verdict is what a checker concludes. `unknown` is a real answer and is never rounded up. */
export type Verdict =
  | { readonly valid: true; readonly operations: number }
  | { readonly valid: false; readonly operations: number; readonly violations: readonly Violation[] }
  | { readonly valid: 'unknown'; readonly operations: number; readonly reason: string };

/** A Violation is one thing that should not be, with the few operations that show it. */
export interface Violation {
  readonly checker: string;
  readonly key?: string;
  /** In words: "k7: read 12 by process 3 at 4.1 s, but 12 was overwritten at 3.2 s, acknowledged at 3.3 s". */
  readonly summary: string;
  readonly atNs: number;
  /** The known issue of the running version that may have made it; it is in the words too. */
  readonly knownIssue?: string;
  readonly operations: readonly Operation[];
}

/** A Budget bounds a search; what is not decided within it is `unknown`. */
export interface Budget {
  readonly timeMs: number;
  /** Entries kept in search memos, over all keys together. */
  readonly maxMemoEntries: number;
}

export const defaultBudget: Budget = { timeMs: 60_000, maxMemoEntries: 4_000_000 };

export function unknown(reason: string, operations = 0): Verdict {
  return { valid: 'unknown', operations, reason };
}

/** Valid unless something was found. */
export function verdictOf(operations: number, violations: readonly Violation[]): Verdict {
  return violations.length === 0 ? { valid: true, operations } : { valid: false, operations, violations };
}
