import type { CarefulClient } from '../etcd/careful-client.ts';
import { EtcdFailed } from '../etcd/outcome.ts';
import type { LeaseSessionTimes } from './times.ts';

/**
 * active: renewed as it should be. reconnecting: a renewal failed, the lease still has time. re-registering: the
 * lease is gone, a new one is asked for. offline: neither could be had; etcd is out of reach.
 */
export type LeaseState = 'active' | 'reconnecting' | 're-registering' | 'offline';

/** A Registration is what fenced writes compare: the key that only this lease holds, as of one revision. */
export interface Registration {
  readonly leaseId: string;
  /** mod_revision of the registration key: every registration gets a new one, also under the same name. */
  readonly epoch: number;
}

/**
 * A LeaseKeeper registers the instance under a lease and keeps the lease alive. What it believes rests on its own
 * monotonic clock, counted from the sending of the last renewal that was acknowledged.
 */
export class LeaseKeeper {
  /** Resolves at the first registration. */
  readonly registered: Promise<void>;
  readonly #client: CarefulClient;
  readonly #key: Buffer;
  readonly #instance: string;
  readonly #times: LeaseSessionTimes;
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  #state: LeaseState = 're-registering';
  #registration: Registration | null = null;
  #aliveUntilMs = 0;
  #wake = () => {};
  registrations = 0;

  constructor(client: CarefulClient, key: string, instance: string, times: LeaseSessionTimes) {
    this.#client = client;
    this.#key = Buffer.from(key);
    this.#instance = instance;
    this.#times = times;
    let first = () => {};
    this.registered = new Promise((resolve) => {
      first = resolve;
    });
    this.#ended = this.#keep(first);
  }

  get state(): LeaseState {
    return this.#state;
  }

  /** Null while there is none. It may have ended at the server: the fence decides, not this. */
  get registration(): Registration | null {
    return this.#registration;
  }

  /** For how long the lease is certain to live; 0 when it is not. */
  get aliveForMs(): number {
    return this.#registration ? Math.max(0, this.#aliveUntilMs - performance.now()) : 0;
  }

  /** A fenced write was refused: the server knows better than our clock. */
  lost(registration: Registration): void {
    if (this.#registration === registration) this.#forget();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#ended;
    const registration = this.#registration;
    this.#forget();
    // The registration key vanishes with the lease; if etcd is away it does so by itself.
    if (registration)
      await this.#client.revokeLease(registration.leaseId, { deadlineMs: 500 }).catch(() => {});
  }

  async #keep(registered: () => void): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (!this.#registration) {
        if (await this.#register()) registered();
        else await this.#pause(100);
        continue;
      }
      const renewAtMs = this.#aliveUntilMs + this.#times.marginMs - this.#times.renewEveryMs;
      await this.#pause(renewAtMs - performance.now());
      if (signal.aborted) return;
      if (this.#registration) await this.#renew(this.#registration);
    }
  }

  async #register(): Promise<boolean> {
    if (this.#state !== 'offline') this.#state = 're-registering';
    try {
      const lease = await this.#client.grantLease(this.#times.ttlSeconds);
      const put = await this.#client.txn({
        success: [{ request_put: { key: this.#key, value: Buffer.from(this.#instance), lease: lease.id } }],
      });
      this.#registration = { leaseId: lease.id, epoch: Number(put.header.revision) };
      this.#believe(lease.sentAtMs, lease.ttlSeconds);
      this.registrations += 1;
      return true;
    } catch (error) {
      if (!(error instanceof EtcdFailed)) throw error;
      this.#state = 'offline';
      return false;
    }
  }

  /** Asks one member after the other on fresh streams, each with its own limit, until one answers. */
  async #renew(registration: Registration): Promise<void> {
    const deadlineMs = Math.min(900, this.#times.renewEveryMs / 2);
    let member = this.#client.choice.current;
    while (this.#registration === registration && !this.#closing.signal.aborted) {
      try {
        const renewal = await this.#client.renewLease(registration.leaseId, { deadlineMs, member });
        if (this.#registration !== registration) return;
        if (renewal.ttlSeconds <= 0) return this.#forget();
        return this.#believe(renewal.sentAtMs, renewal.ttlSeconds);
      } catch (error) {
        if (!(error instanceof EtcdFailed)) throw error;
        // The lease may outlive our belief in it (a new leader grants every lease its whole life again), so the
        // same one is asked for until the server says that it is gone.
        this.#state = this.aliveForMs > 0 ? 'reconnecting' : 'offline';
        member = this.#client.choice.after(member);
        await this.#pause(50);
      }
    }
  }

  #believe(sentAtMs: number, ttlSeconds: number): void {
    this.#aliveUntilMs = sentAtMs + ttlSeconds * 1_000 - this.#times.marginMs;
    this.#state = 'active';
  }

  #forget(): void {
    this.#registration = null;
    this.#state = 're-registering';
    this.#wake();
  }

  async #pause(forMs: number): Promise<void> {
    if (forMs <= 0 || this.#closing.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, forMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
