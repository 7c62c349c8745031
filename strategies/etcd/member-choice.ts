/**
 * A MemberChoice says which member the next call goes to: the same one until it fails, then the one whose last
 * failure is forgiven first. It never moves a call that is under way.
 */
export class MemberChoice {
  readonly #members: readonly string[];
  readonly #forgivenAtMs = new Map<string, number>();
  readonly #nowMs: () => number;
  #current: number;

  constructor(members: readonly string[], first = 0, nowMs: () => number = () => performance.now()) {
    if (members.length === 0) throw new RangeError('expected at least one etcd member, got none');
    this.#members = members;
    this.#current = first % members.length;
    this.#nowMs = nowMs;
  }

  get current(): string {
    return this.#members[this.#current]!;
  }

  answered(member: string): void {
    this.#forgivenAtMs.delete(member);
  }

  /** A silent member costs a whole deadline to ask again, one that refuses costs nothing. */
  failed(member: string, how: 'silent' | 'refused'): void {
    this.#forgivenAtMs.set(member, this.#nowMs() + (how === 'silent' ? 5_000 : 200));
    if (member === this.current) this.#current = this.#bestAfter(this.#current);
  }

  /** The others in turn, for calls that are to be spread (lease renewals). */
  after(member: string): string {
    return this.#members[this.#bestAfter(this.#members.indexOf(member))]!;
  }

  #bestAfter(index: number): number {
    const nowMs = this.#nowMs();
    const forgivenIn = (i: number) => Math.max(0, (this.#forgivenAtMs.get(this.#members[i]!) ?? 0) - nowMs);
    let best = index;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let step = 1; step <= this.#members.length; step++) {
      const i = (index + step) % this.#members.length;
      if (forgivenIn(i) < bestMs) [best, bestMs] = [i, forgivenIn(i)];
    }
    return best;
  }
}
