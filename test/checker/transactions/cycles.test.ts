import { expect, test } from 'vitest';
import { findCycles } from '../../../harness/checker/transactions/cycles.ts';
import { edgeKinds, GraphBuilder } from '../../../harness/checker/transactions/graph.ts';

type Kind = keyof typeof edgeKinds;
type Order = Parameters<typeof findCycles>[1];

const nameOf = (kind: number) => (Object.keys(edgeKinds) as Kind[]).find((name) => edgeKinds[name] === kind)!;

/** Edges as "0 ww 1, 1 rw 0"; nodes from `transactions` on are helpers. Cycles are told as "G0: 0 ww 1 ww". */
function cycles(transactions: number, text: string, order: Order = 'none', helpers = 0): string[] {
  const builder = new GraphBuilder(transactions);
  for (let i = 0; i < helpers; i++) builder.helper();
  for (const one of text.split(', ').filter(Boolean)) {
    const [from, kind, to] = one.split(' ') as [string, Kind, string];
    builder.edge(Number(from), Number(to), edgeKinds[kind]);
  }
  const graph = builder.build();
  return findCycles(graph, order).map(
    ({ name, steps }) =>
      `${name}: ${steps.map(({ from, edge }) => `${from} ${nameOf(graph.kind[edge]!)}`).join(' ')}`,
  );
}

const ring = (from: number, size: number, kind: Kind) =>
  Array.from({ length: size }, (_, i) => `${from + i} ${kind} ${from + ((i + 1) % size)}`).join(', ');

test.each<[what: string, text: string, found: string[], order?: Order, helpers?: number]>([
  ['nothing', '', []],
  ['a chain', '0 ww 1, 1 wr 2, 2 rw 3', []],
  ['an edge to itself', '0 ww 0', []],
  ['writes alone', '0 ww 1, 1 ww 0', ['G0: 1 ww 0 ww']],
  ['a read on the way back', '0 ww 1, 1 wr 0', ['G1c: 1 wr 0 ww']],
  ['one anti-dependency', '0 rw 1, 1 ww 2, 2 wr 0', ['G-single: 0 rw 1 ww 2 wr']],
  ['two', '0 rw 1, 1 rw 0', ['G2-item: 1 rw 0 rw']],
  ['two, beside a worse one in the same component', '0 rw 1, 1 rw 0, 1 ww 2, 2 ww 1', ['G0: 2 ww 1 ww']],
  [
    'two, and a worse one in another',
    '0 rw 1, 1 rw 0, 2 ww 3, 3 ww 2',
    ['G0: 3 ww 2 ww', 'G2-item: 1 rw 0 rw'],
  ],
  [
    'each class once',
    '0 ww 1, 1 ww 0, 1 wr 0, 0 rw 1',
    ['G0: 1 ww 0 ww', 'G1c: 1 wr 0 ww', 'G-single: 0 rw 1 ww'],
  ],
  ['the smaller of two', '0 ww 1, 1 ww 2, 2 ww 0, 1 ww 0', ['G0: 1 ww 0 ww']],
  ['the smaller of two, told last', '0 ww 1, 1 ww 2, 2 ww 3, 3 ww 0, 3 ww 4, 4 ww 3', ['G0: 4 ww 3 ww']],
  ['the clock, not asked', '0 rw 1, 1 realtime 0', []],
  ['the clock', '0 rw 1, 1 realtime 0', ['G-single-realtime: 0 rw 1 realtime'], 'realtime'],
  ['the clock, and writes', '0 ww 1, 1 realtime 0', ['G0-realtime: 0 ww 1 realtime'], 'realtime'],
  ['the clock, and a read', '0 wr 1, 1 realtime 0', ['G1c-realtime: 0 wr 1 realtime'], 'realtime'],
  [
    'the clock, and two anti-dependencies',
    '0 rw 1, 1 realtime 2, 2 rw 3, 3 realtime 0',
    ['G2-item-realtime: 2 rw 3 realtime 0 rw 1 realtime'],
    'realtime',
  ],
  [
    'the clock, with a cycle in the data',
    '0 rw 1, 1 realtime 0, 1 ww 2, 2 ww 1',
    ['G0: 2 ww 1 ww'],
    'realtime',
  ],
  [
    'the clock, with a cycle elsewhere',
    '0 rw 1, 1 realtime 0, 2 ww 3, 3 ww 2',
    ['G0: 3 ww 2 ww', 'G-single-realtime: 0 rw 1 realtime'],
    'realtime',
  ],
  ['a process, not asked', '0 rw 1, 1 process 0', [], 'realtime'],
  ['a process', '0 rw 1, 1 process 0', ['G-single-process: 0 rw 1 process'], 'process'],
  ['a helper', '0 realtime 4, 4 helper 1, 1 rw 0', ['G-single-realtime: 1 rw 0 realtime'], 'realtime', 1],
  [
    'helpers in a row',
    '0 realtime 4, 4 helper 5, 5 helper 1, 1 rw 2, 2 ww 0',
    ['G-single-realtime: 1 rw 2 ww 0 realtime'],
    'realtime',
    2,
  ],
  [
    'a helper, where the data alone have a cycle',
    '0 realtime 4, 4 helper 5, 5 helper 1, 1 rw 0, 0 ww 2, 2 ww 1',
    ['G-single: 1 rw 0 ww 2 ww'],
    'realtime',
    2,
  ],
])('%s', (_, text, found, order, helpers) => {
  expect(cycles(text.includes('3 ww 4') ? 5 : 4, text, order, helpers)).toEqual(found);
});

test('when its budget is spent on a large component, each other one is still told by some cycle of its own name', () => {
  const size = 2_300;
  const edges = [
    ring(0, size, 'ww'),
    ring(size, 2, 'wr'),
    ring(size + 2, 3, 'rw'),
    `${size + 5} rw ${size + 6}, ${size + 6} realtime ${size + 5}`,
  ];
  const [largest, ...others] = cycles(size + 7, edges.join(', '), 'realtime');
  expect(largest).toMatch(/^G0: (\d+ ww ?){2300}$/);
  expect(others).toEqual([
    `G1c: ${size + 1} wr ${size} wr`,
    `G2-item: ${size + 4} rw ${size + 2} rw ${size + 3} rw`,
    `G-single-realtime: ${size + 6} realtime ${size + 5} rw`,
  ]);
});
