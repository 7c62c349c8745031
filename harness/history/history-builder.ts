import { nemesisProcess, observerProcess } from './format.ts';
import { HistoryError } from './history-error.ts';
import { flawOf, type Observation } from './observation.ts';
import type {
  CacheClass,
  FaultWindow,
  Grade,
  Operation,
  OperationFunction,
  Outcome,
  Source,
} from './operation.ts';
import type { RecordedHistory } from './recorded-history.ts';
import { type WatchLine, WatchLines } from './watch-format.ts';

/** An Event is one line of a history file, whatever its format, as found there: nothing is checked yet. */
export interface Event {
  readonly process?: unknown;
  readonly type?: unknown;
  readonly f?: unknown;
  readonly key?: unknown;
  readonly value?: unknown;
  readonly time?: unknown;
  readonly grade?: unknown;
  readonly due?: unknown;
  readonly revision?: unknown;
  readonly fence?: unknown;
  readonly source?: unknown;
  readonly cache?: unknown;
  readonly staleMs?: unknown;
  readonly instance?: unknown;
  readonly final?: unknown;
  readonly error?: unknown;
  readonly swapped?: unknown;
  readonly targets?: unknown;
}

const functions: ReadonlyMap<unknown, OperationFunction> = new Map([
  ['read', 'read'],
  ['write', 'write'],
  ['cas', 'cas'],
  ['delete', 'delete'],
  ['txn', 'txn'],
  ['append', 'append'],
  ['add', 'add'],
  ['enqueue', 'enqueue'],
  ['dequeue', 'dequeue'],
  ['acquire', 'acquire'],
  ['release', 'release'],
  ['transfer', 'transfer'],
  // A key-value store's own words.
  ['get', 'read'],
  ['put', 'write'],
]);

/** Process names that are not numbers are numbered from here, well above the numbers that drivers use. */
const firstNamedProcess = 1_000_000_000;

/** Longer strings are hardly ever met twice, and a table of them would only hold memory. */
const longestInterned = 64;

/**
 * A HistoryBuilder joins invoke lines and completion lines to operations, one line at a time, and throws a
 * HistoryError at the first that cannot be. Every operation has the same shape and shares its strings, so that a
 * million of them take some 300 MB.
 */
export class HistoryBuilder {
  readonly #file: string;
  readonly #operations: Recorded[] = [];
  readonly #faults: FaultWindow[] = [];
  readonly #observations: Observation[] = [];
  /** By process: what it has in flight, and the line that invoked it. */
  readonly #open = new Map<number, { readonly operation: Recorded; readonly line: number }>();
  readonly #openFaults = new Map<string, { window: FaultWindow; index: number }>();
  readonly #strings = new Map<string, string>();
  readonly #processNames = new Map<string, number>();
  readonly #notes: string[] = [];
  readonly #watches = new WatchLines();
  /** Whether events carry times or are ordered by their lines; the first event decides. */
  #timed: boolean | undefined;
  #lastTime = 0;

  constructor(file: string) {
    this.#file = file;
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  add(event: Event, line: number): void {
    if (event.process === nemesisProcess) {
      this.#addFault(event, line);
      return;
    }
    if (event.process === observerProcess) {
      this.#addObservation(event, line);
      return;
    }
    const process = this.#process(event.process, line);
    const time = this.#time(event.time, line);
    switch (event.type) {
      case 'invoke':
        this.#invoke(event, process, time, line);
        return;
      case 'ok':
      case 'fail':
      case 'info':
        this.#complete(event, event.type, process, time, line);
        return;
      default:
        throw this.#error(line, `"type" should be invoke, ok, fail or info, got ${show(event.type)}`);
    }
  }

  addWatch(watchLine: WatchLine, line: number): void {
    const problem = this.#watches.add(watchLine);
    if (problem !== undefined) throw this.#error(line, problem);
  }

  finish(): RecordedHistory {
    if (this.#open.size > 0) {
      // Nobody knows how they ended: they stay what #invoke made them, `info` and open to the end.
      this.#notes.push(`${this.#open.size} operations have no completion: each may have happened (info)`);
    }
    const watches = this.#watches.finish();
    if (typeof watches === 'string') throw this.#error(0, watches);
    return {
      operations: this.#operations,
      faults: this.#faults,
      ...(this.#observations.length > 0 ? { observations: this.#observations } : {}),
      orderedBy: this.#timed === false ? 'line' : 'time',
      notes: this.#notes,
      ...(watches && { watches }),
    };
  }

  #invoke(event: Event, process: number, time: number, line: number): void {
    const earlier = this.#open.get(process);
    if (earlier !== undefined) {
      throw this.#error(
        line,
        `process ${show(event.process)} invokes a ${show(event.f)} while its ${earlier.operation.f} of line ${earlier.line} is still open; ` +
          'a process has one operation in flight: end the first (with "info" if nobody knows how) or name another process',
      );
    }
    const f = functions.get(event.f);
    if (f === undefined) {
      throw this.#error(
        line,
        `"f" should be one of ${[...functions.keys()].join(', ')}, got ${show(event.f)}`,
      );
    }
    const operation = new Recorded(process, f, this.#key(event.key, line), time);
    if (f === 'cas') operation.value = this.#cas(event.value, line);
    else if (f === 'delete') operation.value = null;
    else if (f !== 'read' && f !== 'dequeue') operation.value = this.#shared(event.value, line);
    operation.dueNs = this.#number(event.due, 'due', line);
    operation.grade = this.#text(event.grade, 'grade', line) as Grade | undefined;
    operation.instance = this.#text(event.instance, 'instance', line);
    if (event.final === true) operation.final = true;
    this.#open.set(process, { operation, line });
    this.#operations.push(operation);
  }

  #complete(event: Event, outcome: Outcome, process: number, time: number, line: number): void {
    const open = this.#open.get(process);
    if (open === undefined) {
      throw this.#error(
        line,
        `process ${show(event.process)} completes a ${show(event.f)} that it never invoked; ` +
          'an invoke line should come before',
      );
    }
    const { operation } = open;
    if (event.f !== undefined && functions.get(event.f) !== operation.f) {
      throw this.#error(
        line,
        `process ${show(event.process)} completes a ${show(event.f)}, but what it invoked on line ${open.line} is a ${operation.f}`,
      );
    }
    if (event.key !== undefined && event.key !== null && this.#key(event.key, line) !== operation.key) {
      throw this.#error(
        line,
        `process ${show(event.process)} completes an operation on key ${show(event.key)}, ` +
          `but what it invoked on line ${open.line} is on key ${show(operation.key)}`,
      );
    }
    if (time < operation.invokeNs) {
      throw this.#error(
        line,
        `the completion's time ${time} is before ${operation.invokeNs}, when it was invoked (line ${open.line})`,
      );
    }
    this.#open.delete(process);
    operation.outcome = outcome;
    if (outcome === 'info') operation.endedNs = time;
    else operation.returnNs = time;
    if (outcome === 'ok') {
      if (operation.f === 'read' || operation.f === 'dequeue')
        operation.value = this.#shared(event.value, line);
      // A transaction's answer is what its reads saw.
      else if (operation.f === 'txn' && event.value !== undefined) operation.value = event.value;
    }
    if (event.swapped !== undefined && event.swapped !== null) {
      if (typeof event.swapped !== 'boolean') {
        throw this.#error(line, `"swapped" should be true or false, got ${show(event.swapped)}`);
      }
      operation.swapped = event.swapped;
    }
    operation.revision = this.#number(event.revision, 'revision', line);
    operation.fence = this.#number(event.fence, 'fence', line);
    operation.source = this.#text(event.source, 'source', line) as Source | undefined;
    operation.cache = this.#text(event.cache, 'cache', line) as CacheClass | undefined;
    operation.staleMs = this.#number(event.staleMs, 'staleMs', line);
    if (event.error !== undefined && event.error !== null) operation.error = this.#intern(plain(event.error));
    if (event.final === true) operation.final = true;
    // Foreign files name these on either line.
    operation.grade ??= this.#text(event.grade, 'grade', line) as Grade | undefined;
    operation.instance ??= this.#text(event.instance, 'instance', line);
  }

  /** A pair of invoke and ok lines of the nemesis is a fault; other tools' nemesis lines are read over. */
  #addFault(event: Event, line: number): void {
    if (typeof event.f !== 'string' || typeof event.time !== 'number') return;
    if (event.type === 'invoke') {
      const window: FaultWindow = {
        nemesis: event.f,
        sentence: typeof event.value === 'string' ? event.value : event.f,
        targets: Array.isArray(event.targets) ? event.targets.map(String) : [],
        fromNs: this.#time(event.time, line),
        toNs: Number.POSITIVE_INFINITY,
      };
      this.#openFaults.set(event.f, { window, index: this.#faults.push(window) - 1 });
    } else if (event.type === 'ok') {
      const opened = this.#openFaults.get(event.f);
      if (opened === undefined) return;
      this.#openFaults.delete(event.f);
      this.#faults[opened.index] = { ...opened.window, toNs: event.time };
    }
  }

  #addObservation({ f, value }: Event, line: number): void {
    const observation =
      typeof value === 'object' && value !== null ? { ...value, kind: f } : { kind: f, value };
    const flaw = flawOf(observation);
    if (flaw !== undefined) {
      throw this.#error(
        line,
        `what an observer saw should be an observation, got ${show(observation)}: ${flaw}`,
      );
    }
    this.#observations.push(observation as unknown as Observation);
  }

  #process(process: unknown, line: number): number {
    if (typeof process === 'number' && Number.isInteger(process)) return process;
    if (typeof process !== 'string' || process === '') {
      throw this.#error(line, `"process" should be a whole number or a name, got ${show(process)}`);
    }
    if (/^\d{1,9}$/.test(process)) return Number(process);
    const known = this.#processNames.get(process);
    if (known !== undefined) return known;
    const number = firstNamedProcess + this.#processNames.size;
    this.#processNames.set(process, number);
    return number;
  }

  #time(time: unknown, line: number): number {
    const timed = time !== undefined && time !== null;
    this.#timed ??= timed;
    if (timed !== this.#timed) {
      throw this.#error(
        line,
        timed
          ? '"time" is given here, but earlier events have none; either all events have a time or none has'
          : '"time" is missing here, but earlier events have one; either all events have a time or none has',
      );
    }
    // Without times the order of the lines is the order of the events, so the line number serves as the time.
    if (!timed) {
      this.#lastTime = Math.max(this.#lastTime + 1, line);
      return this.#lastTime;
    }
    return this.#number(time, 'time', line)!;
  }

  #key(key: unknown, line: number): string {
    if (key === undefined || key === null) return '';
    if (typeof key === 'string') return this.#intern(key);
    if (typeof key === 'number' || typeof key === 'boolean') return this.#intern(String(key));
    throw this.#error(line, `"key" should be a string or a number, got ${show(key)}`);
  }

  #cas(value: unknown, line: number): unknown {
    if (!Array.isArray(value) || value.length !== 2) {
      throw this.#error(line, `a cas should have the value [from, to], got ${show(value)}`);
    }
    return [this.#shared(value[0], line), this.#shared(value[1], line)];
  }

  #number(value: unknown, name: string, line: number): number | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw this.#error(line, `"${name}" should be a number, got ${show(value)}`);
    }
    return value;
  }

  #text(value: unknown, name: string, line: number): string | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string')
      throw this.#error(line, `"${name}" should be a string, got ${show(value)}`);
    return this.#intern(value);
  }

  #shared(value: unknown, line: number): unknown {
    if (typeof value === 'string') return value.length <= longestInterned ? this.#intern(value) : value;
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      // Two such values may have become one when they were parsed, and then a wrong read would look right.
      throw this.#error(
        line,
        `the value ${value} is beyond 2^53 and cannot be told from its neighbours; write it as a string`,
      );
    }
    return value ?? null;
  }

  #intern(text: string): string {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    this.#strings.set(text, text);
    return text;
  }

  #error(line: number, problem: string): HistoryError {
    return new HistoryError(this.#file, line, problem);
  }
}

/**
 * All fields are set in one order and from the start, so that V8 gives a million operations one hidden class.
 * It begins as an operation that was sent and never answered.
 */
class Recorded implements Operation {
  grade: Grade | undefined = undefined;
  value: unknown = undefined;
  swapped: boolean | undefined = undefined;
  outcome: Outcome = 'info';
  dueNs: number | undefined = undefined;
  returnNs = Number.POSITIVE_INFINITY;
  endedNs: number | undefined = undefined;
  revision: number | undefined = undefined;
  fence: number | undefined = undefined;
  source: Source | undefined = undefined;
  cache: CacheClass | undefined = undefined;
  staleMs: number | undefined = undefined;
  instance: string | undefined = undefined;
  final: boolean | undefined = undefined;
  error: string | undefined = undefined;

  constructor(
    readonly process: number,
    readonly f: OperationFunction,
    readonly key: string,
    readonly invokeNs: number,
  ) {}
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
