import { appendFile, chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../process/free-port.ts';
import type { Supervisor } from '../process/supervisor.ts';
import { copyTree } from './copy-tree.ts';
import type { CountingAccess, Database, DatabaseRole, DatabaseServer } from './database.ts';
import { PostgresServer } from './postgres-server.ts';
import { findPostgres, type Postgres } from './provision.ts';
import { commonSettings, roles } from './settings.ts';
import { dataTemplate, type Template } from './template.ts';
import { type Owner, runnableBy, unprivilegedOwner } from './unprivileged.ts';

export interface LocalDatabaseOptions {
  readonly supervisor: Supervisor;
  /** Logs go here: primary.log, replica.log. */
  readonly folder: string;
  readonly replica: boolean;
  /**
   * Is told the primary's address and returns the one that the replica connects to: a link's. Called while the primary
   * starts, which does not wait for it. Without it the replica connects directly.
   */
  replicationLink?(primaryAddress: string): Promise<string>;
  say?(line: string): void;
}

/**
 * Starts a PostgreSQL primary and, if asked for, its streaming replica, on 127.0.0.1 only, over fresh data in
 * temporary folders. Resolves when both answer and the replica is fed.
 */
export async function startLocalDatabase(options: LocalDatabaseOptions): Promise<Database> {
  const ground = await prepare(options);
  const primaryPort = await freePort();
  const primary = new LocalServer('primary', primaryPort, ground);
  const replica = options.replica ? new LocalServer('replica', await freePort(), ground) : undefined;
  const fed = async (standby: LocalServer) =>
    standby.beginAsStandbyOf((await options.replicationLink?.(primary.address)) ?? primary.address);

  // Together: copies of one template share their history, so the replica waits for its primary to listen.
  const starts = await Promise.allSettled([primary.begin(), replica && fed(replica)]);
  const stop = async () => {
    await Promise.all([primary.stop(), replica?.stop()]);
  };
  const failure = starts.find((start) => start.status === 'rejected');
  if (failure) {
    await stop();
    throw failure.reason;
  }
  return {
    version: ground.postgres.version,
    source: ground.postgres.source,
    primary,
    replica,
    throughUrl(role, listenAddress) {
      if (role === 'replica' && !replica)
        throw new RangeError('there is no replica: the database was started with replica: false');
      return serviceUrl(ground.template, listenAddress);
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** A Ground is what both servers stand on. */
interface Ground {
  readonly supervisor: Supervisor;
  readonly logs: string;
  readonly postgres: Postgres;
  readonly binFolder: string;
  readonly owner: Owner | undefined;
  readonly template: Template;
}

async function prepare({ supervisor, folder, say }: LocalDatabaseOptions): Promise<Ground> {
  const [postgres, owner] = await Promise.all([findPostgres(), unprivilegedOwner()]);
  const binFolder = await runnableBy(owner, postgres.binFolder, supervisor);
  const logPath = join(folder, 'postgresql-template.log');
  const template = await dataTemplate({ supervisor, postgres, binFolder, owner, logPath, say });
  return { supervisor, logs: folder, postgres, binFolder, owner, template };
}

class LocalServer implements DatabaseServer {
  readonly role: DatabaseRole;
  readonly address: string;
  readonly url: string;
  readonly counting: CountingAccess;
  readonly #port: number;
  readonly #ground: Ground;
  #server: PostgresServer | undefined;

  constructor(role: DatabaseRole, port: number, ground: Ground) {
    this.role = role;
    this.address = `127.0.0.1:${port}`;
    this.url = serviceUrl(ground.template, this.address);
    this.counting = {
      url: `postgres://${roles.harness}:${ground.template.password}@${this.address}/${roles.harnessDatabase}`,
      database: roles.serviceDatabase,
      user: roles.service,
    };
    this.#port = port;
    this.#ground = ground;
  }

  async begin(): Promise<void> {
    const dataFolder = await this.#freshData();
    this.#server = this.#over(dataFolder);
    await this.#server.start();
  }

  async beginAsStandbyOf(primaryAddress: string): Promise<void> {
    const dataFolder = await this.#freshData();
    await makeStandby(dataFolder, primaryAddress, this.#ground);
    this.#server = this.#over(dataFolder);
    await this.#server.start({
      until: `SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')`,
    });
  }

  async kill(): Promise<void> {
    await this.#server?.kill();
  }

  async restart({ timeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    await this.#server?.start({ timeoutMs });
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  async #freshData(): Promise<string> {
    const { supervisor, template, owner } = this.#ground;
    const dataFolder = join(await supervisor.temporaryFolder(this.role), 'data');
    await copyTree(template.dataFolder, dataFolder, owner);
    return dataFolder;
  }

  #over(dataFolder: string): PostgresServer {
    const { supervisor, logs, binFolder, owner } = this.#ground;
    return new PostgresServer({
      supervisor,
      name: this.role,
      binFolder,
      dataFolder,
      port: this.#port,
      owner,
      logPath: join(logs, `${this.role}.log`),
      settings: { ...commonSettings, cluster_name: this.role },
      askUrl: this.counting.url,
    });
  }
}

async function makeStandby(
  dataFolder: string,
  primaryAddress: string,
  { template, owner }: Ground,
): Promise<void> {
  const [host, port] = primaryAddress.split(':');
  const signal = join(dataFolder, 'standby.signal');
  await writeFile(signal, '');
  if (owner) await chown(signal, owner.uid, owner.gid);
  // In a file, because every user of the machine can read a command line.
  await appendFile(
    join(dataFolder, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=${host} port=${port} user=${roles.harness} password=${template.password} connect_timeout=2'\n`,
  );
}

function serviceUrl({ password }: Template, address: string): string {
  return `postgres://${roles.service}:${password}@${address}/${roles.serviceDatabase}`;
}
