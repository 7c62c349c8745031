import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CarefulWatch,
  type CarefulWatchOptions,
  progressIsTrue,
} from '../../../strategies/etcd/careful-watch.ts';
import { WatchedKeys } from '../../../strategies/etcd/watched-keys.ts';
import { eventually } from '../ground.ts';
import { ScriptedEtcd } from './scripted-etcd.ts';
import { LogSink } from './watched-log.ts';

async function watching(etcd: ScriptedEtcd, options: CarefulWatchOptions = {}) {
  const sink = new LogSink();
  const watch = new CarefulWatch(etcd.client, 'p/', sink, { settleMs: 150, ...options });
  await watch.ready;
  const stream = (nth: number) =>
    eventually(
      () => ({ member: watch.member, opened: watch.counters.streams, stream: etcd.streams[nth] }),
      ({ member, opened }) => opened === nth + 1 && member !== null,
    ).then(({ stream: opened }) => opened!);
  const told = (what: readonly string[]) =>
    eventually(
      () => sink.lines.map(([revision, type, key, value]) => `${revision} ${type} ${key} ${value}`.trim()),
      (lines) => JSON.stringify(lines) === JSON.stringify(what),
    );
  return { sink, watch, stream, told };
}

describe('a CarefulWatch whose streams tell less than there is', () => {
  test('goes on from the revision after the last that it told, and lists only to compare', async () => {
    const etcd = new ScriptedEtcd();
    etcd.put('p/a', '1');
    const { watch, stream, told } = await watching(etcd);
    const first = await stream(0);
    expect(first.from).toBe(3);
    etcd.put('p/a', '2');
    first.tell({ events: etcd.log.slice(1) });
    await told(['3 Put p/a 2']);
    first.emit('error', new Error('cut'));
    expect((await stream(1)).from).toBe(4);
    await eventually(
      () => watch.counters.comparisons,
      (comparisons) => comparisons === 1,
    );
    watch.close();
  });

  test('a change that a reconnected stream skips is told from the list, before what is newer', async () => {
    const etcd = new ScriptedEtcd();
    etcd.put('p/a', '1');
    const { watch, stream, told, sink } = await watching(etcd);
    (await stream(0)).emit('error', new Error('cut'));
    etcd.put('p/lost', 'x');
    etcd.put('p/b', '1');
    const second = await stream(1);
    await eventually(
      () => etcd.lists,
      (lists) => lists === 2,
    );
    etcd.put('p/b', '2');
    second.tell({ events: [etcd.log[2], etcd.log[3]] });
    await told(['4 Put p/b 1', '3 Put p/lost x', '5 Put p/b 2']);
    expect(sink.compared).toEqual([[3, 'Put', 'p/lost', 'x']]);
    expect(watch.counters).toMatchObject({ gapsFound: 1, gapsRepaired: 1 });
    watch.close();
  });

  test('a lost delete of a quiet key is found by the poll', async () => {
    const etcd = new ScriptedEtcd();
    etcd.put('p/a', '1');
    const { watch, stream, told } = await watching(etcd, { pollEveryMs: 30 });
    await stream(0);
    etcd.delete('p/a');
    // The first member is left, the second does not tell it either.
    await told(['3 Delete p/a']);
    expect(watch.counters.streams).toBeGreaterThanOrEqual(2);
    expect(watch.counters).toMatchObject({ gapsFound: 1, gapsRepaired: 1 });
    watch.close();
  });

  test('a member that only lags is left, and what another brings is no gap', async () => {
    const etcd = new ScriptedEtcd();
    const { watch, stream, told } = await watching(etcd, { pollEveryMs: 30 });
    await stream(0);
    etcd.put('p/a', '1');
    etcd.put('p/a', '2');
    const second = await stream(1);
    expect(second.from).toBe(2);
    second.tell({ events: etcd.log });
    await told(['2 Put p/a 1', '3 Put p/a 2']);
    await eventually(
      () => watch.counters.comparisons,
      (comparisons) => comparisons >= 3,
    );
    expect(watch.counters.gapsFound).toBe(0);
    watch.close();
  });

  test('a stream that goes back in time is left, and nothing is told twice', async () => {
    const etcd = new ScriptedEtcd();
    const { watch, stream, told } = await watching(etcd);
    const first = await stream(0);
    etcd.put('p/a', '1');
    etcd.put('p/a', '2');
    first.tell({ events: etcd.log });
    first.tell({ events: etcd.log });
    const second = await stream(1);
    expect(second.from).toBe(4);
    await told(['2 Put p/a 1', '3 Put p/a 2']);
    expect(watch.counters.duplicates).toBe(2);
    watch.close();
  });

  test('versions that jump are a gap, and the history tells what was skipped', async () => {
    const etcd = new ScriptedEtcd();
    etcd.put('p/a', '1');
    const { watch, stream, told } = await watching(etcd, { compareVersions: true });
    const first = await stream(0);
    for (const value of ['2', '3', '4']) etcd.put('p/a', value);
    first.tell({ events: [etcd.log[3]] });
    await told(['3 Put p/a 2', '4 Put p/a 3', '5 Put p/a 4']);
    etcd.delete('p/a');
    etcd.put('p/a', 'anew');
    first.tell({ events: [etcd.log[5]] });
    await told(['3 Put p/a 2', '4 Put p/a 3', '5 Put p/a 4', '6 Delete p/a', '7 Put p/a anew']);
    expect(watch.counters).toMatchObject({ gapsFound: 3, gapsRepaired: 3 });
    watch.close();
  });

  test('progress is asked for, and believed, only where the version answers truly', async () => {
    for (const [version, believed] of [
      ['3.4.23', false],
      ['3.5.21', true],
    ] as const) {
      const etcd = new ScriptedEtcd();
      etcd.version = version;
      const { watch, stream, sink } = await watching(etcd, { progressEveryMs: 20 });
      const first = await stream(0);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(first.progressRequests > 0).toBe(believed);
      first.tell({ header: { revision: '9' } });
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(sink.revision).toBe(believed ? 9 : 1);
      watch.close();
    }
  });
});

test.each([
  ['3.4.23', false],
  ['3.4.31', true],
  ['3.5.8', false],
  ['3.5.13', true],
  ['3.6.0', true],
  ['4.0.0', true],
  ['3.3.27', false],
  ['unknown', false],
])('progress of %s is true: %s', (version, isTrue) => {
  expect(progressIsTrue(version)).toBe(isTrue);
});

test('whatever a stream leaves out, a comparison at the end makes it whole and finds nothing a second time', () => {
  const change = fc.record({
    key: fc.integer({ min: 0, max: 3 }),
    deletes: fc.boolean(),
    brought: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.nat(40), (changes, listedAfter) => {
      const etcd = new ScriptedEtcd();
      const keys = new WatchedKeys();
      const over = keys.comparing();
      let listed = { at: 1, kvs: etcd.at(1) };
      for (const [i, { key, deletes, brought }] of changes.entries()) {
        const name = `p/${key}`;
        const present = etcd.at(etcd.revision).has(name);
        if (deletes && !present) continue;
        if (deletes) etcd.delete(name);
        else etcd.put(name, `${i}`);
        const event = etcd.log.at(-1)!;
        // After the list all is brought: a comparison only speaks of what was before it.
        if (brought || i > listedAfter) keys.take({ ...event, prev_kv: event.kv });
        if (i <= listedAfter) listed = { at: etcd.revision, kvs: etcd.at(etcd.revision) };
      }
      const missing = keys.missing([...listed.kvs.values()], listed.at);
      for (const event of missing) keys.take(event);
      expect(keys.missing([...listed.kvs.values()], listed.at)).toEqual([]);
      over();
      for (const [name, kv] of etcd.at(etcd.revision)) {
        expect(keys.get(Buffer.from(name))?.modified).toBe(Number(kv.mod_revision));
      }
      expect(keys.size).toBe(etcd.at(etcd.revision).size);
    }),
  );
});
