import type { Supervisor } from '../process/supervisor.ts';
import type { StrategyDescription } from './strategy.ts';

/**
 * An Instance is one OS process that serves one strategy over the HTTP contract (DESIGN 5).
 *
 * The program is told by variables, so that it can be written in any language:
 *   FAULTLINE_INSTANCE      its name: 's1'
 *   FAULTLINE_PORT          listen on 127.0.0.1 here
 *   FAULTLINE_ETCD          'm1=127.0.0.1:2001,m2=127.0.0.1:2002', its own links to the members
 *   FAULTLINE_PRIMARY_URL   postgres://… through its own link
 *   FAULTLINE_REPLICA_URL   the same for the replica; unset when there is none
 *   FAULTLINE_DATA          a folder of its own that survives its kill and restart
 *   FAULTLINE_TIME_SCALE    1 = the article's own times
 *   FAULTLINE_SEED          for its own chance (jitter)
 */
export interface Instance {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  kill(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Starts it again after kill, same port and data folder. */
  restart(): Promise<void>;
  /** SIGTERM, then SIGKILL. */
  stop(): Promise<void>;
}

export interface InstanceOptions {
  readonly supervisor: Supervisor;
  readonly name: string;
  readonly strategy: StrategyDescription;
  readonly etcd: readonly { readonly member: string; readonly address: string }[];
  readonly primaryUrl: string;
  readonly replicaUrl?: string;
  readonly dataFolder: string;
  readonly logPath: string;
  readonly timeScale: number;
  readonly seed: number;
}
