import type { Membership } from '../cluster/membership.ts';
import type { World } from './nemesis.ts';

/** Throws RangeError where the runtime cannot change who belongs to the cluster. */
export function membershipIn({ cluster }: World): Membership {
  if (cluster.membership) return cluster.membership;
  throw new RangeError(
    'expected a cluster whose members can be removed and added, got one whose runtime cannot: take the local runtime',
  );
}
