import { EDNListParser } from 'edn-data/dist/parse.js';
import type { Event, HistoryBuilder } from './history-builder.ts';
import { HistoryError } from './history-error.ts';

/** The parser's own numbers for what an open bracket on its stack is. */
const vector = 0;
const list = 1;

/**
 * EdnEvents reads a Jepsen history: maps one after another, or one vector (or list) of them, plain or tagged
 * (`#jepsen.history.Op{…}`).
 *
 *   {:process 0, :type :invoke, :f :cas, :value [1 2], :time 1200, :index 7}
 *
 * Keys: an event's `:key` if it has one. Otherwise, where the first client event's value is a pair `[key value]` (for
 * a cas, whose value is itself a pair, `[key [from to]]`) or is tagged as a tuple of jepsen.independent, every value
 * is such a pair. A register that holds two-element vectors would be misread so; Jepsen's own tests have none, and a
 * later value that is no pair is an error, never a guess. Keywords are read as strings.
 */
export class EdnEvents {
  readonly #file: string;
  readonly #builder: HistoryBuilder;
  readonly #parser: EDNListParser;
  #line = 0;
  /** Whether values are [key value]; undefined until a client event has shown it. */
  #tuples: boolean | undefined;

  constructor(file: string, builder: HistoryBuilder) {
    this.#file = file;
    this.#builder = builder;
    this.#parser = new EDNListParser({
      mapAs: 'map',
      setAs: 'array',
      listAs: 'array',
      charAs: 'string',
      symbolAs: 'string',
      keywordAs: 'string',
    });
    // The parser streams the elements of one list, so the whole file is made that list's inside.
    this.#parser.next('(');
  }

  add(text: string, line: number): void {
    this.#line = line;
    this.#parse(`${text}\n`);
    const open = this.#parser.stack[0] as [kind: number, elements: unknown[]] | undefined;
    if (open !== undefined && (open[0] === vector || open[0] === list)) {
      // The elements of a vector around everything are taken out as they come, or it would hold the whole file.
      for (const form of open[1].splice(0)) this.#form(form);
    }
  }

  finish(): void {
    this.#parse('\n ');
    if (this.#parser.stack.length > 0 || this.#parser.state !== '') {
      this.#builder.note(
        `line ${this.#line} is torn (the file ends in the middle of a form) and was left out`,
      );
    }
  }

  #parse(text: string): void {
    let forms: unknown[];
    try {
      forms = this.#parser.next(text);
    } catch (error) {
      throw new HistoryError(this.#file, this.#line, `is no EDN: ${(error as Error).message}`);
    }
    if (this.#parser.isDone()) throw new HistoryError(this.#file, this.#line, 'is no EDN: an unmatched )');
    for (const form of forms) this.#form(form);
  }

  #form(form: unknown): void {
    if (Array.isArray(form)) {
      for (const element of form) this.#form(element);
      return;
    }
    const untagged = tagged(form) ? form.val : form;
    if (!(untagged instanceof Map)) {
      throw new HistoryError(
        this.#file,
        this.#line,
        `should be a map such as {:process 0, :type :invoke, …}, got ${JSON.stringify(plain(form))}`,
      );
    }
    const event = Object.fromEntries([...untagged].map(([name, value]) => [String(name), value])) as Event;
    const { value, ...others } = event as Record<string, unknown>;
    const isTuple = tagged(value) && value.tag.startsWith('jepsen.independent');
    const read: Record<string, unknown> = {
      ...(plain(others) as object),
      value: plain(isTuple ? value.val : value),
    };
    if (typeof event.process === 'number') this.#key(read, isTuple);
    this.#builder.add(read, this.#line);
  }

  /** Takes the key out of a value that is a tuple. */
  #key(event: Record<string, unknown>, isTuple: boolean): void {
    if (event.key !== undefined) return;
    const { value } = event;
    const isPair = Array.isArray(value) && value.length === 2;
    this.#tuples ??=
      isTuple || (isPair && (event.f !== 'cas' || Array.isArray(value[1])) && event.f !== 'txn');
    if (!this.#tuples) return;
    if (!isPair) {
      // A completion may lack its value (nil for an operation that timed out); it has the key of its invocation.
      if ((value === null || value === undefined) && event.type !== 'invoke') return;
      throw new HistoryError(
        this.#file,
        this.#line,
        `:value should be [key value] as in the file's first operation, got ${JSON.stringify(value)}`,
      );
    }
    [event.key, event.value] = value;
  }
}

interface Tagged {
  readonly tag: string;
  readonly val: unknown;
}

function tagged(form: unknown): form is Tagged {
  return typeof form === 'object' && form !== null && 'tag' in form && 'val' in form;
}

/** Values as JSON has them: maps become objects, big integers numbers where they fit. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : `${value}N`;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Date) return value.toISOString();
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, inner]) => [
      typeof name === 'string' ? name : JSON.stringify(plain(name)),
      plain(inner),
    ]),
  );
}
