import type { Violation } from '../harness/checker/checker.ts';
import type { Cell, Manifest, PromiseVerdict, Result, ThresholdVerdict } from '../harness/result.ts';
import type { Guarantee } from '../harness/service/strategy.ts';
import { counted, figure } from './figures.ts';
import { cellState, promiseState, type State } from './verdict.ts';

/** A Finding is what a reader has to look at: a promise that was not kept, or a cell that could not be judged. */
export interface Finding {
  readonly cell: Cell;
  readonly state: Exclude<State, 'kept'>;
  /** Absent when the cell as a whole failed, not one of its promises. */
  readonly promise?: PromiseVerdict;
  /** Present when it is a threshold that was not held. */
  readonly threshold?: ThresholdVerdict;
  readonly what: string;
  readonly reason?: string;
  readonly violations: readonly Violation[];
  /** The command that shows it again. */
  readonly command: string;
}

/** For a reader: the worst first, otherwise in the order of the run, and nothing told twice. */
export function findings(result: Result): Finding[] {
  const found = result.cells.flatMap((cell) => condensed(findingsOf(cell, result.manifest)));
  const rank = { broken: 0, error: 1, unknown: 2 };
  return found.sort((a, b) => rank[a.state] - rank[b.state]);
}

/**
 * What one cause left unjudged is one finding: all promises of a cell that broke down, or of one that was cut short.
 */
function condensed(found: readonly Finding[]): Finding[] {
  if (found.some(({ state }) => state === 'error')) return found.filter(({ state }) => state !== 'unknown');
  const byReason = new Map<string | undefined, number>();
  for (const { state, reason } of found)
    if (state === 'unknown') byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  const told = new Set<string | undefined>();
  return found.flatMap((finding): Finding[] => {
    const alike = byReason.get(finding.reason) ?? 0;
    if (finding.state !== 'unknown' || alike < 2) return [finding];
    if (told.has(finding.reason)) return [];
    told.add(finding.reason);
    return [{ ...finding, what: `${finding.what}, and ${counted(alike - 1, 'other promise')}` }];
  });
}

/** Every promise of a cell that was not kept, and the cell itself where no promise tells what it suffered. */
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
  for (const threshold of cell.thresholds ?? [])
    if (threshold.state !== 'kept')
      found.push({
        cell,
        state: threshold.state,
        threshold,
        what: `threshold ${threshold.metric} ${threshold.condition}`,
        reason: threshold.reason ?? `${threshold.metric} is ${figure(threshold.value)}`,
        violations: [],
        command,
      });
  const state = cellState(cell);
  // A cell says more than its promises when the harness broke, or when nothing was promised to be judged.
  const told = found.some((finding) => finding.state === state);
  if (state !== 'kept' && !told)
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
 * The violations of a cell that show that this promise is broken, by the checker that found them; where two promises
 * differ only in their grade, that of the reads among the operations tells them apart.
 */
export function violationsOf(promise: PromiseVerdict, cell: Cell): Violation[] {
  const { guarantee } = promise.promise;
  const own = cell.violations.filter((violation) => violation.checker === checkerNames[guarantee]);
  if (!('grade' in promise.promise)) return own;
  const { grade } = promise.promise;
  const rivals = cell.promises.some((other) => other !== promise && other.promise.guarantee === guarantee);
  if (!rivals) return own;
  return own.filter((violation) => violation.operations.some((operation) => operation.grade === grade));
}

/** What the checker of each guarantee calls itself in its violations. */
const checkerNames: Readonly<Record<Guarantee, string>> = {
  linearizable: 'linearizability',
  'no-lost-writes': 'lost-writes',
  'bounded-staleness': 'staleness',
  'read-your-writes': 'read-your-writes',
  'monotonic-reads': 'monotonic-reads',
  'monotonic-writes': 'monotonic-writes',
  'writes-follow-reads': 'writes-follow-reads',
  'bounded-revisions': 'staleness-revisions',
  'no-duplicated-writes': 'duplicated-writes',
  'no-resurrected-writes': 'resurrected-writes',
  fencing: 'fencing',
  'lease-truth': 'lease-truth',
  availability: 'availability',
  'members-agree': 'members-agree',
  'member-revisions': 'member-revisions',
  'no-split-brain': 'split-brain',
  'process-health': 'process-health',
  'member-watches': 'member-watches',
  watch: 'watch',
  'strict-serializability': 'list-append',
  'atomic-visibility': 'fractured-reads',
  'kept-sums': 'bank',
  convergence: 'convergence',
  'stores-agree': 'stores-agree',
  progress: 'progress',
};

/** The violations that no promise of the cell claims: shown all the same. */
export function violationsElsewhere(cell: Cell): Violation[] {
  const claimed = new Set(cell.promises.flatMap((promise) => violationsOf(promise, cell)));
  return cell.violations.filter((violation) => !claimed.has(violation));
}

/** How the members were set up, and how long the load was. */
const tuned =
  /--(?:duration|etcd-version|heartbeat-ms|election-ms|snapshot-count|quota-backend-bytes) \S+|--(?:no-)?pre-vote\b/g;

/** The command that repeats this cell alone. Members and rate are named when the run's own command named them. */
export function repeatCommand(cell: Cell, manifest: Manifest): string {
  if (cell.command !== undefined) return cell.command;
  // A schedule's file that stands on its own has one cell, and more to say of it than options can.
  if (/^npx faultline run --schedule\b/.test(manifest.command)) return manifest.command;
  const words = [
    'npx faultline run',
    cell.scenario,
    `--strategy ${cell.strategy}`,
    `--profile ${manifest.profile}`,
    `--seed ${cell.seed}`,
  ];
  if (/--members\b/.test(manifest.command)) words.push(`--members ${cell.members}`);
  if (/--rate\b/.test(manifest.command)) words.push(`--rate ${cell.ratePerSecond}`);
  // In the shell's words, as it stands there.
  const schedule = /--schedule ('(?:[^']|'\\'')*'|\S+)/.exec(manifest.command);
  if (schedule) words.push(schedule[0]);
  words.push(...(manifest.command.match(tuned) ?? []));
  return words.join(' ');
}
