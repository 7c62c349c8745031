import type { Network } from '../network/network.ts';
import type { Cluster } from './cluster.ts';

/**
 * A Ground is what members and their links stand on: the processes of this machine, or the containers of an engine.
 * Whoever starts it need not know which. Disposing of it takes away all that is on it.
 */
export interface Ground extends AsyncDisposable {
  readonly network: Network;
  /** What service instances have to be told to reach the members, beside their addresses. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Once. Resolves when every member answers a linearizable read; throws MemberNotReady. */
  startCluster(): Promise<Cluster>;
}
