import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Checker, defaultBudget } from '../../harness/checker/checker.ts';
import { leaseTruth } from '../../harness/checker/lease-truth.ts';
import { memberRevisions } from '../../harness/checker/member-revisions.ts';
import { membersAgree } from '../../harness/checker/members-agree.ts';
import { processHealth } from '../../harness/checker/process-health.ts';
import { splitBrain } from '../../harness/checker/split-brain.ts';
import { type Clock, clockFrom } from '../../harness/clock.ts';
import { watchLeader } from '../../harness/cluster/leader-watch.ts';
import type { Observation } from '../../harness/history/observation.ts';
import type { FaultWindow } from '../../harness/history/operation.ts';
import { memberLog } from '../../harness/observer/member-log.ts';
import { Observer } from '../../harness/observer/observer.ts';
import type { Instance } from '../../harness/service/instance.ts';
import { ask, eventually, put, startWorld, type TestWorld } from '../cluster/world.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** An instance that says whatever it believes, and is never right to. */
class Believer {
  epoch = 0;
  readonly #server: Server = createServer((_, response) =>
    response.end(`faultline_lease_epoch{instance="s1"} ${this.epoch}\nfaultline_lease_alive_ms 900\n`),
  );

  async listen(): Promise<Instance> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    return { name: 's1', url: `http://127.0.0.1:${port}` } as Instance;
  }

  close(): void {
    this.#server.close();
  }
}

let world: TestWorld;
let clock: Clock;
const believer = new Believer();
beforeAll(async () => {
  world = await startWorld(3);
  clock = clockFrom();
});
afterAll(async () => {
  believer.close();
  await world?.[Symbol.asyncDispose]();
});

/** What is seen while something is done, the members' status among it, and their logs. */
async function observe(
  whileDoing: (observer: Observer) => Promise<void>,
  instances: readonly Instance[] = [],
): Promise<Observation[]> {
  const { cluster, folder } = world;
  const observer = new Observer({
    cluster,
    instances,
    leaseKeys: instances.length > 0 ? 'leases/' : undefined,
    clock,
  });
  const watching = new AbortController();
  const leaders = watchLeader({
    cluster,
    clock,
    everyMs: 100,
    signal: watching.signal,
    onStatuses: (...seen) => observer.sawMembers(...seen),
  });
  try {
    await whileDoing(observer);
    await observer.end({ compare: true });
  } finally {
    watching.abort();
    await leaders;
    await observer.end({ compare: false });
  }
  const logs = cluster.members.map(({ name, logPath }) =>
    memberLog(name, logPath ?? join(folder, `${name}.log`), 0),
  );
  return [...observer.observations, ...(await Promise.all(logs))];
}

const verdict = (
  checker: Checker,
  observations: readonly Observation[],
  faults: readonly FaultWindow[] = [],
) => checker.check({ operations: [], observations, faults }, defaultBudget);

const seenOf = (observer: Observer, member: string, state: string) =>
  eventually(async () => {
    const last = observer.observations.findLast((one) => one.kind === 'member' && one.member === member);
    // One that runs is asked until it answers: a revision that was told once is no sequence.
    const revision = state === 'up' ? { revision: expect.any(Number) } : {};
    expect(last).toMatchObject({ process: state, ...revision });
  });

test('a member that is killed and comes back keeps its revision and its keys, and had a reason to be down', async () => {
  const { cluster } = world;
  const fromNs = clock.nowNs();
  const observations = await observe(async (observer) => {
    await put(cluster, 'm1', 'a', '1');
    await seenOf(observer, 'm2', 'up');
    await cluster.member('m2').kill();
    await seenOf(observer, 'm2', 'down');
    // It may have been the leader: the others elect one first, and a put that came too early is no matter.
    await eventually(async () => void (await put(cluster, 'm1', 'a', '2', 2_000)), 30_000);
    await cluster.member('m2').restart({ timeoutMs: 60_000 });
    await seenOf(observer, 'm2', 'up');
  });
  const fault = {
    nemesis: 'kill-member',
    sentence: 'm2 was killed',
    targets: ['m2'],
    fromNs,
    toNs: clock.nowNs(),
  };
  for (const checker of [memberRevisions, membersAgree, splitBrain]) {
    expect(verdict(checker, observations)).toMatchObject({ valid: true });
  }
  expect(verdict(processHealth, observations, [fault])).toMatchObject({ valid: true });
  expect(verdict(processHealth, observations)).toMatchObject({
    valid: false,
    violations: [{ summary: expect.stringMatching(/^m2 was down/) }],
  });
  // A hash that was told otherwise, twice, would have been found.
  const other = observations.flatMap((one) => {
    if (one.kind !== 'hash' || one.member !== 'm2' || one.hash === undefined) return [one];
    return [1, 2].map((later) => ({ ...one, hash: one.hash! ^ 1, answeredNs: one.answeredNs + later }));
  });
  expect(verdict(membersAgree, [...other, ...other])).toMatchObject({ valid: false });
});

test('who believes in a lease that the members have let go is found', async () => {
  const { cluster } = world;
  const instance = await believer.listen();
  const lease = String((await ask(cluster, 'm1', '/v3/lease/grant', { TTL: '60' })).ID);
  const { header } = await ask(cluster, 'm1', '/v3/kv/put', {
    key: base64('leases/s1'),
    value: base64('s1'),
    lease,
  });
  believer.epoch = Number((header as { revision: string }).revision);
  const count = (observer: Observer, kind: Observation['kind']) =>
    observer.observations.filter((one) => one.kind === kind).length;
  const held = await observe(
    (observer) =>
      eventually(async () => {
        expect(Math.min(count(observer, 'leases'), count(observer, 'belief'))).toBeGreaterThan(1);
      }),
    [instance],
  );
  expect(held.find(({ kind }) => kind === 'leases')).toMatchObject({
    held: [{ holder: 's1', epoch: believer.epoch, ttlSeconds: expect.any(Number) }],
  });
  expect(verdict(leaseTruth, held)).toMatchObject({ valid: true });
  const gone = await observe(
    async (observer) => {
      await eventually(async () => expect(count(observer, 'leases')).toBeGreaterThan(0));
      await ask(cluster, 'm1', '/v3/lease/revoke', { ID: lease });
      await eventually(async () => {
        const last = observer.observations.findLast((one) => one.kind === 'leases');
        expect(last).toMatchObject({ held: [] });
      });
      const beliefs = count(observer, 'belief');
      // The second from here on was certainly asked for after that.
      while (count(observer, 'belief') < beliefs + 2) await sleep(20);
    },
    [instance],
  );
  expect(verdict(leaseTruth, gone)).toMatchObject({
    valid: false,
    violations: [{ summary: expect.stringMatching(/^s1 still believed in its lease of epoch/) }],
  });
});
