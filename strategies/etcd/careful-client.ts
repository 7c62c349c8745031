import { type CallOptions, InterceptingCall, type Interceptor, status } from '@grpc/grpc-js';
import {
  ClientClosedError,
  Etcd3,
  type IDuplexStream,
  type ILeaseKeepAliveRequest,
  type ILeaseKeepAliveResponse,
  type IOptions,
  type IRangeRequest,
  type IRangeResponse,
  type IStatusResponse,
  type ITxnRequest,
  type ITxnResponse,
  type IWatchRequest,
  type IWatchResponse,
} from 'etcd3';
import type { EtcdEndpoint } from '../../harness/cluster/external/access.ts';
import { accessInterceptors, etcdOptions } from '../../harness/cluster/external/grpc.ts';
import { MemberChoice } from './member-choice.ts';
import { EtcdFailed } from './outcome.ts';

/**
 * A CarefulClient asks etcd once and tells what became of it. No hidden retry (a retried put is written twice, a
 * retried compare-and-set that had applied says it did not), a deadline on every call, keep-alive on every
 * connection, and one client per member, so that nothing hops between members and goes back in time.
 *
 *   call --> MemberChoice --> Etcd3 of that one member --> link s1->m2 --> m2
 */
export interface CarefulClientOptions {
  readonly etcd: readonly EtcdEndpoint[];
  /** For every unary call that names no other. */
  readonly deadlineMs: number;
  /** Which member is asked first, so that instances do not all start at the same. */
  readonly firstMember?: number;
}

export interface Call {
  readonly deadlineMs?: number;
  /** Pins the call; otherwise the MemberChoice decides. */
  readonly member?: string;
  /**
   * True unless told otherwise: a member without a leader then refuses at once instead of keeping the call until
   * its deadline, and refuses before it proposes anything, so that the outcome is known.
   */
  readonly requireLeader?: boolean;
}

export interface Renewal {
  /** 0: the lease is gone. */
  readonly ttlSeconds: number;
  /** performance.now() when the request was sent: the lease lives for at least the TTL from here. */
  readonly sentAtMs: number;
}

export class CarefulClient {
  readonly choice: MemberChoice;
  readonly members: readonly string[];
  readonly #clients: ReadonlyMap<string, Etcd3>;
  /** What every call passes through, where it takes more than its address. */
  readonly #interceptors: readonly Interceptor[];
  readonly #deadlineMs: number;

  constructor(options: CarefulClientOptions) {
    this.#deadlineMs = options.deadlineMs;
    this.members = options.etcd.map(({ member }) => member);
    this.choice = new MemberChoice(this.members, options.firstMember);
    this.#clients = new Map(options.etcd.map((one) => [one.member, singleHost(one)]));
    this.#interceptors = accessInterceptors(options.etcd);
  }

  /** Linearizable unless the request says `serializable`. */
  range(request: IRangeRequest, call: Call = {}): Promise<IRangeResponse> {
    return this.#unary('range', call, (client, options) => client.kv.range(request, options));
  }

  txn(request: ITxnRequest, call: Call = {}): Promise<ITxnResponse> {
    return this.#unary('txn', call, (client, options) => client.kv.txn(request, options));
  }

  status(call: Call = {}): Promise<IStatusResponse> {
    return this.#unary('status', { requireLeader: false, ...call }, (client, options) =>
      client.maintenance.status(options),
    );
  }

  /** The id is a string: lease ids exceed 2^53. */
  async grantLease(ttlSeconds: number, call: Call = {}): Promise<Renewal & { readonly id: string }> {
    const sentAtMs = performance.now();
    const granted = await this.#unary('lease grant', call, (client, options) =>
      client.leaseClient.leaseGrant({ TTL: ttlSeconds }, options),
    );
    return { id: granted.ID, ttlSeconds: Number(granted.TTL), sentAtMs };
  }

  async revokeLease(id: string, call: Call = {}): Promise<void> {
    await this.#unary('lease revoke', call, (client, options) =>
      client.leaseClient.leaseRevoke({ ID: id }, options),
    );
  }

  /**
   * Renews on a stream of its own. A long-lived stream through a follower went unanswered for 6 s while the leader
   * was paused; fresh streams to members in turn had gaps of 2 s at the most.
   */
  renewLease(id: string, call: Call = {}): Promise<Renewal> {
    return this.#unary('lease renewal', call, async (client, options) => {
      const sentAtMs = performance.now();
      const stream = await client.leaseClient.leaseKeepAlive(options);
      try {
        const answer = await firstAnswer(stream, id);
        return { ttlSeconds: Number(answer.TTL), sentAtMs };
      } finally {
        // Not cancelled: etcd3 takes a cancelled writable stream for a broken host and closes its other calls.
        stream.end();
      }
    });
  }

  /** A raw watch stream at one member; it fails when the member loses its leader. */
  async watchStream(member: string): Promise<IDuplexStream<IWatchRequest, IWatchResponse>> {
    return this.#client(member).watchClient.watch({
      interceptors: [intercept(true, () => {}), ...this.#interceptors],
    });
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #client(member: string): Etcd3 {
    const client = this.#clients.get(member);
    if (client) return client;
    throw new RangeError(
      `expected one of the members ${[...this.#clients.keys()].join(', ')}, got ${member}`,
    );
  }

  async #unary<T>(
    what: string,
    call: Call,
    run: (client: Etcd3, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const member = call.member ?? this.choice.current;
    const client = this.#client(member);
    const requireLeader = call.requireLeader ?? true;
    let ended: { code: number; details: string } | undefined;
    const options: CallOptions = {
      deadline: Date.now() + (call.deadlineMs ?? this.#deadlineMs),
      interceptors: [
        intercept(requireLeader, (grpcStatus) => {
          ended ??= grpcStatus;
        }),
        ...this.#interceptors,
      ],
    };
    try {
      const answer = await run(client, options);
      // What a member says without a leader is no sign that it could do anything else.
      if (requireLeader) this.choice.answered(member);
      return answer;
    } catch (error) {
      const failure = asEtcdFailed(what, member, ended, error as Error);
      if (failure.memberUnfit) this.choice.failed(member, failure.silent ? 'silent' : 'refused');
      else this.choice.answered(member);
      throw failure;
    }
  }
}

/** etcd3 turns statuses into classes and loses their codes, so the code is taken from the wire. */
function asEtcdFailed(
  what: string,
  member: string,
  ended: { code: number; details: string } | undefined,
  error: Error,
): EtcdFailed {
  if (error instanceof EtcdFailed) return error;
  if (ended && ended.code !== status.OK) return new EtcdFailed(what, member, ended.code, ended.details);
  // A closed client has sent nothing.
  if (error instanceof ClientClosedError) {
    return new EtcdFailed(what, member, status.UNAVAILABLE, 'the client is closed', 'fail');
  }
  return new EtcdFailed(what, member, status.UNKNOWN, error.message);
}

const noPolicy = {
  execute: async <T>(run: (context: { signal: AbortSignal }) => T | Promise<T>) =>
    run({ signal: new AbortController().signal }),
};

function singleHost(endpoint: EtcdEndpoint): Etcd3 {
  const options = etcdOptions([endpoint]);
  const faultHandling = { global: noPolicy, host: () => noPolicy };
  return new Etcd3({
    ...options,
    // The policies are called through `execute` alone; etcd3 names their type from a package of its own.
    faultHandling: faultHandling as unknown as NonNullable<IOptions['faultHandling']>,
    grpcOptions: {
      ...options.grpcOptions,
      // 5 s is the least that etcd allows: quicker pings end in GOAWAY.
      'grpc.keepalive_time_ms': 5_000,
      'grpc.keepalive_timeout_ms': 1_000,
      'grpc.enable_retries': 0,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      'grpc.enable_http_proxy': 0,
    },
  });
}

function intercept(
  requireLeader: boolean,
  ended: (status: { code: number; details: string }) => void,
): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, _listener, next) {
        if (requireLeader) metadata.set('hasleader', 'true');
        next(metadata, {
          onReceiveStatus(received, nextStatus) {
            ended(received);
            nextStatus(received);
          },
        });
      },
    });
}

function firstAnswer(
  stream: IDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>,
  id: string,
): Promise<ILeaseKeepAliveResponse> {
  return new Promise((resolve, reject) => {
    stream.on('data', resolve);
    stream.on('error', reject);
    stream.on('end', () => reject(new Error('the stream ended without an answer')));
    stream.write({ ID: id });
  });
}
