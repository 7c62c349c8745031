import type { Network } from '../../network/network.ts';
import type { Ground } from '../ground.ts';
import { accessVariable, encodeAccess } from './access.ts';
import { attachExternal, type ExternalPlace } from './external-cluster.ts';

/**
 * Members that are there already, and links to them from instances alone:
 *
 *     s1 --link s1->m1 (Toxiproxy, plain or TLS end to end)--> m1        harness --> m1, directly
 */
export async function startExternalGround(place: ExternalPlace, network: Network): Promise<Ground> {
  const { cluster, access } = await attachExternal(place);
  return {
    network,
    environment: { [accessVariable]: encodeAccess(access) },
    startCluster: async () => cluster,
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}
