import type { Found, Loader } from '../../../strategies/cache/policy.ts';

/** A Held is a promise that ends when the test says so. */
export interface Held<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

export function held<T>(): Held<T> {
  let ends!: Pick<Held<T>, 'resolve' | 'reject'>;
  const promise = new Promise<T>((resolve, reject) => {
    ends = { resolve, reject };
  });
  return { promise, ...ends };
}

/** A HeldSource answers a load when the test says so. */
export class HeldSource {
  readonly asked: string[] = [];
  readonly #loads: Held<Found>[] = [];

  readonly load: Loader = (key) => {
    this.asked.push(key);
    const load = held<Found>();
    this.#loads.push(load);
    return load.promise;
  };

  /** The n-th load since the start, from 0. */
  async answer(n: number, value: unknown, revision: number): Promise<void> {
    this.#loads[n]!.resolve({ value, revision });
    await turn();
  }

  async fail(n: number, error: Error): Promise<void> {
    this.#loads[n]!.reject(error);
    await turn();
  }
}

/** A HeldWrite is a write that ends when the test says so. */
export class HeldWrite {
  readonly #held = held<Found>();

  readonly write = () => this.#held.promise;

  async answer(value: unknown, revision: number): Promise<void> {
    this.#held.resolve({ value, revision });
    await turn();
  }

  async fail(error: Error): Promise<void> {
    this.#held.reject(error);
    await turn();
  }
}

/** Resolves when everything that could go on has gone on. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function manualClock(): { nowMs: () => number; advance(ms: number): void } {
  let atMs = 0;
  return {
    nowMs: () => atMs,
    advance(ms) {
      atMs += ms;
    },
  };
}
