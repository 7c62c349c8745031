/**
 * An Observation is what an observer beside the service saw of the members and of the instances: asked directly, not
 * through the service, and written down with the moment of the question and of the answer. Somewhere between the two
 * it was true. Times are nanoseconds on the run's clock.
 */
export type Observation = MemberSeen | MemberHash | MemberLog | LeasesSeen | LeaseBelief | StoreSeen;

/** What a member says of itself, and whether its process runs. */
export interface MemberSeen {
  readonly kind: 'member';
  readonly member: string;
  readonly askedNs: number;
  readonly answeredNs: number;
  readonly process: 'up' | 'paused' | 'down';
  /** Of the store, as the member has applied it; undefined when it did not answer. */
  readonly revision?: number;
  /** The member's id: another one is another member, under whatever name. A text, since it exceeds 2^53. */
  readonly id?: string;
}

/** A hash over all keys that a member has as of one revision (etcd's HashKV). */
export interface MemberHash {
  readonly kind: 'hash';
  readonly member: string;
  readonly askedNs: number;
  readonly answeredNs: number;
  readonly revision: number;
  /** Compacted up to here: hashes are comparable only when this is equal too. */
  readonly compactRevision: number;
  /** Undefined when it did not answer; then `reason` says why. */
  readonly hash?: number;
  readonly reason?: string;
}

/** What a member wrote into its log over the whole run. */
export interface MemberLog {
  readonly kind: 'log';
  readonly member: string;
  readonly lines: number;
  /** Of level panic or fatal, a panic of the Go runtime; the first few. */
  readonly serious: readonly { readonly line: number; readonly level: string; readonly text: string }[];
  /** "became leader at term 4", by the id that raft gives the member. */
  readonly elections: readonly { readonly id: string; readonly term: number }[];
  /** Why the log could not be read. */
  readonly reason?: string;
}

/** Which leases' keys one member has under the prefix of a service's sessions, as of one revision. */
export interface LeasesSeen {
  readonly kind: 'leases';
  readonly member: string;
  readonly askedNs: number;
  readonly answeredNs: number;
  readonly revision: number;
  readonly held: readonly LeaseHeld[];
}

export interface LeaseHeld {
  readonly holder: string;
  /** mod_revision of the key: every registration has its own. */
  readonly epoch: number;
  /** Seconds that the server gave it still; below 0: it is gone or about to go. */
  readonly ttlSeconds?: number;
}

/** What an instance says that it believes of its lease. */
export interface LeaseBelief {
  readonly kind: 'belief';
  readonly holder: string;
  /** What is held, where several compete for it; its own session otherwise. */
  readonly resource?: string;
  readonly epoch: number;
  /** Whether it takes the lease for its own. */
  readonly alive: boolean;
  readonly askedNs: number;
  readonly answeredNs: number;
  /** True: at every moment between the two. Otherwise at some moment between them. */
  readonly throughout?: boolean;
}

/** What one of the stores of a strategy that keeps its values in several has under every key. */
export interface StoreSeen {
  readonly kind: 'store';
  readonly store: 'etcd' | 'primary' | 'replica';
  readonly askedNs: number;
  readonly answeredNs: number;
  /** By key; what is deleted is not there. Undefined when the store did not answer; then `reason` says why. */
  readonly values?: Readonly<Record<string, unknown>>;
  readonly reason?: string;
}

/** Fields that an observation of a kind cannot do without. */
const needed: { readonly [Kind in Observation['kind']]: readonly string[] } = {
  member: ['member', 'askedNs', 'answeredNs', 'process'],
  hash: ['member', 'askedNs', 'answeredNs', 'revision', 'compactRevision'],
  log: ['member', 'lines', 'serious', 'elections'],
  leases: ['member', 'askedNs', 'answeredNs', 'revision', 'held'],
  belief: ['holder', 'epoch', 'alive', 'askedNs', 'answeredNs'],
  store: ['store', 'askedNs', 'answeredNs'],
};

/** What is missing for it to be an Observation, in words; undefined when nothing is. */
export function flawOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'should be an object';
  const fields = value as Readonly<Record<string, unknown>>;
  const names = Object.hasOwn(needed, String(fields.kind))
    ? needed[fields.kind as Observation['kind']]
    : undefined;
  if (names === undefined) return `"kind" should be one of ${Object.keys(needed).join(', ')}`;
  const missing = names.find((name) => fields[name] === undefined || fields[name] === null);
  if (missing !== undefined) return `a ${fields.kind} should have "${missing}"`;
  const wrong = names.find(
    (name) => /Ns$|evision$|^(epoch|lines)$/.test(name) && !Number.isFinite(fields[name]),
  );
  return wrong === undefined ? undefined : `"${wrong}" should be a number`;
}

/** The same, on a clock whose 0 is at this time of the clock that it is on. */
export function since<T extends Observation>(zeroNs: number, observation: T): T {
  if (observation.kind === 'log') return observation;
  const { askedNs, answeredNs } = observation;
  return { ...observation, askedNs: askedNs - zeroNs, answeredNs: answeredNs - zeroNs };
}
