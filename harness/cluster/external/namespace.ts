/**
 * A Namespace puts a prefix before every key of a request and takes it off every key of an answer, whatever the message:
 * ranges, writes, transactions and those within them, watches, leases. So nothing can be asked about keys outside of it.
 *
 *     range [a, b)  -->  range [/faultline/runs/7f/a, /faultline/runs/7f/b)
 *     all keys      -->  range [/faultline/runs/7f/, /faultline/runs/7f0)
 *
 * Messages are plain objects with etcd's own field names; bytes are Buffers, or base64 in a text (protobuf's JSON).
 */
export class Namespace {
  readonly #prefix: Buffer;

  constructor(prefix: string) {
    if (prefix === '') throw new RangeError("a namespace should have a prefix, got ''");
    this.#prefix = Buffer.from(prefix);
  }

  /** The same message about keys under the prefix. */
  request(message: unknown): unknown {
    if (Array.isArray(message)) return message.map((one) => this.request(one));
    if (!isMessage(message)) return message;
    const mapped: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(message)) {
      if (field === 'key') mapped.key = asGiven(value, this.#inside(bytesOf(value)));
      else if (field === 'range_end') mapped.range_end = asGiven(value, this.#end(bytesOf(value)));
      else mapped[field] = this.request(value);
    }
    // Left out, it is the key of no bytes, from which all keys begin.
    if ('range_end' in message && !('key' in message)) mapped.key = asGiven(message.range_end, this.#prefix);
    return mapped;
  }

  /** The same message about keys without the prefix. @throws Error when it tells of a key outside */
  answer(message: unknown): unknown {
    if (Array.isArray(message)) return message.map((one) => this.answer(one));
    if (!isMessage(message)) return message;
    const mapped: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(message)) {
      if (field === 'key') mapped.key = asGiven(value, this.#outside(bytesOf(value)));
      // Of a lease.
      else if (field === 'keys' && Array.isArray(value))
        mapped.keys = value.map((key) => asGiven(key, this.#outside(bytesOf(key))));
      else mapped[field] = this.answer(value);
    }
    return mapped;
  }

  #inside(key: Buffer): Buffer {
    return Buffer.concat([this.#prefix, key]);
  }

  #end(end: Buffer): Buffer {
    // None: the key alone.
    if (end.length === 0) return end;
    // To the last key that there is.
    if (end.length === 1 && end[0] === 0) return prefixEnd(this.#prefix);
    return this.#inside(end);
  }

  #outside(key: Buffer): Buffer {
    const { length } = this.#prefix;
    if (key.subarray(0, length).equals(this.#prefix)) return key.subarray(length);
    throw new Error(`expected keys under ${this.#prefix}, got ${key}`);
  }
}

/** The first key behind all that begin so. */
export function prefixEnd(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let i = end.length - 1; i >= 0; i--) {
    if (end[i]! < 0xff) {
      end[i]! += 1;
      return end.subarray(0, i + 1);
    }
  }
  // Of 0xff alone: there is nothing behind it.
  return Buffer.from([0]);
}

function isMessage(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}

function bytesOf(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'base64');
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value === undefined || value === null) return Buffer.alloc(0);
  throw new TypeError(`a key should be bytes, got ${typeof value}`);
}

/** In the form in which it came. */
function asGiven(given: unknown, bytes: Buffer): Buffer | string {
  return typeof given === 'string' ? bytes.toString('base64') : bytes;
}
