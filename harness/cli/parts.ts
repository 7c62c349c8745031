import type { RunComparison } from '../measure/run-comparison.ts';
import type { Trend } from '../measure/trend.ts';
import type { Measurement } from '../measurement.ts';
import type { Result } from '../result.ts';
import type { Scenario } from '../scenario.ts';
import type { StrategyDescription } from '../service/strategy.ts';

/** The Parts are what lies above the harness; the command gets them handed in, because imports point down only. */
export interface Parts {
  readonly scenarios: readonly Scenario[];
  /** Scenarios that measure without strategies; run only when they are named. */
  readonly measurements: readonly Measurement[];
  /** What the command runs when it is given nothing. */
  readonly mainJob: readonly Scenario[];
  readonly strategies: readonly StrategyDescription[];
  /** Strategies that are run only when they are named. */
  readonly variants: readonly StrategyDescription[];
  readonly reports: Reports;
  readonly cacheTraces: CacheTraces;
}

/** The cache policies as `faultline cache` drives them over a trace. */
export interface CacheTraces {
  readonly policies: readonly { readonly name: string; readonly summary: string }[];
  /** Of keys that a cache can hold. */
  readonly maxSize: number;
  /**
   * A row for each policy in the order in which they are named, then Belady's optimum. Rejects with a UsageError
   * when the file is no trace.
   */
  report(options: {
    readonly file: string;
    readonly policies: readonly string[];
    readonly size: number;
    /** How many references an entry lives; no end when left out. */
    readonly ttlReferences?: number | undefined;
  }): Promise<readonly TraceRow[]>;
}

/** A TraceRow is what a trace made of one policy. */
export interface TraceRow {
  /** A policy's name, or OPT. */
  readonly policy: string;
  readonly references: number;
  readonly hits: number;
  readonly loads: number;
  readonly evictions: number;
  /** From 0 to 1. */
  readonly hitRate: number;
}

export interface Reports {
  /** Writes result.json and every rendering of it, each whole or not at all. */
  write(folder: string, result: Result, names?: readonly string[]): Promise<{ readonly html: string | null }>;
  /** Of the reporters; without any named, the usual ones. */
  readonly names: readonly string[];
  /** The summary for the terminal that `stream` is, with the report's place. */
  summary(result: Result, stream: NodeJS.WriteStream, html: string | null): string;
  /** The result as Markdown, for a job summary. */
  markdown(result: Result): string;
  /** Renders a result.json (or the folder it is in) again; returns the paths. Throws when it is no result. */
  renderAgain(path: string, folder?: string, names?: readonly string[]): Promise<readonly string[]>;
  /** The result at a path, or those of a folder of runs, by when they began. Throws when one is no result. */
  read(path: string): Promise<readonly Result[]>;
  /** The report of a run, and the list of several that are like the filter, as pages. */
  page(result: Result): string;
  runList(runs: readonly { readonly name: string; readonly result: Result }[], filter: string): string;
  readonly trend: {
    text(trends: readonly Trend[]): string;
    html(trends: readonly Trend[]): string;
    /** As github-action-benchmark reads it. */
    benchmark(trends: readonly Trend[]): string;
  };
  readonly comparison: {
    text(comparison: RunComparison): string;
    markdown(comparison: RunComparison): string;
    html(comparison: RunComparison): string;
  };
  /** GitHub's annotation lines for what is broken. */
  annotations(result: Result): readonly string[];
}
