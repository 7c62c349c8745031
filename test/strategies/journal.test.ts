import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode, encode, FileJournal, type JournaledWrite } from '../../strategies/write-behind/journal.ts';
import { PendingWrites } from '../../strategies/write-behind/pending-writes.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const freshPath = () => join(folder, `${++files}.journal`);

const write = (id: number, key: string, value?: unknown): JournaledWrite => ({
  type: 'write',
  id,
  key,
  value,
});
const records = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant('write' as const),
      id: fc.nat(),
      key: fc.string({ unit: 'binary', minLength: 1 }),
      value: fc.jsonValue().filter((value) => value !== null),
    }),
    fc.record({ type: fc.constant('drained' as const), ids: fc.array(fc.nat()) }),
  ),
  { maxLength: 12 },
);

describe('the journal file', () => {
  test('wherever it is cut, what is whole before the cut is read and nothing else', () => {
    fc.assert(
      fc.property(records, fc.double({ min: 0, max: 1, noNaN: true }), (written, share) => {
        const encoded = written.map(encode);
        const all = Buffer.concat(encoded);
        const cut = Math.floor(all.length * share);
        const read = decode(all.subarray(0, cut));
        let whole = 0;
        let bytes = 0;
        while (whole < encoded.length && bytes + encoded[whole]!.length <= cut)
          bytes += encoded[whole++]!.length;
        expect(read.goodBytes).toBe(bytes);
        expect(JSON.stringify(read.records)).toBe(JSON.stringify(written.slice(0, whole)));
      }),
    );
  });

  test('a flipped bit ends it: nothing at or after it is taken for a record', () => {
    fc.assert(
      fc.property(
        records.filter((r) => r.length > 0),
        fc.nat(),
        (written, at) => {
          const encoded = written.map(encode);
          const all = Buffer.concat(encoded);
          const bit = at % (all.length * 8);
          all[bit >> 3]! ^= 1 << (bit & 7);
          let before = 0;
          for (let bytes = 0; bytes + encoded[before]!.length <= bit >> 3; before++)
            bytes += encoded[before]!.length;
          expect(decode(all).records.length).toBe(before);
        },
      ),
    );
  });

  test('a run of zeros at its end is no record', () => {
    expect(decode(Buffer.concat([encode(write(1, 'a', 1)), Buffer.alloc(64)])).records).toHaveLength(1);
  });
});

describe('FileJournal', () => {
  test('what was appended is replayed in order; a torn end is cut off and overwritten', async () => {
    const path = freshPath();
    const { journal } = await FileJournal.open(path);
    await Promise.all([1, 2, 3].map((id) => journal.append(write(id, 'k', `v${id}`))));
    void journal.drained([1]);
    await journal.close();
    await appendFile(path, encode(write(4, 'k', 'torn')).subarray(0, 11));

    const again = await FileJournal.open(path);
    expect(again.replay).toMatchObject({
      writes: [{ id: 2 }, { id: 3, value: 'v3' }],
      lastId: 3,
      cutBytes: 11,
    });
    await again.journal.append(write(4, 'k', 'whole'));
    await again.journal.close();
    const third = await FileJournal.open(path);
    expect(third.replay.cutBytes).toBe(0);
    expect(third.replay.writes.at(-1)).toMatchObject({ id: 4, value: 'whole' });
    await third.journal.close();
  });

  test('appends that wait together share a sync', async () => {
    const { journal } = await FileJournal.open(freshPath());
    await Promise.all(Array.from({ length: 200 }, (_, id) => journal.append(write(id, 'k', id))));
    expect(journal.synced.count).toBeLessThan(20);
    await journal.close();
  });

  test('a grown file is written anew with what is not drained, and nothing else is lost', async () => {
    const path = freshPath();
    const { journal } = await FileJournal.open(path, { compactAtBytes: 20_000 });
    const noted: Promise<void>[] = [];
    for (let id = 1; id <= 400; id++) {
      await journal.append(write(id, `k${id}`, 'x'.repeat(100)));
      if (id % 10 === 0 && id < 400) {
        noted.push(journal.drained(Array.from({ length: 10 }, (_, i) => id - i)));
      }
    }
    // Each came with the write after it.
    await Promise.all(noted);
    expect((await stat(path)).size).toBeLessThan(30_000);
    await journal.close();
    const { journal: again, replay } = await FileJournal.open(path);
    expect(replay.writes.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, i) => 391 + i));
    expect(replay.lastId).toBe(400);
    await again.close();
  });

  test('that a write is drained costs no sync of its own', async () => {
    const { journal } = await FileJournal.open(freshPath());
    await journal.append(write(1, 'k', 1));
    let safe = false;
    void journal.drained([1]).then(() => {
      safe = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([safe, journal.synced.count]).toEqual([false, 1]);
    await journal.append(write(2, 'k', 2));
    await Promise.resolve();
    expect([safe, journal.synced.count]).toEqual([true, 2]);
    await journal.close();
  });

  test('a file of another kind is cut to nothing rather than believed', async () => {
    const path = freshPath();
    await writeFile(path, 'this is no journal at all');
    const { journal, replay } = await FileJournal.open(path);
    expect(replay).toEqual({ writes: [], lastId: 0, cutBytes: 25 });
    await journal.close();
    expect(await readFile(path)).toHaveLength(0);
  });
});

describe('PendingWrites', () => {
  const limits = { writes: 4, bytes: 1_000 };

  test('whatever comes in, each key leaves in order, each write once, no batch writes a key twice', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.constant('drain'))),
        (steps) => {
          const pending = new PendingWrites();
          const came = new Map<string, number[]>();
          const left = new Map<string, number[]>();
          let id = 0;
          const drain = () => {
            const batch = pending.batch(limits);
            expect(batch.length).toBeLessThanOrEqual(4);
            expect(new Set(batch.map(({ key }) => key)).size).toBe(batch.length);
            for (const { key, id } of batch) left.set(key, [...(left.get(key) ?? []), id]);
            pending.settle(batch);
          };
          for (const step of steps) {
            if (step === 'drain') {
              drain();
              continue;
            }
            pending.add({ id: ++id, key: step, value: id });
            came.set(step, [...(came.get(step) ?? []), id]);
            expect(pending.last(step)?.id).toBe(id);
          }
          while (pending.size > 0) drain();
          expect(left).toEqual(came);
        },
      ),
    );
  });

  test('a key that is written often does not hold up the others', () => {
    const pending = new PendingWrites();
    for (let id = 1; id <= 50; id++) pending.add({ id, key: 'hot', value: id });
    pending.add({ id: 51, key: 'cold', value: 1 });
    expect(pending.batch(limits).map(({ key }) => key)).toEqual(['hot', 'cold']);
  });

  test('waiting for a key ends with the writes that waited then, not with those that came since', async () => {
    const pending = new PendingWrites();
    pending.add({ id: 1, key: 'a', value: 1 });
    const drained = pending.drained('a', 5_000);
    const batch = pending.batch(limits);
    pending.add({ id: 2, key: 'a', value: 2 });
    pending.settle(batch);
    expect(await drained).toBe(true);
    expect(await pending.drained('a', 10)).toBe(false);
    expect(await pending.drained('b', 10)).toBe(true);
  });
});
