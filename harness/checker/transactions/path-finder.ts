import { edgeKinds, type Graph, type PathStep } from './graph.ts';

/** Edges looked at before it gives up: about a second on a machine of 2026. */
const budgetEdges = 5_000_000;

export interface Way {
  readonly length: number;
  readonly steps: readonly PathStep[];
}

/** A PathFinder finds shortest paths in one graph, breadth first, under a budget for all its searches together. */
export class PathFinder {
  readonly graph: Graph;
  #left = budgetEdges;
  /** What the search numbered `#search` knows of a node is there when its stamp is that number. */
  #search = 0;
  readonly #stamp: Int32Array;
  readonly #length: Int32Array;
  readonly #isDone: Uint8Array;
  readonly #fromNode: Int32Array;
  readonly #byEdge: Int32Array;

  constructor(graph: Graph) {
    this.graph = graph;
    this.#stamp = new Int32Array(graph.nodes);
    this.#length = new Int32Array(graph.nodes);
    this.#isDone = new Uint8Array(graph.nodes);
    this.#fromNode = new Int32Array(graph.nodes);
    this.#byEdge = new Int32Array(graph.nodes);
  }

  /** As `way`, but undefined also when the budget is spent. */
  shortest(from: number, to: number, kinds: number, component: Int32Array, atMost: number): Way | undefined {
    return this.#left > 0 ? this.way(from, to, kinds, component, atMost) : undefined;
  }

  /**
   * The shortest path within one component, over edges of these kinds, of at most so many of them; edges that leave a
   * helper count nothing. Undefined when there is none.
   */
  way(from: number, to: number, kinds: number, component: Int32Array, atMost: number): Way | undefined {
    const { firstEdge, target, kind } = this.graph;
    const allowed = kinds | edgeKinds.helper;
    const within = component[from];
    this.#search += 1;
    this.#reach(from, 0, -1, -1);
    let level = [from];
    for (let length = 0; level.length > 0 && length <= atMost; length++) {
      const next: number[] = [];
      // What is reached without a step joins the level while it is gone through.
      for (let node = level.pop(); node !== undefined; node = level.pop()) {
        if (this.#isDone[node] === 1) continue;
        this.#isDone[node] = 1;
        if (node === to) return { length, steps: this.#path(from, to) };
        for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge++) {
          this.#left -= 1;
          if ((kind[edge]! & allowed) === 0) continue;
          const other = target[edge]!;
          if (component[other] !== within) continue;
          const isFree = kind[edge] === edgeKinds.helper;
          if (this.#reach(other, isFree ? length : length + 1, node, edge))
            (isFree ? level : next).push(other);
        }
      }
      level = next;
    }
    return undefined;
  }

  /** Whether this is the shortest way to the node so far. */
  #reach(node: number, length: number, fromNode: number, byEdge: number): boolean {
    if (this.#stamp[node] === this.#search && this.#length[node]! <= length) return false;
    if (this.#stamp[node] !== this.#search) this.#isDone[node] = 0;
    this.#stamp[node] = this.#search;
    this.#length[node] = length;
    this.#fromNode[node] = fromNode;
    this.#byEdge[node] = byEdge;
    return true;
  }

  #path(from: number, to: number): PathStep[] {
    const steps: PathStep[] = [];
    for (let node = to; node !== from; node = this.#fromNode[node]!) {
      steps.push({ from: this.#fromNode[node]!, edge: this.#byEdge[node]! });
    }
    return steps.reverse();
  }
}
