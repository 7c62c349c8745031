import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Link } from '../../../harness/network/network.ts';
import { seeded } from '../../../harness/random.ts';
import { CarefulClient } from '../../../strategies/etcd/careful-client.ts';
import { CarefulWatch } from '../../../strategies/etcd/careful-watch.ts';
import { startWorld, type TestWorld } from '../../cluster/world.ts';
import { eventually } from '../ground.ts';
import { LogSink, LogWriter } from './watched-log.ts';

const members = ['m1', 'm2', 'm3'];

let world: TestWorld;
let links: Link[];
let direct: CarefulClient;
beforeAll(async () => {
  world = await startWorld(3);
  links = await Promise.all(
    members.map((to) =>
      world.network.add({ from: 's1', to, upstream: world.cluster.member(to).clientAddress }),
    ),
  );
  direct = new CarefulClient({
    etcd: members.map((member) => ({ member, address: world.cluster.member(member).clientAddress })),
    deadlineMs: 3_000,
  });
});
afterAll(async () => {
  direct?.close();
  await world?.[Symbol.asyncDispose]();
});

function behindLinks(): CarefulClient {
  return new CarefulClient({
    etcd: links.map(({ to, listen }) => ({ member: to, address: listen })),
    deadlineMs: 600,
  });
}

describe('a CarefulWatch on a real cluster', () => {
  test('cut at random 200 times it tells every event exactly once and in order', async () => {
    const random = seeded(20_261_122);
    const prefix = 'cut200/';
    const client = behindLinks();
    const sink = new LogSink();
    const watch = new CarefulWatch(client, prefix, sink);
    await watch.ready;

    const writer = new LogWriter(direct, prefix, random.fork('writer'));
    let writing = true;
    const written = (async () => {
      while (writing) {
        await writer.write();
        await sleep(2);
      }
    })();

    const chance = random.fork('cuts');
    const untilMs = performance.now() + 55_000;
    let cuts = 0;
    while (cuts < 200) {
      expect(performance.now(), `after ${cuts} cuts`).toBeLessThan(untilMs);
      // Only a stream that lives can be cut.
      if (watch.member === null) {
        await sleep(2);
        continue;
      }
      await sleep(chance.integer(0, 25));
      const listening = links.find(({ to }) => to === watch.member);
      if (!listening) continue;
      const flavour = chance.pick(['reject', 'reject', 'blackhole', 'hold'] as const);
      const cut = await world.network.cut(chance.number() < 0.2 ? links : [listening], flavour);
      cuts += 1;
      await sleep(chance.integer(0, 35));
      await cut.heal();
    }
    writing = false;
    await written;
    const last = writer.lines.at(-1)![0];
    await eventually(
      () => sink.lines.at(-1)?.[0] ?? 0,
      (revision) => revision >= last,
      8_000,
    );
    watch.close();
    client.close();

    expect(sink.lines).toEqual(writer.lines);
    expect(writer.lines.length).toBeGreaterThan(1_000);
    expect([sink.lists, sink.compared, sink.fellBack]).toEqual([1, [], false]);
    // `hold` is healed without the stream's end; every other cut ended one.
    expect(watch.reconnects).toBeGreaterThan(100);
    console.log(`${cuts} cuts, ${writer.lines.length} events, ${JSON.stringify(watch.counters)}`);
  }, 70_000);

  test('what was compacted away while it was cut off is told as the newest of each key, marked compared', async () => {
    const prefix = 'compacted/';
    const client = behindLinks();
    const sink = new LogSink();
    const put = async (key: string, value: string) => {
      const success = [{ request_put: { key: Buffer.from(prefix + key), value: Buffer.from(value) } }];
      return Number((await direct.txn({ success })).header.revision);
    };
    await put('old', 'as listed');
    const watch = new CarefulWatch(client, prefix, sink);
    await watch.ready;
    const seen = await put('seen', 'told by the stream');
    await eventually(
      () => sink.lines.length,
      (count) => count === 1,
    );
    const cut = await world.network.cut(links, 'reject');
    await put('often', '1');
    await put('often', '2');
    const often = await put('often', '3');
    await put('brief', 'gone before anyone looked');
    const deletes = ['brief', 'old'].map((key) => ({
      request_delete_range: { key: Buffer.from(prefix + key) },
    }));
    const compacted = Number((await direct.txn({ success: deletes })).header.revision);
    await compact(compacted);
    await cut.heal();
    await eventually(
      () => sink.revision,
      (revision) => revision >= compacted,
      10_000,
    );
    const after = await put('often', '4');
    await eventually(
      () => sink.revision,
      (revision) => revision >= after,
    );
    watch.close();
    client.close();
    const gone = [compacted, 'Delete', `${prefix}old`, ''] as const;
    const newest = [often, 'Put', `${prefix}often`, '3'] as const;
    expect(sink.compared).toEqual([newest, gone]);
    expect(sink.lines).toEqual([
      [seen, 'Put', `${prefix}seen`, 'told by the stream'],
      newest,
      gone,
      [after, 'Put', `${prefix}often`, '4'],
    ]);
    expect(watch.counters).toMatchObject({ compactions: 1, gapsFound: 2, gapsRepaired: 2 });
    expect(sink.lists).toBe(1);
  });

  async function compact(revision: number): Promise<void> {
    const answer = await fetch(`http://${world.cluster.members[0]!.clientAddress}/v3/kv/compaction`, {
      method: 'POST',
      body: JSON.stringify({ revision: String(revision), physical: true }),
      signal: AbortSignal.timeout(5_000),
    });
    expect(answer.status).toBe(200);
  }
});
