import type { PlantedFault } from './planted-fault.ts';

/** A Mutant is a strategy with a fault of one line in it: a harness that does not find it is worth nothing. */
export interface Mutant {
  readonly name: string;
  readonly strategy: string;
  /** What was done to it. */
  readonly summary: string;
  readonly fault: PlantedFault;
  /** Where it shows: a scenario of the corpus. */
  readonly scenario: string;
  /** The checker that must name it. */
  readonly violation: string;
}

const leaseSession = 'strategies/lease-session/lease-session.ts';
const routing = 'strategies/consistency-routing/consistency-routing.ts';
const replicaRoute = 'strategies/consistency-routing/replica-route.ts';
const writeBehind = 'strategies/write-behind/write-behind.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'lost-compare',
    strategy: 'lease-session',
    summary: 'a compare-and-set always writes and always says that it did',
    fault: {
      file: leaseSession,
      line: 'if (request.expectedRevision !== undefined) {',
      becomes: 'if (false) {',
    },
    scenario: 'contended',
    violation: 'linearizability',
  },
  {
    name: 'compare-on-own-revision',
    strategy: 'lease-session',
    summary: 'the compare is made on the revision that the copy has, not on the one that the client names',
    fault: {
      file: leaseSession,
      line: 'mod_revision: String(request.expectedRevision),',
      becomes: 'mod_revision: String(this.#keys.get(request.key)?.revision ?? 0),',
    },
    scenario: 'contended',
    violation: 'linearizability',
  },
  {
    name: 'compare-at-least',
    strategy: 'consistency-routing',
    summary: 'the compare holds for every later revision too',
    fault: {
      file: 'strategies/database/revised-table.ts',
      line: 'where key = $1 and revision = $4 and not deleted returning revision`, [key, json, json === null, expectedRevision]);',
      becomes:
        'where key = $1 and revision >= $4 and not deleted returning revision`, [key, json, json === null, expectedRevision]);',
    },
    scenario: 'contended',
    violation: 'linearizability',
  },
  {
    name: 'serializable-read',
    strategy: 'lease-session',
    summary: 'linearizable reads are answered by any member out of what it has',
    fault: {
      file: leaseSession,
      line: 'const response = await this.#client.range({ key }, { deadlineMs });',
      becomes: 'const response = await this.#client.range({ key, serializable: true }, { deadlineMs });',
    },
    scenario: 'lagging-followers',
    violation: 'linearizability',
  },
  {
    name: 'cut-off-member-read',
    strategy: 'lease-session',
    summary:
      'linearizable reads are answered by m1 out of what it has, also when it is cut off from the others',
    fault: {
      file: leaseSession,
      line: 'const response = await this.#client.range({ key }, { deadlineMs });',
      becomes:
        "const response = await this.#client.range({ key, serializable: true }, { deadlineMs, member: 'm1', requireLeader: false });",
    },
    scenario: 'cut-off-member',
    violation: 'linearizability',
  },
  {
    name: 'replica-as-linearizable',
    strategy: 'consistency-routing',
    summary: 'linearizable reads go to the replica like the others',
    fault: {
      file: routing,
      line: "if (grade !== 'linearizable' && this.#replica) {",
      becomes: 'if (this.#replica) {',
    },
    scenario: 'lagging-replica',
    violation: 'linearizability',
  },
  {
    name: 'cache-read-as-linearizable',
    strategy: 'cache-lru',
    summary: 'linearizable reads are answered by the cache when it has the key',
    fault: {
      file: 'strategies/cache/loading-cache.ts',
      line: 'const entry = fresh ? undefined : this.#entries.get(key);',
      becomes: 'const entry = this.#entries.get(key);',
    },
    scenario: 'short-lived-entries',
    violation: 'linearizability',
  },
  {
    name: 'entries-never-end',
    strategy: 'cache-lru',
    summary: 'an entry is given however old it is',
    fault: {
      file: 'strategies/cache/loading-cache.ts',
      line: 'if (nowMs < entry.expiresAtMs)',
      becomes: 'if (nowMs < Number.POSITIVE_INFINITY)',
    },
    scenario: 'short-lived-entries',
    violation: 'staleness',
  },
  {
    name: 'time-out-told-as-failure',
    strategy: 'lease-session',
    summary: 'a write whose answer did not come in time is told as one that certainly did not happen',
    fault: {
      file: 'strategies/etcd/outcome.ts',
      line: "[4, 'DEADLINE_EXCEEDED', 'info'],",
      becomes: "[4, 'DEADLINE_EXCEEDED', 'fail'],",
    },
    scenario: 'slow-instance',
    violation: 'linearizability',
  },
  {
    name: 'token-ignored',
    strategy: 'consistency-routing',
    summary: 'session reads go to the replica whatever the client has seen',
    fault: {
      file: routing,
      line: 'seen === undefined ||',
      becomes: 'true ||',
    },
    scenario: 'lagging-replica',
    violation: 'read-your-writes',
  },
  {
    name: 'write-gives-no-token',
    strategy: 'consistency-routing',
    summary: 'a write hands the token back that it was given',
    fault: {
      file: routing,
      line: 'const sessionToken = tokenOf(seen);',
      becomes: 'const sessionToken = request.sessionToken;',
    },
    scenario: 'lagging-replica',
    violation: 'read-your-writes',
  },
  {
    name: 'late-replica-taken-for-caught-up',
    strategy: 'consistency-routing',
    summary: 'once the time to wait for the replica is over it is read all the same',
    fault: {
      file: routing,
      line: '(await this.#replica.reached(seen.position, catchUpMs, signal));',
      becomes: '(await this.#replica.reached(seen.position, catchUpMs, signal), true);',
    },
    scenario: 'late-replica',
    violation: 'read-your-writes',
  },
  {
    name: 'replayed-compared-backwards',
    strategy: 'consistency-routing',
    summary: 'a replica that is behind counts as one that has caught up',
    fault: {
      file: replicaRoute,
      line: 'return replayed !== undefined && positionNumber(replayed) >= positionNumber(position);',
      becomes: 'return replayed !== undefined && positionNumber(replayed) <= positionNumber(position);',
    },
    scenario: 'lagging-replica',
    violation: 'read-your-writes',
  },
  {
    name: 'read-raises-no-token',
    strategy: 'consistency-routing',
    summary: 'a read at the primary leaves the token as it was, so the next one may go back at the replica',
    fault: {
      file: routing,
      line: "sessionToken: tokenOf(andThen(before, { position: row.position, atReplica: source === 'replica' })),",
      becomes: 'sessionToken: tokenOf(before),',
    },
    scenario: 'late-replica',
    violation: 'monotonic-reads',
  },
  {
    name: 'stale-bound-not-enforced',
    strategy: 'lease-session',
    summary: 'the copy is served as fresh however long ago that was proved',
    fault: {
      file: leaseSession,
      line: 'return this.#session.aliveForMs > 0 && this.#freshness.ageMs <= this.#times.maxStaleMs;',
      becomes: 'return true;',
    },
    scenario: 'cut-off-instance',
    violation: 'staleness',
  },
  {
    name: 'guardian-ignores-lost-acknowledgements',
    strategy: 'lease-session',
    summary: 'a beat proves the copy fresh when it is sent, not when it has come back',
    fault: {
      file: 'strategies/lease-session/freshness.ts',
      line: 'this.#sentAtMs.set(beat, sentAtMs);',
      becomes: 'this.#sentAtMs.set(beat, sentAtMs); this.#asOfMs = sentAtMs;',
    },
    scenario: 'cut-off-instance',
    violation: 'staleness',
  },
  {
    name: 'offline-read-not-marked',
    strategy: 'lease-session',
    summary: 'what the copy had when etcd was lost is served as a hit',
    fault: {
      file: leaseSession,
      line: "return this.#readCopy(request.key, 'stale', seen);",
      becomes: "return this.#readCopy(request.key, 'hit', seen);",
    },
    scenario: 'cut-off-instance',
    violation: 'staleness',
  },
  {
    name: 'cache-not-invalidated',
    strategy: 'lease-session',
    summary: 'what the watch tells of other writers does not reach the copy',
    fault: {
      file: 'strategies/etcd/followed-keys.ts',
      line: 'this.learn(name.slice(this.#prefix.length), value, Number(event.kv.mod_revision));',
      becomes: 'return;',
    },
    scenario: 'followed-copy',
    violation: 'staleness',
  },
  {
    name: 'deletes-not-followed',
    strategy: 'lease-session',
    summary: 'what the watch tells of deletes does not reach the copy',
    fault: {
      file: 'strategies/etcd/followed-keys.ts',
      line: 'this.learn(name.slice(this.#prefix.length), value, Number(event.kv.mod_revision));',
      becomes:
        'if (value !== null) this.learn(name.slice(this.#prefix.length), value, Number(event.kv.mod_revision));',
    },
    scenario: 'followed-copy',
    violation: 'staleness',
  },
  {
    name: 'invalidated-after-the-acknowledgement',
    strategy: 'write-behind',
    summary:
      'a write is acknowledged 50 ms before it is put in the queue, so that reads go on showing what was there',
    fault: {
      file: writeBehind,
      line: 'this.#pending.add(write);',
      becomes: 'setTimeout(() => (this.#pending.add(write), this.#drain()), 50);',
    },
    scenario: 'slow-drain',
    violation: 'read-your-writes',
  },
  {
    name: 'replays-twice',
    strategy: 'write-behind',
    summary: 'a batch that has to be sent again does not ask whether it had applied',
    fault: {
      file: 'strategies/write-behind/batch-writer.ts',
      line: 'compare: [expected],',
      becomes: 'compare: [],',
    },
    scenario: 'late-answers',
    violation: 'duplicated-writes',
  },
  {
    name: 'lease-believed-too-long',
    strategy: 'lease-session',
    summary: 'the instance believes in its lease until the server tells it otherwise',
    fault: {
      file: 'strategies/lease-session/session.ts',
      line: 'return this.#registration ? Math.max(0, this.#aliveUntilMs - this.#nowMs()) : 0;',
      becomes: 'return this.#registration ? 1 : 0;',
    },
    scenario: 'long-cut-off-instance',
    violation: 'lease-truth',
  },
  {
    name: 'queue-reorders',
    strategy: 'write-behind',
    summary: 'a write overtakes those of its key that wait before it, all but the first',
    fault: {
      file: 'strategies/write-behind/pending-writes.ts',
      line: 'writes.push(write);',
      becomes: 'writes.splice(1, 0, write);',
    },
    scenario: 'slow-drain',
    violation: 'read-your-writes',
  },
  {
    name: 'queue-not-read',
    strategy: 'write-behind',
    summary: 'reads look at the copy alone, not at what waits in the queue',
    fault: {
      file: writeBehind,
      line: 'const queued = this.#pending.last(request.key);',
      becomes: 'const queued = undefined;',
    },
    scenario: 'slow-drain',
    violation: 'read-your-writes',
  },
  {
    name: 'dropped-on-retry',
    strategy: 'write-behind',
    summary: 'a batch that has to be sent again is sent without its writes',
    fault: {
      file: 'strategies/write-behind/batch-writer.ts',
      line: '...batch.map((write) => this.#operation(write)),',
      becomes: '...(after.sent ? [] : batch).map((write) => ((after.sent = true), this.#operation(write))),',
    },
    scenario: 'leaderless-drain',
    violation: 'lost-writes',
  },
  {
    name: 'database-drops-on-retry',
    strategy: 'write-behind',
    summary: 'what the database did not take is not offered to it again',
    fault: {
      file: 'strategies/write-behind/database-lane.ts',
      line: 'this.failures += 1;',
      becomes: 'this.failures += 1; for (const [key] of batch) this.#waiting.delete(key);',
    },
    scenario: 'database-cut-off',
    violation: 'stores-agree',
  },
  {
    name: 'acknowledged-before-the-journal',
    strategy: 'write-behind',
    summary: 'a write is acknowledged at once and journalled a little later',
    fault: {
      file: writeBehind,
      line: "await this.#journal.append({ type: 'write', ...write });",
      becomes: "setTimeout(() => this.#journal.append({ type: 'write', ...write }), 250);",
    },
    scenario: 'killed-while-draining',
    violation: 'lost-writes',
  },
  {
    name: 'journal-left-out-when-many-wait',
    strategy: 'write-behind',
    summary: 'a write behind 24 that wait for etcd is acknowledged without the journal',
    fault: {
      file: writeBehind,
      line: "await this.#journal.append({ type: 'write', ...write });",
      becomes: "if (this.#pending.size < 24) await this.#journal.append({ type: 'write', ...write });",
    },
    scenario: 'killed-behind-a-cut',
    violation: 'lost-writes',
  },
  {
    name: 'transaction-split-in-two',
    strategy: 'lease-session',
    summary: 'the steps of a transaction after its first come in a transaction of their own',
    fault: {
      file: leaseSession,
      line: 'const { response, fencingToken } = await this.#fencedTransaction(transaction, request.fencingToken);',
      becomes:
        'const { success } = transaction; const half = await this.#fencedTransaction({ ...transaction, success: success.slice(0, 1) }, request.fencingToken); const rest = half.response.succeeded && success.length > 1 ? await this.#fencedTransaction({ compare: [], success: success.slice(1), failure: [] }, request.fencingToken) : undefined; const { fencingToken } = half; const response = rest ? { ...rest.response, responses: [...half.response.responses, ...rest.response.responses] } : half.response;',
    },
    scenario: 'several-keys',
    violation: 'fractured-reads',
  },
  {
    name: 'transaction-at-the-primary-split',
    strategy: 'consistency-routing',
    summary: 'the steps of a transaction after its first come in a transaction of their own',
    fault: {
      file: routing,
      line: 'const { succeeded, results } = await this.#table.transact(request);',
      becomes:
        'const { success } = request; const half = await this.#table.transact({ ...request, success: success.slice(0, 1) }); const rest = half.succeeded && success.length > 1 ? await this.#table.transact({ compare: [], success: success.slice(1), failure: [] }) : { results: [] }; const { succeeded } = half; const results = [...half.results, ...rest.results];',
    },
    scenario: 'several-keys',
    violation: 'bank',
  },
  {
    name: 'transaction-behind-the-queue-split',
    strategy: 'write-behind',
    summary: 'the steps of a transaction after its first come in a transaction of their own',
    fault: {
      file: writeBehind,
      line: 'const response = await this.#client.txn(etcdTransaction(request, this.#values), { deadlineMs });',
      becomes:
        'const { success } = request; const half = await this.#client.txn(etcdTransaction({ ...request, success: success.slice(0, 1) }, this.#values), { deadlineMs }); const rest = half.succeeded && success.length > 1 ? await this.#client.txn(etcdTransaction({ compare: [], success: success.slice(1), failure: [] }, this.#values), { deadlineMs }) : undefined; const response = rest ? { ...rest, responses: [...half.responses, ...rest.responses] } : half;',
    },
    scenario: 'several-keys',
    violation: 'list-append',
  },
];

const carefulWatch = 'strategies/etcd/careful-watch.ts';
const resumption =
  'create_request: { ...prefixRange(this.#prefix), start_revision: String(this.#told + 1) },';

/** Faults of what all strategies watch with. Most of what they lose it repairs by itself, so it is looked at alone. */
export const watchMutants: readonly Mutant[] = [
  {
    name: 'watch-resumes-one-too-late',
    strategy: 'careful-watch',
    summary: 'a stream goes on from the revision after the next',
    fault: { file: carefulWatch, line: resumption, becomes: resumption.replace('+ 1', '+ 2') },
    scenario: 'cut-watch',
    violation: 'reliable',
  },
  {
    name: 'watch-resumes-one-too-early',
    strategy: 'careful-watch',
    summary: 'a stream goes on from the revision that was told last',
    fault: { file: carefulWatch, line: resumption, becomes: resumption.replace(' + 1', '') },
    scenario: 'cut-watch',
    violation: 'reliable',
  },
];

/** Faults of the fence, which shows only to a client that brings a token. */
export const fenceMutants: readonly Mutant[] = [
  {
    name: 'fence-not-checked',
    strategy: 'lease-session',
    summary: 'the transaction of a write compares neither the epoch nor the lease',
    fault: { file: leaseSession, line: 'compare: [', becomes: 'compare: [], unchecked: [' },
    scenario: 'ended-lease',
    violation: 'fencing',
  },
  {
    name: 'fencing-token-ignored',
    strategy: 'lease-session',
    summary: 'a write is fenced by the lease that the instance has now, whatever token the client brings',
    fault: {
      file: leaseSession,
      line: 'const fence = named ?? registration;',
      becomes: 'const fence = registration;',
    },
    scenario: 'ended-lease',
    violation: 'fencing',
  },
];

/** Throws a RangeError for a name that no mutant has. */
export function mutantNamed(name: string): Mutant {
  const all = [...mutants, ...watchMutants, ...fenceMutants];
  const found = all.find((mutant) => mutant.name === name);
  if (found) return found;
  throw new RangeError(`there is no mutant ${name}; there are: ${all.map((one) => one.name).join(', ')}`);
}
