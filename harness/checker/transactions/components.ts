import { edgeKinds, type Graph } from './graph.ts';

/** Components are the sets of two nodes and more in which each leads to each over edges of some kinds. */
export interface Components {
  /** By node: the number of its component, or -1. */
  readonly of: Int32Array;
  readonly nodes: readonly (readonly number[])[];
}

/**
 * Tarjan's strongly connected components (SIAM J. Computing, 1972), in linear time; without recursion, because a
 * path through a history is as long as the history.
 */
export function components(graph: Graph, kinds: number): Components {
  const { nodes, firstEdge, target, kind } = graph;
  const allowed = kinds | edgeKinds.helper;
  const of = new Int32Array(nodes).fill(-1);
  const found: number[][] = [];
  /** When a node was first met, from 1; and the earliest of those still open that it leads to. */
  const met = new Int32Array(nodes);
  const low = new Int32Array(nodes);
  const isOpen = new Uint8Array(nodes);
  const open: number[] = [];
  const path: number[] = [];
  const nextEdge = firstEdge.slice();
  let count = 0;
  for (let root = 0; root < nodes; root++) {
    if (met[root] !== 0) continue;
    path.push(root);
    while (path.length > 0) {
      const node = path[path.length - 1]!;
      if (met[node] === 0) {
        met[node] = low[node] = ++count;
        open.push(node);
        isOpen[node] = 1;
      }
      let deeper = false;
      while (nextEdge[node]! < firstEdge[node + 1]!) {
        const edge = nextEdge[node]!++;
        if ((kind[edge]! & allowed) === 0) continue;
        const to = target[edge]!;
        if (met[to] === 0) {
          path.push(to);
          deeper = true;
          break;
        }
        if (isOpen[to] === 1) low[node] = Math.min(low[node]!, met[to]!);
      }
      if (deeper) continue;
      path.pop();
      const parent = path[path.length - 1];
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!);
      if (low[node] !== met[node]) continue;
      const members: number[] = [];
      let member: number;
      do {
        member = open.pop()!;
        isOpen[member] = 0;
        members.push(member);
      } while (member !== node);
      if (members.length === 1) continue;
      for (const one of members) of[one] = found.length;
      found.push(members);
    }
  }
  return { of, nodes: found };
}
