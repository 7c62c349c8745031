import type { Violation } from '../harness/checker/checker.ts';
import type { Cell, Manifest, PromiseVerdict, Result } from '../harness/result.ts';
import { cellState, promiseState, type State } from './verdict.ts';

/** A Finding is what a reader has to look at: a promise that was not kept, or a cell that could not be judged. */
export interface Finding {
  readonly cell: Cell;
  readonly state: Exclude<State, 'kept'>;
  /** Absent when the cell as a whole failed, not one of its promises. */
  readonly promise?: PromiseVerdict;
  readonly what: string;
  readonly reason?: string;
  readonly violations: readonly Violation[];
  /** The command that shows it again. */
  readonly command: string;
}

/** The worst first, otherwise in the order of the run. */
export function findings(result: Result): Finding[] {
  const found = result.cells.flatMap((cell) => findingsOf(cell, result.manifest));
  const rank = { broken: 0, error: 1, unknown: 2 };
  return found.sort((a, b) => rank[a.state] - rank[b.state]);
}

export function findingsOf(cell: Cell, manifest: Manifest): Finding[] {
  const command = repeatCommand(cell, manifest);
  const found: Finding[] = [];
  for (const promise of cell.promises) {
    const state = promiseState(promise);
    if (state === 'kept') continue;
    const reason = promise.reason ?? (state === 'unknown' ? cell.reason : undefined);
    found.push({
      cell,
      state,
      promise,
      what: promise.text,
      ...(reason === undefined ? {} : { reason }),
      violations: state === 'broken' ? violationsOf(promise, cell) : [],
      command,
    });
  }
  const state = cellState(cell);
  // A cell says more than its promises when the harness broke, or when nothing was promised to be judged.
  if (state !== 'kept' && !found.some((finding) => finding.state === state))
    found.push({
      cell,
      state,
      what: state === 'error' ? 'the harness or its environment broke' : 'the cell as a whole',
      ...(cell.reason === undefined ? {} : { reason: cell.reason }),
      violations: state === 'broken' ? cell.violations : [],
      command,
    });
  return found;
}

/**
 * The violations of a cell that show that this promise is broken. A checker is named after its guarantee; where two
 * promises differ only in their grade, the grade in the checker's name or of the operations' reads tells them apart.
 */
export function violationsOf(promise: PromiseVerdict, cell: Cell): Violation[] {
  const { guarantee } = promise.promise;
  const own = cell.violations.filter((violation) => violation.checker.startsWith(guarantee));
  if (!('grade' in promise.promise)) return own;
  const { grade } = promise.promise;
  const rivals = cell.promises.some((other) => other !== promise && other.promise.guarantee === guarantee);
  if (!rivals) return own;
  return own.filter(
    (violation) =>
      violation.checker.includes(grade) ||
      violation.operations.some((operation) => operation.grade === grade),
  );
}

/** The violations that no promise of the cell claims: shown all the same. */
export function violationsElsewhere(cell: Cell): Violation[] {
  const claimed = new Set(cell.promises.flatMap((promise) => violationsOf(promise, cell)));
  return cell.violations.filter((violation) => !claimed.has(violation));
}

/** The command that repeats this cell alone. Members and rate are named when the run's own command named them. */
export function repeatCommand(cell: Cell, manifest: Manifest): string {
  if (cell.command !== undefined) return cell.command;
  const words = [
    'npx faultline run',
    cell.scenario,
    `--strategy ${cell.strategy}`,
    `--profile ${manifest.profile}`,
    `--seed ${cell.seed}`,
  ];
  if (/--members\b/.test(manifest.command)) words.push(`--members ${cell.members}`);
  if (/--rate\b/.test(manifest.command)) words.push(`--rate ${cell.ratePerSecond}`);
  return words.join(' ');
}
