import { type Budget, defaultBudget, type Violation } from './checker/checker.ts';
import { linearizability } from './checker/linearizability.ts';
import { foreignOperation, kv, type Model, models, register } from './checker/model.ts';
import { guessFormat, HistoryError, type HistoryFormat, readHistory } from './history/read-history.ts';

export type ModelName = 'register' | 'kv';
export const modelNames: readonly ModelName[] = models.map(({ name }) => name as ModelName);

/** What `faultline check --json` prints for a file, one line each. */
export interface FileVerdict {
  readonly file: string;
  readonly valid: true | false | 'unknown';
  readonly operations: number;
  readonly elapsedMs: number;
  readonly violations: readonly Violation[];
  /** Why it is unknown. */
  readonly reason?: string;
  /** What was read over: a torn last line, operations without completion. */
  readonly notes?: readonly string[];
}

export interface CheckFileOptions {
  readonly model: ModelName;
  /** Guessed from the name when it is not given. */
  readonly format?: HistoryFormat;
  readonly budget?: Budget;
}

/**
 * Judges a stored history by itself: all its operations together, whatever their grades, have to be linearizable.
 * Throws a HistoryError for what is no history, or none of that model.
 */
export async function checkFile(file: string, options: CheckFileOptions): Promise<FileVerdict> {
  const startedAtMs = performance.now();
  const model: Model = options.model === 'kv' ? kv : register;
  const history = await readHistory(file, options.format ?? guessFormat(file));
  const foreign = foreignOperation(model, history.operations);
  if (foreign !== undefined) {
    const other = models.find(
      (one) => one !== model && foreignOperation(one, history.operations) === undefined,
    );
    throw new HistoryError(
      file,
      0,
      `the model ${model.name} does not know "${foreign.f}" (process ${foreign.process}); ` +
        (other === undefined ? 'no model does' : `use --model ${other.name}`),
    );
  }
  const verdict = linearizability({ model }).check(history, options.budget ?? defaultBudget);
  return {
    file,
    valid: verdict.valid,
    operations: history.operations.length,
    elapsedMs: Math.round(performance.now() - startedAtMs),
    violations: verdict.valid === false ? verdict.violations : [],
    ...(verdict.valid === 'unknown' ? { reason: verdict.reason } : {}),
    ...(history.notes.length > 0 ? { notes: history.notes } : {}),
  };
}
