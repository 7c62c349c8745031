import { expect, test } from 'vitest';
import { keyHistory, type Step } from '../../harness/checker/key-history.ts';
import type { Model } from '../../harness/checker/model.ts';
import { kv } from '../../harness/checker/models/kv.ts';
import { register } from '../../harness/checker/models/register.ts';
import { deed } from '../../harness/checker/words.ts';
import { type Cluster, decideByZones } from '../../harness/checker/zones.ts';
import type { Operation } from '../../harness/history/operation.ts';
import { info, ok } from './build.ts';

const nameOf = (step: Step | undefined) =>
  step && `${deed(step.operation)} at ${step.operation.invokeNs / 1e6}`;
const tellCluster = ({ writer, first, firstReturn, last, lastCall }: Cluster) =>
  [nameOf(writer), nameOf(first), firstReturn / 1e6, nameOf(last), lastCall / 1e6] as const;

/** `undecided`, `linearizable`, or what stands against it. */
function told(operations: readonly Operation[], model: Model = register) {
  const verdict = decideByZones(keyHistory(model, operations));
  if (verdict.state === 'conflict')
    return { older: tellCluster(verdict.conflict.older), newer: tellCluster(verdict.conflict.newer) };
  if (verdict.state === 'too-early') return { found: nameOf(verdict.found), writer: nameOf(verdict.writer) };
  return verdict.state;
}

test.each<[what: string, operations: Operation[], model?: Model]>([
  ['nothing', []],
  ['reads of nothing', [ok.read(null, 0, 1), ok.read(null, 2, 3)]],
  [
    'writes one after another, each read',
    [ok.write(1, 0, 1), ok.read(1, 2, 3), ok.write(2, 4, 5), ok.read(2, 6, 7)],
  ],
  [
    'a value that is written twice, and not read',
    [ok.write(1, 0, 1), ok.write(1, 2, 3), ok.write(2, 4, 5), ok.read(2, 6, 7)],
  ],
  [
    'an open write that was read',
    [info.write(1, 0, 1), ok.read(1, 2, 3), ok.write(2, 4, 5), ok.read(2, 6, 7)],
  ],
  ['an open write that nobody read', [ok.write(2, 0, 1), info.write(1, 0, 1), ok.read(2, 2, 3)]],
  [
    'the first value, read until the first write is over',
    [ok.read(null, 0, 1), ok.write(1, 2, 9), ok.read(null, 9, 10)],
  ],
  ['a read answered as its write is sent', [ok.read(1, 0, 5), ok.write(1, 5, 6)]],
  ['two values that touch', [ok.write(1, 0, 5), ok.write(2, 2, 5), ok.read(1, 5, 6), ok.read(2, 6, 7)]],
  [
    'a value that lies in the time of another, whose reads were all sent before it was over',
    [ok.write(1, 0, 1), ok.read(1, 10, 11), ok.write(2, 5, 10), ok.read(2, 12, 13)],
  ],
])('zones show that it is right: %s', (_, operations, model) => {
  expect(told(operations, model)).toBe('linearizable');
  expect(told([...operations].reverse(), model)).toBe('linearizable');
});

test.each<[what: string, operations: Operation[], model?: Model]>([
  ['a compare that held', [ok.write(1, 0, 1), ok.cas(1, 2, 2, 3), ok.read(2, 4, 5)]],
  ['a compare that did not hold', [ok.write(1, 0, 1), ok.miss(1, 2, 2, 3)]],
  [
    'a value that is written twice and read',
    [ok.write(1, 0, 1), ok.write(1, 2, 3), ok.write(2, 4, 5), ok.read(1, 6, 7)],
  ],
  ['one that was there before', [ok.write(1, 0, 1), ok.delete(2, 3), ok.read(null, 4, 5)]],
  ['an open write of a value that another wrote', [ok.write(1, 0, 1), info.write(1, 0, 1), ok.read(1, 2, 3)]],
  ['two open writes of a value', [info.write(1, 0, 1), info.write(1, 0, 1), ok.read(1, 2, 3)]],
  ['an append', [ok.append('x', 0, 1), ok.read('y', 2, 3)], kv],
])('zones alone do not tell: %s', (_, operations, model) => {
  expect(told(operations, model)).toBe('undecided');
  expect(told([...operations].reverse(), model)).toBe('undecided');
});

test('a read answered before its write was sent is told with that write', () => {
  const early = [ok.read(1, 0, 4.9), ok.write(1, 5, 6)];
  expect(told(early)).toEqual({ found: 'read 1 at 0', writer: 'write 1 at 5' });
  expect(told([...early, ok.cas(1, 2, 7, 8), ok.miss(7, 8, 9, 10)])).toEqual(told(early));
  expect(told([ok.cas(1, 3, 0, 4), ok.cas(null, 1, 5, 6)])).toEqual({
    found: 'cas 1 to 3 at 0',
    writer: 'cas nothing to 1 at 5',
  });
});

const beginning = [undefined, undefined, Number.NEGATIVE_INFINITY] as const;

test.each<[what: string, operations: Operation[], older: unknown[], newer: unknown[]]>([
  [
    'two values, each seen before and after the other',
    [ok.write(1, 0, 9), ok.write(2, 0, 9.5), ok.read(1, 10, 11), ok.read(2, 12, 13), ok.read(1, 14, 15)],
    ['write 1 at 0', 'write 1 at 0', 9, 'read 1 at 14', 14],
    ['write 2 at 0', 'write 2 at 0', 9.5, 'read 2 at 12', 12],
  ],
  [
    'a write in the time of another',
    [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.read(1, 4, 5)],
    ['write 1 at 0', 'write 1 at 0', 1, 'read 1 at 4', 4],
    ['write 2 at 2', 'write 2 at 2', 3, 'write 2 at 2', 2],
  ],
  [
    'a write in the time of the last of three',
    [
      ok.write(1, 0, 1),
      ok.read(1, 2, 3),
      ok.write(2, 4, 5),
      ok.read(2, 6, 7),
      ok.write(3, 8, 9),
      ok.write(4, 10, 11),
      ok.read(3, 12, 13),
    ],
    ['write 3 at 8', 'write 3 at 8', 9, 'read 3 at 12', 12],
    ['write 4 at 10', 'write 4 at 10', 11, 'write 4 at 10', 10],
  ],
  [
    'a write in the time of the first of three',
    [
      ok.write(1, 0, 1),
      ok.write(4, 2, 3),
      ok.read(1, 4, 5),
      ok.write(2, 6, 7),
      ok.read(2, 8, 9),
      ok.write(3, 10, 11),
      ok.read(3, 12, 13),
    ],
    ['write 1 at 0', 'write 1 at 0', 1, 'read 1 at 4', 4],
    ['write 4 at 2', 'write 4 at 2', 3, 'write 4 at 2', 2],
  ],
  [
    'the second of three and the third',
    [
      ok.write(1, 0, 1),
      ok.read(1, 2, 3),
      ok.write(2, 4, 5),
      ok.write(3, 4, 6),
      ok.read(3, 7, 8),
      ok.read(2, 9, 10),
    ],
    ['write 2 at 4', 'write 2 at 4', 5, 'read 2 at 9', 9],
    ['write 3 at 4', 'write 3 at 4', 6, 'read 3 at 7', 7],
  ],
  [
    'a read of nothing after a write',
    [ok.write(1, 0, 1), ok.read(null, 2, 3)],
    [...beginning, 'read nothing at 2', 2],
    ['write 1 at 0', 'write 1 at 0', 1, 'write 1 at 0', 0],
  ],
  [
    'an open write: who found it first is its witness',
    [info.write(1, 0, 1), ok.read(1, 6, 9), ok.read(1, 5, 6), ok.read(null, 7, 8)],
    [...beginning, 'read nothing at 7', 7],
    ['write 1 at 0', 'read 1 at 5', 6, 'read 1 at 6', 6],
  ],
  [
    'what a compare found, beside what another wrote',
    [ok.write(1, 0, 1), ok.write(3, 2, 3), ok.cas(1, 2, 4, 5)],
    ['write 1 at 0', 'write 1 at 0', 1, 'cas 1 to 2 at 4', 4],
    ['write 3 at 2', 'write 3 at 2', 3, 'write 3 at 2', 2],
  ],
  [
    'two written values although a third was written twice',
    [
      ok.write(3, 0, 1),
      ok.write(3, 0, 1),
      ok.read(3, 0, 1),
      ok.write(1, 2, 3),
      ok.write(2, 4, 5),
      ok.read(1, 6, 7),
    ],
    ['write 1 at 2', 'write 1 at 2', 3, 'read 1 at 6', 6],
    ['write 2 at 4', 'write 2 at 4', 5, 'write 2 at 4', 4],
  ],
])('a conflict is shown with who came first and who came last: %s', (_, operations, older, newer) => {
  expect(told(operations)).toEqual({ older, newer });
  expect(told([...operations].reverse())).toEqual({ older, newer });
});
