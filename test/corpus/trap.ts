import type { Checker } from '../../harness/checker/checker.ts';
import { defaultBudget, type Verdict } from '../../harness/checker/checker.ts';
import { type Clock, clockFrom } from '../../harness/clock.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { Bug, Hunt, HuntingGround } from './bug.ts';

/**
 * A ClientTrap is something that etcd's usual Node client does by default, and that its users do not expect: a script
 * that is run once with that client and once with the careful one. What either did is a history, judged by a checker.
 */
export interface ClientTrap {
  readonly name: string;
  readonly scenario: string;
  readonly violation: string;
  run(which: 'default' | 'careful', log: TrapLog, ground: HuntingGround): Promise<Hunt>;
}

export function trapBug({ name, scenario, violation, run }: ClientTrap): Bug {
  const started = (which: 'default' | 'careful') => (ground: HuntingGround) =>
    run(which, new TrapLog(), ground);
  return {
    name,
    kind: 'client trap',
    scenario,
    violation,
    hunt: started('default'),
    control: { name: `${name}, the careful client`, hunt: started('careful') },
  };
}

type Done = Partial<Pick<Operation, 'value' | 'revision' | 'outcome' | 'error' | 'fence'>>;

/** A TrapLog is the history of a script: who asked what, and how it ended. */
export class TrapLog {
  readonly operations: Operation[] = [];
  readonly #clock: Clock = clockFrom();

  get nowMs(): number {
    return this.#clock.nowNs() / 1e6;
  }

  /** Records one attempt. What rejects is `info`, a read `fail`, unless `run` says otherwise by resolving. */
  async record(
    asked: Pick<Operation, 'process' | 'f' | 'key' | 'grade' | 'instance'> & { value?: unknown },
    run: () => Promise<Done>,
  ): Promise<Operation> {
    const invokeNs = this.#clock.nowNs();
    const done: Done = await run().catch((error: Error) => ({
      outcome: asked.f === 'read' ? ('fail' as const) : ('info' as const),
      error: error.message,
    }));
    const outcome = done.outcome ?? 'ok';
    const returnNs = outcome === 'info' ? Number.POSITIVE_INFINITY : this.#clock.nowNs();
    const operation: Operation = { value: null, ...asked, ...done, outcome, invokeNs, returnNs };
    this.operations.push(operation);
    return operation;
  }

  judge(checker: Checker): Hunt {
    return huntOfVerdict(checker.check({ operations: this.operations, faults: [] }, defaultBudget));
  }

  /** For what no history of reads and writes shows: it was seen now. */
  saw(violation: string, summary: string): Hunt {
    return { state: 'found', sightings: [{ violation, summary, afterMs: this.nowMs }] };
  }
}

function huntOfVerdict(verdict: Verdict): Hunt {
  if (verdict.valid === true) return { state: 'silent' };
  if (verdict.valid === 'unknown') return { state: 'failed', reason: verdict.reason };
  return {
    state: 'found',
    sightings: verdict.violations.map(({ checker, summary, atNs, operations }) => ({
      violation: checker,
      summary,
      afterMs: Math.max(atNs, ...operations.map(({ returnNs }) => returnNs).filter(Number.isFinite)) / 1e6,
    })),
  };
}
