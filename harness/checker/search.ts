import type { Operation } from '../history/operation.ts';
import { type KeyHistory, Kind, lookedFor, type Step, unlookedFor, written } from './key-history.ts';
import { Memo } from './memo.ts';
import { impossible } from './model.ts';
import type { Values } from './values.ts';

export type SearchState = 'linearizable' | 'illegal' | 'searching';

/**
 * A Search looks for one order of a key's steps that explains every answer (Wing and Gong's search with Lowe's memo,
 * over a linked list as in Porcupine). It can be stopped after some steps and taken up again, so that many keys can
 * be searched in turn.
 *
 * The list holds the steps that are not yet in the order, by the time they were sent. A step may come next unless
 * some step of the list returned before it was sent. What keeps the search short, none of which can hide an order:
 *
 * - A step that only looks, and sees what it must, is taken at once: it changes nothing, so sooner is never worse.
 * - Of steps with the same effect only the one that returned first is tried: in any order two of them could swap.
 * - A value that nobody still to come looks for is overwritten at once, together with the next write.
 * - A value that somebody still to come must find, and nobody can write again, is not left.
 * - An open operation is tried only when something is waiting for what it does.
 * - A value that can no longer become what the first of the waiting must see is given up, where the model can tell.
 * - An open change is tried only if somebody may see it, where the model can tell.
 * - What led nowhere is remembered, see Memo.
 */
export class Search {
  state: SearchState = 'searching';

  readonly #memo = new Memo();
  readonly #steps: readonly Step[];
  readonly #values: Values;
  readonly #hasExpectNot: boolean;
  readonly #hasChange: boolean;

  // The steps that must be in the order.
  readonly #size: number;
  readonly #kind: Uint8Array;
  readonly #a: Int32Array;
  readonly #b: Int32Array;
  readonly #call: Float64Array;
  readonly #ret: Float64Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  #left: number;

  /** Open operations by effect; those of one effect differ only in when they were sent, so the oldest goes first. */
  readonly #open: readonly OpenKind[];
  readonly #used: Int32Array;

  /** By value: how many steps not yet in the order must find it, and how many may yet write it. */
  readonly #finders: Int32Array;
  readonly #writers: Int32Array;
  /** By value: whether an open compare may find it. */
  readonly #openFinders: Uint8Array;
  readonly #changes: KeyHistory['changes'];
  readonly #looks: KeyHistory['looks'];
  readonly #mayBecome: KeyHistory['mayBecome'];
  /** The values that steps must see. */
  readonly #expected: readonly number[];
  /** What a change makes of a value, or -1, and whether a value passes a look: computed once each. */
  readonly #changed = new Map<number, number>();
  readonly #seen = new Map<number, boolean>();

  // The configuration that the search stands at.
  #value: number;
  /** The largest step in the order: the order holds all steps below it but those that the list still has. */
  #highest = -1;
  /** Until when steps not yet in the order may have been sent to come next. */
  #deadline = Number.POSITIVE_INFINITY;

  /** What was taken, to be given back: steps, and open kinds as ~kind. */
  readonly #trail = new Stack();
  /** The longest trail that was given back, and how much of its beginning the trail still has. */
  readonly #longest = new Stack();
  #kept = 0;
  /** What may come next: steps, and open kinds as ~kind. Each frame owns a stretch of it. */
  readonly #candidates = new Stack();
  /** The frames, `frameSize` numbers each: value, highest, trail length, next candidate, end of candidates. */
  readonly #frames = new Stack();
  #deadlines: Float64Array = new Float64Array(64);
  #key = new Int32Array(32);

  constructor(history: KeyHistory) {
    const { steps, values } = history;
    this.#steps = steps;
    this.#values = values;
    this.#changes = history.changes;
    this.#looks = history.looks;
    this.#mayBecome = history.mayBecome;
    this.#hasExpectNot = history.hasExpectNot;
    this.#hasChange = history.hasChange;
    const size = steps.length;
    this.#size = size;
    this.#left = size;
    this.#kind = new Uint8Array(size);
    this.#a = new Int32Array(size);
    this.#b = new Int32Array(size);
    this.#call = new Float64Array(size);
    this.#ret = new Float64Array(size);
    this.#next = new Int32Array(size + 1);
    this.#previous = new Int32Array(size + 1);
    this.#finders = new Int32Array(values.size);
    this.#writers = new Int32Array(values.size);
    this.#openFinders = new Uint8Array(values.size);
    for (let i = 0; i < size; i++) {
      const step = steps[i]!;
      this.#kind[i] = step.kind;
      this.#a[i] = step.a;
      this.#b[i] = step.b;
      this.#call[i] = step.call;
      this.#ret[i] = step.ret;
      this.#countAt(i, 1);
    }
    // The list is a ring; place `size` stands for both of its ends.
    for (let i = 0; i <= size; i++) {
      this.#next[i] = i === size ? 0 : i + 1;
      this.#previous[i] = i === 0 ? size : i - 1;
    }
    this.#expected = [...new Set(steps.flatMap(({ kind, a }) => (kind === Kind.expect ? [a] : [])))];
    this.#open = openKinds(history.open);
    this.#used = new Int32Array(this.#open.length);
    for (const step of history.open) {
      this.#writers[written(step)]!++;
      this.#openFinders[lookedFor(step)] = 1;
    }
    this.#value = history.initial;
    if (size === 0) {
      this.state = 'linearizable';
      return;
    }
    this.#enter(0);
  }

  /** Configurations remembered. */
  get entries(): number {
    return this.#memo.entries;
  }

  /** About how much memory it takes, in numbers of four bytes: what it remembers, and the values it has come by. */
  get size(): number {
    return this.#memo.size + this.#values.weight + 8 * (this.#changed.size + this.#seen.size);
  }

  /**
   * The order that explains every answer, once there is one; else the longest that the search has come by, which
   * explains the answers of those in it and after which none of those it lacks could follow.
   */
  get order(): readonly Operation[] {
    const trail = this.state === 'linearizable' ? this.#trail : this.#longest;
    const used = new Int32Array(this.#open.length);
    return Array.from({ length: trail.length }, (_, i) => {
      const taken = trail.at(i);
      return taken < 0 ? this.#open[~taken]!.operations[used[~taken]!++]! : this.#steps[taken]!.operation;
    });
  }

  /** Goes on for about so many steps, or until it is decided. */
  run(steps: number): SearchState {
    for (let i = 0; i < steps && this.state === 'searching'; i++) this.#step();
    return this.state;
  }

  /** Tries the next candidate of the topmost frame, or gives the frame up. */
  #step(): void {
    const frames = this.#frames;
    const top = frames.length - frameSize;
    const candidateAt = frames.at(top + 3);
    this.#value = frames.at(top);
    this.#highest = frames.at(top + 1);
    this.#deadline = this.#deadlines[top / frameSize]!;
    if (candidateAt === frames.at(top + 4)) {
      this.#remember();
      this.#giveBack(frames.at(top + 2));
      const below = top - frameSize;
      this.#candidates.length = below < 0 ? 0 : frames.at(below + 4);
      frames.length = top;
      if (top === 0) this.state = 'illegal';
      return;
    }
    frames.set(top + 3, candidateAt + 1);
    const trail = this.#trail.length;
    if (!this.#take(this.#candidates.at(candidateAt), top)) {
      this.#giveBack(trail);
      return;
    }
    this.#enter(trail);
  }

  /** Puts a candidate into the order. False when nothing can come of it. */
  #take(candidate: number, frame: number): boolean {
    const before = this.#value;
    const open = candidate < 0 ? this.#open[~candidate]! : undefined;
    const kind = open === undefined ? this.#kind[candidate]! : open.kind;
    const a = open === undefined ? this.#a[candidate]! : open.a;
    const b = open === undefined ? this.#b[candidate]! : open.b;
    if (kind === Kind.set && this.#isOverwriting(a)) {
      // They could stand anywhere later as well, but here nobody can see them: this write follows at once.
      const end = this.#frames.at(frame + 4);
      for (let i = this.#candidatesFrom(frame); i < end; i++) {
        const other = this.#candidates.at(i);
        if (
          other >= 0 &&
          other !== candidate &&
          this.#kind[other] === Kind.set &&
          this.#isUnseen(this.#a[other]!)
        ) {
          this.#unlink(other);
        }
      }
    }
    const becomes = kind === Kind.change ? this.#change(before, a) : kind === Kind.set ? a : b;
    if (becomes === -1) return false;
    if (open === undefined) this.#unlink(candidate);
    else this.#use(~candidate);
    this.#value = becomes;
    if (this.#hasChange || this.#value === before) return true;
    return this.#finders[before]! === 0 || this.#writers[before]! > 0;
  }

  /** Whether a write of this value takes along all writes that nobody can see. */
  #isOverwriting(value: number): boolean {
    return !this.#hasChange && !this.#hasExpectNot && value !== this.#value;
  }

  /** Where the frame's candidates begin: where those of the one below end. */
  #candidatesFrom(frame: number): number {
    return frame === 0 ? 0 : this.#frames.at(frame - frameSize + 4);
  }

  #isUnseen(value: number): boolean {
    return value === unlookedFor || (this.#finders[value] === 0 && this.#openFinders[value] === 0);
  }

  /** Takes all that only looks and sees what it must; then, unless known as hopeless, makes a frame of what is left. */
  #enter(trail: number): void {
    const candidates = this.#candidates;
    const from = candidates.length;
    const value = this.#value;
    let deadline = Number.POSITIVE_INFINITY;
    // Of the steps that wait to see a value, the one that returned first.
    let first = -1;
    for (
      let i = this.#next[this.#size]!;
      i !== this.#size && this.#call[i]! <= deadline;
      i = this.#next[i]!
    ) {
      const kind = this.#kind[i]!;
      if (kind < Kind.set || kind === Kind.look ? this.#isSeen(kind, this.#a[i]!, value) : false) {
        this.#unlink(i);
        continue;
      }
      if (this.#ret[i]! < deadline) deadline = this.#ret[i]!;
      if (kind === Kind.expect && (first === -1 || this.#ret[i]! < this.#ret[first]!)) first = i;
      candidates.push(i);
    }
    if (this.#left === 0) {
      this.state = 'linearizable';
      return;
    }
    this.#deadline = deadline;
    if (this.#mayBecome !== undefined && first !== -1 && !this.#canBecome(first)) {
      candidates.length = from;
      this.#giveBack(trail);
      return;
    }
    if (this.#memo.entries > 0 && this.#memo.isHopeless(this.#key, this.#makeKey(), this.#used)) {
      candidates.length = from;
      this.#giveBack(trail);
      return;
    }
    this.#choose(from, first);
    const { length } = this.#frames;
    this.#frames.push(value);
    this.#frames.push(this.#highest);
    this.#frames.push(trail);
    this.#frames.push(from);
    this.#frames.push(candidates.length);
    const frame = length / frameSize;
    if (frame === this.#deadlines.length) {
      const larger = new Float64Array(frame * 2);
      larger.set(this.#deadlines);
      this.#deadlines = larger;
    }
    this.#deadlines[frame] = deadline;
  }

  /**
   * Turns all that may come next, from `from` on, into what is worth trying, the most urgent first: what returned
   * first, or what a step that returned first is waiting for.
   */
  #choose(from: number, first: number): void {
    const candidates = this.#candidates;
    const value = this.#value;
    const waiting: number[] = [];
    const worth: Candidate[] = [];
    for (let at = from; at < candidates.length; at++) {
      const i = candidates.at(at);
      const kind = this.#kind[i]!;
      if (kind < Kind.set || kind === Kind.look || (kind === Kind.swap && this.#a[i] !== value)) {
        waiting.push(i);
        continue;
      }
      const same = worth.find((other) => this.#sameEffect(other.candidate, i));
      if (same === undefined) worth.push({ candidate: i, urgency: this.#ret[i]! });
      else if (this.#ret[i]! < this.#ret[same.candidate]!) {
        same.candidate = i;
        same.urgency = this.#ret[i]!;
      }
    }
    candidates.length = from;
    for (const one of worth) {
      const i = one.candidate;
      if (this.#hasChange) {
        if (this.#mayBecome !== undefined && first !== -1 && this.#leadsTo(i, first))
          one.urgency = Number.NEGATIVE_INFINITY;
        continue;
      }
      const becomes = this.#kind[i] === Kind.set ? this.#a[i]! : this.#b[i]!;
      for (const other of waiting) {
        if (
          this.#kind[other] !== Kind.expectNot &&
          this.#a[other] === becomes &&
          this.#ret[other]! < one.urgency
        ) {
          one.urgency = this.#ret[other]!;
        }
      }
      // Whichever other write is taken takes it along.
      if (!this.#hasExpectNot && !this.#hasChange && this.#kind[i] === Kind.set && this.#isUnseen(becomes)) {
        one.urgency = Number.POSITIVE_INFINITY;
      }
    }
    worth.sort((x, y) => x.urgency - y.urgency);
    for (const one of worth) candidates.push(one.candidate);
    this.#chooseOpen(waiting, worth);
  }

  /**
   * Whether the value can still become what a step must see: changes may do it, or a write that was sent before the
   * step returned may start anew.
   */
  #canBecome(expect: number): boolean {
    const seen = this.#values.value(this.#a[expect]!);
    const leadsThere = (value: number) => this.#mayBecome!(this.#values.value(value), seen);
    if (leadsThere(this.#value)) return true;
    const until = this.#ret[expect]!;
    for (let i = this.#next[this.#size]!; i !== this.#size && this.#call[i]! <= until; i = this.#next[i]!) {
      if (this.#kind[i] === Kind.set && leadsThere(this.#a[i]!)) return true;
    }
    return this.#open.some(
      ({ kind, a, calls }, i) =>
        kind === Kind.set &&
        this.#used[i]! < calls.length &&
        calls[this.#used[i]!]! <= until &&
        leadsThere(a),
    );
  }

  /** Whether the value is nearer to what a step must see after this candidate. */
  #leadsTo(candidate: number, expect: number): boolean {
    const seen = this.#values.value(this.#a[expect]!);
    const leadsThere = (value: number) => this.#mayBecome!(this.#values.value(value), seen);
    const a = this.#a[candidate]!;
    const isOnTheWay = leadsThere(this.#value);
    if (this.#kind[candidate] === Kind.set) return !isOnTheWay && leadsThere(a);
    if (this.#kind[candidate] !== Kind.change || !isOnTheWay) return false;
    const after = this.#change(this.#value, a);
    return after !== -1 && leadsThere(after);
  }

  #sameEffect(x: number, y: number): boolean {
    return this.#kind[x] === this.#kind[y] && this.#a[x] === this.#a[y] && this.#b[x] === this.#b[y];
  }

  /** Open operations may also never happen, so they are tried last, and only for something that waits for them. */
  #chooseOpen(waiting: readonly number[], worth: readonly Candidate[]): void {
    const value = this.#value;
    for (let kind = 0; kind < this.#open.length; kind++) {
      const open = this.#open[kind]!;
      const used = this.#used[kind]!;
      if (used === open.calls.length || open.calls[used]! > this.#deadline) continue;
      if (open.kind === Kind.swap && open.a !== value) continue;
      const hasTwin = worth.some(
        ({ candidate: i }) => this.#kind[i] === open.kind && this.#a[i] === open.a && this.#b[i] === open.b,
      );
      if (hasTwin) continue;
      if (!this.#hasChange) {
        const becomes = open.kind === Kind.set ? open.a : open.b;
        if (becomes === value) continue;
        const isAwaited =
          this.#openFinders[becomes] === 1 ||
          waiting.some((i) =>
            this.#kind[i] === Kind.expectNot ? this.#a[i] === value : this.#a[i] === becomes,
          );
        if (!isAwaited) continue;
      } else if (!this.#mayBeSeen(open.kind, open.a)) {
        continue;
      }
      this.#candidates.push(~kind);
    }
  }

  /**
   * Whether anybody still to come may see what this does, where the model can tell. If not, nothing looks at the value
   * until it is written anew, and what came of it meanwhile is of no consequence.
   */
  #mayBeSeen(kind: number, a: number): boolean {
    if (this.#mayBecome === undefined || (kind !== Kind.set && kind !== Kind.change)) return true;
    const after = kind === Kind.set ? a : this.#change(this.#value, a);
    if (after === -1) return false;
    const value = this.#values.value(after);
    return this.#expected.some(
      (seen) => this.#finders[seen]! > 0 && this.#mayBecome!(value, this.#values.value(seen)),
    );
  }

  /** The value that the change makes of this one; -1 if it cannot have happened to it. */
  #change(value: number, change: number): number {
    const pair = value * this.#changes.length + change;
    let result = this.#changed.get(pair);
    if (result === undefined) {
      const after = this.#changes[change]!.apply(this.#values.value(value));
      result = after === impossible ? -1 : this.#values.number(after);
      this.#changed.set(pair, result);
    }
    return result;
  }

  /** Whether a step that only looks sees at this value what it must. */
  #isSeen(kind: number, a: number, value: number): boolean {
    if (kind === Kind.expect) return a === value;
    if (kind === Kind.expectNot) return a !== value;
    const pair = value * this.#looks.length + a;
    let seen = this.#seen.get(pair);
    if (seen === undefined) {
      seen = this.#looks[a]!.sees(this.#values.value(value));
      this.#seen.set(pair, seen);
    }
    return seen;
  }

  #unlink(i: number): void {
    this.#next[this.#previous[i]!] = this.#next[i]!;
    this.#previous[this.#next[i]!] = this.#previous[i]!;
    this.#left--;
    if (i > this.#highest) this.#highest = i;
    this.#countAt(i, -1);
    this.#trail.push(i);
  }

  #use(kind: number): void {
    this.#used[kind]!++;
    const open = this.#open[kind]!;
    this.#writers[open.kind === Kind.set ? open.a : open.b]!--;
    this.#trail.push(~kind);
  }

  #giveBack(trail: number): void {
    if (this.#trail.length > this.#longest.length) this.#keepLongest();
    if (trail < this.#kept) this.#kept = trail;
    while (this.#trail.length > trail) {
      const i = this.#trail.pop();
      if (i < 0) {
        this.#used[~i]!--;
        const open = this.#open[~i]!;
        this.#writers[open.kind === Kind.set ? open.a : open.b]!++;
        continue;
      }
      this.#next[this.#previous[i]!] = i;
      this.#previous[this.#next[i]!] = i;
      this.#left++;
      this.#countAt(i, 1);
    }
  }

  #keepLongest(): void {
    this.#longest.length = this.#kept;
    for (let i = this.#kept; i < this.#trail.length; i++) this.#longest.push(this.#trail.at(i));
    this.#kept = this.#trail.length;
  }

  #countAt(i: number, by: 1 | -1): void {
    switch (this.#kind[i]) {
      case Kind.expect:
        this.#finders[this.#a[i]!]! += by;
        break;
      case Kind.set:
        this.#writers[this.#a[i]!]! += by;
        break;
      case Kind.swap:
        this.#finders[this.#a[i]!]! += by;
        this.#writers[this.#b[i]!]! += by;
        break;
    }
  }

  #remember(): void {
    const keyLength = this.#makeKey();
    this.#memo.add(this.#key, keyLength, this.#used);
  }

  /** The configuration in numbers: the value, the highest step of the order, and the steps below it that it lacks. */
  #makeKey(): number {
    let length = 0;
    let key = this.#key;
    const unseen = !this.#hasExpectNot && !this.#hasChange && this.#isUnseen(this.#value);
    key[length++] = unseen ? unlookedFor : this.#value;
    key[length++] = this.#highest;
    for (let i = this.#next[this.#size]!; i < this.#highest; i = this.#next[i]!) {
      if (length === key.length) {
        key = new Int32Array(length * 2);
        key.set(this.#key);
        this.#key = key;
      }
      key[length++] = i;
    }
    return length;
  }
}

interface Candidate {
  candidate: number;
  /** When it must have happened, or when something that waits for it must have. */
  urgency: number;
}

/** An OpenKind is all open operations of one effect. */
interface OpenKind {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  /** When they were sent, ascending. */
  readonly calls: number[];
  readonly operations: Operation[];
}

function openKinds(open: readonly Step[]): OpenKind[] {
  const kinds = new Map<string, OpenKind>();
  for (const { kind, a, b, call, operation } of open) {
    const name = `${kind} ${a} ${b}`;
    const known = kinds.get(name);
    if (known === undefined) kinds.set(name, { kind, a, b, calls: [call], operations: [operation] });
    else {
      known.calls.push(call);
      known.operations.push(operation);
    }
  }
  return [...kinds.values()];
}

const frameSize = 5;

/** A Stack of whole numbers that grows. */
class Stack {
  length = 0;
  #numbers = new Int32Array(256);

  at(i: number): number {
    return this.#numbers[i]!;
  }

  set(i: number, number: number): void {
    this.#numbers[i] = number;
  }

  push(number: number): void {
    if (this.length === this.#numbers.length) {
      const larger = new Int32Array(this.length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.length++] = number;
  }

  pop(): number {
    return this.#numbers[--this.length]!;
  }
}
