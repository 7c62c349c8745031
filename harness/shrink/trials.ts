import { type Case, caseKey } from './case.ts';

/** What one run of a case showed of the promise. void: the run proved nothing, so it is no try. */
export type TryOutcome = 'broke' | 'held' | 'void';

export interface Tally {
  readonly broke: number;
  readonly held: number;
  readonly voids: number;
}

export interface Limits {
  /** A case is tried up to so many times. */
  readonly tries: number;
  /** It is taken as soon as it broke the promise so often, and refused as soon as it no longer can. */
  readonly needed: number;
  /** So many void runs of a case leave it undecided, which refuses it. */
  readonly voids: number;
  /** Runs of the smallest case after the search, from which its rate is told. */
  readonly measured: number;
  /** All runs together. */
  readonly runs: number;
  readonly timeMs: number;
  /** How long a run takes, before the first one has told. */
  readonly runMs: number;
}

export interface TrialsOptions {
  readonly limits: Limits;
  /** One run of the case. */
  tryOnce(candidate: Case): Promise<TryOutcome>;
  /** Any clock that does not go back. */
  nowMs(): number;
  readonly signal: AbortSignal;
}

/** A Decision is what came of a candidate. undecided: too many void runs. ended: there was no budget for another try. */
export interface Decision extends Tally {
  readonly state: 'taken' | 'refused' | 'undecided' | 'ended';
  /** Whether it had been tried before, and was not again. */
  readonly known: boolean;
}

/** Trials try cases within one budget and remember what came of each. */
export class Trials {
  readonly #options: TrialsOptions;
  readonly #startedMs: number;
  readonly #decisions = new Map<string, Decision>();
  #runs = 0;
  #longestMs = 0;
  #ended: 'budget' | 'interrupted' | undefined;

  constructor(options: TrialsOptions) {
    const { tries, needed } = options.limits;
    if (!(needed >= 1 && needed <= tries)) {
      throw new RangeError(`needed should be from 1 to tries (${tries}), got ${needed}`);
    }
    this.#options = options;
    this.#startedMs = options.nowMs();
  }

  get runs(): number {
    return this.#runs;
  }

  get leftMs(): number {
    return Math.max(0, this.#startedMs + this.#options.limits.timeMs - this.#options.nowMs());
  }

  /** Why there was no further try, if there was not. */
  get ended(): 'budget' | 'interrupted' | undefined {
    return this.#ended;
  }

  /** Tries a case until it is decided: a sequential test. */
  async decide(candidate: Case): Promise<Decision> {
    const key = caseKey(candidate);
    const before = this.#decisions.get(key);
    if (before) return { ...before, known: true };
    const { tries, needed, voids: voidsAllowed, measured } = this.#options.limits;
    let tally: Tally = { broke: 0, held: 0, voids: 0 };
    while (tally.broke < needed && tally.held <= tries - needed && tally.voids <= voidsAllowed) {
      const outcome = await this.#tryOnce(candidate, measured);
      if (outcome === undefined) return { ...tally, state: 'ended', known: false };
      tally = counted(tally, outcome);
    }
    const state =
      tally.broke >= needed ? 'taken' : tally.held > tries - needed ? 'refused' : ('undecided' as const);
    const decision: Decision = { ...tally, state, known: false };
    this.#decisions.set(key, decision);
    return decision;
  }

  /**
   * Tries a case afresh, out of what the search had to leave. Tries of the search itself would flatter it: they ended as
   * soon as they had broken the promise often enough.
   */
  async measure(candidate: Case): Promise<Tally> {
    const { measured, voids: voidsAllowed } = this.#options.limits;
    let tally: Tally = { broke: 0, held: 0, voids: 0 };
    while (tally.broke + tally.held < measured && tally.voids <= voidsAllowed) {
      const outcome = await this.#tryOnce(candidate, 0);
      if (outcome === undefined) break;
      tally = counted(tally, outcome);
    }
    return tally;
  }

  /** Undefined when the budget, less the runs that are kept back, has no room for another. */
  async #tryOnce(candidate: Case, keptBack: number): Promise<TryOutcome | undefined> {
    const { limits, signal, nowMs, tryOnce } = this.#options;
    const runMs = this.#longestMs || limits.runMs;
    const room = this.#runs + 1 + keptBack <= limits.runs && runMs * (1 + keptBack) <= this.leftMs;
    if (signal.aborted || !room) {
      this.#ended ??= signal.aborted ? 'interrupted' : 'budget';
      return undefined;
    }
    const fromMs = nowMs();
    this.#runs += 1;
    const outcome = await tryOnce(candidate);
    this.#longestMs = Math.max(this.#longestMs, nowMs() - fromMs);
    // What an interrupt cut short is no try, unless it had seen what it was looking for.
    return outcome === 'void' && signal.aborted ? this.#tryOnce(candidate, keptBack) : outcome;
  }
}

function counted(tally: Tally, outcome: TryOutcome): Tally {
  return {
    broke: tally.broke + (outcome === 'broke' ? 1 : 0),
    held: tally.held + (outcome === 'held' ? 1 : 0),
    voids: tally.voids + (outcome === 'void' ? 1 : 0),
  };
}
