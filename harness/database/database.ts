/**
 * A Database is the real PostgreSQL behind the strategies: a primary and, when there is one, a streaming replica.
 *
 *     s1, s2 --link--> primary --wal--> link replica->primary --> replica <--link-- s1, s2
 */
export interface Database extends AsyncDisposable {
  /** Of the server: '18.4'. */
  readonly version: string;
  /** Where it comes from, in words for the report. */
  readonly source: string;
  readonly primary: DatabaseServer;
  readonly replica: DatabaseServer | undefined;
  /**
   * The URL for a service that reaches the server of this role at `listenAddress` ('127.0.0.1:port' of a link) and
   * not directly. It holds the password. Throws when there is no server of this role.
   */
  throughUrl(role: DatabaseRole, listenAddress: string): string;
}

export type DatabaseRole = 'primary' | 'replica';
export const databaseRoles: readonly DatabaseRole[] = ['primary', 'replica'];

/** A DatabaseServer is one PostgreSQL of a Database. */
export interface DatabaseServer {
  readonly role: DatabaseRole;
  /** 'host:port', where it listens itself. */
  readonly address: string;
  /** For services, directly. It holds the password: never print it. */
  readonly url: string;
  /** How the harness's own counting connects to it; apart from the services, so that it can be left out. */
  readonly counting: CountingAccess;
  /** SIGKILL to all its processes. Resolves when they are gone. Throws NotOurs for an external server. */
  kill(): Promise<void>;
  /** Starts it again after kill with the same data and address. Resolves when it answers. Throws NotOurs likewise. */
  restart(options?: { timeoutMs?: number }): Promise<void>;
}

export interface CountingAccess {
  readonly url: string;
  /** The database and the role of the services, whose queries and transactions are counted. */
  readonly database: string;
  readonly user: string;
}

/** A NotOurs is thrown when a fault is asked of a server that the harness did not start. */
export class NotOurs extends Error {
  override readonly name = 'NotOurs';
}
