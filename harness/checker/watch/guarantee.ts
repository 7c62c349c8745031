import type { Delivery, PlacedResponse } from './delivery.ts';

export const watchGuaranteeNames = [
  'filter',
  'ordered',
  'unique',
  'atomic',
  'bookmarkable',
  'resumable',
  'is-create',
  'reliable',
  'prev-kv',
] as const;
export type WatchGuaranteeName = (typeof watchGuaranteeNames)[number];

/** A WatchGuarantee is one thing that etcd promises of every watch. */
export interface WatchGuarantee {
  readonly name: WatchGuaranteeName;
  readonly demands: string;
  /** Why it is unknown when nothing could be held against it. */
  readonly unjudged: string;
  /** Begins with one watcher. */
  follow(delivery: Delivery, finding: Finding): Follower;
}

/** A Follower goes through what one watcher was told, once. */
export interface Follower {
  hear?(response: PlacedResponse): void;
  /** Nothing more will be told. */
  end?(): void;
}

/** A Finding takes down what a Follower finds. */
export interface Finding {
  /** One event or notice was held against the guarantee. */
  judged(): void;
  broken(found: Broken): void;
}

export interface Broken {
  /** Without the watcher's name: "told a@5 after b@7". */
  readonly summary: string;
  /** The event that shows it. */
  readonly revision: number;
  readonly key?: string;
  readonly kind?: 'put' | 'delete';
  /** It was never told. */
  readonly missing?: true;
  readonly atNs: number;
}

/** "put of a at revision 5" */
export function tellEvent(event: {
  readonly revision: number;
  readonly key: string;
  readonly kind: 'put' | 'delete';
}): string {
  return `${event.kind} of ${JSON.stringify(event.key)} at revision ${event.revision}`;
}
