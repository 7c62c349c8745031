/** Values is a numbering of values: equal values have equal numbers. 1 and "1" differ; objects are equal by content. */
export class Values {
  readonly #numbers = new Map<unknown, number>();
  readonly #values: unknown[] = [];
  #weight = 0;

  get size(): number {
    return this.#values.length;
  }

  /** About how much memory they take, in numbers of four bytes. */
  get weight(): number {
    return this.#weight;
  }

  number(value: unknown): number {
    const key = comparable(value);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#values.push(value) - 1;
      this.#numbers.set(key, number);
      // A string takes a byte a character; of an object there is the object as well.
      this.#weight += typeof key !== 'string' ? 8 : key.length / (typeof value === 'string' ? 4 : 1) + 8;
    }
    return number;
  }

  value(number: number): unknown {
    return this.#values[number];
  }
}

/** A primitive that is equal for equal values. */
export function comparable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // The prefix keeps an object apart from the string that looks like it.
  return `\u0000${canonical(value)}`;
}

function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join()}}`;
}
