import { describe, expect, test } from 'vitest';
import { type WatchGuaranteeName, watchGuaranteeNames } from '../../../harness/checker/watch/guarantee.ts';
import { watchGuarantees } from '../../../harness/checker/watch/guarantees.ts';
import { judgeWatches } from '../../../harness/checker/watch/watch.ts';
import { atLeastSix } from '../table.ts';
import { history } from './build.ts';

type Given = Parameters<typeof history>[0];
/** kept, unknown, or broken with what the first finding says. */
type Row = [name: string, given: Given, expected: 'kept' | 'unknown' | RegExp];

/** Each guarantee with the tiny histories that it accepts and rejects, at least six of either kind. */
const tables: Readonly<Record<WatchGuaranteeName, readonly Row[]>> = {
  filter: [
    [
      'one key, and only that',
      { log: 'a1 b2 a3', told: 'C0 a1 a3', asked: { key: 'a', prefix: false } },
      'kept',
    ],
    ['a prefix', { log: 'x/a1 y2 x/b3', told: 'C0 x/a1 x/b3', asked: { key: 'x/' } }, 'kept'],
    ['all keys', { log: 'a1 b2', told: 'C0 a1 b2' }, 'kept'],
    ['a key that is its own prefix', { log: 'x1', told: 'C0 x1', asked: { key: 'x' } }, 'kept'],
    ['no deletes', { log: 'a1 a2x a3', told: 'C0 a1 a3', asked: { noDelete: true } }, 'kept'],
    ['no puts', { log: 'a1 a2x', told: 'C0 a2x', asked: { noPut: true } }, 'kept'],
    ['nothing at all', { log: 'a1', told: 'C1' }, 'unknown'],
    [
      'another key',
      { log: 'a1 b2', told: 'C0 a1 b2', asked: { key: 'a', prefix: false } },
      /put of "b" at revision 2, which it did not ask for/,
    ],
    ['a longer key', { log: 'a1 aa2', told: 'C0 a1 aa2', asked: { key: 'a', prefix: false } }, /"aa"/],
    ['a key before the prefix', { log: 'x1 x/a2', told: 'C0 x1 x/a2', asked: { key: 'x/' } }, /"x" at/],
    ['a key after the prefix', { log: 'x/a1 y2', told: 'C0 x/a1 y2', asked: { key: 'x/' } }, /"y"/],
    [
      'a delete in spite of the filter',
      { log: 'a1 a2x', told: 'C0 a1 a2x', asked: { noDelete: true } },
      /delete/,
    ],
    [
      'a put in spite of the filter',
      { log: 'a1 a2x', told: 'C0 a1 a2x', asked: { noPut: true } },
      /put of "a"/,
    ],
    ['what never happened, and of another key', { log: 'a1 b2', told: 'C0 b2', asked: { key: 'a' } }, /"b"/],
  ],
  ordered: [
    ['by revision', { log: 'a1 b2 a3', told: 'C0 a1 b2 a3' }, 'kept'],
    ['several in a list', { log: 'a1 b2 a3', told: 'C0 (a1 b2 a3)' }, 'kept'],
    ['a transaction, in any order of its own', { log: 'a1 b2 c2', told: 'C0 a1 (c2 b2)' }, 'kept'],
    ['the same twice at once', { log: 'a1', told: 'C0 a1 a1' }, 'kept'],
    ['with a gap', { log: 'a1 b2 a3', told: 'C0 a1 a3' }, 'kept'],
    ['an older key that a comparison found', { log: 'a1 b2 c3', told: 'C0 a1 c3 b2*' }, 'kept'],
    ['a stream that goes on after a comparison', { log: 'a1 b2 c3', told: 'C0 a1 c3* b2' }, 'kept'],
    ['one event', { log: 'a1', told: 'C0 a1' }, 'unknown'],
    ['two exchanged', { log: 'a1 b2', told: 'C0 b2 a1' }, /put of "a" at revision 1 after one at revision 2/],
    ['two exchanged in a list', { log: 'a1 b2', told: 'C0 (b2 a1)' }, /revision 1 after/],
    ['of one key', { log: 'a1 a2', told: 'C0 a2 a1' }, /revision 1 after/],
    ['back in time', { log: 'a1 b2 c3', told: 'C0 a1 b2 c3 a1 b2 c3' }, /revision 1 after .* told it before/],
    ['one that came late', { log: 'a1 b2 c3', told: 'C0 a1 c3 b2' }, /revision 2 after one at revision 3/],
    ['a delete after the put that followed it', { log: 'a1 a2x a3', told: 'C0 a1 a3 a2x' }, /delete of "a"/],
    [
      'a comparison that finds an older state of its key',
      { log: 'a1 a2', told: 'C0 a2 a1*' },
      /revision 1 after/,
    ],
    ['a stream that falls behind a comparison', { log: 'a1 a2', told: 'C0 a2* a1' }, /revision 1 after/],
  ],
  unique: [
    ['each once', { log: 'a1 b2', told: 'C0 a1 b2' }, 'kept'],
    ['each once, out of order', { log: 'a1 b2', told: 'C0 b2 a1' }, 'kept'],
    ['two of one key', { log: 'a1 a2', told: 'C0 a1 a2' }, 'kept'],
    ['two of one revision', { log: 'a1 b1', told: 'C0 (a1 b1)' }, 'kept'],
    ['the same value again', { log: 'a1=v a2=v', told: 'C0 a1=v a2=v' }, 'kept'],
    ['a delete that a comparison found later', { log: 'a1 a2x b3', told: 'C0 a1 a3x*' }, 'kept'],
    ['nothing', { log: 'a1', told: 'C0' }, 'unknown'],
    ['twice at once', { log: 'a1', told: 'C0 a1 a1' }, /put of "a" at revision 1 again/],
    ['twice in a list', { log: 'a1', told: 'C0 (a1 a1)' }, /again/],
    ['twice, much later', { log: 'a1 b2 c3', told: 'C0 a1 b2 c3 a1' }, /"a" at revision 1 again/],
    ['half a transaction again', { log: 'a1 b1', told: 'C0 (a1 b1) b1' }, /"b" at revision 1 again/],
    ['a delete twice', { log: 'a1 a2x', told: 'C0 a1 a2x a2x' }, /delete of "a"/],
    ['what a comparison found, again', { log: 'a1 a2', told: 'C0 a1 a2 a2*' }, /revision 2 again/],
    ['a delete that was told, found again', { log: 'a1 a2x b3', told: 'C0 a1 a2x a3x*' }, /revision 3 again/],
    ['twice what never happened', { log: 'a1 b2', told: 'C0 c2 c2' }, /"c" at revision 2 again/],
  ],
  atomic: [
    ['a transaction in a list', { log: 'a1 b1', told: 'C0 (a1 b1)' }, 'kept'],
    ['two of them in one list', { log: 'a1 b1 a2 b2', told: 'C0 (a1 b1 a2 b2)' }, 'kept'],
    ['in fragments', { log: 'a1 b1', told: 'C0 {a1} b1' }, 'kept'],
    ['in three fragments', { log: 'a1 b1 c1', told: 'C0 {a1} {b1} c1' }, 'kept'],
    ['among others', { log: 'a1 a2 b2 b3', told: 'C0 (a1 a2 b2 b3)' }, 'kept'],
    ['a part that a comparison found', { log: 'a1 b1 c1', told: 'C0 (a1 c1) b1*' }, 'kept'],
    ['a part told twice', { log: 'a1 b1', told: 'C0 (a1 b1) b1' }, 'kept'],
    ['no transactions', { log: 'a1 b2', told: 'C0 a1 b2' }, 'unknown'],
    ['only one key of them', { log: 'a1 b1', told: 'C0 a1', asked: { key: 'a' } }, 'unknown'],
    ['in two lists', { log: 'a1 b1', told: 'C0 a1 b1' }, /put of "b" at revision 1 apart from the others/],
    ['the end of it in the next list', { log: 'a1 b1 a2', told: 'C0 a1 (b1 a2)' }, /"b" at revision 1 apart/],
    [
      'the beginning of it in the list before',
      { log: 'a1 a2 b2', told: 'C0 (a1 a2) b2' },
      /"b" at revision 2/,
    ],
    ['two of three', { log: 'a1 b1 c1', told: 'C0 (a1 b1) c1' }, /"c"/],
    ['in fragments, and one more list', { log: 'a1 b1 c1', told: 'C0 {a1} b1 c1' }, /"c"/],
    ['a part much later', { log: 'a1 b1 c2', told: 'C0 a1 c2 b1' }, /"b"/],
    ['deletes', { log: 'a1 b1 a2x b2x', told: 'C0 (a1 b1) a2x b2x' }, /delete of "b" at revision 2/],
  ],
  bookmarkable: [
    ['after the events', { log: 'a1 b2', told: 'C0 a1 b2 P2' }, 'kept'],
    ['between them', { log: 'a1 b2', told: 'C0 a1 P1 b2' }, 'kept'],
    ['the same twice', { log: 'a1 b2', told: 'C0 a1 P1 P1 b2' }, 'kept'],
    ['over what others changed', { log: 'a1 b2 c3', told: 'C0 a1 P3', asked: { key: 'a' } }, 'kept'],
    ['behind the events', { log: 'a1 b2', told: 'C0 a1 b2 P1' }, 'kept'],
    ['before its start', { log: 'a1 b2', told: 'C1 P1 b2' }, 'kept'],
    ['an event again is for unique', { log: 'a1 b2', told: 'C0 a1 b2 P2 a1' }, 'kept'],
    ['none', { log: 'a1', told: 'C0 a1' }, 'unknown'],
    [
      'ahead of an event',
      { log: 'a1 b2', told: 'C0 a1 P2 b2' },
      /"b" at revision 2 after progress up to revision 2/,
    ],
    ['far ahead', { log: 'a1 b2 c3', told: 'C0 P3 (a1 b2 c3)' }, /"a" at revision 1 after progress/],
    ['ahead of half a transaction', { log: 'a1 b1', told: 'C0 a1 P1 b1' }, /"b"/],
    [
      'ahead of what never came',
      { log: 'a1 b2', told: 'C0 a1 P2' },
      /up to revision 2, and never the put of "b"/,
    ],
    ['ahead of all', { log: 'a1', told: 'C0 P1' }, /never the put of "a"/],
    ['falling', { log: 'a1 b2', told: 'C0 a1 b2 P2 P1' }, /up to revision 1 after progress up to 2/],
    ['falling, and rising again', { log: 'a1 b2', told: 'C0 a1 P1 P0 b2 P2' }, /revision 0 after/],
    ['ahead of a delete', { log: 'a1 a2x', told: 'C0 a1 P2 a2x' }, /delete of "a"/],
  ],
  resumable: [
    ['from the past', { log: 'a1 a2 a3', told: 'C3 a2 a3', asked: { startRevision: 2 } }, 'kept'],
    [
      'from before the key',
      { log: 'a1 b2 b3', told: 'C3 b2 b3', asked: { startRevision: 1, key: 'b' } },
      'kept',
    ],
    ['from the future', { log: 'a1 a2 a3', told: 'C1 a3', asked: { startRevision: 3 } }, 'kept'],
    [
      'refused as compacted',
      { log: 'a1 a2 a3', told: 'X3', asked: { startRevision: 1 }, settledTo: 3 },
      'kept',
    ],
    [
      'compacted away while it was slow',
      { log: 'a1 a2 a3 a4', told: 'C4 a1 X4', asked: { startRevision: 1 } },
      'kept',
    ],
    ['a gap is for reliable', { log: 'a1 a2 a3', told: 'C0 a1 a3', asked: { startRevision: 1 } }, 'kept'],
    [
      'and so is half of the first revision',
      { log: 'a1 b1 a2', told: 'C0 a1 a2', asked: { startRevision: 1 } },
      'kept',
    ],
    [
      'an older state found by a comparison',
      { log: 'a1 a2', told: 'C1 a1* a2', asked: { startRevision: 2 } },
      'kept',
    ],
    ['from now', { log: 'a1', told: 'C0 a1' }, 'unknown'],
    ['nothing waited for', { log: 'a1', told: 'C1', asked: { startRevision: 1 } }, 'unknown'],
    [
      'begun too late',
      { log: 'a1 a2 a3', told: 'C3 a3', asked: { startRevision: 2 } },
      /from revision 2, and never told the put of "a" at revision 2/,
    ],
    [
      'begun too early',
      { log: 'a1 a2', told: 'C2 a1 a2', asked: { startRevision: 2 } },
      /but asked for .* revision 2/,
    ],
    [
      'the past for the future',
      { log: 'a1 a2 a3', told: 'C2 a2 a3', asked: { startRevision: 3 } },
      /"a" at revision 2/,
    ],
    ['never begun', { log: 'a1 a2', told: 'C2', asked: { startRevision: 2 }, settledTo: 2 }, /never told/],
    [
      'a delete on the edge of the compaction',
      { log: 'a1 a2x a3', told: 'C3 a3', asked: { startRevision: 2 }, compactions: [2] },
      /never told the delete of "a" at revision 2/,
    ],
    [
      'refused though it was there',
      { log: 'a1 a2 a3', told: 'X2', asked: { startRevision: 2 } },
      /went back to 2/,
    ],
    [
      'cut short though it was there',
      { log: 'a1 a2 a3', told: 'C0 a1 X2', asked: { startRevision: 1 } },
      /revision 2 as/,
    ],
    [
      'of several keys',
      { log: 'a1 b2 c3', told: 'C3 c3', asked: { startRevision: 1 } },
      /put of "a" at revision 1/,
    ],
  ],
  'is-create': [
    ['the first put', { log: 'a1', told: 'C0 a1+' }, 'kept'],
    ['an update', { log: 'a1 a2', told: 'C0 a1+ a2~1' }, 'kept'],
    ['a put after a delete', { log: 'a1 a2x a3', told: 'C0 a1+ a2x a3+' }, 'kept'],
    ['updates of two keys', { log: 'a1 b2 a3 b4', told: 'C0 a1+ b2+ a3~1 b4~2' }, 'kept'],
    ['a transaction', { log: 'a1 b1 a2 c2', told: 'C0 (a1+ b1+) (a2~1 c2+)' }, 'kept'],
    ['seen only later', { log: 'a1 a2', told: 'C1 a2~1' }, 'kept'],
    ['a key from before the log', { log: 'a5', told: 'C4 a5~2', fromRevision: 5 }, 'unknown'],
    ['deletes only', { log: 'a1 a2x', told: 'C1 a2x' }, 'unknown'],
    ['a record that leaves it out', { log: 'a1', told: 'C0 a1' }, 'unknown'],
    [
      'an update as a creation',
      { log: 'a1 a2', told: 'C0 a1+ a2+' },
      /revision 2 as a creation, but the key held 1/,
    ],
    ['a creation as an update', { log: 'b1 a2', told: 'C1 a2~1' }, /as an update, but there was no such key/],
    [
      'a put after a delete as an update',
      { log: 'a1 a2x a3', told: 'C0 a1+ a2x a3~1' },
      /revision 3 as an update/,
    ],
    ['a second update', { log: 'a1 a2 a3', told: 'C0 a1+ a2~1 a3+' }, /revision 3 as a creation/],
    ['one key of a transaction', { log: 'a1 a2 b2', told: 'C0 a1+ (a2+ b2+)' }, /"a" at revision 2/],
    ['the first of all', { log: 'a2', told: 'C0 a2~1' }, /as an update/],
    [
      'after a delete that was not told',
      { log: 'a1 a2x a3', told: 'C0 a1+ a3~1' },
      /revision 3 as an update/,
    ],
  ],
  reliable: [
    ['all of it', { log: 'a1 b2 a3', told: 'C0 a1 b2 a3' }, 'kept'],
    ['from now on', { log: 'a1 b2 a3', told: 'C2 a3' }, 'kept'],
    ['an end that nobody waited for', { log: 'a1 b2 a3', told: 'C0 a1 b2' }, 'kept'],
    ['an end that was waited for', { log: 'a1 b2', told: 'C0 a1 b2', settledTo: 2 }, 'kept'],
    ['what was not asked for', { log: 'a1 b2 a3', told: 'C0 a1 a3', asked: { key: 'a' } }, 'kept'],
    ['compacted away', { log: 'a1 a2 a3', told: 'C0 a1 X3', settledTo: 3 }, 'kept'],
    ['out of order', { log: 'a1 b2 a3', told: 'C0 a1 a3 b2' }, 'kept'],
    ['repaired by a comparison', { log: 'a1 b2 a3', told: 'C0 a1 a3 b2*', settledTo: 3 }, 'kept'],
    ['a delete repaired by a comparison', { log: 'a1 a2x b3', told: 'C0 a1 b3 a3x*', settledTo: 3 }, 'kept'],
    ['a beginning is for resumable', { log: 'a1 a2', told: 'C0 a2', asked: { startRevision: 1 } }, 'kept'],
    ['nothing told, nothing waited for', { log: 'a1', told: 'C0' }, 'unknown'],
    ['what the log does not reach', { log: 'a1', told: 'C1 a9' }, 'unknown'],
    ['a hole in the log', { log: 'a1 a3', told: 'C1 a2', allKeys: true }, 'unknown'],
    [
      'one left out',
      { log: 'a1 b2 a3', told: 'C0 a1 a3' },
      /never told the put of "b" at revision 2, though it told .* 3/,
    ],
    ['the first after created', { log: 'a1 b2', told: 'C0 b2' }, /never told the put of "a" at revision 1/],
    ['the end', { log: 'a1 b2', told: 'C0 a1', settledTo: 2 }, /revision 2, which was waited for/],
    ['everything', { log: 'a1', told: 'C0', settledTo: 1 }, /never told the put of "a"/],
    ['half a transaction', { log: 'a1 b1 a2', told: 'C0 a1 a2' }, /"b" at revision 1/],
    ['a delete', { log: 'a1 a2x a3', told: 'C0 a1 a3' }, /delete of "a" at revision 2/],
    ['what never happened', { log: 'a1 b2', told: 'C0 a1 b2 c2' }, /"c" at revision 2, which never happened/],
    ['another value', { log: 'a1 b2', told: 'C0 a1=other b2' }, /with the value other, but .* a1/],
    ['a put for a delete', { log: 'a1 a2x', told: 'C0 a1 a2' }, /what happened was a delete/],
    [
      'an older state than a comparison found',
      { log: 'a1 b2 b3 a4', told: 'C0 a1 a4 b3*' },
      /"b" at revision 2/,
    ],
  ],
  'prev-kv': [
    ['an update', { log: 'a1 a2', told: 'C0 a1 a2<1', asked: { prevKv: true } }, 'kept'],
    ['a creation', { log: 'a1', told: 'C0 a1', asked: { prevKv: true } }, 'kept'],
    ['a delete', { log: 'a1 a2x', told: 'C0 a1 a2x<1', asked: { prevKv: true } }, 'kept'],
    ['a put after a delete', { log: 'a1 a2x a3', told: 'C0 a1 a2x<1 a3', asked: { prevKv: true } }, 'kept'],
    ['other keys between', { log: 'a1 b2 a3', told: 'C0 a1 b2 a3<1', asked: { prevKv: true } }, 'kept'],
    [
      'left out where it is compacted',
      { log: 'a1 a2 a3', told: 'C0 a2', asked: { prevKv: true }, compactions: [2] },
      'unknown',
    ],
    [
      'kept though it is compacted',
      { log: 'a1 a2', told: 'C0 a2<1', asked: { prevKv: true }, compactions: [2] },
      'kept',
    ],
    ['nobody asked', { log: 'a1 a2', told: 'C0 a1 a2' }, 'unknown'],
    [
      'from before the log',
      { log: 'a5', told: 'C4 a5', asked: { prevKv: true }, fromRevision: 5 },
      'unknown',
    ],
    [
      'left out',
      { log: 'a1 a2', told: 'C0 a1 a2', asked: { prevKv: true } },
      /with nothing before it, where there was a1/,
    ],
    [
      'an older one',
      { log: 'a1 a2 a3', told: 'C0 a1 a2<1 a3<1', asked: { prevKv: true } },
      /a1 of revision 1 before it, .* a2/,
    ],
    ['itself', { log: 'a1 a2', told: 'C0 a1 a2<2', asked: { prevKv: true } }, /a2 of revision 2 before it/],
    [
      'of a creation',
      { log: 'a1 b2', told: 'C0 a1 b2<1', asked: { prevKv: true } },
      /where there was nothing/,
    ],
    [
      'across a delete',
      { log: 'a1 a2x a3', told: 'C0 a1 a2x<1 a3<1', asked: { prevKv: true } },
      /where there was nothing/,
    ],
    [
      'a delete without',
      { log: 'a1 a2x', told: 'C0 a1 a2x', asked: { prevKv: true } },
      /delete of "a" .* with nothing/,
    ],
    [
      'another value',
      { log: 'a1=v a2', told: 'C0 a1=v a2<1', asked: { prevKv: true } },
      /where there was v of revision 1/,
    ],
  ],
};

describe.each(watchGuaranteeNames)('%s', (name) => {
  const [guarantee] = watchGuarantees.filter((one) => one.name === name);

  test.each(tables[name])('%s', (_, given, expected) => {
    const [verdict] = judgeWatches(history(given), [guarantee!]);
    if (expected instanceof RegExp) {
      expect(verdict!.state).toBe('broken');
      const [first] = verdict!.state === 'broken' ? verdict!.violations : [];
      expect(first).toMatchObject({
        guarantee: name,
        watcher: 'w',
        summary: expect.stringMatching(expected),
      });
    } else expect(verdict).toMatchObject({ guarantee: name, state: expected });
  });

  const rowsThat = (of: (expected: Row[2]) => boolean) =>
    tables[name].filter(([, , expected]) => of(expected));
  atLeastSix(
    'watch',
    'accepted',
    rowsThat((expected) => expected === 'kept'),
  );
  atLeastSix(
    'watch',
    'rejected',
    rowsThat((expected) => expected instanceof RegExp),
  );
  test('has a history that shows nothing', () => {
    expect(rowsThat((expected) => expected === 'unknown')).not.toEqual([]);
  });
});

test('the list has all nine, each under its own name', () => {
  expect(watchGuarantees.map(({ name }) => name)).toEqual([...watchGuaranteeNames]);
});
