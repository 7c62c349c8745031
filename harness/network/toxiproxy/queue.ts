import { type Item, isChunk } from './toxic-type.ts';

/** What a waiting item costs beside its bytes: many tiny chunks must fill a queue, too. */
const overheadBytes = 256;

/** A Queue holds items in order and knows their size. */
export class Queue {
  #items: (Item | undefined)[] = [];
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get head(): Item | undefined {
    return this.#items[this.#first];
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#size += sizeOf(item);
  }

  shift(): Item | undefined {
    const item = this.head;
    if (item === undefined) return undefined;
    this.#size -= sizeOf(item);
    this.#items[this.#first++] = undefined;
    // Array.shift moves every item once the array is long; this moves each at most once.
    if (this.#first > 64 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** Takes the first bytes of the chunk at the head, or all of it. */
  take(bytes: number): Item | undefined {
    const head = this.head;
    if (!isChunk(head) || bytes >= head.bytes.length) return this.shift();
    const taken = { bytes: head.bytes.subarray(0, bytes), atMs: head.atMs };
    head.bytes = head.bytes.subarray(bytes);
    this.#size -= bytes;
    return taken;
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
    this.#size = 0;
  }
}

const sizeOf = (item: Item): number => (isChunk(item) ? item.bytes.length : 0) + overheadBytes;
