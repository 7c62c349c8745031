import type { Socket } from 'node:net';
import type { Outlet, Stage } from './stage.ts';
import type { Toxic } from './toxic.ts';
import { type Item, isChunk } from './toxic-type.ts';

/** Bytes that came from the sender and that went to the receiver. */
export interface Counter {
  received: number;
  sent: number;
}

export interface StreamOptions {
  readonly source: Socket;
  readonly sink: Socket;
  readonly counter: Counter;
  /** What acts on it from the start. */
  readonly toxics: readonly Toxic[];
  startStage(toxic: Toxic, alreadyOpen: boolean, wake: () => void): Stage;
  /** The end of the connection came out of this direction: to be sent after the bytes before it (`close`), or at once. */
  endConnection(how: 'close' | 'reset'): void;
}

/**
 * A Stream is one direction of one connection.
 *
 *     source socket --> stage (toxic 1) --> stage (toxic 2) --> sink socket
 *        pause <----------- full <-------------- full <------- not drained
 */
export class Stream implements Outlet {
  readonly #options: StreamOptions;
  #stages: Stage[];
  #paused = false;
  #over = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    const { source, sink } = options;
    this.#stages = options.toxics.map((toxic) => options.startStage(toxic, false, this.pump));
    source.on('end', () => this.enter({ end: 'finish', atMs: performance.now() }));
    sink.on('drain', this.pump);
  }

  /** A toxic may count time from the start, also while nothing is sent. */
  start(): void {
    this.#options.source.resume();
    this.pump();
  }

  /** Bytes came from the source, lent: true when they are still in use afterwards. */
  arrive(bytes: Buffer): boolean {
    if (this.#over) return false;
    const { sink, counter } = this.#options;
    counter.received += bytes.length;
    if (this.#stages.length > 0) {
      this.enter({ bytes: Buffer.from(bytes), atMs: performance.now() });
      return false;
    }
    // Mostly the system takes them at once and they can be given back. Behind others they wait as a copy of their own
    // size: a small one must not keep a large buffer.
    const first = sink.writableLength === 0;
    this.#send(first ? bytes : Buffer.from(bytes));
    this.#press();
    return first && sink.writableLength > 0;
  }

  /** Something came from the source. */
  enter(item: Item): void {
    if (this.#over) return;
    (this.#stages[0] ?? this).take(item);
    this.pump();
  }

  add(toxic: Toxic): void {
    if (this.#over) return;
    this.#stages.push(this.#options.startStage(toxic, true, this.pump));
    this.pump();
  }

  remove(toxic: Toxic): void {
    const at = this.#stages.findIndex((stage) => stage.toxic === toxic);
    if (at < 0) return;
    const [stage] = this.#stages.splice(at, 1);
    stage!.remove(this.#stages[at] ?? this, performance.now());
    this.pump();
  }

  dispose(): void {
    this.#over = true;
    for (const stage of this.#stages) stage.dispose();
    this.#stages = [];
  }

  /** Hands on whatever may go, then presses back on the source or lets it go on. */
  readonly pump = (): void => {
    let again = this.#stages.length > 0;
    while (again && !this.#over) {
      const nowMs = performance.now();
      const stages = this.#stages;
      const blocked = stages.filter((stage, i) => stage.advance(stages[i + 1] ?? this, nowMs));
      // A later stage may have made room after an earlier one had found it full.
      again = blocked.some((stage) => !(stages[stages.indexOf(stage) + 1] ?? this).full);
    }
    this.#press();
  };

  /** Presses back on the source or lets it go on. */
  #press(): void {
    if (this.#over) return;
    const full = (this.#stages[0] ?? this).full;
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.#options.source.pause();
    else this.#options.source.resume();
  }

  /** As the last outlet: the socket, until it drains. One that is gone takes everything, to nowhere. */
  get full(): boolean {
    return this.#options.sink.writableNeedDrain;
  }

  take(item: Item): void {
    if (this.#over) return;
    const { sink, endConnection } = this.#options;
    if (isChunk(item)) this.#send(item.bytes);
    else if (item.end === 'finish') sink.end();
    else endConnection(item.end);
  }

  #send(bytes: Buffer): void {
    const { sink, counter } = this.#options;
    if (sink.destroyed || sink.writableEnded) return;
    counter.sent += bytes.length;
    sink.write(bytes);
  }
}
