import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { policies } from '../../../strategies/cache/policies.ts';
import type { CacheAnswer, Found } from '../../../strategies/cache/policy.ts';
import { type Held, held, manualClock, turn } from './held-source.ts';

const size = 1;
const ttlMs = 50;

/** One thing that happens: somebody asks the cache, time passes, or what is under way at the source goes on. */
type Event =
  | {
      readonly do: 'get' | 'fresh' | 'aborted get' | 'put' | 'invalidate' | 'tell' | 'write elsewhere';
      readonly key: string;
    }
  | { readonly do: 'offer'; readonly key: string; readonly age: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'go on'; readonly pick: number }
  | { readonly do: 'fail'; readonly pick: number };

const key = fc.constantFrom('a', 'a', 'b');
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('get' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('put' as const), key }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'fresh' as const,
        'aborted get' as const,
        'invalidate' as const,
        'tell' as const,
        'write elsewhere' as const,
      ),
      key,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('offer' as const), key, age: fc.nat({ max: 2 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 30 }) }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('go on' as const), pick: fc.nat({ max: 50 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), pick: fc.nat({ max: 50 }) }) },
);

/** A Step is something under way at the source: it looks or commits first, and is answered later. */
interface Step {
  /** What it saw or wrote; undefined until then. */
  seen: Found | undefined;
  readonly see: () => Found;
  readonly answer: Held<Found>;
}

/** A source whose loads and writes go on one by one, in any order. */
class SteppedSource {
  readonly under: Step[] = [];
  /** For each key: since when each revision was, by revision. */
  readonly #since = new Map<string, number[]>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  readonly load = (key: string) => this.#begin(() => this.current(key));

  write(key: string): Promise<Found> {
    return this.#begin(() => this.commit(key));
  }

  current(key: string): Found {
    const revision = this.#timesOf(key).length - 1;
    return { value: revision === 0 ? null : valueAt(key, revision), revision };
  }

  /** As it was so many changes ago. */
  past(key: string, changes: number): Found {
    const revision = Math.max(0, this.current(key).revision - changes);
    return { value: revision === 0 ? null : valueAt(key, revision), revision };
  }

  commit(key: string): Found {
    this.#timesOf(key).push(this.#nowMs());
    return this.current(key);
  }

  /** Infinity while it is the current one. */
  overwrittenMs(key: string, revision: number): number {
    return this.#timesOf(key)[revision + 1] ?? Number.POSITIVE_INFINITY;
  }

  goOn(pick: number): void {
    if (this.under.length === 0) return;
    const at = pick % this.under.length;
    const step = this.under[at]!;
    if (step.seen) {
      this.under.splice(at, 1);
      step.answer.resolve(step.seen);
    } else step.seen = step.see();
  }

  fail(pick: number): void {
    if (this.under.length === 0) return;
    const [step] = this.under.splice(pick % this.under.length, 1);
    step!.answer.reject(new Error('the source failed'));
  }

  #begin(see: () => Found): Promise<Found> {
    const answer = held<Found>();
    this.under.push({ seen: undefined, see, answer });
    return answer.promise;
  }

  #timesOf(key: string): number[] {
    let times = this.#since.get(key);
    if (!times) {
      times = [0];
      this.#since.set(key, times);
    }
    return times;
  }
}

/** Marks are the highest revision of each key. */
class Marks {
  readonly #revisions = new Map<string, number>();

  of(key: string): number {
    return this.#revisions.get(key) ?? 0;
  }

  raise(key: string, revision: number): void {
    this.#revisions.set(key, Math.max(this.of(key), revision));
  }
}

function valueAt(key: string, revision: number): string {
  return `${key}@${revision}`;
}

describe.each(policies.map((kind) => [kind.name, kind] as const))(
  '%s, whatever overtakes what',
  (name, kind) => {
    test('keeps its laws', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(event, { minLength: 10, maxLength: 60 }),
          fc.nat(),
          async (events, seed) => {
            const clock = manualClock();
            const source = new SteppedSource(clock.nowMs);
            const cache = kind.create({
              load: source.load,
              size,
              ttlMs,
              negativeTtlMs: 20,
              jitter: 0.3,
              refreshBelow: 0.4,
              maxRefreshes: 1,
              seed,
              nowMs: clock.nowMs,
            });
            const told = new Marks();
            /** What is told, or a warning that the source has moved on: later questions are not answered with less. */
            const floor = new Marks();
            const tell = (of: string, revision: number) => {
              told.raise(of, revision);
              floor.raise(of, revision);
            };
            const waits: Promise<void>[] = [];
            let ended = 0;
            let failed = 0;
            // Offers from a watch that lags make ages wrong: they count from the offer.
            const lagging = events.some((happens) => happens.do === 'offer' && happens.age > 0);

            const get = (of: string, options?: { fresh?: boolean; signal?: AbortSignal }) => {
              const before = floor.of(of);
              const committed = source.current(of).revision;
              const check = ({ value, revision, class: kindOf, ageMs }: CacheAnswer) => {
                ended += 1;
                expect(value).toBe(revision === 0 ? null : valueAt(of, revision));
                expect(revision).toBeGreaterThanOrEqual(before);
                // Without a cache two gets at the same time may end in any order, as at the source itself.
                if (name !== 'noop') expect(revision).toBeGreaterThanOrEqual(told.of(of));
                if (options?.fresh || name === 'noop') expect(revision).toBeGreaterThanOrEqual(committed);
                if (!lagging) {
                  expect(source.overwrittenMs(of, revision)).toBeGreaterThanOrEqual(clock.nowMs() - ageMs);
                }
                if (kindOf === 'hit' || kindOf === 'refresh') expect(ageMs).toBeLessThan(ttlMs);
                expect(kindOf).not.toBe('stale');
                tell(of, revision);
              };
              const refused = (error: Error) => {
                ended += 1;
                failed += 1;
                expect(error.message).toMatch(/the source failed|gone/);
              };
              const wait = cache.get(of, options).then(check, refused);
              // Told at the end, with all the others.
              wait.catch(() => {});
              waits.push(wait);
            };
            const put = (of: string) => {
              const wait = cache
                .put(of, () => source.write(of))
                .then(
                  ({ revision }) => tell(of, revision),
                  // It may have happened.
                  () => floor.raise(of, source.current(of).revision),
                );
              waits.push(wait);
            };

            for (const happens of events) {
              switch (happens.do) {
                case 'get':
                  get(happens.key);
                  break;
                case 'fresh':
                  get(happens.key, { fresh: true });
                  break;
                case 'aborted get': {
                  const controller = new AbortController();
                  get(happens.key, { signal: controller.signal });
                  controller.abort(new Error('gone'));
                  break;
                }
                case 'put':
                  put(happens.key);
                  break;
                case 'offer':
                  // A watch may lag, so that it offers what has been overwritten since.
                  cache.offer(happens.key, source.past(happens.key, happens.age));
                  break;
                case 'invalidate':
                  cache.invalidate(happens.key);
                  floor.raise(happens.key, source.current(happens.key).revision);
                  break;
                case 'tell':
                  cache.invalidate(happens.key, source.current(happens.key).revision);
                  floor.raise(happens.key, source.current(happens.key).revision);
                  break;
                case 'write elsewhere':
                  source.commit(happens.key);
                  break;
                case 'wait':
                  clock.advance(happens.ms);
                  break;
                case 'go on':
                  source.goOn(happens.pick);
                  break;
                case 'fail':
                  source.fail(happens.pick);
                  break;
              }
              await turn();
              expect(cache.stats().entries).toBeLessThanOrEqual(size);
            }
            while (source.under.length > 0) {
              source.goOn(0);
              await turn();
            }
            const broken = (await Promise.allSettled(waits)).find(({ status }) => status === 'rejected');
            expect(broken).toBeUndefined();
            await cache.settled();
            const { classes, failed: countedFailed } = cache.stats();
            expect(Object.values(classes).reduce((sum, count) => sum + count)).toBe(ended);
            expect(countedFailed).toBe(failed);
          },
        ),
        { numRuns: name === 'noop' ? 100 : 600 },
      ));
  },
);
