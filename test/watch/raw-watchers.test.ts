import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judgeWatches, tellWatchViolation, type WatchVerdict } from '../../harness/checker/watch/watch.ts';
import { type Clock, clockFrom } from '../../harness/clock.ts';
import type { WatchHistory } from '../../harness/history/watch.ts';
import { everyKind } from '../../harness/watch/kinds.ts';
import { type Observer, observe } from '../../harness/watch/observer.ts';
import { ResumingWatchers } from '../../harness/watch/resuming-watchers.ts';
import { CarefulClient } from '../../strategies/etcd/careful-client.ts';
import { ask, startWorld, type TestWorld } from '../cluster/world.ts';
import { LogWriter } from '../strategies/etcd/watched-log.ts';

const members = ['m1', 'm2', 'm3'];

let world: TestWorld;
let clock: Clock;
let observer: Observer;
let direct: CarefulClient;
beforeAll(async () => {
  world = await startWorld(3);
  clock = clockFrom();
  observer = await observe({ cluster: world.cluster, clock });
  direct = new CarefulClient({
    etcd: members.map((member) => ({ member, address: world.cluster.member(member).clientAddress })),
    deadlineMs: 5_000,
  });
});
afterAll(async () => {
  direct?.close();
  observer?.close();
  await world?.[Symbol.asyncDispose]();
});

/** What no known issue of the running version explains. */
function unexplained(verdicts: readonly WatchVerdict[]): string[] {
  return verdicts.flatMap((verdict) =>
    verdict.state === 'broken'
      ? verdict.violations.filter(({ knownIssue }) => !knownIssue).map(tellWatchViolation)
      : [],
  );
}

const compact = (revision: number) =>
  ask(world.cluster, 'm1', '/v3/kv/compaction', { revision: String(revision), physical: true });

describe('raw watchers of every kind on a real cluster', () => {
  test('are told what they were promised across cuts, a slow reader and a compaction, known issues aside', async () => {
    const prefix = 'raw/';
    const writer = new LogWriter(direct, prefix, world.random.fork('writer'));
    const fromRevision = await writer.write();
    let revision = fromRevision;
    const write = async (count: number) => {
      for (let i = 0; i < count; i++) revision = await writer.write();
    };
    await write(20);

    const kinds = everyKind({ prefix, key: `${prefix}k3`, fromRevision, revision });
    const links = await Promise.all(
      members.map((to) =>
        world.network.add({ from: 'watchers', to, upstream: world.cluster.member(to).clientAddress }),
      ),
    );
    const watchers = links.map(
      ({ to, listen }, i) =>
        new ResumingWatchers({
          member: to,
          address: listen,
          clock,
          kinds,
          ...(i === 0 && { progressEveryMs: 30 }),
          ...(i === 1 && { slow: { everyMs: 150, forMs: 100 } }),
        }),
    );
    const opened = async (i: number, streams: number) => {
      const untilMs = performance.now() + 20_000;
      while (watchers[i]!.streams < streams) {
        expect(performance.now(), `${members[i]} had ${watchers[i]!.streams} streams`).toBeLessThan(untilMs);
        await sleep(10);
      }
    };
    await Promise.all([opened(0, 1), opened(1, 1), opened(2, 1)]);
    await write(20);

    for (const flavour of ['reject', 'blackhole'] as const) {
      const cut = await world.network.cut(links, flavour);
      await write(20);
      await cut.heal();
      await write(5);
    }
    await Promise.all([opened(0, 2), opened(1, 2), opened(2, 2)]);

    // Nobody watches while the history is taken away.
    const cut = await world.network.cut(links, 'reject');
    await write(20);
    const compacted = revision - 5;
    await compact(compacted);
    await cut.heal();
    await Promise.all([opened(0, 3), opened(1, 3), opened(2, 3)]);
    await write(20);

    const log = { ...(await observer.log(revision, { timeoutMs: 20_000 })), compactions: [compacted] };
    const settled = await Promise.all(watchers.map((one) => one.settle(log, 20_000)));
    await Promise.all(watchers.map((one) => one.close()));
    const history: WatchHistory = { log, watchers: settled.flat(), etcdVersion: world.etcd.version };
    const verdicts = judgeWatches(history);

    // The observer's log is etcd's own answers to the writer.
    expect(
      log.events
        .filter(({ key }) => key.startsWith(prefix))
        .map(({ revision, key }) => [revision, key])
        .sort(),
    ).toEqual(
      writer.lines
        .filter(([at]) => at >= log.fromRevision)
        .map(([at, , key]) => [at, key])
        .sort(),
    );
    expect(unexplained(verdicts)).toEqual([]);
    // Nothing was left unjudged, and every kind was told something.
    expect(verdicts.filter(({ state }) => state === 'unknown')).toEqual([]);
    for (const { name } of kinds) {
      const ofKind = history.watchers.filter((one) => one.name.startsWith(`${name}@`));
      expect(
        ofKind.some(({ told }) => told.some(({ kind }) => kind === 'events')),
        name,
      ).toBe(true);
    }
    const ends = history.watchers.flatMap(({ told }) => told.filter(({ kind }) => kind === 'canceled'));
    expect(ends.some((one) => one.kind === 'canceled' && one.compactRevision === compacted)).toBe(true);
  }, 60_000);

  test('the true log goes on when every member was killed in turn, so that no first stream is left', async () => {
    const writer = new LogWriter(direct, 'turn/', world.random.fork('turn'));
    const first = await writer.write();
    let revision = first;
    for (const name of members) {
      const member = world.cluster.member(name);
      await member.kill();
      await member.restart();
      const untilMs = performance.now() + 20_000;
      for (let written = 0; written < 5; ) {
        try {
          revision = await writer.write();
          written++;
        } catch (error) {
          // A new leader is elected; what becomes of this write the log will tell.
          if (performance.now() > untilMs) throw error;
          await sleep(50);
        }
      }
    }
    const log = await observer.log(revision, { timeoutMs: 20_000 });
    const revisions = new Set(log.events.map((event) => event.revision));
    const missing = Array.from({ length: revision - first + 1 }, (_, i) => first + i).filter(
      (one) => !revisions.has(one),
    );
    expect(missing).toEqual([]);
    const told = new Set(log.events.map(({ revision, key, value }) => `${revision} ${key} ${value ?? ''}`));
    expect(writer.lines.filter(([at, , key, value]) => !told.has(`${at} ${key} ${value}`))).toEqual([]);
  }, 90_000);

  test('a delete on the edge of a compaction: where this etcd loses it, the finding names the issue', async () => {
    const prefix = 'edge/';
    const key = Buffer.from(`${prefix}k`);
    const put = async (value: string) =>
      Number(
        (await direct.txn({ success: [{ request_put: { key, value: Buffer.from(value) } }] })).header
          .revision,
      );
    for (const value of ['1', '2', '3']) await put(value);
    const deleted = await direct.txn({ success: [{ request_delete_range: { key } }] });
    const edge = Number(deleted.header.revision);
    const last = await put('4');
    await compact(edge);
    const watchers = new ResumingWatchers({
      member: 'm1',
      address: world.cluster.member('m1').clientAddress,
      clock,
      kinds: [{ name: 'edge', asked: { key: prefix, prefix: true, startRevision: edge } }],
    });
    const log = { ...(await observer.log(last, { timeoutMs: 20_000 })), compactions: [edge] };
    const history = await watchers.settle(log, 20_000);
    await watchers.close();
    const verdicts = judgeWatches({ log, watchers: history, etcdVersion: world.etcd.version });
    expect(unexplained(verdicts)).toEqual([]);
    const resumable = verdicts.find(({ guarantee }) => guarantee === 'resumable')!;
    if (world.etcd.version === '3.4.23') {
      expect(resumable.state).toBe('broken');
      const found = resumable.state === 'broken' ? resumable.violations.map(tellWatchViolation) : [];
      expect(found).toEqual([expect.stringMatching(/never told the delete of "edge\/k".*etcd#18089/)]);
    } else expect(resumable.judged).toBeGreaterThan(0);
  }, 60_000);
});
