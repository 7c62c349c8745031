import { lru } from './lru.ts';
import { noop } from './noop.ts';
import type { PolicyKind } from './policy.ts';
import { readWriteThrough } from './read-write-through.ts';
import { refreshAhead } from './refresh-ahead.ts';

export const policies: readonly PolicyKind[] = [noop, lru, readWriteThrough, refreshAhead];

/** Throws a RangeError that lists the names when there is none of this name. */
export function policyNamed(name: string): PolicyKind {
  const policy = policies.find((known) => known.name === name);
  if (policy) return policy;
  const names = policies.map((known) => known.name).join(', ');
  throw new RangeError(`a cache policy should be one of ${names}, got ${name}`);
}
