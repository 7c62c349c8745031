import type { CarefulClient } from './careful-client.ts';

export interface HeldLeaseOptions {
  readonly ttlSeconds: number;
  /** Taken off the lease's life, for what the two clocks may drift in it, and for the time to stop (TTL / 10). */
  readonly marginMs?: number;
}

/**
 * A HeldLease keeps one lease alive, and says when that is no longer certain: `lost` aborts by this process's own
 * monotonic clock, counted from the sending of the last renewal that was acknowledged, a margin before the server
 * could let the lease go. It never asks for another lease: whoever lost one must begin anew.
 *
 *   renewal sent ------------------------------ + TTL - margin: lost ---- + TTL: the server may let it go
 */
export class HeldLease {
  readonly id: string;
  /** Aborts once, with the reason. A process that stood still learns of it with its first turn: ask `aliveForMs`. */
  readonly lost: AbortSignal;
  readonly #client: CarefulClient;
  readonly #losing = new AbortController();
  readonly #marginMs: number;
  readonly #ttlSeconds: number;
  #aliveUntilMs = 0;
  #losesAt: NodeJS.Timeout | undefined;
  #wake = () => {};

  static async grant(client: CarefulClient, options: HeldLeaseOptions): Promise<HeldLease> {
    const granted = await client.grantLease(options.ttlSeconds);
    return new HeldLease(client, granted, options.marginMs ?? granted.ttlSeconds * 100);
  }

  private constructor(
    client: CarefulClient,
    granted: { readonly id: string; readonly ttlSeconds: number; readonly sentAtMs: number },
    marginMs: number,
  ) {
    this.#client = client;
    this.id = granted.id;
    this.lost = this.#losing.signal;
    this.#marginMs = marginMs;
    this.#ttlSeconds = granted.ttlSeconds;
    this.#believe(granted.sentAtMs, granted.ttlSeconds);
    void this.#keep();
  }

  /** For how long it is certain to live; 0 when it is not. */
  get aliveForMs(): number {
    return this.lost.aborted ? 0 : Math.max(0, this.#aliveUntilMs - performance.now());
  }

  /** Gives it back: what hangs on it vanishes. When etcd is away that happens by itself. */
  async end(): Promise<void> {
    this.#lose('the lease was given back');
    await this.#client.revokeLease(this.id, { deadlineMs: 500 }).catch(() => {});
  }

  async #keep(): Promise<void> {
    const everyMs = (this.#ttlSeconds * 1_000) / 3;
    let member = this.#client.choice.current;
    let pauseMs = everyMs;
    for (;;) {
      await this.#pause(pauseMs);
      if (this.lost.aborted) return;
      try {
        // On a fresh stream, to one member after the other: see CarefulClient.renewLease.
        const renewal = await this.#client.renewLease(this.id, {
          member,
          deadlineMs: Math.min(900, everyMs),
        });
        if (renewal.ttlSeconds <= 0) return this.#lose('the server has let the lease go');
        this.#believe(renewal.sentAtMs, renewal.ttlSeconds);
        pauseMs = renewal.sentAtMs + everyMs - performance.now();
      } catch {
        member = this.#client.choice.after(member);
        pauseMs = 50;
      }
    }
  }

  #believe(sentAtMs: number, ttlSeconds: number): void {
    if (this.lost.aborted) return;
    this.#aliveUntilMs = sentAtMs + ttlSeconds * 1_000 - this.#marginMs;
    clearTimeout(this.#losesAt);
    this.#losesAt = setTimeout(
      () => this.#lose(`no renewal was acknowledged in ${ttlSeconds * 1_000 - this.#marginMs} ms`),
      this.#aliveUntilMs - performance.now(),
    );
  }

  #lose(reason: string): void {
    clearTimeout(this.#losesAt);
    this.#losing.abort(new Error(`lease ${this.id} is lost: ${reason}`));
    this.#wake();
  }

  async #pause(forMs: number): Promise<void> {
    if (forMs <= 0 || this.lost.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, forMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
