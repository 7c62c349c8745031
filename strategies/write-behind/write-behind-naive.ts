import { Etcd3, type IKeyValue } from 'etcd3';
import { etcdOptions } from '../../harness/cluster/external/grpc.ts';
import { DatabaseClient } from '../database/database-client.ts';
import type { Known } from '../etcd/followed-keys.ts';
import type {
  DatabaseQueries,
  OpenStrategy,
  ReadAnswer,
  ReadRequest,
  Strategy,
  StrategyContext,
  WriteAnswer,
  WriteRequest,
} from '../strategy.ts';

const root = 'write-behind-naive/kv/';

interface QueuedWrite {
  readonly key: string;
  /** undefined deletes. */
  readonly value: unknown;
}

/**
 * The naive twin of write-behind, as it is mostly written: an array flushed by a timer, acknowledged from memory.
 * What it leaves to luck:
 *
 *   what is in the array when the process ends is gone, although it was acknowledged
 *   a flush that fails gives up the rest of its batch; one that takes long is overtaken by the next
 *   the watch brings back an own write that was flushed, over a newer one that was not
 */
export const writeBehindNaive: Strategy = {
  name: 'write-behind-naive',
  open: (context) => NaiveWriteBehind.open(context),
};

class NaiveWriteBehind implements OpenStrategy {
  readonly #client: Etcd3;
  readonly #database: DatabaseClient;
  readonly #cache = new Map<string, Partial<Known>>();
  readonly #timer: NodeJS.Timeout;
  #queue: QueuedWrite[] = [];
  #failures = 0;

  static async open(context: StrategyContext): Promise<NaiveWriteBehind> {
    const opened = new NaiveWriteBehind(context);
    await opened.#start();
    return opened;
  }

  private constructor({ etcd, primaryUrl, instance, timeScale }: StrategyContext) {
    this.#client = new Etcd3(etcdOptions(etcd));
    this.#database = new DatabaseClient({ role: 'primary', url: primaryUrl, deadlineMs: 1_000, instance });
    this.#timer = setInterval(() => void this.#flush(), Math.max(200, 5_000 * timeScale));
  }

  async read({ key, grade }: ReadRequest): Promise<ReadAnswer> {
    const known = this.#cache.get(key);
    if (grade !== 'linearizable' && known) return { value: null, ...known, source: 'cache', cache: 'hit' };
    const { kvs } = await this.#client.get(root + key).exec();
    const [found] = kvs;
    return found ? { ...knownOf(found), source: 'etcd' } : { value: null, source: 'etcd' };
  }

  async write({ key, value, expectedRevision }: WriteRequest): Promise<WriteAnswer> {
    if (expectedRevision !== undefined) return this.#compareAndWrite(key, value, expectedRevision);
    this.#cache.set(key, { value: value ?? null });
    this.#queue.push({ key, value });
    return { written: true, source: 'cache' };
  }

  databaseQueries(): readonly DatabaseQueries[] {
    return this.#database.queries;
  }

  metrics(): Readonly<Record<string, number>> {
    return { faultline_queue_writes: this.#queue.length, faultline_flush_failures: this.#failures };
  }

  health(): { ok: true } {
    return { ok: true };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flush();
    await this.#database.close();
    this.#client.close();
  }

  async #start(): Promise<void> {
    await this.#database.define(
      'create table if not exists naively_queued_values (key text primary key, value json)',
    );
    const watcher = await this.#client.watch().prefix(root).create();
    watcher.on('put', (found) => this.#cache.set(keyOf(found), knownOf(found)));
    watcher.on('delete', (found) => this.#cache.set(keyOf(found), { value: null }));
    watcher.on('error', (error) => console.error('watch:', error.message));
  }

  async #flush(): Promise<void> {
    const batch = this.#queue;
    this.#queue = [];
    try {
      for (const { key, value } of batch) {
        await this.#writer(root + key, value).exec();
        await this.#database.write(
          `insert into naively_queued_values (key, value) values ($1, $2)
           on conflict (key) do update set value = excluded.value`,
          [key, value === undefined ? null : JSON.stringify(value)],
        );
      }
    } catch (error) {
      this.#failures += 1;
      console.error('flush:', (error as Error).message);
    }
  }

  async #compareAndWrite(key: string, value: unknown, expectedRevision: number): Promise<WriteAnswer> {
    const name = root + key;
    const { succeeded, header, responses } = await this.#client
      .if(name, 'Mod', '==', expectedRevision)
      .then(this.#writer(name, value))
      .else(this.#client.get(name))
      .commit();
    if (succeeded) return { written: true, revision: Number(header.revision), source: 'etcd' };
    const current = responses[0]!.response_range.kvs[0];
    return { written: false, revision: Number(current?.mod_revision ?? 0), source: 'etcd' };
  }

  #writer(name: string, value: unknown) {
    return value === undefined
      ? this.#client.delete().key(name)
      : this.#client.put(name).value(JSON.stringify(value));
  }
}

function keyOf({ key }: IKeyValue): string {
  return key.toString().slice(root.length);
}

function knownOf({ value, mod_revision }: IKeyValue): Known {
  return { value: JSON.parse(value.toString()), revision: Number(mod_revision) };
}
