import type { History, Operation } from '../history/operation.ts';
import type { Budget, Checker, Verdict, Violation } from './checker.ts';
import { closeOpenWrites } from './close-open-writes.ts';
import { decideKey } from './decide.ts';
import { explain } from './evidence.ts';
import type { Step } from './key-history.ts';
import { foreignOperation, type Model } from './model.ts';
import { register } from './models/register.ts';
import type { Search } from './search.ts';
import { wordsFor } from './words.ts';

export interface LinearizabilityOptions {
  readonly model?: Model;
  /** Which operations are judged; all by default. */
  readonly takesPart?: (operation: Operation) => boolean;
}

/** Only what was asked at grade linearizable is promised to be; writes carry no grade. */
export function isLinearizableGrade({ grade }: Operation): boolean {
  return grade === undefined || grade === 'linearizable';
}

/**
 * Demands that for each key there is one order of its operations which explains every answer, and in which whatever
 * had returned before another was sent comes before it. Herlihy and Wing: it is enough to look at each key alone.
 *
 *   a: |--write 1--|                      After read 1 the write is done; read nothing has no place.
 *   b:        |--read 1--|
 *   c:                      |--read nothing--|
 *
 * Intervals are closed: what returned at the very time at which another was sent is concurrent with it. A write that
 * ended `info` may happen at any time after it was sent, or never; if a watch of all keys stands beside the operations,
 * see closeOpenWrites.
 *
 * Keys are decided by zones where that is possible, or by the order that revisions tell, else by a search, in turn and
 * a number of steps each, so that a key that is hard takes neither time nor memory from one that is illegal. What the
 * budget does not reach is unknown.
 */
export function linearizability(options: LinearizabilityOptions = {}): Checker {
  const { model = register, takesPart } = options;
  return {
    name: 'linearizability',
    check(history, budget) {
      const operations = closeOpenWrites(history);
      const judged = takesPart === undefined ? operations : operations.filter(takesPart);
      const foreign = foreignOperation(model, judged);
      if (foreign !== undefined) {
        return {
          valid: 'unknown',
          operations: 0,
          reason: `the model ${model.name} does not know "${foreign.f}"`,
        };
      }
      return new Judgement(history, judged, model, budget).verdict();
    },
  };
}

/** Steps that each undecided key gets before the next key's turn; doubled every round. */
const firstTurn = 20_000;
/** Steps between two looks at the clock. */
const stepsPerLook = 2_000;
/** An entry of a memo takes about so many numbers of four bytes. */
const numbersPerEntry = 16;
/** Violations are evidence, not a census: beyond so many keys there is nothing new to learn. */
const mostViolations = 10;

class Judgement {
  readonly #history: History;
  readonly #model: Model;
  readonly #budget: Budget;
  readonly #startedAtMs = performance.now();
  readonly #byKey: ReadonlyMap<string, readonly Operation[]>;
  #operations = 0;
  readonly #violations: Violation[] = [];
  #memoEntries = 0;
  #memoNumbers = 0;

  constructor(history: History, judged: readonly Operation[], model: Model, budget: Budget) {
    this.#history = history;
    this.#model = model;
    this.#budget = budget;
    this.#byKey = byKey(model, judged);
    for (const { length } of this.#byKey.values()) this.#operations += length;
  }

  verdict(): Verdict {
    const operations = this.#operations;
    if (operations === 0) return { valid: 'unknown', operations, reason: 'no operation happened' };

    const undecided = this.#firstRound();
    const left = this.#violations.length > 0 ? [] : this.#furtherRounds(undecided.searches);
    if (this.#violations.length > 0) return { valid: false, operations, violations: this.#violations };
    const open = [...undecided.unseen, ...left.map(({ key }) => key)];
    if (open.length === 0) return { valid: true, operations };
    return { valid: 'unknown', operations, reason: this.#reason(open) };
  }

  /** Decides what is easy, which is nearly all; returns what is not, and the keys for which there was no time. */
  #firstRound(): { searches: KeySearch[]; unseen: string[] } {
    const searches: KeySearch[] = [];
    const unseen: string[] = [];
    const room: { steps: Step[] } = { steps: [] };
    for (const [key, operations] of this.#byKey) {
      if (this.#violations.length >= mostViolations) break;
      if (this.#isSpent()) {
        unseen.push(key);
        continue;
      }
      const search = decideKey(this.#model, operations, room);
      if (search === 'linearizable') continue;
      if (search === 'illegal' || search.run(firstTurn) === 'illegal') this.#report(key);
      else if (search.state === 'searching') {
        searches.push({ key, search });
        this.#account(search, 0, 0);
      }
    }
    return { searches, unseen };
  }

  /** Searches on, key after key, until one is illegal, all are decided or the budget is spent. */
  #furtherRounds(searches: KeySearch[]): KeySearch[] {
    let open = searches;
    for (let turn = firstTurn * 2; open.length > 0 && !this.#isSpent(); turn *= 2) {
      const still: KeySearch[] = [];
      for (const one of open) {
        const { key, search } = one;
        for (
          let done = 0;
          done < turn && search.state === 'searching' && !this.#isSpent();
          done += stepsPerLook
        ) {
          const { entries, size } = search;
          search.run(stepsPerLook);
          this.#account(search, entries, size);
        }
        if (search.state === 'illegal') {
          this.#report(key);
          return [];
        }
        if (search.state === 'searching') still.push(one);
        else {
          this.#memoEntries -= search.entries;
          this.#memoNumbers -= search.size;
        }
      }
      open = still;
    }
    return open;
  }

  #account(search: Search, entries: number, size: number): void {
    this.#memoEntries += search.entries - entries;
    this.#memoNumbers += search.size - size;
  }

  #isMemorySpent(): boolean {
    const { maxMemoEntries } = this.#budget;
    return this.#memoEntries > maxMemoEntries || this.#memoNumbers > maxMemoEntries * numbersPerEntry;
  }

  #isSpent(): boolean {
    return performance.now() - this.#startedAtMs > this.#budget.timeMs || this.#isMemorySpent();
  }

  #report(key: string): void {
    const timeLeftMs = this.#budget.timeMs - (performance.now() - this.#startedAtMs);
    const failed = this.#history.operations.filter((one) => one.key === key && one.outcome === 'fail');
    this.#violations.push(
      explain({
        model: this.#model,
        operations: this.#byKey.get(key)!,
        failed,
        words: wordsFor(this.#history.orderedBy),
        timeLeftMs,
      }),
    );
  }

  #reason(open: readonly string[]): string {
    const spent = this.#isMemorySpent()
      ? `the search memory of ${this.#budget.maxMemoEntries} entries is spent`
      : `the time of ${this.#budget.timeMs} ms is spent`;
    const named = open.slice(0, 3).map((key) => (key === '' ? 'the one key' : key));
    const others = open.length > 3 ? ` and ${open.length - 3} more` : '';
    return `${spent} with ${open.length} of ${this.#byKey.size} keys undecided (${named.join(', ')}${others})`;
  }
}

/** The operations of each key; counted first, because arrays that grow are copied and leave three times their size. */
function byKey(model: Model, judged: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> {
  const sizes = new Map<string, number>();
  for (const operation of judged) {
    if (saysNothing(operation)) continue;
    const key = model.spansKeys ? '' : operation.key;
    sizes.set(key, (sizes.get(key) ?? 0) + 1);
  }
  const all = new Map<string, { readonly operations: Operation[]; next: number }>();
  for (const [key, size] of sizes) all.set(key, { operations: new Array<Operation>(size), next: 0 });
  for (const operation of judged) {
    if (saysNothing(operation)) continue;
    const one = all.get(model.spansKeys ? '' : operation.key)!;
    one.operations[one.next++] = operation;
  }
  return new Map([...all].map(([key, { operations }]) => [key, operations]));
}

/** What did not happen, and what is not known of a read. */
function saysNothing({ outcome, f }: Operation): boolean {
  return outcome === 'fail' || (outcome === 'info' && f === 'read');
}

interface KeySearch {
  readonly key: string;
  readonly search: Search;
}
