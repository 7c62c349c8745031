import type { CarefulClient, Renewal } from '../etcd/careful-client.ts';
import { EtcdFailed } from '../etcd/outcome.ts';
import type { Registration, Session } from './session.ts';
import type { LeaseSessionTimes } from './times.ts';

/** Where an instance is registered. */
export interface SessionKeys {
  /** Hangs on the lease: while it is there with the epoch's revision, the lease lives. */
  readonly registration: Buffer;
  /** Written with every registration and never taken away, so that the newest epoch can be told when there is none. */
  readonly newest: Buffer;
}

/**
 * A LeaseKeeper registers the instance under a lease and keeps the lease alive. What comes of it, it tells the session.
 */
export class LeaseKeeper {
  /** Resolves at the first registration. */
  readonly registered: Promise<void>;
  readonly #client: CarefulClient;
  readonly #keys: SessionKeys;
  readonly #instance: string;
  readonly #times: LeaseSessionTimes;
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  readonly #session: Session;
  #renewAtMs = 0;
  #wake = () => {};
  registrations = 0;

  constructor(
    client: CarefulClient,
    keys: SessionKeys,
    instance: string,
    session: Session,
    times: LeaseSessionTimes,
  ) {
    this.#client = client;
    this.#keys = keys;
    this.#instance = instance;
    this.#session = session;
    this.#times = times;
    let first = () => {};
    this.registered = new Promise((resolve) => {
      first = resolve;
    });
    this.#ended = this.#keep(first);
  }

  /** The store says that this lease or its registration is gone: it knows better than our clock. */
  lost(registration: Registration): void {
    if (this.#session.registration === registration) this.#forget();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#ended;
    const { registration } = this.#session;
    // The registration key vanishes with the lease; if etcd is away it does so by itself.
    if (!registration) return;
    this.#forget();
    await this.#client.revokeLease(registration.leaseId, { deadlineMs: 500 }).catch(() => {});
  }

  async #keep(registered: () => void): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (!this.#session.registration) {
        if (await this.#register()) registered();
        else await this.#pause(100);
        continue;
      }
      await this.#pause(this.#renewAtMs - performance.now());
      if (signal.aborted) return;
      const { registration } = this.#session;
      if (registration) await this.#renew(registration);
    }
  }

  async #register(): Promise<boolean> {
    try {
      const lease = await this.#client.grantLease(this.#times.ttlSeconds);
      const value = Buffer.from(this.#instance);
      const put = await this.#client.txn({
        success: [
          { request_put: { key: this.#keys.registration, value, lease: lease.id } },
          { request_put: { key: this.#keys.newest, value: Buffer.from(lease.id) } },
        ],
      });
      const registration = { leaseId: lease.id, epoch: Number(put.header.revision) };
      this.#session.registered(registration, this.#aliveUntil(lease));
      this.registrations += 1;
      return true;
    } catch (error) {
      if (!(error instanceof EtcdFailed)) throw error;
      this.#session.registrationFailed();
      return false;
    }
  }

  /** Asks one member after the other on fresh streams, each with its own limit, until one answers. */
  async #renew(registration: Registration): Promise<void> {
    const deadlineMs = Math.min(900, this.#times.renewEveryMs / 2);
    let member = this.#client.choice.current;
    while (this.#session.registration === registration && !this.#closing.signal.aborted) {
      try {
        const renewal = await this.#client.renewLease(registration.leaseId, { deadlineMs, member });
        // A write may have learnt meanwhile that it is gone.
        if (this.#session.registration !== registration) return;
        if (renewal.ttlSeconds <= 0) return this.#forget();
        return this.#session.renewed(this.#aliveUntil(renewal));
      } catch (error) {
        if (!(error instanceof EtcdFailed)) throw error;
        // The lease may outlive our belief in it (a new leader grants every lease its whole life again), so the
        // same one is asked for until the server says that it is gone.
        if (this.#session.registration === registration) this.#session.renewalFailed();
        member = this.#client.choice.after(member);
        await this.#pause(50);
      }
    }
  }

  /** Until when the lease is certain to live, since it was asked for then. */
  #aliveUntil({ sentAtMs, ttlSeconds }: Renewal): number {
    this.#renewAtMs = sentAtMs + ttlSeconds * 1_000 - this.#times.renewEveryMs;
    return sentAtMs + ttlSeconds * 1_000 - this.#times.marginMs;
  }

  #forget(): void {
    this.#session.leaseEnded();
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
