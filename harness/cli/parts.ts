import type { Result } from '../result.ts';
import type { Scenario } from '../scenario.ts';
import type { StrategyDescription } from '../service/strategy.ts';

/** The Parts are what lies above the harness; the command gets them handed in, because imports point down only. */
export interface Parts {
  readonly scenarios: readonly Scenario[];
  /** What the command runs when it is given nothing. */
  readonly mainJob: readonly Scenario[];
  readonly strategies: readonly StrategyDescription[];
  readonly reports: Reports;
}

export interface Reports {
  /** Writes result.json and every rendering of it, each whole or not at all. */
  write(folder: string, result: Result): Promise<{ readonly html: string; readonly markdown: string }>;
  /** The summary for the terminal that `stream` is, with the report's place. */
  summary(result: Result, stream: NodeJS.WriteStream, html: string): string;
  /** Renders a result.json (or the folder it is in) again; returns the paths. Throws when it is no result. */
  renderAgain(path: string, folder?: string): Promise<readonly string[]>;
  /** GitHub's annotation lines for what is broken. */
  annotations(result: Result): readonly string[];
}
