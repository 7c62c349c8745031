import { describe, expect, test } from 'vitest';
import { lru } from '../../../strategies/cache/lru.ts';
import type { CachePolicy, Found, PolicyKind, PolicyOptions } from '../../../strategies/cache/policy.ts';
import { readWriteThrough } from '../../../strategies/cache/read-write-through.ts';
import { refreshAhead } from '../../../strategies/cache/refresh-ahead.ts';
import { HeldSource, HeldWrite, held, manualClock, turn } from './held-source.ts';

function rig(kind: PolicyKind, options: Partial<PolicyOptions> = {}) {
  const source = new HeldSource();
  const clock = manualClock();
  const cache = kind.create({ load: source.load, size: 10, nowMs: clock.nowMs, ...options });
  /** A get whose load is answered at once. */
  const filled = async (key: string, value: unknown, revision: number) => {
    const got = cache.get(key);
    await source.answer(source.asked.length - 1, value, revision);
    await got;
  };
  return { source, clock, cache, filled };
}

function classesOf(cache: CachePolicy): string {
  const { classes } = cache.stats();
  return Object.entries(classes)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

const caching = [lru, readWriteThrough, refreshAhead].map((kind) => [kind.name, kind] as const);

describe.each(caching)('%s', (_name, kind) => {
  const updates = kind !== lru;

  test('a hundred who ask at the same time are one load', async () => {
    const { source, cache } = rig(kind);
    const gets = Array.from({ length: 100 }, () => cache.get('a'));
    await source.answer(0, 'one', 1);
    expect(new Set((await Promise.all(gets)).map(({ value }) => value))).toEqual(new Set(['one']));
    expect(source.asked).toEqual(['a']);
    expect(classesOf(cache)).toBe('coalesced 99, miss 1');
  });

  test('everybody who waits gets the error, and nothing of it is kept', async () => {
    const { source, cache } = rig(kind);
    const gets = [cache.get('a'), cache.get('a'), cache.get('a')];
    const ends = Promise.allSettled(gets);
    await source.fail(0, new Error('no'));
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(cache.stats()).toMatchObject({ failed: 3, loadsFailed: 1, entries: 0 });
    const again = cache.get('a');
    await source.answer(1, 'one', 1);
    expect((await again).class).toBe('miss');
  });

  test('the one whose get began the load may go; who joined it is answered', async () => {
    const { source, cache } = rig(kind);
    const controller = new AbortController();
    const first = cache.get('a', { signal: controller.signal });
    const second = cache.get('a');
    controller.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    await source.answer(0, 'one', 1);
    expect((await second).value).toBe('one');
    expect(classesOf(cache)).toBe('coalesced 1, miss 1');
  });

  test('a load that a put overtook gives the newer value to those who wait, and its own is not kept', async () => {
    const { source, cache } = rig(kind);
    const waiting = cache.get('a');
    const put = new HeldWrite();
    const putting = cache.put('a', put.write);
    await put.answer('new', 2);
    expect(await putting).toEqual({ value: 'new', revision: 2 });
    await source.answer(0, 'old', 1);
    expect(await waiting).toMatchObject({ value: 'new', revision: 2 });
    expect(cache.stats().loadsOvertaken).toBe(1);

    const after = cache.get('a');
    if (!updates) await source.answer(1, 'new', 2);
    expect(await after).toMatchObject({ value: 'new', class: updates ? 'hit' : 'miss' });
  });

  test('who asks after the put, while the older load is still under way, gets the newer value', async () => {
    const { source, cache } = rig(kind);
    const before = cache.get('a');
    await cache.put('a', async () => ({ value: 'new', revision: 2 }));
    const after = cache.get('a');
    await source.answer(0, 'old', 1);
    if (!updates) await source.answer(1, 'new', 2);
    expect((await after).value).toBe('new');
    expect((await before).value).toBe('new');
  });

  test('a load that saw the put before the put was answered is kept', async () => {
    const { source, cache } = rig(kind);
    const put = new HeldWrite();
    const putting = cache.put('a', put.write);
    const got = cache.get('a');
    await source.answer(0, 'new', 2);
    expect((await got).value).toBe('new');
    await put.answer('new', 2);
    await putting;
    expect(await cache.get('a')).toMatchObject({ value: 'new', class: 'hit' });
  });

  test("the load's result comes in the same turn as the put's answer: nobody goes back", async () => {
    const load = held<Found>();
    const write = held<Found>();
    const cache = kind.create({ load: () => load.promise, size: 1 });
    const told: number[] = [];
    const got = cache.get('a').then(({ revision }) => told.push(revision));
    const put = cache.put('a', () => write.promise).then(({ revision }) => told.push(revision));
    load.resolve({ value: 'old', revision: 1 });
    write.resolve({ value: 'new', revision: 2 });
    await Promise.all([got, put]);
    expect(told).toEqual(told.toSorted());
  });

  test('two puts answered in the wrong order leave the newer', async () => {
    const { source, cache, filled } = rig(kind);
    await filled('a', 'zero', 1);
    const [first, second] = [new HeldWrite(), new HeldWrite()];
    const puts = [cache.put('a', first.write), cache.put('a', second.write)];
    await second.answer('two', 3);
    await first.answer('one', 2);
    await Promise.all(puts);
    const got = cache.get('a');
    if (!updates) await source.answer(1, 'two', 3);
    expect(await got).toMatchObject({ value: 'two', revision: 3 });
  });

  test('an invalidation during a load: the result is not kept, and who asks later waits for a later load', async () => {
    const { source, cache } = rig(kind);
    const before = cache.get('a');
    cache.invalidate('a');
    const after = cache.get('a');
    expect(source.asked).toEqual(['a', 'a']);
    await source.answer(0, 'old', 1);
    expect(await before).toMatchObject({ value: 'old', class: 'miss' });
    expect(cache.stats().entries).toBe(0);
    await source.answer(1, 'new', 2);
    expect(await after).toMatchObject({ value: 'new', class: 'miss' });
    expect(await cache.get('a')).toMatchObject({ value: 'new', class: 'hit' });
  });

  test('the later load ends first: the earlier one neither comes back nor is given', async () => {
    const { source, cache } = rig(kind);
    const before = cache.get('a');
    cache.invalidate('a');
    const after = cache.get('a');
    await source.answer(1, 'new', 2);
    expect((await after).value).toBe('new');
    await source.answer(0, 'old', 1);
    expect((await before).value).toBe('new');
    expect(await cache.get('a')).toMatchObject({ value: 'new', class: 'hit' });
  });

  test('an earlier load that tells something newer than the later one does not leave the older entry', async () => {
    const { source, cache } = rig(kind);
    const before = cache.get('a');
    cache.invalidate('a');
    const after = cache.get('a');
    await source.answer(1, 'old', 1);
    await after;
    await source.answer(0, 'new', 2);
    expect((await before).value).toBe('new');
    const last = cache.get('a');
    await source.answer(2, 'new', 2);
    expect((await last).value).toBe('new');
  });

  test('an invalidation with a revision lets a load in that is as new', async () => {
    const { source, cache } = rig(kind);
    const early = cache.get('a');
    cache.invalidate('a', 2);
    await source.answer(0, 'old', 1);
    await early;
    expect(cache.stats().entries).toBe(0);

    const late = cache.get('a');
    cache.invalidate('a', 2);
    await source.answer(1, 'new', 2);
    await late;
    expect(await cache.get('a')).toMatchObject({ value: 'new', class: 'hit' });
    cache.invalidate('a', 2);
    expect(await cache.get('a')).toMatchObject({ class: 'hit' });
  });

  test('a put during which the key was invalidated is not kept', async () => {
    const { source, cache } = rig(kind);
    const put = new HeldWrite();
    const putting = cache.put('a', put.write);
    cache.invalidate('a');
    await put.answer('mine', 1);
    await putting;
    const got = cache.get('a');
    await source.answer(0, 'theirs', 2);
    expect(await got).toMatchObject({ value: 'theirs', class: 'miss' });
  });

  test('a failed put, which may have happened, takes the load in flight with it', async () => {
    const { source, cache, filled } = rig(kind);
    await filled('a', 'zero', 1);
    const fresh = cache.get('a', { fresh: true });
    const put = new HeldWrite();
    const putting = cache.put('a', put.write);
    const end = expect(putting).rejects.toThrow('lost');
    await put.fail(new Error('lost'));
    await end;
    await source.answer(1, 'zero', 1);
    await fresh;
    const got = cache.get('a');
    await source.answer(2, 'one', 2);
    expect(await got).toMatchObject({ value: 'one', class: 'miss' });
  });

  test('a fresh get joins no load that was sent before', async () => {
    const { source, cache } = rig(kind);
    const plain = cache.get('a');
    const fresh = cache.get('a', { fresh: true });
    expect(source.asked).toHaveLength(2);
    await source.answer(1, 'new', 2);
    expect((await fresh).value).toBe('new');
    await source.answer(0, 'old', 1);
    expect((await plain).value).toBe('new');
    expect(await cache.get('a')).toMatchObject({ value: 'new', class: 'hit' });
  });

  test('an offer is kept when it is newer, and never when it is older', async () => {
    const { cache, filled, source } = rig(kind);
    await filled('a', 'two', 2);
    cache.offer('a', { value: 'one', revision: 1 });
    expect(await cache.get('a')).toMatchObject({ value: 'two', class: 'hit' });
    cache.offer('a', { value: 'three', revision: 3 });
    expect(await cache.get('a')).toMatchObject({ value: 'three', class: 'hit' });

    const loading = cache.get('b');
    cache.offer('b', { value: 'new', revision: 2 });
    await source.answer(1, 'old', 1);
    expect((await loading).value).toBe('new');
    expect(cache.stats()).toMatchObject({ entries: 1, loadsOvertaken: 1 });

    cache.offer('c', { value: 'never asked for', revision: 1 });
    expect(cache.stats().entries).toBe(1);
  });

  test('an entry evicted during its reload does not come back older', async () => {
    const { source, cache, filled } = rig(kind, { size: 1 });
    const loading = cache.get('a');
    await cache.put('a', async () => ({ value: 'new', revision: 2 }));
    await filled('b', 'b', 1);
    await source.answer(0, 'old', 1);
    expect((await loading).value).toBe('new');
    const again = cache.get('a');
    await source.answer(2, 'new', 2);
    expect(await again).toMatchObject({ value: 'new', class: 'miss' });
  });

  test('a source that goes back, as a lagging replica does, is not followed while the entry is known', async () => {
    const { source, clock, cache, filled } = rig(kind, { ttlMs: 100 });
    await filled('a', 'two', 2);
    clock.advance(100);
    const got = cache.get('a');
    await source.answer(1, 'one', 1);
    expect(await got).toMatchObject({ value: 'two', class: 'miss', ageMs: 100 });
    const again = cache.get('a');
    await source.answer(2, 'three', 3);
    expect(await again).toMatchObject({ value: 'three', class: 'miss' });
    expect(cache.stats().loadsOvertaken).toBe(1);
  });

  test('life counts from the sending of the load, and its end is exact', async () => {
    const { source, clock, cache } = rig(kind, { ttlMs: 100 });
    const slow = cache.get('a');
    clock.advance(40);
    await source.answer(0, 'one', 1);
    expect(await slow).toMatchObject({ class: 'miss', ageMs: 40 });
    clock.advance(34);
    expect(await cache.get('a')).toMatchObject({ class: 'hit', ageMs: 74 });
    clock.advance(26);
    const late = cache.get('a');
    await source.answer(1, 'two', 2);
    expect(await late).toMatchObject({ class: 'miss', value: 'two', ageMs: 0 });
  });

  test('absent keys have a life of their own', async () => {
    const { source, clock, cache, filled } = rig(kind, { ttlMs: 1_000, negativeTtlMs: 10 });
    await filled('a', null, 0);
    clock.advance(5);
    expect(await cache.get('a')).toMatchObject({ value: null, class: 'hit' });
    clock.advance(5);
    const again = cache.get('a');
    await source.answer(1, 'one', 1);
    expect(await again).toMatchObject({ value: 'one', class: 'miss' });
    clock.advance(500);
    expect(await cache.get('a')).toMatchObject({ value: 'one', class: 'hit' });
  });

  test('jitter shortens lives, each by something else, and the same for the same seed', async () => {
    const lives = async (seed: number) => {
      const { clock, cache } = rig(kind, {
        load: async () => ({ value: 'one', revision: 1 }),
        size: 100,
        ttlMs: 1_000,
        jitter: 0.5,
        seed,
        maxRefreshes: 0,
      });
      const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
      for (const key of keys) await cache.get(key);
      clock.advance(750);
      const living: string[] = [];
      for (const key of keys) if ((await cache.get(key)).class === 'hit') living.push(key);
      clock.advance(1_000);
      expect((await cache.get('k0')).class).toBe('miss');
      return living;
    };
    const [first, second, other] = [await lives(1), await lives(1), await lives(2)];
    expect(first).toEqual(second);
    expect(first).not.toEqual(other);
    expect(first.length).toBeGreaterThan(20);
    expect(first.length).toBeLessThan(80);
  });

  test('past its life an entry is given only if asked for, only when the source fails, and marked', async () => {
    const { source, clock, cache, filled } = rig(kind, { ttlMs: 100, staleIfErrorMs: 50 });
    await filled('a', 'one', 1);
    clock.advance(120);
    const stale = [cache.get('a'), cache.get('a')];
    await source.fail(1, new Error('down'));
    expect(await Promise.all(stale)).toMatchObject([
      { value: 'one', class: 'stale', ageMs: 120 },
      { value: 'one', class: 'stale', ageMs: 120 },
    ]);
    const fresh = expect(cache.get('a', { fresh: true })).rejects.toThrow('down');
    await source.fail(2, new Error('down'));
    await fresh;
    clock.advance(30);
    const tooLate = expect(cache.get('a')).rejects.toThrow('down');
    await source.fail(3, new Error('down'));
    await tooLate;
    expect(classesOf(cache)).toBe('stale 2, miss 3');
    expect(cache.stats().failed).toBe(2);
  });

  test('a load that ends after the close is answered and not kept', async () => {
    const { source, cache } = rig(kind);
    const got = cache.get('a');
    await cache.close();
    await source.answer(0, 'one', 1);
    expect((await got).value).toBe('one');
    expect(cache.stats().entries).toBe(0);
  });
});

describe('refresh-ahead', () => {
  const options = { ttlMs: 100, refreshBelow: 0.3 };

  test('near the end of its life an entry is given and reloaded, once', async () => {
    const { source, clock, cache, filled } = rig(refreshAhead, options);
    await filled('a', 'one', 1);
    clock.advance(70);
    expect((await cache.get('a')).class).toBe('hit');
    clock.advance(1);
    expect(await cache.get('a')).toMatchObject({ value: 'one', class: 'refresh' });
    expect(await cache.get('a')).toMatchObject({ value: 'one', class: 'hit' });
    expect(source.asked).toHaveLength(2);
    clock.advance(9);
    await source.answer(1, 'two', 2);
    await cache.settled();
    expect(await cache.get('a')).toMatchObject({ value: 'two', class: 'hit', ageMs: 9 });
    // A life from the sending of the reload: until 171.
    clock.advance(90);
    expect(await cache.get('a')).toMatchObject({ value: 'two', class: 'refresh' });
    clock.advance(1);
    const late = cache.get('a');
    await source.answer(2, 'two', 2);
    expect((await late).class).toBe('coalesced');
  });

  test('a reload that finds no change renews the life', async () => {
    const { source, clock, cache, filled } = rig(refreshAhead, options);
    await filled('a', 'one', 1);
    clock.advance(80);
    await cache.get('a');
    await source.answer(1, 'one', 1);
    clock.advance(60);
    expect((await cache.get('a')).class).toBe('hit');
  });

  test('a reload that fails leaves the entry its life, and the next access tries again', async () => {
    const { source, clock, cache, filled } = rig(refreshAhead, options);
    await filled('a', 'one', 1);
    clock.advance(80);
    expect((await cache.get('a')).class).toBe('refresh');
    await source.fail(1, new Error('down'));
    expect(await cache.get('a')).toMatchObject({ value: 'one', class: 'refresh' });
    await source.fail(2, new Error('down'));
    clock.advance(20);
    const late = expect(cache.get('a')).rejects.toThrow('down');
    await source.fail(3, new Error('down'));
    await late;
    expect(cache.stats()).toMatchObject({ refreshesFailed: 2, loadsFailed: 3, failed: 1 });
  });

  test('a reload never replaces a newer revision', async () => {
    const { source, clock, cache, filled } = rig(refreshAhead, options);
    await filled('a', 'one', 1);
    clock.advance(80);
    await cache.get('a');
    await cache.put('a', async () => ({ value: 'two', revision: 2 }));
    await source.answer(1, 'one', 1);
    expect(await cache.get('a')).toMatchObject({ value: 'two', class: 'hit' });
    expect(cache.stats().loadsOvertaken).toBe(1);
  });

  test('no more reloads than allowed run at the same time; the others are counted', async () => {
    const { source, clock, cache, filled } = rig(refreshAhead, { ...options, maxRefreshes: 2 });
    for (const key of ['a', 'b', 'c']) await filled(key, 'one', 1);
    clock.advance(80);
    const classes = [];
    for (const key of ['a', 'b', 'c', 'c']) classes.push((await cache.get(key)).class);
    expect(classes).toEqual(['refresh', 'refresh', 'hit', 'hit']);
    expect(cache.stats().refreshesSkipped).toBe(2);
    await source.answer(3, 'one', 1);
    expect((await cache.get('c')).class).toBe('refresh');
    expect(source.asked).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  test('settled and close wait for the reloads', async () => {
    const { source, clock, cache, filled } = rig(refreshAhead, options);
    await filled('a', 'one', 1);
    clock.advance(80);
    await cache.get('a');
    let settled = false;
    const ends = [cache.settled(), cache.close()].map((end) =>
      end.then(() => {
        settled = true;
      }),
    );
    await turn();
    expect(settled).toBe(false);
    await source.answer(1, 'one', 1);
    await Promise.all(ends);
  });
});
