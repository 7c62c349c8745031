/**
 * A Memo keeps configurations from which a search has found no way on. A configuration is a key (what is
 * linearized, and the state) and how many of each kind of open operation were used up: the fewer used, the more is
 * still possible, so a configuration is hopeless when one with the same key that had used no more of any was.
 *
 * Keys are compared in full, never by hash alone: a collision would turn a good history into a violation. All is
 * kept in two typed arrays, because a Set of strings takes ten times the memory and ends at 2^24 entries.
 */
export class Memo {
  entries = 0;

  /** Numbers held, the measure of its memory. */
  get size(): number {
    return this.#end;
  }

  /** By hash: where the newest entry begins, 0 for none. */
  #buckets = new Int32Array(64);
  /** Entries, one after another: next in the bucket, hash, key length, pairs, the key, then (kind, used) pairs. */
  #arena = new Int32Array(512);
  #end = 1;

  /** `used[kind]` is how many of that kind the configuration has used. */
  isHopeless(key: Int32Array, keyLength: number, used: Int32Array): boolean {
    if (this.entries === 0) return false;
    const arena = this.#arena;
    const hash = hashOf(key, keyLength);
    search: for (let at = this.#buckets[hash & (this.#buckets.length - 1)]!; at !== 0; at = arena[at]!) {
      if (arena[at + 1] !== hash || arena[at + 2] !== keyLength) continue;
      const keyAt = at + header;
      for (let i = 0; i < keyLength; i++) if (arena[keyAt + i] !== key[i]) continue search;
      const pairsAt = keyAt + keyLength;
      const pairsEnd = pairsAt + 2 * arena[at + 3]!;
      for (let i = pairsAt; i < pairsEnd; i += 2) if (used[arena[i]!]! < arena[i + 1]!) continue search;
      return true;
    }
    return false;
  }

  add(key: Int32Array, keyLength: number, used: Int32Array): void {
    if (this.entries >= this.#buckets.length) this.#rehash();
    const most = this.#end + header + keyLength + 2 * used.length;
    if (most > this.#arena.length) {
      const larger = new Int32Array(Math.max(most, this.#arena.length * 2));
      larger.set(this.#arena.subarray(0, this.#end));
      this.#arena = larger;
    }
    const arena = this.#arena;
    const at = this.#end;
    const hash = hashOf(key, keyLength);
    const bucket = hash & (this.#buckets.length - 1);
    arena[at] = this.#buckets[bucket]!;
    arena[at + 1] = hash;
    arena[at + 2] = keyLength;
    let end = at + header;
    for (let i = 0; i < keyLength; i++) arena[end++] = key[i]!;
    let pairs = 0;
    for (let kind = 0; kind < used.length; kind++) {
      if (used[kind] === 0) continue;
      arena[end++] = kind;
      arena[end++] = used[kind]!;
      pairs++;
    }
    arena[at + 3] = pairs;
    this.#buckets[bucket] = at;
    this.#end = end;
    this.entries++;
  }

  #rehash(): void {
    const buckets = new Int32Array(this.#buckets.length * 4);
    const arena = this.#arena;
    for (let at = 1; at < this.#end; at += header + arena[at + 2]! + 2 * arena[at + 3]!) {
      const bucket = arena[at + 1]! & (buckets.length - 1);
      arena[at] = buckets[bucket]!;
      buckets[bucket] = at;
    }
    this.#buckets = buckets;
  }
}

const header = 4;

function hashOf(key: Int32Array, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ key[i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b);
  return (hash ^ (hash >>> 16)) | 0;
}
