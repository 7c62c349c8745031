import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultBudget } from '../../harness/checker/checker.ts';
import { convergence } from '../../harness/checker/convergence.ts';
import { lostWrites } from '../../harness/checker/lost-writes.ts';
import { progress } from '../../harness/checker/progress.ts';
import { monotonicReads, readYourWrites } from '../../harness/checker/session.ts';
import { staleness } from '../../harness/checker/staleness.ts';
import type { FaultWindow, Grade, Operation } from '../../harness/history/operation.ts';
import { fail, info, ok } from './build.ts';
import { generate } from './generate.ts';
import { type Expected, histories, table } from './table.ts';

const linearizable = { grade: 'linearizable' as const };
const session = { grade: 'session' as const };
const eventual = { grade: 'eventual' as const };
const final = { ...linearizable, final: true as const };
const s1 = { instance: 's1' };
const s2 = { instance: 's2' };

describe('lost writes, in real time', () => {
  table(lostWrites('real-time'), [
    ['the last write remains', [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.read(2, 90, 91, final)], 'valid'],
    [
      'one of two concurrent writes remains',
      [ok.write(1, 0, 5), ok.write(2, 3, 8), ok.read(1, 90, 91, final)],
      'valid',
    ],
    [
      'an open write may have come last',
      [info.write(1, 0, 1), ok.write(2, 2, 3), ok.read(1, 90, 91, final)],
      'valid',
    ],
    [
      'an open delete may have come last',
      [info.delete(0, 1), ok.write(2, 2, 3), ok.read(null, 90, 91, final)],
      'valid',
    ],
    [
      'a write that was sent when another was acknowledged may come before it',
      [ok.write(1, 0, 2), ok.write(2, 2, 3), ok.read(1, 90, 91, final)],
      'valid',
    ],
    [
      'revisions that contradict the clock are no witness',
      [
        ok.write(1, 0, 1, { revision: 9 }),
        ok.write(2, 2, 3, { revision: 5 }),
        ok.read(2, 90, 91, { ...final, revision: 5 }),
      ],
      'valid',
    ],
    [
      'one of two final reads lacks the last write',
      [
        ok.write(1, 0, 1),
        ok.write(2, 2, 3),
        ok.read(1, 90, 91, { ...final, ...s1 }),
        ok.read(2, 92, 93, { ...final, ...s2 }),
      ],
      'valid',
    ],
    [
      'the last write was there at the end, and then was not',
      [
        ok.write(1, 0, 1),
        ok.write(2, 2, 3),
        ok.read(2, 90, 91, { ...final, ...s1 }),
        ok.read(1, 90, 91, { ...final, ...s2 }),
        ok.read(1, 92, 93, { ...final, ...s1 }),
        ok.read(1, 92, 93, { ...final, ...s2 }),
      ],
      /write 2 .*is lost/,
    ],
    [
      'a key that nobody could read at the end',
      [
        ok.write(1, 0, 1),
        ok.write(5, 0, 1, { key: 'b' }),
        ok.read(1, 90, 91, final),
        fail.read(null, 90, 91, { ...final, key: 'b' }),
      ],
      { unknown: /no final linearizable read of b succeeded/ },
    ],
    [
      'a weaker read where the strongest failed',
      [
        ok.write(1, 0, 1),
        ok.write(2, 2, 3),
        fail.read(null, 90, 91, final),
        ok.read(1, 90, 91, { ...session, final: true }),
        ok.write(5, 0, 1, { key: 'b' }),
        ok.read(5, 90, 91, { ...final, key: 'b' }),
      ],
      { unknown: /no final linearizable read of k succeeded/ },
    ],
    ['a delete came last', [ok.write(1, 0, 1), ok.delete(2, 3), ok.read(null, 90, 91, final)], 'valid'],
    [
      'a compare that held came last',
      [ok.write(1, 0, 1), ok.cas(1, 2, 2, 3), ok.read(2, 90, 91, final)],
      'valid',
    ],
    [
      'a compare that did not hold wrote nothing',
      [ok.write(1, 0, 1), ok.miss(9, 2, 2, 3), ok.read(1, 90, 91, final)],
      'valid',
    ],
    [
      'a refused write wrote nothing',
      [ok.write(1, 0, 1), fail.write(2, 2, 3), ok.read(1, 90, 91, final)],
      'valid',
    ],
    [
      'a weaker final read lacks it, but not the strongest',
      [
        ok.write(1, 0, 1),
        ok.write(2, 2, 3),
        ok.read(1, 90, 91, { ...eventual, final: true }),
        ok.read(2, 90, 91, final),
      ],
      'valid',
    ],
    [
      'the write before the last remains',
      [ok.write(1, 0, 1), ok.write(2, 2, 3, { process: 7 }), ok.read(1, 90, 91, final)],
      /^k: write 2 by process 7 \(sent 2 ms, acknowledged 3 ms\) is lost: the final read 1 .*, left by the earlier write 1/,
    ],
    [
      'nothing remains',
      [ok.write(1, 0, 1), ok.read(null, 90, 91, final)],
      /write 1 .* is lost: the final read nothing/,
    ],
    [
      'a delete that came first remains',
      [ok.delete(0, 1), ok.write(2, 2, 3), ok.read(null, 90, 91, final)],
      /write 2 .* is lost/,
    ],
    [
      'what was deleted remains',
      [ok.write(1, 0, 1), ok.delete(2, 3), ok.read(1, 90, 91, final)],
      /delete .* is lost/,
    ],
    [
      'a compare that held is gone',
      [ok.write(1, 0, 1), ok.cas(1, 2, 2, 3), ok.read(1, 90, 91, final)],
      /cas 1 to 2 .* is lost/,
    ],
    [
      'what nobody wrote remains',
      [ok.write(1, 0, 1), ok.read(9, 90, 91, final)],
      /write 1 .* is lost: the final read 9 .* which nobody had written/,
    ],
    [
      'the revisions tell the order of two concurrent writes',
      [ok.write(1, 0, 5, { revision: 4 }), ok.write(2, 3, 8, { revision: 5 }), ok.read(1, 90, 91, final)],
      /write 2 .* is lost/,
    ],
    [
      'many are gone',
      [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.write(3, 4, 5), ok.read(1, 90, 91, final)],
      /write 3 .* is lost \(the last of 2 acknowledged writes that are missing\)/,
    ],
    ['no final read', [ok.write(1, 0, 1), ok.read(1, 2, 3)], { unknown: /no final read succeeded/ }],
    [
      'final reads that all failed',
      [ok.write(1, 0, 1), fail.read(null, 90, 91, final)],
      { unknown: /no final read succeeded/ },
    ],
    [
      'no acknowledged write',
      [info.write(1, 0, 1), ok.read(1, 90, 91, final)],
      { unknown: /no write was acknowledged/ },
    ],
  ]);
});

describe('lost writes, in the order of one instance', () => {
  histories(lostWrites('per-instance'), [
    [
      'the last write of the instance remains',
      [ok.write(1, 0, 1, s1), ok.write(2, 2, 3, s1), ok.read(2, 90, 91, final)],
      'valid',
    ],
    [
      'the earlier write of another instance remains',
      [ok.write(1, 0, 1, s1), ok.write(2, 2, 3, s2), ok.read(1, 90, 91, final)],
      'valid',
    ],
    [
      'what no instance is named for has no order',
      [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.read(1, 90, 91, final)],
      'valid',
    ],
    [
      'a delete by another instance',
      [ok.delete(0, 1, s2), ok.write(2, 2, 3, s1), ok.read(null, 90, 91, final)],
      'valid',
    ],
    [
      'the write before the last of the instance remains',
      [ok.write(1, 0, 1, s1), ok.write(2, 2, 3, s1), ok.read(1, 90, 91, final)],
      /write 2 .* is lost/,
    ],
    ['nothing remains', [ok.write(1, 0, 1, s1), ok.read(null, 90, 91, final)], /write 1 .* is lost/],
    [
      'what the first instance wrote first remains',
      [ok.write(1, 0, 1, s1), ok.write(2, 2, 3, s1), ok.write(3, 2, 3, s2), ok.read(1, 90, 91, final)],
      /write 2 .* is lost/,
    ],
  ]);
});

describe('staleness of at most 100 ms', () => {
  table(staleness({ grade: 'eventual', maxStaleMs: 100, order: 'real-time' }), [
    ['the newest value', [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.read(2, 200, 201, eventual)], 'valid'],
    [
      'overwritten just before',
      [ok.write(1, 0, 1), ok.write(2, 150, 160), ok.read(1, 200, 201, eventual)],
      'valid',
    ],
    [
      'of two that were sent at one time the revisions tell which came last, whoever was sent later',
      [
        ok.write(2, 0, 10, { revision: 5 }),
        ok.write(1, 1, 9, { revision: 4 }),
        ok.read(1, 200, 201, { ...eventual, revision: 4 }),
      ],
      /read 1 .*overwritten by write 2/,
    ],
    [
      'a revision that contradicts the clock is no witness',
      [
        ok.write(2, 0, 1, { revision: 9 }),
        ok.write(3, 20, 21),
        ok.read(3, 200, 201, { ...eventual, revision: 5 }),
      ],
      'valid',
    ],
    [
      'overwritten exactly as long ago as is allowed',
      [ok.write(1, 0, 1), ok.write(2, 50, 100), ok.read(1, 200, 201, eventual)],
      'valid',
    ],
    [
      'marked stale',
      [
        ok.write(1, 0, 1),
        ok.write(2, 2, 3),
        ok.read(1, 200, 201, { ...eventual, cache: 'stale' }),
        ok.read(2, 300, 301, eventual),
      ],
      'valid',
    ],
    [
      'another grade',
      [ok.write(1, 0, 1), ok.write(2, 2, 3), ok.read(1, 200, 201, session), ok.read(2, 300, 301, eventual)],
      'valid',
    ],
    [
      'concurrent writes may stand in either order',
      [ok.write(1, 0, 5), ok.write(2, 3, 8), ok.read(1, 200, 201, eventual)],
      'valid',
    ],
    [
      'overwritten only by a write that may not have happened',
      [ok.write(1, 0, 1), info.write(2, 2, 3), ok.read(1, 200, 201, eventual)],
      'valid',
    ],
    [
      'nothing, where a delete may have happened since',
      [ok.write(1, 0, 1), info.delete(2, 3), ok.read(null, 200, 201, eventual)],
      'valid',
    ],
    [
      'a write that may have happened late',
      [info.write(1, 0, 1), ok.write(2, 2, 3), ok.read(1, 200, 201, eventual)],
      'valid',
    ],
    [
      'overwritten long ago',
      [
        ok.write(1, 0, 1),
        ok.write(2, 2, 3, { process: 5 }),
        ok.read(1, 204, 205, { ...eventual, ...s2, cache: 'hit' }),
      ],
      /^k: eventual read 1 by process 0 at 204 ms \(s2, hit\), but that had been overwritten by write 2 by process 5 .*, 201 ms before it was sent; 100 ms are allowed$/,
    ],
    [
      'deleted long ago',
      [ok.write(1, 0, 1), ok.delete(2, 3), ok.read(1, 200, 201, eventual)],
      /overwritten by delete/,
    ],
    [
      'nothing long after a write',
      [ok.write(1, 0, 1), ok.read(null, 200, 201, eventual)],
      /read nothing .* overwritten by write 1/,
    ],
    [
      'what nobody wrote',
      [ok.write(1, 0, 1), ok.read(5, 200, 201, eventual)],
      /read 5 .* but nobody had written 5/,
    ],
    [
      'what was written only later',
      [ok.write(1, 0, 1), ok.read(5, 200, 201, eventual), ok.write(5, 300, 301)],
      /nobody had written 5/,
    ],
    [
      'what was refused',
      [ok.write(1, 0, 1), fail.write(5, 2, 3), ok.read(5, 200, 201, eventual)],
      /nobody had written 5/,
    ],
    [
      'concurrent writes whose revisions tell their order',
      [
        ok.write(1, 0, 5, { revision: 4 }),
        ok.write(2, 3, 8, { revision: 5 }),
        ok.read(1, 200, 201, eventual),
      ],
      /overwritten by write 2/,
    ],
    [
      'an open write whose revision the read tells',
      [
        info.write(1, 0, 1),
        ok.write(2, 2, 3, { revision: 5 }),
        ok.read(1, 200, 201, { ...eventual, revision: 4 }),
      ],
      /overwritten by write 2/,
    ],
    [
      'only reads marked stale',
      [ok.write(1, 0, 1), ok.read(1, 2, 3, { ...eventual, cache: 'stale' })],
      { unknown: /no eventual read succeeded/ },
    ],
    ['no write', [ok.read(null, 2, 3, eventual)], { unknown: /no write was acknowledged/ }],
  ]);

  describe('where only the writes of one instance are ordered', () => {
    histories(staleness({ grade: 'eventual', maxStaleMs: 100, order: 'per-instance' }), [
      [
        'overwritten through another instance',
        [ok.write(1, 0, 1, s1), ok.write(2, 2, 3, s2), ok.read(1, 200, 201, eventual)],
        'valid',
      ],
      [
        'overwritten through the same instance',
        [ok.write(1, 0, 1, s1), ok.write(3, 2, 3, s2), ok.write(2, 2, 3, s1), ok.read(1, 200, 201, eventual)],
        /overwritten by write 2/,
      ],
    ]);
  });
});

const me = { process: 1 };
const you = { process: 2 };

describe('read your writes', () => {
  table(readYourWrites({ grade: 'session', order: 'real-time' }), [
    ['its own write', [ok.write(1, 0, 1, me), ok.read(1, 2, 3, { ...me, ...session })], 'valid'],
    [
      'a later write of another',
      [ok.write(1, 0, 1, me), ok.write(2, 2, 3, you), ok.read(2, 4, 5, { ...me, ...session })],
      'valid',
    ],
    [
      'a concurrent write of another',
      [ok.write(2, 0, 9, you), ok.write(1, 1, 2, me), ok.read(2, 4, 5, { ...me, ...session })],
      'valid',
    ],
    [
      'what another reads is its own affair',
      [
        ok.write(1, 0, 1, you),
        ok.write(2, 2, 3, me),
        ok.read(1, 4, 5, { ...you, ...session }),
        ok.read(2, 4, 5, { ...me, ...session }),
      ],
      'valid',
    ],
    [
      'another grade',
      [
        ok.write(1, 0, 1, me),
        ok.read(null, 2, 3, { ...me, ...eventual }),
        ok.read(1, 4, 5, { ...me, ...session }),
      ],
      'valid',
    ],
    [
      'its own delete',
      [ok.write(1, 0, 1, you), ok.delete(2, 3, me), ok.read(null, 4, 5, { ...me, ...session })],
      'valid',
    ],
    [
      'another key',
      [
        ok.write(1, 0, 1, { ...me, key: 'b' }),
        ok.read(1, 2, 3, { ...me, ...session, key: 'b' }),
        ok.read(null, 4, 5, { ...me, ...session }),
      ],
      'valid',
    ],
    [
      'an older write of another',
      [ok.write(1, 0, 1, you), ok.write(2, 2, 3, me), ok.read(1, 4, 5, { ...me, ...session })],
      /^k: session read 1 by process 1 at 4 ms, although the process itself had done the later write 2 by process 1/,
    ],
    [
      'nothing after its own write',
      [ok.write(1, 0, 1, me), ok.read(null, 2, 3, { ...me, ...session })],
      /read nothing .* the later write 1/,
    ],
    [
      'what it deleted itself',
      [ok.write(1, 0, 1, me), ok.delete(2, 3, me), ok.read(1, 4, 5, { ...me, ...session })],
      /the later delete/,
    ],
    [
      'its own older write',
      [ok.write(1, 0, 1, me), ok.write(2, 2, 3, me), ok.read(1, 4, 5, { ...me, ...session })],
      /the later write 2/,
    ],
    [
      'before its own compare that held',
      [ok.write(1, 0, 1, you), ok.cas(1, 2, 2, 3, me), ok.read(1, 4, 5, { ...me, ...session })],
      /the later cas 1 to 2/,
    ],
    [
      'a concurrent write that the revisions show as older',
      [
        ok.write(2, 0, 9, { ...you, revision: 3 }),
        ok.write(1, 1, 2, { ...me, revision: 4 }),
        ok.read(2, 4, 5, { ...me, ...session }),
      ],
      /the later write 1/,
    ],
    [
      'what nobody had written',
      [ok.write(1, 0, 1, me), ok.read(9, 2, 3, { ...me, ...session })],
      /session read 9 .*but nobody had written 9/,
    ],
    [
      'what a write had written that certainly did not happen',
      [ok.write(1, 0, 1, me), fail.write(9, 2, 3, you), ok.read(9, 4, 5, { ...me, ...session })],
      /nobody had written 9/,
    ],
    [
      'what was written only later',
      [ok.write(1, 0, 1, me), ok.read(2, 2, 3, { ...me, ...session }), ok.write(2, 4, 5, you)],
      /nobody had written 2/,
    ],
    [
      'nobody read what it wrote',
      [ok.write(1, 0, 1, me), ok.read(1, 2, 3, { ...you, ...session })],
      { unknown: /no process read at grade session/ },
    ],
  ]);
});

describe('monotonic reads', () => {
  const mine = { ...me, ...session };
  const writes = [ok.write(1, 0, 1, you), ok.write(2, 2, 3, you)];
  table(monotonicReads({ grade: 'session', order: 'real-time' }), [
    ['forward', [...writes, ok.read(1, 4, 5, mine), ok.read(2, 6, 7, mine)], 'valid'],
    ['the same again', [...writes, ok.read(1, 4, 5, mine), ok.read(1, 6, 7, mine)], 'valid'],
    ['from nothing to something', [...writes, ok.read(null, 4, 5, mine), ok.read(1, 6, 7, mine)], 'valid'],
    [
      'between concurrent writes',
      [ok.write(1, 0, 3, you), ok.write(2, 0, 3, you), ok.read(2, 4, 5, mine), ok.read(1, 6, 7, mine)],
      'valid',
    ],
    [
      'two processes',
      [...writes, ok.read(2, 4, 5, mine), ok.read(1, 6, 7, { ...you, ...session }), ok.read(2, 8, 9, mine)],
      'valid',
    ],
    [
      'a write that may have happened late',
      [info.write(1, 0, 1, you), ok.write(2, 2, 3, you), ok.read(2, 4, 5, mine), ok.read(1, 6, 7, mine)],
      'valid',
    ],
    [
      'nothing, where a delete may have happened',
      [...writes, info.delete(4, 5, you), ok.read(2, 6, 7, mine), ok.read(null, 8, 9, mine)],
      'valid',
    ],
    [
      'back',
      [...writes, ok.read(2, 4, 5, mine), ok.read(1, 6, 7, mine)],
      /^k: session read 1 by process 1 at 6 ms, although the process had already made the read 2 .*newer value/,
    ],
    ['back to nothing', [...writes, ok.read(2, 4, 5, mine), ok.read(null, 6, 7, mine)], /read nothing/],
    [
      'back after a while',
      [...writes, ok.read(2, 4, 5, mine), ok.read(2, 6, 7, mine), ok.read(1, 8, 9, mine)],
      /read 1/,
    ],
    [
      'back to what was deleted',
      [
        ok.write(1, 0, 1, you),
        ok.delete(2, 3, you),
        ok.write(2, 4, 5, you),
        ok.read(2, 6, 7, mine),
        ok.read(1, 8, 9, mine),
      ],
      /read 1/,
    ],
    [
      'back to what a compare replaced',
      [ok.write(1, 0, 1, you), ok.cas(1, 2, 2, 3, you), ok.read(2, 4, 5, mine), ok.read(1, 6, 7, mine)],
      /read 1/,
    ],
    [
      'back by the revisions that the reads tell',
      [
        info.write(1, 0, 9, you),
        info.write(2, 0, 9, { process: 3 }),
        ok.read(2, 4, 5, { ...mine, revision: 9 }),
        ok.read(1, 6, 7, { ...mine, revision: 8 }),
      ],
      /read 1/,
    ],
    [
      'nobody read twice',
      [...writes, ok.read(2, 4, 5, mine)],
      { unknown: /no process read a key twice at grade session/ },
    ],
    [
      'what nobody had written, after a value that somebody had',
      [ok.write(1, 0, 1, you), ok.read(1, 2, 3, mine), ok.read(9, 4, 5, mine), ok.read(1, 6, 7, mine)],
      /nobody had written 9/,
    ],
  ]);
});

describe('convergence', () => {
  const at = (instance: string, grade: Grade = 'linearizable') => ({ instance, grade, final: true as const });
  table(convergence, [
    [
      'both read the same',
      [ok.write(1, 0, 1), ok.read(1, 90, 91, at('s1')), ok.read(1, 90, 91, at('s2'))],
      'valid',
    ],
    [
      'both read nothing',
      [ok.write(1, 0, 1), ok.read(null, 90, 91, at('s1')), ok.read(null, 90, 91, at('s2'))],
      'valid',
    ],
    [
      'all grades read the same',
      [ok.read(1, 90, 91, at('s1')), ok.read(1, 90, 91, at('s1', 'eventual')), ok.read(1, 90, 91, at('s2'))],
      'valid',
    ],
    [
      'two keys',
      [
        ok.read(1, 90, 91, at('s1')),
        ok.read(1, 90, 91, at('s2')),
        ok.read(2, 90, 91, { ...at('s1'), key: 'b' }),
        ok.read(2, 90, 91, { ...at('s2'), key: 'b' }),
      ],
      'valid',
    ],
    [
      'the last final read counts',
      [ok.read(1, 90, 91, at('s1')), ok.read(2, 94, 95, at('s1')), ok.read(2, 92, 93, at('s2'))],
      'valid',
    ],
    [
      'reads during the load may differ',
      [
        ok.read(1, 5, 6, s1),
        ok.read(2, 5, 6, s2),
        ok.read(2, 90, 91, at('s1')),
        ok.read(2, 90, 91, at('s2')),
      ],
      'valid',
    ],
    [
      'an open write arrives between the reads',
      [info.write(2, 0, 1), ok.read(1, 90, 91, at('s1')), ok.read(2, 92, 93, at('s2'))],
      'valid',
    ],
    [
      'two open writes arrive one after the other',
      [
        ok.write(1, 0, 1),
        info.write(2, 2, 3),
        info.write(3, 2, 3),
        ok.read(1, 90, 91, at('s1')),
        ok.read(2, 92, 93, at('s2')),
        ok.read(3, 94, 95, at('s2', 'eventual')),
        ok.read(3, 94, 95, at('s1', 'eventual')),
      ],
      'valid',
    ],
    [
      'an open delete arrives where an earlier delete was acknowledged',
      [
        ok.delete(0, 1),
        ok.write(1, 2, 3),
        info.delete(4, 5),
        ok.read(1, 90, 91, at('s1')),
        ok.read(null, 92, 93, at('s2')),
      ],
      'valid',
    ],
    [
      'an open write arrives where two instances had their own order',
      [
        ok.write(1, 0, 1, s1),
        ok.write(2, 2, 3, s2),
        info.write(3, 4, 5),
        ok.read(1, 90, 91, at('s1')),
        ok.read(3, 92, 93, at('s2')),
      ],
      'valid',
    ],
    [
      'an open compare that cannot hold explains nothing',
      [ok.write(1, 0, 1), info.cas(7, 2, 2, 3), ok.read(1, 90, 91, at('s1')), ok.read(2, 92, 93, at('s2'))],
      /the final reads differ/,
    ],
    [
      'one open write does not arrive twice',
      [
        ok.write(1, 0, 1),
        info.write(2, 2, 3),
        ok.read(2, 90, 91, at('s1')),
        ok.read(1, 92, 93, at('s2')),
        ok.read(2, 94, 95, at('s1', 'eventual')),
      ],
      /the final reads differ/,
    ],
    [
      'a key that one instance did not read',
      [
        ok.write(1, 0, 1),
        ok.write(5, 0, 1, { key: 'b' }),
        ok.read(1, 90, 91, at('s1')),
        ok.read(1, 90, 91, at('s2')),
        ok.read(5, 90, 91, { ...at('s1'), key: 'b' }),
        fail.read(null, 90, 91, { ...at('s2'), key: 'b' }),
      ],
      { unknown: /^b: no final linearizable read at s2 succeeded/ },
    ],
    [
      'a key of which one grade was never answered',
      [
        ok.write(1, 0, 1),
        ok.read(1, 90, 91, at('s1')),
        ok.read(1, 90, 91, at('s2')),
        ok.read(1, 90, 91, at('s1', 'eventual')),
        fail.read(null, 90, 91, at('s2', 'eventual')),
      ],
      { unknown: /no final eventual read at s2 succeeded/ },
    ],
    [
      'two instances differ',
      [ok.write(2, 0, 1), ok.read(1, 90, 91, at('s1')), ok.read(2, 92, 93, at('s2'))],
      /^k: the final reads differ: 1 at s1 \(linearizable\), 2 at s2 \(linearizable\)/,
    ],
    [
      'one reads nothing',
      [ok.read(1, 90, 91, at('s1')), ok.read(null, 92, 93, at('s2'))],
      /1 at s1 .*nothing at s2/,
    ],
    [
      'grades differ',
      [ok.read(1, 90, 91, at('s1')), ok.read(1, 90, 91, at('s2')), ok.read(3, 90, 91, at('s2', 'eventual'))],
      /3 at s2 \(eventual\)/,
    ],
    [
      'a third instance differs',
      [ok.read(1, 90, 91, at('s1')), ok.read(1, 90, 91, at('s2')), ok.read(3, 90, 91, at('s3'))],
      /3 at s3/,
    ],
    [
      'an open write arrives and goes again',
      [info.write(2, 0, 1), ok.read(2, 90, 91, at('s1')), ok.read(1, 92, 93, at('s2'))],
      /the final reads differ/,
    ],
    [
      'two open writes arrive, and the first is read again after the second: it cannot arrive twice',
      [
        info.write(2, 2, 3),
        info.write(3, 4, 5),
        ok.read(2, 90, 91, at('s1')),
        ok.read(3, 92, 93, at('s2')),
        ok.read(2, 94, 95, at('s2', 'session')),
      ],
      /the final reads differ/,
    ],
    [
      'an open delete arrives where an earlier one was acknowledged',
      [
        ok.delete(0, 1),
        ok.write(1, 2, 3),
        info.delete(4, 5),
        ok.read(1, 90, 91, at('s1')),
        ok.read(null, 92, 93, at('s2')),
      ],
      'valid',
    ],
    [
      'nothing was there, an open write arrives, and then the open delete',
      [
        info.write(1, 2, 3),
        info.delete(4, 5),
        ok.read(null, 90, 91, at('s1')),
        ok.read(1, 92, 93, at('s2')),
        ok.read(null, 94, 95, at('s2', 'session')),
      ],
      'valid',
    ],
    [
      'another key differs',
      [
        ok.read(1, 90, 91, at('s1')),
        ok.read(1, 90, 91, at('s2')),
        ok.read(2, 90, 91, { ...at('s1'), key: 'b' }),
        ok.read(3, 90, 91, { ...at('s2'), key: 'b' }),
      ],
      /^b: the final reads differ/,
    ],
    [
      'only one instance',
      [ok.read(1, 90, 91, at('s1'))],
      { unknown: /no key was read at the end on two instances/ },
    ],
    [
      'an instance that did not answer',
      [ok.read(1, 90, 91, at('s1')), ok.read(1, 90, 91, at('s2')), fail.read(null, 90, 91, at('s3'))],
      { unknown: /no final read succeeded at s3/ },
    ],
    ['no final read', [ok.read(1, 0, 1, s1)], { unknown: /no final read succeeded/ }],
  ]);
});

describe('progress within 100 ms', () => {
  const fault: FaultWindow = {
    nemesis: 'partition',
    sentence: 'm1 was cut off',
    targets: ['m1'],
    fromNs: 0,
    toNs: 100e6,
  };
  /** One read each 10 ms. */
  const reads = (fromMs: number, toMs: number, make = ok, more = {}) =>
    Array.from({ length: (toMs - fromMs) / 10 }, (_, i) =>
      make.read(1, fromMs + i * 10, fromMs + i * 10 + 5, more),
    );
  const rows: [name: string, operations: Operation[], expected: Expected][] = [
    ['works all the time', reads(0, 400), 'valid'],
    ['fails during the fault', [...reads(0, 100, fail), ...reads(100, 400)], 'valid'],
    ['fails for most of the time allowed', [...reads(0, 180, fail), ...reads(180, 400)], 'valid'],
    ['one failure afterwards', [...reads(100, 300), fail.read(null, 300, 301), ...reads(310, 400)], 'valid'],
    ['a kind that was not tried again', [ok.write(1, 0, 1), ...reads(0, 400)], 'valid'],
    [
      'a kind that was hardly tried in time, and then worked',
      [...reads(0, 400), info.write(1, 120, 130), ok.write(1, 210, 220)],
      'valid',
    ],
    ['final reads are not counted', [...reads(100, 400), ...reads(400, 500, fail, { final: true })], 'valid'],
    [
      'never works again',
      reads(0, 400, info),
      /no read succeeded within 100 ms after the last fault healed \(100 ms\): 10 tried, 0 ok, 0 fail, 10 info/,
    ],
    [
      'a kind that was sent in time and answered only later',
      [...reads(0, 400), ...Array.from({ length: 5 }, (_, i) => ok.write(i, 160 + i, 250 + i))],
      /^no write succeeded within 100 ms/,
    ],
    ['works again too late', [...reads(0, 220, fail), ...reads(220, 400)], /no read succeeded within 100 ms/],
    [
      'a kind that does not',
      [...reads(0, 400), ...Array.from({ length: 5 }, (_, i) => fail.write(i, 160 + i, 161 + i))],
      /^no write succeeded within 100 ms/,
    ],
    [
      'a kind that was tried only right after the heal, and then worked',
      [
        ...reads(0, 400),
        ...Array.from({ length: 5 }, (_, i) => fail.write(i, 110 + i, 111 + i)),
        ok.write(9, 210, 220),
      ],
      'valid',
    ],
    [
      'a kind that was tried only right after the heal, and did not work later',
      [
        ...reads(0, 400),
        ...Array.from({ length: 5 }, (_, i) => fail.write(i, 110 + i, 111 + i)),
        fail.write(9, 210, 220),
      ],
      /^no write succeeded within 100 ms/,
    ],
    [
      'an instance that does not',
      [...reads(0, 400, ok, s1), ...reads(0, 400, fail, s2)],
      /^no read at s2 succeeded/,
    ],
    [
      'a grade that does not',
      [...reads(0, 400, ok, eventual), ...reads(0, 400, fail, linearizable)],
      /^no linearizable read succeeded/,
    ],
    [
      'works again, but badly',
      [...reads(0, 300), ...reads(300, 400, fail)],
      /only 50.0 % of 20 operations succeeded from 100 ms after .* \(10 ok, 10 fail, 0 info\); at least 99 % should/,
    ],
    [
      'the load ended before',
      reads(0, 150),
      { unknown: /no operation was sent later than 100 ms after the last fault healed/ },
    ],
    ['no operation', [ok.read(1, 90, 91, final)], { unknown: /no operation was sent/ }],
  ];
  table(
    progress(100),
    rows.map(([name, operations, expected]) => [name, { operations, faults: [fault] }, expected]),
  );

  it('is held from the beginning on where there was no fault', () => {
    const check = (operations: Operation[]) =>
      progress(100).check({ operations, faults: [] }, defaultBudget).valid;
    expect(check(reads(0, 400))).toBe(true);
    expect(check([...reads(0, 300), ...reads(300, 400, fail)])).toBe(false);
  });

  it('is unknown when a fault was never healed', () => {
    const faults = [{ ...fault, toNs: Number.POSITIVE_INFINITY }];
    expect(progress(100).check({ operations: reads(0, 400), faults }, defaultBudget)).toMatchObject({
      valid: 'unknown',
      reason: 'partition was never healed',
    });
  });
});

describe('a law', () => {
  it('what a linearizable register did breaks none of them, whatever it is called', () => {
    const grade: Grade = 'session';
    const checkers = [
      staleness({ grade, maxStaleMs: 0, order: 'real-time' }),
      readYourWrites({ grade, order: 'real-time' }),
      monotonicReads({ grade, order: 'real-time' }),
      lostWrites('real-time'),
    ];
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom(undefined, 3),
        fc.boolean(),
        (seed, clients, values, revisions) => {
          const mix = { read: 4, write: 2, cas: 1, delete: 0.5 };
          const operations: Operation[] = generate({
            seed,
            clients,
            keys: 2,
            operations: 120,
            mix,
            infoShare: 0.1,
            values,
            revisions,
          }).map((operation) =>
            operation.f === 'read'
              ? { ...operation, grade, instance: 's1' }
              : { ...operation, instance: 's1' },
          );
          // The last read of each key is what remains, if nothing was sent since.
          for (const key of ['k0', 'k1']) {
            const ofKey = operations.filter((one) => one.key === key);
            const read = ofKey.at(-1);
            if (read?.f !== 'read' || read.outcome !== 'ok') continue;
            if (ofKey.every((one) => one === read || one.f === 'read' || one.returnNs < read.invokeNs)) {
              operations[operations.indexOf(read)] = { ...read, final: true };
            }
          }
          for (const checker of checkers) {
            const verdict = checker.check({ operations, faults: [] }, defaultBudget);
            expect(verdict.valid === false ? verdict.violations[0] : undefined).toBeUndefined();
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
