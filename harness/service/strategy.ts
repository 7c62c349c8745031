import type { Grade } from '../history/operation.ts';

/**
 * A StrategyDescription is what the harness knows of a strategy: its name, what it promises, and the command that
 * serves it. Anything that answers the HTTP contract can be described so, in any language.
 */
export interface StrategyDescription {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** What the strategy guarantees when its times are scaled by `timeScale` (1 = the article's own times). */
  promises(timeScale: number): readonly Promised[];
  /** The program that serves one instance; it is told everything else by FAULTLINE_* variables (see instance.ts). */
  readonly command: readonly [program: string, ...args: string[]];
  /** Further variables for the program, e.g. the name of a planted bug. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A Promised is one guarantee that a strategy declares. An anomaly that no promise excludes is only measured. */
export type Promised =
  /** All writes and the reads of grade `linearizable` form one linearizable register per key. */
  | { readonly guarantee: 'linearizable' }
  /**
   * No acknowledged write is missing at the end. `real-time`: a write acknowledged before another was sent is
   * never what remains in its place; `per-instance`: the same among the writes of one instance.
   */
  | { readonly guarantee: 'no-lost-writes'; readonly order: 'real-time' | 'per-instance' }
  /** A read of this grade never shows a value overwritten more than maxStaleMs before the read was sent, unless marked stale. */
  | { readonly guarantee: 'bounded-staleness'; readonly grade: Grade; readonly maxStaleMs: number }
  /** A process reads its own acknowledged writes, or newer ones. */
  | { readonly guarantee: 'read-your-writes'; readonly grade: Grade }
  /** A process never reads an older value after a newer one. */
  | { readonly guarantee: 'monotonic-reads'; readonly grade: Grade }
  /** After everything healed and the load ended, all instances answer the same. */
  | { readonly guarantee: 'convergence' }
  /** Within this time after the last fault healed, every kind of operation succeeds again. */
  | { readonly guarantee: 'progress'; readonly withinMs: number };

export type Guarantee = Promised['guarantee'];
