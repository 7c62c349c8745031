/** A Bug is a row of the corpus: something that is known to be wrong, and how the harness is made to see it. */
export interface Bug {
  readonly name: string;
  /** What is wrong: a mutant of a strategy, a default of the client library, a known issue of etcd. */
  readonly kind: 'mutant' | 'client trap' | 'etcd issue';
  readonly scenario: string;
  /** Who must name it: a checker. */
  readonly violation: string;
  /** Whether this version of etcd has it; every version does when left out. */
  isIn?(etcdVersion: string): boolean;
  /** Looks for the bug once. */
  hunt(ground: HuntingGround): Promise<Hunt>;
  /** Where what is right stands beside it: the same scenario without the bug. Rows that share it name it alike. */
  readonly control: { readonly name: string; hunt(ground: HuntingGround): Promise<Hunt> };
}

export interface HuntingGround {
  readonly seed: number;
  readonly etcd: { readonly path: string; readonly version: string };
  /** A folder for what it writes. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A Hunt is what came of one look. `failed`: the harness or its environment broke, or the run was void: nothing was proved. */
export type Hunt =
  | { readonly state: 'found'; readonly sightings: readonly Sighting[] }
  | { readonly state: 'silent'; readonly note?: string }
  | { readonly state: 'failed'; readonly reason: string };

export interface Sighting {
  readonly violation: string;
  readonly summary: string;
  /** From when the load began until the last of the operations that show it had ended. */
  readonly afterMs: number;
}
