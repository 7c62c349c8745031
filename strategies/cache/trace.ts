import { createReadStream } from 'node:fs';

/** A Trace is a sequence of accesses to keys: 4 bytes an access, and each key once. */
export interface Trace {
  readonly keys: readonly string[];
  /** Indexes into keys, in the order of the accesses. */
  readonly references: Uint32Array;
}

/** A TraceUnreadable is thrown for a trace file that is not there, cannot be read or holds no key. */
export class TraceUnreadable extends Error {
  override readonly name = 'TraceUnreadable';
}

export function traceOf(keys: Iterable<string>): Trace {
  const builder = new TraceBuilder();
  for (const key of keys) builder.add(key);
  return builder.trace();
}

/** Reads one key a line, as it stands there, spaces included. Empty lines are no accesses. */
export async function readTrace(file: string): Promise<Trace> {
  const builder = new TraceBuilder();
  try {
    await eachLine(file, (line) => builder.add(line));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const found =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message;
    throw new TraceUnreadable(`the trace ${file} should be a text file with one key a line, but ${found}`, {
      cause: error,
    });
  }
  const trace = builder.trace();
  if (trace.references.length === 0) {
    throw new TraceUnreadable(`the trace ${file} should hold one key a line, but it holds none`);
  }
  return trace;
}

/** Cut by hand: node:readline leaves an error of its input unheard, which would end the process. */
async function eachLine(file: string, take: (line: string) => void): Promise<void> {
  const offer = (line: string) => {
    const ended = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (ended !== '') take(ended);
  };
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
    const text = rest + (chunk as string);
    let from = 0;
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      offer(text.slice(from, to));
      from = to + 1;
    }
    rest = text.slice(from);
  }
  offer(rest);
}

class TraceBuilder {
  readonly #indexes = new Map<string, number>();
  readonly #keys: string[] = [];
  #references = new Uint32Array(1_024);
  #length = 0;

  add(key: string): void {
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.#keys.length;
      // A copy: a piece cut from a longer text keeps all of that text in memory.
      const own = Buffer.from(key).toString();
      this.#keys.push(own);
      this.#indexes.set(own, index);
    }
    if (this.#length === this.#references.length) {
      const longer = new Uint32Array(this.#length * 2);
      longer.set(this.#references);
      this.#references = longer;
    }
    this.#references[this.#length++] = index;
  }

  trace(): Trace {
    return { keys: this.#keys, references: this.#references.subarray(0, this.#length) };
  }
}
