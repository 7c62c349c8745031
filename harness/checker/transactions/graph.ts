/** Why one transaction came before another, as bits, so that a set of kinds is one number. */
export const edgeKinds = {
  /** It installed the version before the other's. */
  ww: 1,
  /** The other read what it installed. */
  wr: 2,
  /** It read a version that the other replaced. */
  rw: 4,
  /** Both are the same process's, in this order. */
  process: 8,
  /** It was acknowledged before the other was sent. */
  realtime: 16,
  /** Only within a helper's connections; no step of its own. */
  helper: 32,
} as const;

/**
 * A Graph is the transactions and what came before what, in arrays. Node numbers from `transactions` on are helpers:
 * where each of many comes before each of many others, the edges go through helpers, so that they stay as many as
 * the nodes. Of a path through helpers the first edge tells the kind and the reason.
 */
export interface Graph {
  readonly transactions: number;
  readonly nodes: number;
  /** The edges of node n are those from firstEdge[n] up to firstEdge[n + 1]. */
  readonly firstEdge: Int32Array;
  readonly target: Int32Array;
  readonly kind: Uint8Array;
  /** What the builder was told of the edge: the number of a key, and a place in its order. */
  readonly key: Int32Array;
  readonly place: Int32Array;
}

/** One step of a path: from this node by this edge. */
export interface PathStep {
  readonly from: number;
  readonly edge: number;
}

/** A GraphBuilder collects edges in any order. */
export class GraphBuilder {
  readonly #transactions: number;
  #nodes: number;
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #kind: number[] = [];
  readonly #key: number[] = [];
  readonly #place: number[] = [];

  constructor(transactions: number) {
    this.#transactions = transactions;
    this.#nodes = transactions;
  }

  helper(): number {
    return this.#nodes++;
  }

  /** An edge from a node to itself says nothing and is left out. */
  edge(from: number, to: number, kind: number, key = -1, place = -1): void {
    if (from === to) return;
    this.#from.push(from);
    this.#to.push(to);
    this.#kind.push(kind);
    this.#key.push(key);
    this.#place.push(place);
  }

  build(): Graph {
    const edges = this.#from.length;
    const firstEdge = new Int32Array(this.#nodes + 1);
    for (const from of this.#from) firstEdge[from + 1]! += 1;
    for (let node = 0; node < this.#nodes; node++) firstEdge[node + 1]! += firstEdge[node]!;
    const next = firstEdge.slice();
    const target = new Int32Array(edges);
    const kind = new Uint8Array(edges);
    const key = new Int32Array(edges);
    const place = new Int32Array(edges);
    for (let i = 0; i < edges; i++) {
      const edge = next[this.#from[i]!]!++;
      target[edge] = this.#to[i]!;
      kind[edge] = this.#kind[i]!;
      key[edge] = this.#key[i]!;
      place[edge] = this.#place[i]!;
    }
    return { transactions: this.#transactions, nodes: this.#nodes, firstEdge, target, kind, key, place };
  }
}
