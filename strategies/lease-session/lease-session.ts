import type { ICompare, IRequestOp, ITxnRequest, ITxnResponse } from 'etcd3';
import { CarefulClient } from '../etcd/careful-client.ts';
import { CarefulWatch } from '../etcd/careful-watch.ts';
import { ConnectionCheck } from '../etcd/connection-check.ts';
import { firstMember } from '../etcd/first-member.ts';
import { FollowedKeys } from '../etcd/followed-keys.ts';
import { refuse } from '../etcd/refuse.ts';
import { etcdTransaction, stepResults } from '../etcd/transaction.ts';
import {
  type OpenStrategy,
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
import { Freshness } from './freshness.ts';
import { Heartbeat } from './heartbeat.ts';
import { LeaseKeeper, type SessionKeys } from './lease-keeper.ts';
import { type Registration, Session } from './session.ts';
import { type SessionState, sessionStates } from './session-state.ts';
import { type LeaseSessionTimes, leaseSessionTimes } from './times.ts';

const root = 'lease-session/';
const values = `${root}kv/`;

/** How long a session read waits for the watch to bring what its client has seen, before it asks etcd. */
const catchUpMs = 100;

/** Below the patience of a client (1 s), so that it learns what became of its operation. */
const etcdDeadlineMs = 800;

/** For a read that has the copy to fall back on. */
const fallbackDeadlineMs = 400;

export const leaseSession: Strategy = {
  name: 'lease-session',
  async open(context) {
    const session = new LeaseSession(context);
    await session.ready;
    return session;
  },
};

/**
 *   write: txn(compare lease and epoch, compare revision) --> etcd
 *   linearizable read --> etcd          session, eventual read --> copy, while lease and freshness are proved
 *                                                              --> etcd, when they are not
 *                                                              --> copy marked stale, when etcd is away
 */
class LeaseSession implements OpenStrategy {
  readonly fences = true;
  readonly ready: Promise<unknown>;
  readonly #times: LeaseSessionTimes;
  readonly #client: CarefulClient;
  readonly #keys: FollowedKeys;
  readonly #watch: CarefulWatch;
  readonly #freshness: Freshness;
  readonly #session: Session;
  readonly #lease: LeaseKeeper;
  readonly #heartbeat: Heartbeat;
  readonly #sessionKeys: SessionKeys;
  readonly #check: ConnectionCheck;
  #fenced = 0;

  constructor(context: StrategyContext) {
    this.#times = leaseSessionTimes(context.timeScale);
    this.#client = new CarefulClient({
      etcd: context.etcd,
      deadlineMs: etcdDeadlineMs,
      firstMember: firstMember(context),
    });
    const beatKey = `${root}beats/${context.instance}`;
    this.#sessionKeys = {
      registration: Buffer.from(`${root}sessions/${context.instance}`),
      newest: Buffer.from(`${root}epochs/${context.instance}`),
    };
    this.#keys = new FollowedKeys(values, {
      other: (key, told) => {
        if (key !== beatKey) return;
        const keyValue = 'kv' in told ? told.kv : told;
        this.#freshness.seen(keyValue.value.toString());
      },
    });
    this.#freshness = new Freshness(this.#client, beatKey, this.#times, () =>
      this.#watch.restart('beats were acknowledged that the watch does not bring'),
    );
    this.#watch = new CarefulWatch(this.#client, root, this.#keys);
    this.#session = new Session(this.#times);
    this.#lease = new LeaseKeeper(
      this.#client,
      this.#sessionKeys,
      context.instance,
      this.#session,
      this.#times,
    );
    this.#heartbeat = new Heartbeat(
      this.#client,
      this.#sessionKeys.registration,
      this.#session,
      this.#times,
      (registration) => this.#lease.lost(registration),
    );
    // Not before the first proof of freshness: whatever is told from the copy tells its age.
    this.ready = Promise.all([this.#watch.ready, this.#freshness.proved, this.#lease.registered]);
    this.#check = new ConnectionCheck(
      this.#client,
      this.#watch,
      { everyMs: this.#times.checkEveryMs, limitMs: this.#times.checkLimitMs },
      (stands) => this.#session.connectionChecked(stands),
    );
  }

  get state(): SessionState {
    return this.#session.state;
  }

  async read(request: ReadRequest): Promise<ReadAnswer> {
    if (request.grade === 'linearizable') return this.#readEtcd(request);
    const seen = tokenRevision(request.sessionToken);
    if (this.#provedFresh && (request.grade === 'eventual' || (await this.#caughtUp(request.key, seen)))) {
      // Once more, after the wait: both proofs must hold at the moment of the answer.
      if (this.#provedFresh) return this.#readCopy(request.key, 'hit', seen);
    }
    if (this.state !== 'offline') {
      try {
        return { ...(await this.#readEtcd(request, fallbackDeadlineMs)), cache: 'miss' };
      } catch (error) {
        // Any failed read may fall back to the copy; the mark says so.
        refuse(error, 'read');
      }
    }
    if (request.grade === 'session' && !this.#covers(request.key, seen)) {
      throw new Refused(
        503,
        'fail',
        `${this.#unfit()}, and the local copy is behind what this client has seen`,
      );
    }
    return this.#readCopy(request.key, 'stale', seen);
  }

  async write(request: WriteRequest): Promise<WriteAnswer> {
    const key = Buffer.from(values + request.key);
    const compare: ICompare[] = [];
    if (request.expectedRevision !== undefined) {
      compare.push({
        key,
        target: 'Mod',
        result: 'Equal',
        mod_revision: String(request.expectedRevision),
      });
    }
    const write: IRequestOp =
      request.value === undefined
        ? { request_delete_range: { key } }
        : { request_put: { key, value: Buffer.from(JSON.stringify(request.value)) } };
    const { response, fencingToken } = await this.#fencedTransaction(
      { compare, success: [write], failure: [{ request_range: { key } }] },
      request.fencingToken,
    );
    const revision = Number(response.header.revision);
    if (!response.succeeded) {
      const current = response.responses[0]!.response_range.kvs[0];
      return { written: false, revision: Number(current?.mod_revision ?? 0), source: 'etcd' };
    }
    this.#keys.learn(request.key, request.value ?? null, revision);
    const sessionToken = String(revision);
    // A delete that found nothing wrote nothing: the revision belongs to some other write.
    const wrote = request.value !== undefined || response.responses[0]!.response_delete_range.deleted !== '0';
    return { written: true, ...(wrote && { revision }), source: 'etcd', sessionToken, fencingToken };
  }

  async transact(request: TransactionRequest): Promise<TransactionAnswer> {
    const transaction = etcdTransaction(request, values);
    const { response, fencingToken } = await this.#fencedTransaction(transaction, request.fencingToken);
    const revision = Number(response.header.revision);
    const steps = response.succeeded ? request.success : request.failure;
    for (const step of steps) {
      if (step.op === 'put') this.#keys.learn(step.key, step.value, revision);
      if (step.op === 'delete') this.#keys.learn(step.key, null, revision);
    }
    return {
      succeeded: response.succeeded,
      results: stepResults(steps, response, values),
      revision,
      source: 'etcd',
      sessionToken: String(revision),
      fencingToken,
    };
  }

  metrics(): Readonly<Record<string, number>> {
    return {
      ...Object.fromEntries(
        sessionStates.map((state) => [
          `faultline_session_${state.replace('-', '_')}`,
          this.state === state ? 1 : 0,
        ]),
      ),
      faultline_session_registrations: this.#lease.registrations,
      faultline_session_fenced_writes: this.#fenced,
      faultline_lease_alive_ms: this.#session.aliveForMs,
      faultline_lease_epoch: this.#session.registration?.epoch ?? 0,
      faultline_copy_age_ms: this.#freshness.ageMs,
      faultline_copy_keys: this.#keys.size,
      faultline_copy_revision: this.#keys.revision,
      faultline_watch_reconnects: this.#watch.reconnects,
    };
  }

  health(): { ok: true } | { ok: false; reason: string } {
    return this.state === 'offline' ? { ok: false, reason: this.#unfit() } : { ok: true };
  }

  async close(): Promise<void> {
    this.#check.close();
    this.#heartbeat.close();
    this.#watch.close();
    await Promise.all([this.#freshness.close(), this.#lease.close()]);
    this.#client.close();
  }

  get #provedFresh(): boolean {
    return this.#session.aliveForMs > 0 && this.#freshness.ageMs <= this.#times.maxStaleMs;
  }

  /** Whether the copy of a key is at least as new as what a client has seen. */
  #covers(key: string, seen: number): boolean {
    return Math.max(this.#keys.revision, this.#keys.get(key)?.revision ?? 0) >= seen;
  }

  async #caughtUp(key: string, seen: number): Promise<boolean> {
    return this.#covers(key, seen) || (await this.#keys.waitFor(seen, catchUpMs));
  }

  #readCopy(key: string, cache: 'hit' | 'stale', seen: number): ReadAnswer {
    const known = this.#keys.get(key);
    return {
      value: known?.value ?? null,
      ...(known && known.value !== null && { revision: known.revision }),
      source: 'cache',
      cache,
      staleMs: Math.ceil(this.#freshness.ageMs),
      sessionToken: String(Math.max(seen, known?.revision ?? 0)),
    };
  }

  async #readEtcd(request: ReadRequest, deadlineMs = etcdDeadlineMs): Promise<ReadAnswer> {
    const key = Buffer.from(values + request.key);
    try {
      const response = await this.#client.range({ key }, { deadlineMs });
      const found = response.kvs[0];
      // That there is no such key was true as of the store's revision.
      const revision = Number(found ? found.mod_revision : response.header.revision);
      const value: unknown = found ? JSON.parse(found.value.toString()) : null;
      this.#keys.learn(request.key, value, revision);
      return {
        value,
        ...(found && { revision }),
        source: 'etcd',
        sessionToken: String(Math.max(tokenRevision(request.sessionToken), revision)),
      };
    } catch (error) {
      throw refuse(error, 'read');
    }
  }

  /**
   * One transaction that etcd carries out only for the holder of the lease, whatever this process believes. A client
   * that brings the fencing token of an earlier answer writes only while the lease of that answer lives, so that a
   * session which ended between two of its writes is told.
   */
  async #fencedTransaction(
    { compare, success, failure }: Required<ITxnRequest>,
    token: string | undefined,
  ): Promise<{ response: ITxnResponse; fencingToken: string }> {
    const named = token === undefined ? undefined : parseFencingToken(token);
    const { registration } = this.#session;
    if (!registration || this.state === 'offline') throw new Refused(503, 'fail', this.#unfit());
    const fence = named ?? registration;
    const key = this.#sessionKeys.registration;
    const response = await this.#client
      .txn({
        compare: [
          { key, target: 'Mod', result: 'Equal', mod_revision: String(fence.epoch) },
          { key, target: 'Lease', result: 'Equal', lease: fence.leaseId },
        ],
        // The caller's own comparisons come second, so that a lost fence and a lost compare are told apart.
        success: [{ request_txn: { compare, success, failure } }],
        failure: [{ request_range: { key: this.#sessionKeys.newest } }],
      })
      .catch((error) => {
        throw refuse(error, 'write');
      });
    if (!response.succeeded) throw this.#fence(registration, fence, named !== undefined, response);
    const inner = response.responses[0]!.response_txn;
    const fencingToken = `${fence.leaseId}:${fence.epoch}`;
    return { response: { ...inner, header: response.header }, fencingToken };
  }

  #fence(own: Registration, fence: Registration, named: boolean, response: ITxnResponse): Refused {
    this.#fenced += 1;
    const newest = Number(response.responses[0]!.response_range.kvs[0]?.mod_revision ?? 0);
    const isOwn = fence.epoch === own.epoch && fence.leaseId === own.leaseId;
    if (isOwn) this.#lease.lost(own);
    const reason =
      `the lease of epoch ${fence.epoch} has ended; ` +
      (newest > fence.epoch
        ? `the newest epoch is ${newest}`
        : `no newer epoch than ${newest} has begun, one is being registered`);
    // Who named the lease must decide anew; who did not may simply ask again.
    return new Refused(named ? 412 : 503, 'fail', reason, { epoch: newest });
  }

  #unfit(): string {
    return `the session is ${this.state}: no lease that is certain to live, ask again shortly`;
  }
}

function tokenRevision(token: string | undefined): number {
  const revision = Number(token ?? 0);
  return Number.isSafeInteger(revision) ? revision : 0;
}

/** `<lease id>:<epoch>`; the id stays a text, since it exceeds 2^53. */
function parseFencingToken(token: string): Registration {
  const [, leaseId, epoch] = /^(\d{1,19}):(\d{1,15})$/.exec(token) ?? [];
  if (leaseId !== undefined) return { leaseId, epoch: Number(epoch) };
  throw new Refused(
    400,
    'fail',
    `a Fencing-Token should be that of an earlier answer, '<lease id>:<epoch>', got '${token}'`,
  );
}
