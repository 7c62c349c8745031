import { Etcd3, type IKeyValue } from 'etcd3';
import { etcdOptions } from '../../harness/cluster/external/grpc.ts';
import type { Known } from '../etcd/followed-keys.ts';
import {
  type OpenStrategy,
  type ReadAnswer,
  type ReadRequest,
  Refused,
  type Strategy,
  type StrategyContext,
  type WriteAnswer,
  type WriteRequest,
} from '../strategy.ts';
import { leaseSessionTimes } from './times.ts';

const root = 'lease-session-naive/';
const values = `${root}kv/`;

/** Soon enough to be back before anyone asks, not so soon that it spins while etcd is away. */
const grantAgainMs = 500;

/**
 * The naive twin of lease-session, as it is mostly written: `if (lease.isValid()) put()`, on the library's defaults.
 * What it leaves to luck:
 *
 *   the lease is believed until the library says `lost`; a process that was stopped believes longest
 *   a put is not compared with the lease, so it lands whenever it arrives, and the library sends it again
 *   calls have no deadline, and the watch is whatever one member tells, however far behind it is
 */
export const leaseSessionNaive: Strategy = {
  name: 'lease-session-naive',
  open: (context) => NaiveLeaseSession.open(context),
};

class NaiveLeaseSession implements OpenStrategy {
  readonly #client: Etcd3;
  readonly #instance: string;
  readonly #ttlSeconds: number;
  readonly #cache = new Map<string, Known>();
  #valid = false;
  #closed = false;
  #grants = 0;
  /** Which registration it takes for its own. */
  #epoch = 0;
  #token = '';

  static async open(context: StrategyContext): Promise<NaiveLeaseSession> {
    const session = new NaiveLeaseSession(context);
    await session.#fillCache();
    await session.#grantLease();
    return session;
  }

  private constructor({ etcd, instance, timeScale }: StrategyContext) {
    this.#client = new Etcd3(etcdOptions(etcd));
    this.#instance = instance;
    this.#ttlSeconds = leaseSessionTimes(timeScale).ttlSeconds;
  }

  async read({ key, grade }: ReadRequest): Promise<ReadAnswer> {
    if (grade === 'linearizable' || !this.#valid) {
      const { kvs } = await this.#client.get(values + key).exec();
      const [found] = kvs;
      return found ? { ...knownOf(found), source: 'etcd' } : { value: null, source: 'etcd' };
    }
    const known = this.#cache.get(key);
    return { value: null, ...known, source: 'cache', cache: 'hit' };
  }

  async write({ key, value, expectedRevision }: WriteRequest): Promise<WriteAnswer> {
    if (!this.#valid) throw new Refused(503, 'fail', 'the lease was lost');
    // Told, and compared with nothing: the lease that it believed in when it sent the write.
    const fencingToken = this.#token;
    const name = values + key;
    const write =
      value === undefined
        ? this.#client.delete().key(name)
        : this.#client.put(name).value(JSON.stringify(value));
    if (expectedRevision === undefined) {
      const { header, ...answer } = await write.exec();
      const wrote = !('deleted' in answer) || answer.deleted !== '0';
      const revision = wrote ? { revision: Number(header.revision) } : {};
      return { written: true, ...revision, source: 'etcd', fencingToken };
    }
    const { succeeded, header, responses } = await this.#client
      .if(name, 'Mod', '==', expectedRevision)
      .then(write)
      .else(this.#client.get(name))
      .commit();
    if (succeeded) return { written: true, revision: Number(header.revision), source: 'etcd', fencingToken };
    const current = responses[0]!.response_range.kvs[0];
    return { written: false, revision: Number(current?.mod_revision ?? 0), source: 'etcd' };
  }

  metrics(): Readonly<Record<string, number>> {
    return {
      faultline_session_active: this.#valid ? 1 : 0,
      faultline_session_registrations: this.#grants,
      faultline_lease_alive_ms: this.#valid ? this.#ttlSeconds * 1_000 : 0,
      faultline_lease_epoch: this.#epoch,
      faultline_copy_keys: this.#cache.size,
    };
  }

  health(): { ok: true } | { ok: false; reason: string } {
    return this.#valid ? { ok: true } : { ok: false, reason: 'the lease was lost' };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#client.close();
  }

  async #fillCache(): Promise<void> {
    const { kvs } = await this.#client.getAll().prefix(values).exec();
    for (const found of kvs) this.#cache.set(keyOf(found), knownOf(found));
    const watcher = await this.#client.watch().prefix(values).create();
    watcher.on('put', (found) => this.#cache.set(keyOf(found), knownOf(found)));
    watcher.on('delete', (found) => this.#cache.delete(keyOf(found)));
    watcher.on('error', (error) => console.error('watch:', error.message));
  }

  async #grantLease(): Promise<void> {
    const lease = this.#client.lease(this.#ttlSeconds);
    lease.on('lost', (error) => {
      console.error('the lease was lost:', error.message);
      this.#valid = false;
      if (!this.#closed) setTimeout(() => void this.#grantLease().catch(() => {}), grantAgainMs).unref();
    });
    const { header } = await lease.put(`${root}sessions/${this.#instance}`).value(this.#instance).exec();
    this.#epoch = Number(header.revision);
    this.#token = `${await lease.grant()}:${this.#epoch}`;
    this.#grants += 1;
    this.#valid = true;
  }
}

function keyOf({ key }: IKeyValue): string {
  return key.toString().slice(values.length);
}

function knownOf({ value, mod_revision }: IKeyValue): Known {
  return { value: JSON.parse(value.toString()), revision: Number(mod_revision) };
}
