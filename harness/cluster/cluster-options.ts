import { type Tuning, tuningArguments } from './tuning.ts';

/** What a cluster is like, whatever it runs on. */
export interface ClusterOptions extends Tuning {
  readonly members: 1 | 3 | 5 | 7;
  /** '3.4.23', where it is known: what may be tuned has other flags in other versions. */
  readonly etcdVersion?: string;
  /** Logs go here and are kept. */
  readonly folder: string;
  /** Member ids follow from it. */
  readonly seed?: number;
  readonly extraArgs?: readonly string[];
  readonly readyTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** ['m1', 'm2', 'm3']. Throws RangeError when there can be no such cluster. */
export function memberNames(members: number): string[] {
  if (![1, 3, 5, 7].includes(members)) throw new RangeError(`members should be 1, 3, 5 or 7, got ${members}`);
  return Array.from({ length: members }, (_, index) => `m${index + 1}`);
}

/** A member's command line. Throws RangeError when its tuning is out of range. */
export function etcdArguments(
  options: ClusterOptions,
  member: {
    readonly name: string;
    readonly dataFolder: string;
    readonly listenPeerUrl: string;
    readonly advertisePeerUrl: string;
    /** 'm1=https://192.0.2.1:2380,m2=...' */
    readonly initialCluster: string;
    readonly listenClientUrl: string;
  },
): string[] {
  return [
    ...['--name', member.name, '--data-dir', member.dataFolder],
    ...['--listen-peer-urls', member.listenPeerUrl],
    ...['--initial-advertise-peer-urls', member.advertisePeerUrl],
    ...['--initial-cluster', member.initialCluster, '--initial-cluster-state', 'new'],
    ...['--initial-cluster-token', `faultline-${options.seed ?? 0}`],
    ...['--listen-client-urls', member.listenClientUrl],
    ...['--advertise-client-urls', member.listenClientUrl],
    // TLS, because members panic on spliced plaintext messages (etcd-io/etcd#15595), and because only connections over
    // TLS go through CONNECT.
    '--peer-auto-tls',
    ...tuningArguments(options, options.etcdVersion),
    ...['--logger', 'zap'],
    ...(options.extraArgs ?? []),
  ];
}
