import { Queue } from './queue.ts';
import type { Toxic } from './toxic.ts';
import { type Item, isChunk, pass, type Start, type Step, type ToxicAction } from './toxic-type.ts';

const defaultBufferBytes = 64 * 1024;

/** Where items go next: another stage, or the socket. */
export interface Outlet {
  /** Takes nothing more for now. It may still be given an End, and what must not be lost. */
  readonly full: boolean;
  take(item: Item): void;
}

/**
 * A Stage is one toxic at work on one direction of one connection: the queue before it, the timer, and whether chance
 * chose this connection.
 */
export class Stage implements Outlet {
  readonly toxic: Toxic;
  readonly #action: ToxicAction;
  /** In [0, 1): the toxic acts when this is below its toxicity. Kept through updates, so raising toxicity only adds. */
  readonly #draw: number;
  readonly #wake: () => void;
  readonly #queue = new Queue();
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = 0;
  #ended = false;

  constructor(toxic: Toxic, start: Start, wake: () => void) {
    this.toxic = toxic;
    this.#draw = start.random.number();
    this.#action = toxic.type.start(start);
    this.#wake = wake;
  }

  get acts(): boolean {
    return this.#draw < this.toxic.toxicity;
  }

  get full(): boolean {
    return this.#queue.size >= (this.toxic.type.bufferBytes ?? defaultBufferBytes);
  }

  take(item: Item): void {
    if (!this.#ended) this.#queue.push(item);
  }

  /** Hands on whatever may go now. True when it stopped only because the outlet is full. */
  advance(outlet: Outlet, nowMs: number): boolean {
    while (!this.#ended) {
      const head = this.#queue.head;
      // Asked only when it could hand on, so that a toxic which counts or paces is never asked in vain.
      if (outlet.full && isChunk(head)) return true;
      const step: Step = this.acts ? this.#action.next(head, this.toxic.attributes, nowMs) : pass;
      switch (step.do) {
        case 'pass':
          if (head === undefined) return false;
          outlet.take(this.#queue.take(step.bytes ?? Number.POSITIVE_INFINITY)!);
          break;
        case 'drop':
          this.#queue.shift();
          break;
        case 'wait':
          this.#wakeAt(step.untilMs, nowMs);
          return false;
        case 'hold':
          return false;
        case 'close':
        case 'reset':
          this.dispose();
          outlet.take({ end: step.do, atMs: nowMs });
      }
    }
    return false;
  }

  /** Its toxic was taken away: what waits goes on at once, in order, whether or not the next has room. */
  remove(outlet: Outlet, nowMs: number): void {
    const closes = this.acts && this.toxic.type.closesWhenRemoved && !this.#ended;
    if (closes) outlet.take({ end: 'close', atMs: nowMs });
    else
      for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) outlet.take(item);
    this.dispose();
  }

  dispose(): void {
    this.#ended = true;
    this.#queue.clear();
    clearTimeout(this.#timer);
  }

  #wakeAt(atMs: number, nowMs: number): void {
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    // A timer may run a little early by this clock; then it is asked again, and waits again.
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#wake();
      },
      Math.min(Math.ceil(atMs - nowMs), 2 ** 31 - 1),
    );
  }
}
