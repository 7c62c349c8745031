import { type Budget, defaultBudget, type Violation } from './checker/checker.ts';
import { type CheckerSettings, checkers, defaultSettings, type ListedChecker } from './checker/list.ts';
import { foreignOperation } from './checker/model.ts';
import { models } from './checker/models/list.ts';
import type { History } from './history/operation.ts';
import { guessFormat, HistoryError, type HistoryFormat, readHistory } from './history/read-history.ts';

/** What `faultline check --json` prints, one line for each file and checker. */
export interface FileVerdict {
  readonly file: string;
  /** Left out where the file could not be read. */
  readonly checker?: string;
  readonly valid: true | false | 'unknown';
  readonly operations: number;
  readonly elapsedMs: number;
  readonly violations: readonly Violation[];
  /** Why it is unknown. */
  readonly reason?: string;
  /** What was read over: a torn last line, operations without completion. */
  readonly notes?: readonly string[];
  /** Why nothing could be judged: the file cannot be read, is no history, or none of the model. */
  readonly error?: string;
}

export interface CheckFileOptions {
  /** Linearizability by itself when left out. */
  readonly checkers?: readonly ListedChecker[];
  readonly settings?: Partial<CheckerSettings>;
  /** Guessed from the name when it is not given. */
  readonly format?: HistoryFormat;
  /** For each checker by itself. */
  readonly budget?: Budget;
}

/**
 * Judges a stored history by itself with each checker, a verdict each. For linearizability all operations together,
 * whatever their grades, have to be linearizable. Throws a HistoryError for what is no history, or none of that model.
 */
export async function checkFile(
  file: string,
  options: CheckFileOptions = {},
): Promise<readonly [FileVerdict, ...FileVerdict[]]> {
  const startedAtMs = performance.now();
  const settings = { ...defaultSettings, ...options.settings };
  const history = await readHistory(file, options.format ?? guessFormat(file));
  const readMs = performance.now() - startedAtMs;
  const [first, ...others] = options.checkers ?? [checkers[0]!];
  // Beside other checkers it is no mistake: the history may be meant for them.
  if (first!.name === 'linearizability' && others.length === 0) refuseForeign(file, history, settings);
  const check = (listed: ListedChecker): FileVerdict => {
    const checkedAtMs = performance.now();
    const verdict = listed.make(settings).check(history, options.budget ?? defaultBudget);
    return {
      file,
      checker: listed.name,
      valid: verdict.valid,
      // A history of watches alone has events instead.
      operations: history.operations.length || verdict.operations,
      // Reading is what the first verdict waited for.
      elapsedMs: Math.round(performance.now() - checkedAtMs + (listed === first ? readMs : 0)),
      violations: verdict.valid === false ? verdict.violations : [],
      ...(verdict.valid === 'unknown' ? { reason: verdict.reason } : {}),
      ...(history.notes.length > 0 ? { notes: history.notes } : {}),
    };
  };
  return [check(first!), ...others.map(check)];
}

/** The verdict on a file of which none could be had. */
export function unreadable(error: HistoryError): FileVerdict {
  return {
    file: error.file,
    valid: 'unknown',
    operations: 0,
    elapsedMs: 0,
    violations: [],
    error: error.message,
  };
}

function refuseForeign(file: string, history: History, { model }: CheckerSettings): void {
  const foreign = foreignOperation(model, history.operations);
  if (foreign === undefined) return;
  const others = models.filter((one) => foreignOperation(one, history.operations) === undefined);
  throw new HistoryError(
    file,
    0,
    `the model ${model.name} does not know "${foreign.f}" (process ${foreign.process}); ` +
      (others.length === 0 ? 'no model does' : `use --model ${others.map(({ name }) => name).join(' or ')}`),
  );
}
