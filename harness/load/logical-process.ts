/**
 * A LogicalProcess is one user as the checkers see it: it asks one instance, one operation at a time, hands its
 * session token on, and remembers what it read, so that it can compare and swap.
 */
export interface LogicalProcess {
  readonly number: number;
  /** The last Session-Token that it was given. */
  sessionToken: string | undefined;
  readonly known: KnownRevisions;
  /** What any process has seen of the keys of transactions: each compares what it rests on, so whoever saw it will do. */
  readonly knownToAll: KnownRevisions;
}

/** What a revision of a key stands for: the value it had then. Revision 0 is "no such key", value null. */
export interface Known {
  readonly value: unknown;
  readonly revision: number;
}

/** The last (value, revision) that one process saw of each key; of too many keys the first is forgotten. */
export class KnownRevisions {
  readonly #byKey = new Map<string, Known>();
  readonly #limit: number;

  /** Hundreds of processes over a million keys must fit in memory. A limit of 0 remembers nothing. */
  constructor(limit = 1_000) {
    this.#limit = limit;
  }

  get(key: string): Known | undefined {
    return this.#byKey.get(key);
  }

  set(key: string, known: Known): void {
    if (this.#limit === 0) return;
    this.#byKey.set(key, known);
    if (this.#byKey.size > this.#limit) this.#byKey.delete(this.#byKey.keys().next().value!);
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }
}

/**
 * The processes pinned to one instance. The free one with the lowest place goes first, so that sessions are long;
 * a process whose operation ended `info` may still have it running, so its place goes to a new process.
 */
export class ProcessPool {
  readonly #places: { process: LogicalProcess; busy: boolean }[] = [];
  readonly #create: () => LogicalProcess;
  /** No place below is free. */
  #lowestFree = 0;

  constructor(create: () => LogicalProcess) {
    this.#create = create;
  }

  take(): { readonly process: LogicalProcess; readonly place: number } {
    let place = this.#lowestFree;
    while (place < this.#places.length && this.#places[place]!.busy) place++;
    if (place === this.#places.length) this.#places.push({ process: this.#create(), busy: false });
    const taken = this.#places[place]!;
    taken.busy = true;
    this.#lowestFree = place + 1;
    return { process: taken.process, place };
  }

  giveBack(place: number): void {
    this.#places[place]!.busy = false;
    this.#lowestFree = Math.min(this.#lowestFree, place);
  }

  retire(place: number): void {
    this.#places[place] = { process: this.#create(), busy: false };
    this.#lowestFree = Math.min(this.#lowestFree, place);
  }
}

/** Creates processes numbered 0, 1, 2, ... over all instances of a run. */
export function processFactory(remembers: boolean): () => LogicalProcess {
  let next = 0;
  const knownToAll = new KnownRevisions();
  return () => ({
    number: next++,
    sessionToken: undefined,
    known: new KnownRevisions(remembers ? undefined : 0),
    knownToAll,
  });
}
