import { type Components, components } from './components.ts';
import { edgeKinds, type Graph, type PathStep } from './graph.ts';
import { PathFinder } from './path-finder.ts';

const { ww, wr, rw, process, realtime } = edgeKinds;

/** Adya's names of the cycles (MIT-LCS-TR-786, 1999), the worst first. */
export type CycleClass = 'G0' | 'G1c' | 'G-single' | 'G2-item';

/** A Cycle is transactions that each came before the next, and the last before the first. */
export interface Cycle {
  /** With what it rests on beside the data, as in `G-single-realtime`. */
  readonly name: CycleClass | `${CycleClass}-realtime` | `${CycleClass}-process`;
  readonly steps: readonly PathStep[];
}

/** Which edge a cycle of the class has to have, and what the way back may consist of. */
const shapes: readonly (readonly [CycleClass, first: number, back: number])[] = [
  ['G0', ww, ww],
  ['G1c', wr, ww | wr],
  ['G-single', rw, ww | wr],
  ['G2-item', rw, ww | wr | rw],
];

/**
 * The smallest cycle of each class in each component. G2-item has anti-dependencies in plenty, so it is told only of
 * components that have nothing worse; and what takes the clock (or the order of a process) to show, only of those
 * without a cycle in the data alone. Steps are bounded: then a cycle is still told of each component, and under its
 * own name, but it may not be the smallest or the worst.
 */
export function findCycles(graph: Graph, order: 'none' | 'process' | 'realtime'): Cycle[] {
  const data = ww | wr | rw;
  const besides = order === 'realtime' ? realtime : order === 'process' ? process : 0;
  const everything = components(graph, data | besides);
  if (everything.nodes.length === 0) return [];

  const finder = new PathFinder(graph);
  const cycles: Cycle[] = [];
  const byData = components(graph, data);
  const byClass = shapes.map(([name, first, back]) => ({
    first,
    back,
    name,
    components: name === 'G-single' || name === 'G2-item' ? byData : components(graph, first | back),
  }));
  const isExplained = new Set<number>();
  for (const { name, first, back, components: within } of byClass) {
    for (const [number, nodes] of within.nodes.entries()) {
      const whole = byData.of[nodes[0]!]!;
      if (name === 'G2-item' && isExplained.has(whole)) continue;
      const steps = smallest(finder, within, number, first, back);
      if (steps === undefined) continue;
      isExplained.add(whole);
      cycles.push({ name: classOf(graph, steps), steps });
    }
  }
  for (const number of byData.nodes.keys()) {
    if (isExplained.has(number)) continue;
    const steps = anyCycle(finder, byData, number, data);
    cycles.push({ name: classOf(graph, steps), steps });
  }

  if (besides === 0) return cycles;
  const inData = new Set<number>();
  for (const [node, number] of byData.of.entries()) if (number !== -1) inData.add(everything.of[node]!);
  for (const number of everything.nodes.keys()) {
    if (inData.has(number)) continue;
    let steps: readonly PathStep[] | undefined;
    for (const [, first, back] of shapes) {
      steps ??= smallest(finder, everything, number, first, back | besides);
    }
    steps ??= anyCycle(finder, everything, number, data | besides);
    cycles.push({ name: `${classOf(graph, steps)}-${besides === realtime ? 'realtime' : 'process'}`, steps });
  }
  return cycles;
}

/** The shortest of the cycles that begin with an edge of a kind; undefined when there is none, or the budget is spent. */
function smallest(
  finder: PathFinder,
  within: Components,
  number: number,
  first: number,
  back: number,
): readonly PathStep[] | undefined {
  const { graph } = finder;
  let best: { readonly from: number; readonly edge: number; readonly way: readonly PathStep[] } | undefined;
  let atMost = Number.POSITIVE_INFINITY;
  for (const from of within.nodes[number]!) {
    if (from >= graph.transactions) continue;
    for (let edge = graph.firstEdge[from]!; edge < graph.firstEdge[from + 1]!; edge++) {
      if (graph.kind[edge] !== first || within.of[graph.target[edge]!] !== number) continue;
      const way = finder.shortest(graph.target[edge]!, from, back, within.of, atMost);
      if (way === undefined) continue;
      best = { from, edge, way: way.steps };
      // Only a shorter one is of interest from now on; none is shorter than there and back.
      atMost = way.length - 1;
      if (atMost < 1) break;
    }
    if (atMost < 1) break;
  }
  return best && withoutHelpers(graph, [{ from: best.from, edge: best.edge }, ...best.way]);
}

/** For when the budget is spent: one search more, however long it takes. */
function anyCycle(
  finder: PathFinder,
  within: Components,
  number: number,
  kinds: number,
): readonly PathStep[] {
  const { graph } = finder;
  const from = within.nodes[number]!.find((node) => node < graph.transactions)!;
  for (let edge = graph.firstEdge[from]!; edge < graph.firstEdge[from + 1]!; edge++) {
    if ((graph.kind[edge]! & kinds) === 0 || within.of[graph.target[edge]!] !== number) continue;
    const way = finder.way(graph.target[edge]!, from, kinds, within.of, Number.POSITIVE_INFINITY)!;
    return withoutHelpers(graph, [{ from, edge }, ...way.steps]);
  }
  throw new Error(`transaction ${from} should lie on a cycle, but leads to nothing in its component`);
}

/** By how many anti-dependencies it has. */
function classOf(graph: Graph, steps: readonly PathStep[]): CycleClass {
  const count = (kind: number) => steps.filter(({ edge }) => graph.kind[edge] === kind).length;
  if (count(rw) > 0) return count(rw) === 1 ? 'G-single' : 'G2-item';
  return count(wr) > 0 ? 'G1c' : 'G0';
}

/** A path through helpers is one step: its first edge's. */
function withoutHelpers(graph: Graph, steps: readonly PathStep[]): readonly PathStep[] {
  return steps.filter(({ from }) => from < graph.transactions);
}
