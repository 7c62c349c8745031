import { beforeEach, describe, expect, test } from 'vitest';
import { policies, policyNamed } from '../../../strategies/cache/policies.ts';
import type { CachePolicy, Found, PolicyOptions } from '../../../strategies/cache/policy.ts';
import { HeldSource, turn } from './held-source.ts';

/** A source that answers at once, with one revision for all its keys. */
class Table {
  readonly rows = new Map<string, Found>();
  loads = 0;
  broken = false;
  #revision = 0;

  readonly load = async (key: string): Promise<Found> => {
    this.loads += 1;
    if (this.broken) throw new Error('the table is broken');
    return this.rows.get(key) ?? { value: null, revision: 0 };
  };

  write(key: string, value: unknown): () => Promise<Found> {
    return async () => {
      this.#revision += 1;
      const row = { value, revision: this.#revision };
      this.rows.set(key, row);
      return row;
    };
  }
}

describe.each(policies.map((kind) => [kind.name, kind] as const))('%s', (_name, kind) => {
  let table: Table;
  let cache: CachePolicy;
  beforeEach(() => {
    table = new Table();
    cache = kind.create({ load: table.load, size: 10 });
  });

  test('tells its name', () => {
    expect(cache.name).toBe(kind.name);
    expect(policyNamed(kind.name)).toBe(kind);
  });

  test('a get tells what the source holds', async () => {
    await table.write('a', 'one')();
    expect(await cache.get('a')).toMatchObject({ value: 'one', revision: 1, class: 'miss' });
    expect(await cache.get('a')).toMatchObject({ value: 'one', revision: 1 });
    expect(await cache.get('b')).toMatchObject({ value: null, revision: 0, class: 'miss' });
    expect(await cache.get('b')).toMatchObject({ value: null, revision: 0 });
  });

  test('a get after a put tells what was put, and null after a deletion', async () => {
    await cache.get('a');
    expect(await cache.put('a', table.write('a', 'one'))).toEqual({ value: 'one', revision: 1 });
    expect(await cache.get('a')).toMatchObject({ value: 'one', revision: 1 });
    await cache.put('a', table.write('a', 'two'));
    expect(await cache.get('a')).toMatchObject({ value: 'two', revision: 2 });
    await cache.put('a', table.write('a', null));
    expect(await cache.get('a')).toMatchObject({ value: null, revision: 3 });
  });

  test('a put that failed rejects with its error and leaves nothing behind', async () => {
    await cache.put('a', table.write('a', 'one'));
    await cache.get('a');
    // It happened, but its answer was lost.
    const lost = async () => {
      await table.write('a', 'two')();
      throw new Error('lost');
    };
    await expect(cache.put('a', lost)).rejects.toThrow('lost');
    expect(await cache.get('a')).toMatchObject({ value: 'two', revision: 2, class: 'miss' });
  });

  test('after invalidate the source is asked', async () => {
    await cache.get('a');
    await table.write('a', 'one')();
    cache.invalidate('a');
    expect(await cache.get('a')).toMatchObject({ value: 'one', class: 'miss' });
    await table.write('a', 'two')();
    cache.invalidate('a', 2);
    expect(await cache.get('a')).toMatchObject({ value: 'two', class: 'miss' });
  });

  test('a fresh get asks the source, whatever is known', async () => {
    await cache.get('a');
    await table.write('a', 'one')();
    expect(await cache.get('a', { fresh: true })).toMatchObject({ value: 'one', class: 'miss' });
    expect(await cache.get('a')).toMatchObject({ value: 'one' });
  });

  test("a get rejects with the loader's error, which is not kept", async () => {
    table.broken = true;
    await expect(cache.get('a')).rejects.toThrow('the table is broken');
    await expect(cache.get('a')).rejects.toThrow('the table is broken');
    table.broken = false;
    expect(await cache.get('a')).toMatchObject({ value: null, class: 'miss' });
    expect(cache.stats()).toMatchObject({ failed: 2, loads: 3, loadsFailed: 2, classes: { miss: 3 } });
  });

  test('a loader that throws at once is one that rejects', async () => {
    const throwing = kind.create({
      load: () => {
        throw new Error('at once');
      },
      size: 1,
    });
    await expect(throwing.get('a')).rejects.toThrow('at once');
    expect(throwing.stats()).toMatchObject({ failed: 1, loadsFailed: 1, classes: { miss: 1 } });
  });

  test('an abort ends one wait and no other', async () => {
    const source = new HeldSource();
    const held = kind.create({ load: source.load, size: 1 });
    const controller = new AbortController();
    const aborted = held.get('a', { signal: controller.signal });
    const other = held.get('a', { signal: new AbortController().signal });
    controller.abort(new Error('gone'));
    await expect(aborted).rejects.toThrow('gone');
    for (let n = 0; n < source.asked.length; n++) await source.answer(n, 'one', 1);
    expect(await other).toMatchObject({ value: 'one', revision: 1 });
    await expect(held.get('a', { signal: controller.signal })).rejects.toThrow('gone');
    expect(held.stats().failed).toBe(1);
  });

  test('a load that fails after everybody has gone harms nobody', async () => {
    const source = new HeldSource();
    const held = kind.create({ load: source.load, size: 1 });
    const controller = new AbortController();
    const aborted = held.get('a', { signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(aborted).rejects.toThrow('gone');
    // An unhandled rejection would fail the run.
    await source.fail(0, new Error('late'));
    const again = held.get('a');
    await source.answer(1, 'one', 1);
    expect(await again).toMatchObject({ value: 'one', class: 'miss' });
  });

  test('never holds more than its size', async () => {
    for (let i = 0; i < 50; i++) await cache.get(`k${i}`);
    expect(cache.stats().entries).toBeLessThanOrEqual(10);
    expect(cache.stats().evictions).toBe(kind.name === 'noop' ? 0 : 40);
  });

  test('every get counts once, in one class', async () => {
    for (let i = 0; i < 100; i++) await cache.get(`k${(i * i) % 17}`);
    const { classes, loads } = cache.stats();
    expect(classes.hit + classes.stale + classes.coalesced + classes.miss + classes.refresh).toBe(100);
    expect(classes.miss).toBe(table.loads);
    expect(loads).toBe(table.loads);
  });

  test('a closed cache refuses', async () => {
    await cache.close();
    await expect(cache.get('a')).rejects.toThrow('closed');
    await expect(cache.put('a', table.write('a', 'one'))).rejects.toThrow('closed');
    expect(table.rows.size).toBe(0);
    cache.offer('a', { value: 'one', revision: 1 });
    expect(cache.stats().entries).toBe(0);
  });

  const outOfRange: [Partial<PolicyOptions>, string][] = [
    [{ size: 0 }, 'got 0'],
    [{ size: 1.5 }, 'got 1.5'],
    [{ size: 10_000_001 }, 'got 10000001'],
    [{ ttlMs: 0 }, 'ttlMs should be above 0, got 0'],
    [{ negativeTtlMs: -1 }, 'negativeTtlMs should be above 0, got -1'],
    [{ jitter: 1 }, 'jitter should be from 0 to below 1, got 1'],
    [{ refreshBelow: 0 }, 'refreshBelow should be above 0 and at most 1, got 0'],
    [{ maxRefreshes: 0.5 }, 'maxRefreshes should be a whole number of 0 or more, got 0.5'],
    [{ staleIfErrorMs: Number.NaN }, 'staleIfErrorMs should be 0 or more, got NaN'],
  ];
  test.each(outOfRange)('refuses %o', (options, message) => {
    expect(() => kind.create({ load: table.load, size: 1, ...options })).toThrow(RangeError);
    expect(() => kind.create({ load: table.load, size: 1, ...options })).toThrow(message);
  });
});

test('an unknown policy is refused with the names of those that there are', () => {
  expect(() => policyNamed('lfu')).toThrow(
    'a cache policy should be one of noop, lru, read-write-through, refresh-ahead, got lfu',
  );
});

test('what the policies differ in', async () => {
  const seen: Record<string, unknown> = {};
  for (const kind of policies) {
    const table = new Table();
    const cache = kind.create({ load: table.load, size: 10 });
    await cache.get('a');
    await cache.get('a');
    await cache.put('a', table.write('a', 'one'));
    await cache.get('a');
    await turn();
    seen[kind.name] = [table.loads, cache.stats().classes.hit];
  }
  expect(seen).toEqual({
    noop: [3, 0],
    lru: [2, 1],
    'read-write-through': [1, 2],
    'refresh-ahead': [1, 2],
  });
});
