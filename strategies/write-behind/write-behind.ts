import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IRequestOp } from 'etcd3';
import { DatabaseClient } from '../database/database-client.ts';
import { CarefulClient } from '../etcd/careful-client.ts';
import { CarefulWatch } from '../etcd/careful-watch.ts';
import { ConnectionCheck } from '../etcd/connection-check.ts';
import { firstMember } from '../etcd/first-member.ts';
import { FollowedKeys } from '../etcd/followed-keys.ts';
import { refuse } from '../etcd/refuse.ts';
import { etcdTransaction, stepResults } from '../etcd/transaction.ts';
import {
  type DatabaseQueries,
  defaultQueue,
  keysOf,
  type OpenStrategy,
  type QueueOptions,
  type ReadAnswer,
  type ReadRequest,
  Refused,
  type Strategy,
  type StrategyContext,
  type TransactionAnswer,
  type TransactionRequest,
  type WriteAnswer,
  type WriteRequest,
} from '../strategy.ts';
import { BatchWriter, NameTaken } from './batch-writer.ts';
import { DatabaseLane } from './database-lane.ts';
import { emptyReplay, FileJournal, type Journal, memoryJournal, type Replay } from './journal.ts';
import { type PendingWrite, PendingWrites } from './pending-writes.ts';

/** The queue is known key by key: a range would overtake writes that were acknowledged. */
const noRange =
  'write-behind reads single keys in a transaction: expected get, put and delete steps, got a range';
/** The database would keep what etcd lets go with the lease. */
const noLease = 'write-behind keeps values in the database too: expected puts without a lease';

/** Under etcd's own limit of 1.5 MiB a transaction. */
const batchBytes = 262_144;
/** What an operation has for the queue of its key and for etcd together: less than the patience of a client (1 s). */
const patienceMs = 900;
/** Of that, kept for etcd. */
const etcdShareMs = 200;
/** For a batch, which is sent again until it is answered. */
const batchDeadlineMs = 800;

export const writeBehind: Strategy = {
  name: 'write-behind',
  open: (context) => openWriteBehind(context, 'journal'),
};

export const writeBehindMemory: Strategy = {
  name: 'write-behind-memory',
  open: (context) => openWriteBehind(context, 'memory'),
};

async function openWriteBehind(
  context: StrategyContext,
  durability: 'journal' | 'memory',
): Promise<OpenStrategy> {
  if (durability === 'memory') {
    return WriteBehind.open(context, 'write-behind-memory/', memoryJournal(), emptyReplay);
  }
  await mkdir(context.dataFolder, { recursive: true });
  const { journal, replay } = await FileJournal.open(join(context.dataFolder, 'write-behind.journal'));
  if (replay.cutBytes > 0) console.log(`journal: cut off a torn record of ${replay.cutBytes} bytes`);
  return WriteBehind.open(context, 'write-behind/', journal, replay);
}

/**
 *   write --> journal (synced) --> queue --> acknowledged
 *                                   |  drainer, one batch at a time
 *                                   +--> etcd (order, exactly once) --> database (newest wins)
 *   read  --> own queued write, else the copy that is fed by the watch
 */
class WriteBehind implements OpenStrategy {
  readonly #client: CarefulClient;
  /** Where the values are in etcd. */
  readonly #values: string;
  readonly #keys: FollowedKeys;
  readonly #watch: CarefulWatch;
  readonly #check: ConnectionCheck;
  readonly #journal: Journal;
  readonly #pending = new PendingWrites();
  readonly #batches: BatchWriter;
  readonly #database: DatabaseClient;
  readonly #lane: DatabaseLane;
  /**
   * Keys of writes of which this instance never learned whether etcd carried them out. It may yet do so, and then the
   * watch is the only one to say: from then on what the watch tells of such a key goes to the database from here too.
   */
  readonly #doubtful = new Set<string>();
  /** Drained, and not yet known to be so in the journal. */
  readonly #noted = new Set<number>();
  readonly #ending = new AbortController();
  readonly #replayed: number;
  #draining: Promise<void> | undefined;
  readonly #queue: QueueOptions;
  /** Writes that wait for room, in the order in which they came. */
  readonly #roomless = new Set<(got: boolean) => void>();
  #nextId = 1;
  /** Appended to the journal, not yet in the queue: they count for its capacity. */
  #appending = 0;
  #closing = false;
  #broken: string | undefined;
  #drainedBatches = 0;
  #drainedWrites = 0;
  #refusedFull = 0;
  #largestBatch = 0;

  static async open(
    context: StrategyContext,
    root: string,
    journal: Journal,
    replay: Replay,
  ): Promise<WriteBehind> {
    const opened = new WriteBehind(context, root, journal, replay);
    const [{ drained, revision }] = await Promise.all([
      opened.#batches.start(),
      opened.#watch.ready,
      opened.#lane.start(),
    ]);
    opened.#resume(replay, drained);
    // What the last life drained at its very end is no longer queued: the copy must have it before it is served.
    while (!(await opened.#keys.waitFor(revision, 1_000))) opened.#watch.restart('it is behind');
    await opened.#lane.reconcile(opened.#keys.all, opened.#keys.revision);
    return opened;
  }

  private constructor(context: StrategyContext, root: string, journal: Journal, replay: Replay) {
    const { instance } = context;
    this.#queue = { ...defaultQueue, ...context.queue };
    this.#values = `${root}kv/`;
    this.#keys = new FollowedKeys(this.#values, {
      newer: (key, { value, revision }) => {
        if (this.#doubtful.has(key)) this.#lane.offer(key, value, revision);
      },
    });
    this.#journal = journal;
    this.#replayed = replay.writes.length;
    this.#client = new CarefulClient({
      etcd: context.etcd,
      deadlineMs: batchDeadlineMs,
      firstMember: firstMember(context),
    });
    this.#watch = new CarefulWatch(this.#client, root, this.#keys);
    this.#check = new ConnectionCheck(this.#client, this.#watch, {
      everyMs: Math.max(1_000, 10_000 * context.timeScale),
      limitMs: Math.max(300, 2_000 * context.timeScale),
    });
    this.#batches = new BatchWriter(
      this.#client,
      { progressKey: `${root}progress/${instance}`, prefix: this.#values },
      this.#ending.signal,
    );
    this.#database = new DatabaseClient({
      role: 'primary',
      url: context.primaryUrl,
      deadlineMs: 1_000,
      connections: 3,
      instance,
    });
    this.#lane = new DatabaseLane(this.#database, this.#ending.signal);
  }

  async read(request: ReadRequest): Promise<ReadAnswer> {
    if (request.grade === 'linearizable') {
      return this.#readEtcd(request.key, await this.#waitForQueue(request.key));
    }
    const queued = this.#pending.last(request.key);
    if (queued) return { value: queued.value ?? null, source: 'cache', cache: 'hit' };
    const known = this.#keys.get(request.key);
    return {
      value: known?.value ?? null,
      ...(known && known.value !== null && { revision: known.revision }),
      source: 'cache',
      cache: 'hit',
    };
  }

  async write(request: WriteRequest): Promise<WriteAnswer> {
    if (this.#broken !== undefined) throw new Refused(503, 'fail', this.#broken);
    if (this.#closing) throw new Refused(503, 'fail', 'the instance is stopping');
    if (request.expectedRevision !== undefined) return this.#compareAndWrite(request);
    await this.#room();
    const write: PendingWrite = { id: this.#nextId++, key: request.key, value: request.value };
    try {
      await this.#journal.append({ type: 'write', ...write });
    } catch (error) {
      this.#broken = `the journal cannot be written: ${(error as Error).message}`;
      throw new Refused(503, 'info', this.#broken);
    } finally {
      this.#appending -= 1;
    }
    this.#pending.add(write);
    this.#drain();
    return { written: true, source: 'cache' };
  }

  async transact(request: TransactionRequest): Promise<TransactionAnswer> {
    for (const step of [...request.success, ...request.failure]) {
      if (step.op === 'range') throw new Refused(400, 'fail', noRange);
      if (step.op === 'put' && step.lease !== undefined) throw new Refused(400, 'fail', noLease);
    }
    const left = await Promise.all(keysOf(request).map((key) => this.#waitForQueue(key)));
    const deadlineMs = Math.min(patienceMs, ...left.map((waited) => waited.deadlineMs));
    try {
      const response = await this.#client.txn(etcdTransaction(request, this.#values), { deadlineMs });
      const revision = Number(response.header.revision);
      const steps = response.succeeded ? request.success : request.failure;
      for (const step of steps) {
        if (step.op === 'put') this.#applied(step.key, step.value, revision);
        if (step.op === 'delete') this.#applied(step.key, null, revision);
      }
      const results = stepResults(steps, response, this.#values);
      return { succeeded: response.succeeded, results, revision, source: 'etcd' };
    } catch (error) {
      throw this.#refuseWrite(error, keysOf(request));
    }
  }

  databaseQueries(): readonly DatabaseQueries[] {
    return this.#database.queries;
  }

  metrics(): Readonly<Record<string, number>> {
    return {
      faultline_queue_writes: this.#pending.size,
      faultline_queue_oldest_ms: this.#pending.oldestMs,
      faultline_queue_waiting_for_room: this.#roomless.size,
      faultline_queue_refused: this.#refusedFull,
      faultline_queue_replayed: this.#replayed,
      faultline_drained_writes: this.#drainedWrites,
      faultline_drained_batches: this.#drainedBatches,
      faultline_drained_batch_largest: this.#largestBatch,
      faultline_journal_syncs: this.#journal.synced.count,
      faultline_journal_sync_ms: this.#journal.synced.totalMs,
      faultline_journal_sync_ms_longest: this.#journal.synced.longestMs,
      faultline_drain_retries: this.#batches.retries,
      faultline_database_waiting: this.#lane.size,
      faultline_database_failures: this.#lane.failures,
      faultline_copy_keys: this.#keys.size,
      faultline_copy_revision: this.#keys.revision,
      faultline_watch_reconnects: this.#watch.reconnects,
    };
  }

  health(): { ok: true } | { ok: false; reason: string } {
    return this.#broken === undefined ? { ok: true } : { ok: false, reason: this.#broken };
  }

  /** Drains within a limit; what is left stays in the journal for the next start. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const admit of [...this.#roomless]) admit(false);
    const limit = setTimeout(() => this.#ending.abort(new Error('the instance is stopping')), 3_000);
    await this.#draining;
    await this.#lane.settled();
    clearTimeout(limit);
    this.#ending.abort(new Error('the instance is stopping'));
    this.#check.close();
    this.#watch.close();
    await this.#journal.close();
    await this.#database.close();
    this.#client.close();
  }

  /** Queues what the last life had acknowledged and not drained. */
  #resume(replay: Replay, drained: readonly number[]): void {
    const done = new Set(drained);
    for (const { id, key, value } of replay.writes) {
      if (!done.has(id)) this.#pending.add({ id, key, value });
    }
    this.#nextId = Math.max(replay.lastId, ...drained) + 1;
    if (drained.length > 0) this.#note(drained);
    this.#drain();
  }

  /**
   * Resolves when one more may wait, and counts it as under way to the journal. Throws Refused when there is no room, at
   * once or when a client's patience ends.
   */
  async #room(): Promise<void> {
    const { capacity, whenFull } = this.#queue;
    // Who came first goes first, also when there is room again.
    if (this.#free > 0 && this.#roomless.size === 0) {
      this.#appending += 1;
      return;
    }
    if (whenFull === 'wait' && (await this.#turn())) return;
    if (this.#closing) throw new Refused(503, 'fail', 'the instance is stopping');
    this.#refusedFull += 1;
    throw new Refused(429, 'fail', `the queue is full: ${capacity} writes wait for etcd, ask again later`);
  }

  get #free(): number {
    return this.#queue.capacity - this.#pending.size - this.#appending;
  }

  /** Whether its turn comes within a client's patience; then it has its place. */
  #turn(): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (got: boolean) => {
        clearTimeout(timer);
        this.#roomless.delete(end);
        resolve(got);
      };
      const timer = setTimeout(end, patienceMs, false);
      this.#roomless.add(end);
    });
  }

  /** As many as there is room for, the first first. */
  #admit(): void {
    for (const admit of [...this.#roomless].slice(0, Math.max(0, this.#free))) {
      this.#appending += 1;
      admit(true);
    }
  }

  /** Until the journal has it, every batch tells it to etcd too. */
  #note(ids: readonly number[]): void {
    for (const id of ids) this.#noted.add(id);
    void this.#journal.drained(ids).then(() => {
      for (const id of ids) this.#noted.delete(id);
    });
  }

  #drain(): void {
    // With nothing to do it would end before it is assigned here, and stand in the way of the next.
    if (this.#pending.size > 0) this.#draining ??= this.#drainAll();
  }

  async #drainAll(): Promise<void> {
    try {
      do {
        await this.#company();
        const batch = this.#pending.batch({ writes: this.#queue.batchWrites, bytes: batchBytes });
        const revision = await this.#batches.write(batch, this.#noted);
        // In one turn: a reader sees the queued write, then the copy, and nothing between.
        for (const { key, value } of batch) this.#applied(key, value ?? null, revision);
        this.#pending.settle(batch);
        this.#note(batch.map(({ id }) => id));
        this.#drainedBatches += 1;
        this.#drainedWrites += batch.length;
        this.#largestBatch = Math.max(this.#largestBatch, batch.length);
        this.#admit();
      } while (this.#pending.size > 0);
    } catch (error) {
      // When the instance stops, what is left is in the journal.
      if (!this.#ending.signal.aborted) {
        this.#broken = error instanceof NameTaken ? error.message : `the queue cannot be drained: ${error}`;
        console.error(this.#broken);
      }
    } finally {
      // In the turn of the last look at the queue: a write that comes now starts the next round.
      this.#draining = undefined;
    }
  }

  /** Resolves when a batch is large enough, or its oldest write has waited for others long enough. */
  async #company(): Promise<void> {
    const { batchWrites, batchAgeMs } = this.#queue;
    const untilMs = performance.now() + batchAgeMs - this.#pending.oldestMs;
    while (this.#pending.size < batchWrites && performance.now() < untilMs && !this.#closing) {
      await sleep(Math.min(5, untilMs - performance.now()), undefined, { signal: this.#ending.signal });
    }
  }

  #applied(key: string, value: unknown, revision: number): void {
    this.#keys.learn(key, value, revision);
    this.#lane.offer(key, value, revision);
  }

  /** A compare has a true answer only at etcd, and only after what this instance has acknowledged before. */
  async #compareAndWrite(request: WriteRequest): Promise<WriteAnswer> {
    const left = await this.#waitForQueue(request.key);
    const key = Buffer.from(this.#values + request.key);
    const write: IRequestOp =
      request.value === undefined
        ? { request_delete_range: { key } }
        : { request_put: { key, value: Buffer.from(JSON.stringify(request.value)) } };
    try {
      const response = await this.#client.txn(
        {
          compare: [{ key, target: 'Mod', result: 'Equal', mod_revision: String(request.expectedRevision) }],
          success: [write],
          failure: [{ request_range: { key } }],
        },
        left,
      );
      const revision = Number(response.header.revision);
      if (response.succeeded) {
        this.#applied(request.key, request.value ?? null, revision);
        return { written: true, revision, source: 'etcd' };
      }
      const current = response.responses[0]!.response_range.kvs[0];
      return { written: false, revision: Number(current?.mod_revision ?? 0), source: 'etcd' };
    } catch (error) {
      throw this.#refuseWrite(error, [request.key]);
    }
  }

  #refuseWrite(error: unknown, keys: readonly string[]): Refused {
    const refused = refuse(error, 'write');
    if (refused.outcome === 'fail') return refused;
    for (const key of keys) {
      this.#doubtful.add(key);
      // The watch may have been faster than the answer that never came.
      const known = this.#keys.get(key);
      if (known) this.#lane.offer(key, known.value, known.revision);
    }
    return refused;
  }

  async #readEtcd(key: string, left: { deadlineMs: number }): Promise<ReadAnswer> {
    try {
      const response = await this.#client.range({ key: Buffer.from(this.#values + key) }, left);
      const found = response.kvs[0];
      const revision = Number(found ? found.mod_revision : response.header.revision);
      const value: unknown = found ? JSON.parse(found.value.toString()) : null;
      this.#keys.learn(key, value, revision);
      return { value, ...(found && { revision }), source: 'etcd' };
    } catch (error) {
      throw refuse(error, 'read');
    }
  }

  /** Resolves once what waited for etcd of this key is there, with what is left of the operation's time. */
  async #waitForQueue(key: string): Promise<{ deadlineMs: number }> {
    const startedAtMs = performance.now();
    const waitMs = patienceMs - etcdShareMs;
    if (!(await this.#pending.drained(key, waitMs))) {
      throw new Refused(504, 'fail', `earlier writes of ${key} still wait for etcd after ${waitMs} ms`);
    }
    return { deadlineMs: Math.max(etcdShareMs, patienceMs - (performance.now() - startedAtMs)) };
  }
}
