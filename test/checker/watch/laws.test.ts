import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WatchGuaranteeName } from '../../../harness/checker/watch/guarantee.ts';
import { judgeWatches } from '../../../harness/checker/watch/watch.ts';
import type {
  LogEvent,
  ToldEvent,
  WatchAsked,
  WatchHistory,
  WatchTold,
} from '../../../harness/history/watch.ts';

const keys = ['a', 'b', 'ba', 'c'];

/** Transactions of one to three keys, each a put or, where the key is there, perhaps a delete. */
const logs: fc.Arbitrary<LogEvent[]> = fc
  .array(fc.array(fc.tuple(fc.constantFrom(...keys), fc.boolean()), { minLength: 1, maxLength: 3 }), {
    minLength: 8,
    maxLength: 40,
  })
  .map((transactions) => {
    const present = new Set<string>();
    return transactions.flatMap((steps, i) => {
      const revision = i + 1;
      const once = new Map(steps);
      return [...once].map(([key, deletes]): LogEvent => {
        if (deletes && present.delete(key)) return { revision, key, kind: 'delete' };
        present.add(key);
        return { revision, key, kind: 'put', value: `${key}${revision}` };
      });
    });
  });

const askeds: fc.Arbitrary<WatchAsked> = fc.record(
  {
    key: fc.constantFrom('', 'b', 'a'),
    prefix: fc.constant(true),
    startRevision: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    prevKv: fc.boolean(),
    noDelete: fc.boolean(),
  },
  { requiredKeys: ['key', 'prefix', 'startRevision', 'prevKv'] },
);

interface Case {
  readonly log: readonly LogEvent[];
  readonly asked: WatchAsked;
  /** How many revisions each list holds, in turn, and after which list progress is told. */
  readonly batches: readonly number[];
}
const cases: fc.Arbitrary<Case> = fc.record({
  log: logs,
  asked: askeds,
  batches: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 40 }),
});

/** What etcd would tell: whole revisions, in order, with progress in between. Independent of the checker's own log. */
function trueDelivery({ log, asked, batches }: Case): WatchTold[] {
  const held = new Map<string, { revision: number; value: string; created: number }>();
  const revisions = new Map<number, ToldEvent[]>();
  for (const { revision, key, kind, value } of log) {
    const before = held.get(key);
    const created = before?.created ?? revision;
    if (kind === 'delete') held.delete(key);
    else held.set(key, { revision, value: value!, created });
    const wanted =
      key.startsWith(asked.key) &&
      revision >= (asked.startRevision ?? 1) &&
      !(kind === 'delete' && asked.noDelete);
    if (!wanted) continue;
    const told: ToldEvent = {
      revision,
      key,
      kind,
      ...(value !== undefined && { value, createRevision: created }),
      ...(asked.prevKv && before && { prev: { revision: before.revision, value: before.value } }),
    };
    revisions.set(revision, [...(revisions.get(revision) ?? []), told]);
  }
  const waiting = [...revisions.values()];
  const told: WatchTold[] = [{ kind: 'created', revision: 0, atNs: 0 }];
  for (let i = 0; waiting.length > 0; i++) {
    const events = waiting.splice(0, batches[i % batches.length]).flat();
    const revision = events.at(-1)!.revision;
    told.push({ kind: 'events', revision, events, atNs: i });
    if (i % 2 === 1) told.push({ kind: 'progress', revision, atNs: i });
  }
  return told;
}

function judged({ log, asked }: Case, told: readonly WatchTold[]) {
  const history: WatchHistory = {
    log: {
      fromRevision: 1,
      toRevision: log.at(-1)!.revision,
      allKeys: true,
      events: log,
      compactions: [],
    },
    watchers: [{ name: 'w', asked, told, settledTo: log.at(-1)!.revision }],
  };
  return judgeWatches(history);
}

function broken(given: Case, told: readonly WatchTold[]): WatchGuaranteeName[] {
  return judged(given, told)
    .filter(({ state }) => state === 'broken')
    .map(({ guarantee }) => guarantee);
}

/** Where each event stands: [response, place in it]. */
function places(told: readonly WatchTold[]): [response: number, place: number, event: ToldEvent][] {
  return told.flatMap((one, response) =>
    one.kind === 'events'
      ? one.events.map((event, place): [number, number, ToldEvent] => [response, place, event])
      : [],
  );
}

/** Puts other events in the place of one. */
function replaced(
  told: readonly WatchTold[],
  [response, place]: readonly [number, number, ToldEvent],
  events: readonly ToldEvent[],
): WatchTold[] {
  return told.map((one, i) =>
    i === response && one.kind === 'events'
      ? { ...one, events: one.events.toSpliced(place, 1, ...events) }
      : one,
  );
}

function withoutProgress(told: readonly WatchTold[]): WatchTold[] {
  return told.filter(({ kind }) => kind !== 'progress');
}

/** Mutates a true delivery at one event; undefined where there is nothing to mutate there. */
interface Mutation {
  readonly name: string;
  readonly breaks: readonly WatchGuaranteeName[];
  apply(told: readonly WatchTold[], at: number, asked: WatchAsked): WatchTold[] | undefined;
}

const mutations: readonly Mutation[] = [
  {
    name: 'an event is dropped',
    breaks: ['reliable'],
    apply(told, at) {
      const all = places(told);
      const place = all[at]!;
      // The first one that was told is where the watch begins.
      if (place[2].revision === all[0]![2].revision) return undefined;
      return replaced(withoutProgress(told), places(withoutProgress(told))[at]!, []);
    },
  },
  {
    name: 'the first revision of a resumed watch is dropped',
    breaks: ['resumable'],
    apply(told, _, { startRevision }) {
      const first = places(told)[0]![2].revision;
      if (startRevision === undefined || places(told).at(-1)![2].revision === first) return undefined;
      return withoutProgress(told).map((one) =>
        one.kind === 'events'
          ? { ...one, events: one.events.filter(({ revision }) => revision !== first) }
          : one,
      );
    },
  },
  {
    name: 'an event is told twice at once',
    breaks: ['unique'],
    apply: (told, at) => {
      const place = places(told)[at]!;
      return replaced(told, place, [place[2], place[2]]);
    },
  },
  {
    name: 'two events of different revisions are exchanged',
    breaks: ['ordered'],
    apply(told, at) {
      const plain = withoutProgress(told);
      const [here, next] = [places(plain)[at]!, places(plain)[at + 1]];
      // A part of a transaction would be split by it.
      const alone = ({ revision }: ToldEvent) =>
        places(plain).filter(([, , event]) => event.revision === revision).length === 1;
      if (!next || here[2].revision === next[2].revision || !alone(here[2]) || !alone(next[2]))
        return undefined;
      return replaced(replaced(plain, here, [next[2]]), next, [here[2]]);
    },
  },
  {
    name: 'a transaction is split',
    breaks: ['atomic'],
    apply(told, at) {
      const [response, place, event] = places(told)[at]!;
      const list = told[response]!;
      if (list.kind !== 'events' || list.events[place + 1]?.revision !== event.revision) return undefined;
      const [first, second] = [list.events.slice(0, place + 1), list.events.slice(place + 1)];
      return told.toSpliced(response, 1, { ...list, events: first }, { ...list, events: second });
    },
  },
  {
    name: 'progress is told too early',
    breaks: ['bookmarkable'],
    apply(told, at) {
      const [response, , { revision }] = places(told)[at]!;
      return told.toSpliced(response, 0, { kind: 'progress', revision, atNs: 0 });
    },
  },
  {
    name: 'progress falls',
    breaks: ['bookmarkable'],
    apply(told) {
      const last = told.findLast(({ kind }) => kind === 'progress');
      return last && [...told, { ...last, revision: last.revision - 1 }];
    },
  },
  {
    name: 'a creation is told as an update, or the other way',
    breaks: ['is-create'],
    apply(told, at) {
      const place = places(told)[at]!;
      const [, , event] = place;
      if (event.kind === 'delete') return undefined;
      const created = event.createRevision === event.revision ? event.revision - 1 : event.revision;
      return replaced(told, place, [{ ...event, createRevision: created }]);
    },
  },
  {
    name: 'an event comes with what its key never held',
    breaks: ['prev-kv'],
    apply(told, at, { prevKv }) {
      const place = places(told)[at]!;
      const [, , event] = place;
      if (!prevKv) return undefined;
      return replaced(told, place, [{ ...event, prev: { revision: event.revision, value: 'never' } }]);
    },
  },
  {
    name: 'an event has another value',
    breaks: ['reliable'],
    apply(told, at) {
      const place = places(told)[at]!;
      if (place[2].kind === 'delete') return undefined;
      return replaced(told, place, [{ ...place[2], value: 'other' }]);
    },
  },
  {
    name: 'an event of a key that nobody asked for',
    breaks: ['filter'],
    apply(told, at, { key }) {
      const place = places(told)[at]!;
      // Beyond the log nothing is known but what was asked for.
      if (key === '' || place[2] !== places(told).at(-1)![2]) return undefined;
      return replaced(told, place, [place[2], { revision: 1_000, key: 'z', kind: 'put' }]);
    },
  },
];

describe('what is told truly is accepted, and what is not under its own name', () => {
  test('a true delivery breaks nothing', () => {
    fc.assert(
      fc.property(cases, (given) => {
        expect(broken(given, trueDelivery(given))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test.each(mutations)('$name', ({ breaks, apply }) => {
    let applied = 0;
    fc.assert(
      fc.property(cases, fc.nat(), (given, nth) => {
        const told = trueDelivery(given);
        const count = places(told).length;
        fc.pre(count > 2);
        const mutated = apply(told, nth % count, given.asked);
        fc.pre(mutated !== undefined);
        applied += 1;
        expect(broken(given, mutated!)).toEqual(breaks);
      }),
      { numRuns: 100, maxSkipsPerRun: 1_000 },
    );
    expect(applied).toBe(100);
  });
});
