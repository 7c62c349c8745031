import { setTimeout as sleep } from 'node:timers/promises';
import type { CarefulClient } from '../etcd/careful-client.ts';
import { EtcdFailed } from '../etcd/outcome.ts';
import type { Registration, Session } from './session.ts';
import type { LeaseSessionTimes } from './times.ts';

/**
 * A Heartbeat asks etcd, linearizably and now and then, whether the registration is still there. Without an answer in
 * time the session is suspect; an answer that shows another registration, or none, ends the lease before a write would.
 */
export class Heartbeat {
  readonly #closing = new AbortController();

  /** `ended` is called when the store no longer has the registration. */
  constructor(
    client: CarefulClient,
    key: Buffer,
    session: Session,
    times: LeaseSessionTimes,
    ended: (registration: Registration) => void,
  ) {
    void this.#run(client, key, session, times, ended);
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(
    client: CarefulClient,
    key: Buffer,
    session: Session,
    times: LeaseSessionTimes,
    ended: (registration: Registration) => void,
  ): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      await sleep(times.heartbeatEveryMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const { registration } = session;
      if (!registration) continue;
      session.heartbeatSent();
      try {
        const { kvs } = await client.range({ key }, { deadlineMs: times.heartbeatLimitMs });
        if (session.registration !== registration) continue;
        if (Number(kvs[0]?.mod_revision) === registration.epoch) session.heartbeatAnswered();
        else ended(registration);
      } catch (error) {
        if (!(error instanceof EtcdFailed)) throw error;
        session.heartbeatFailed();
      }
    }
  }
}
