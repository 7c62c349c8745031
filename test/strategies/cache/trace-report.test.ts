import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { policies } from '../../../strategies/cache/policies.ts';
import { readTrace, TraceUnreadable } from '../../../strategies/cache/trace.ts';
import { cacheTraceReport, runTrace } from '../../../strategies/cache/trace-report.ts';

const names = policies.map(({ name }) => name);

describe('runTrace', () => {
  test('the rows are in the order asked for, OPT last', async () => {
    expect(await runTrace('abcabcabc', { policies: ['refresh-ahead', 'noop', 'lru'], size: 2 })).toEqual([
      { policy: 'refresh-ahead', references: 9, hits: 0, hitRate: 0, loads: 9, evictions: 7 },
      { policy: 'noop', references: 9, hits: 0, hitRate: 0, loads: 9, evictions: 0 },
      { policy: 'lru', references: 9, hits: 0, hitRate: 0, loads: 9, evictions: 7 },
      { policy: 'OPT', references: 9, hits: 3, hitRate: 1 / 3, loads: 6, evictions: 4 },
    ]);
  });

  test('time is told in references', async () => {
    const loop = 'ab'.repeat(500);
    const of = async (ttlReferences: number | undefined, refreshBelow?: number) =>
      (
        await runTrace(loop, { policies: ['lru', 'refresh-ahead'], size: 2, ttlReferences, refreshBelow })
      ).map(({ hits, loads }) => `${hits} hits, ${loads} loads`);
    expect(await of(undefined)).toEqual(['998 hits, 2 loads', '998 hits, 2 loads', '998 hits, 2 loads']);
    // Loaded at 0, a hit at 2 and 4, past its life at 6. Reloaded ahead at 4, when 2 of 6 are left.
    expect(await of(6, 0.5)).toEqual(['666 hits, 334 loads', '998 hits, 500 loads', '998 hits, 2 loads']);
    expect(await of(2)).toEqual(['0 hits, 1000 loads', '0 hits, 1000 loads', '998 hits, 2 loads']);
  });

  test('no policy beats OPT, none but noop misses more than LRU without a life', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 12 }).map(String), { maxLength: 120 }),
        fc.integer({ min: 1, max: 6 }),
        fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        async (keys, size, ttlReferences) => {
          const rows = await runTrace(keys, { policies: names, size, ttlReferences });
          const opt = rows.at(-1)!;
          expect(opt.policy).toBe('OPT');
          for (const { hits, loads, references, evictions } of rows) {
            expect(hits).toBeLessThanOrEqual(opt.hits);
            expect(hits + loads).toBeGreaterThanOrEqual(references);
            expect(evictions).toBeLessThanOrEqual(loads);
          }
          const by = Object.fromEntries(rows.map((row) => [row.policy, row.hits]));
          expect(by['refresh-ahead']).toBeGreaterThanOrEqual(by.lru!);
          expect(by['read-write-through']).toBe(by.lru);
        },
      ),
    ));

  const refused: [string, Parameters<typeof runTrace>[1], string][] = [
    ['an unknown policy', { policies: ['lru', 'lfu'], size: 1 }, 'got lfu'],
    ['no policy', { policies: [], size: 1 }, 'at least one cache policy'],
    ['a size out of range', { policies: ['lru'], size: 0 }, 'from 1 to 10000000, got 0'],
    ['a life of no whole number', { policies: ['lru'], size: 1, ttlReferences: 0.5 }, 'got 0.5'],
  ];
  test.each(refused)('refuses %s', async (_name, options, message) => {
    await expect(runTrace('a', options)).rejects.toThrow(RangeError);
    await expect(runTrace('a', options)).rejects.toThrow(message);
  });
});

describe('a trace file', () => {
  let folder: string;
  let files = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cache-trace-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function fileOf(text: string | Buffer): Promise<string> {
    const file = join(folder, `trace-${files++}`);
    await writeFile(file, text);
    return file;
  }

  const texts: [string, string, string[]][] = [
    ['one key a line', 'a\nb\na\n', ['a', 'b', 'a']],
    ['no line end at the end', 'a\nb', ['a', 'b']],
    ['line ends of Windows', 'a\r\nb\r\n', ['a', 'b']],
    ['empty lines are no accesses', '\na\n\n\r\nb\n\n', ['a', 'b']],
    ['spaces belong to the key', ' a\na \n', [' a', 'a ']],
    ['keys beyond ASCII', 'schlüssel\n鍵\n', ['schlüssel', '鍵']],
  ];
  test.each(texts)('%s', async (_name, text, keys) => {
    const trace = await readTrace(await fileOf(text));
    expect([...trace.references].map((index) => trace.keys[index])).toEqual(keys);
  });

  test('lines and letters that span what is read at a time', async () => {
    const keys = Array.from({ length: 50_000 }, (_, i) => `ключ-${i % 7_001}`);
    const trace = await readTrace(await fileOf(keys.join('\n')));
    expect([...trace.references].map((index) => trace.keys[index])).toEqual(keys);
    expect(trace.keys).toHaveLength(7_001);
  });

  test('the report is what the same references give', async () => {
    const options = { policies: names, size: 2, ttlReferences: 5 };
    const file = await fileOf('a\nb\nc\na\nb\nc\na\n');
    expect(await cacheTraceReport({ ...options, file })).toEqual(await runTrace('abcabca', options));
  });

  test('what is wrong with the file is said', async () => {
    const options = { policies: ['lru'], size: 1 };
    const missing = join(folder, 'missing');
    const of = (file: string) => cacheTraceReport({ ...options, file });
    await expect(of(missing)).rejects.toThrow(TraceUnreadable);
    await expect(of(missing)).rejects.toThrow(
      `the trace ${missing} should be a text file with one key a line`,
    );
    await expect(of(missing)).rejects.toThrow('there is no such file');
    await expect(of(folder)).rejects.toThrow('it is a folder');
    await expect(of(await fileOf(''))).rejects.toThrow('but it holds none');
    await expect(of(await fileOf('\n\n'))).rejects.toThrow('but it holds none');
  });

  test('a wrong option is told before the file is read', async () => {
    const file = join(folder, 'missing');
    await expect(cacheTraceReport({ policies: ['lfu'], size: 1, file })).rejects.toThrow('got lfu');
  });
});
