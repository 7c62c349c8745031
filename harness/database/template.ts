import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { cacheFolder } from '../cache-folder.ts';
import { freePort } from '../process/free-port.ts';
import type { Supervisor } from '../process/supervisor.ts';
import { copyTree } from './copy-tree.ts';
import { PostgresServer } from './postgres-server.ts';
import type { Postgres } from './provision.ts';
import { commonSettings, hostBasedAccess, roles } from './settings.ts';
import type { Owner } from './unprivileged.ts';

/**
 * A Template is an initialised data folder, cleanly shut down, with the roles, the database and the counting
 * extension in it. Every primary and every replica begins as a copy: initdb and the set-up take over a second of
 * processor time, a copy a tenth of that.
 */
export interface Template {
  readonly dataFolder: string;
  /** Of both roles; made once with the template, readable by its owner only. */
  readonly password: string;
}

interface TemplateOptions {
  readonly supervisor: Supervisor;
  readonly postgres: Postgres;
  /** Where the owner can run the programs. */
  readonly binFolder: string;
  readonly owner: Owner | undefined;
  readonly logPath: string;
  say?(line: string): void;
}

const initdbArguments = [
  '--no-sync',
  '--encoding=UTF8',
  '--locale=C',
  '--auth=scram-sha-256',
  `--username=${roles.harness}`,
  // A copy has a few megabytes of log in it, then, instead of 16.
  '--wal-segsize=1',
];

/** The one in the user's cache folder, made now when there is none; one for this run when the cache is closed. */
export async function dataTemplate(options: TemplateOptions): Promise<Template> {
  const { postgres } = options;
  const parent = join(cacheFolder(), 'postgresql');
  const cached = join(parent, `${postgres.version}-${recipeHash()}`);
  if (existsSync(cached)) return opened(cached);

  options.say?.(`initialising PostgreSQL ${postgres.version} (once)`);
  const made = await makeTemplate(options);
  try {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    const draft = await mkdtemp(join(parent, '.draft-'));
    try {
      await copyTree(join(made, 'data'), join(draft, 'data'));
      await writeFile(join(draft, 'password'), await readFile(join(made, 'password')), { mode: 0o600 });
      await rename(draft, cached);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      // Another command was as far at the same time: its template serves as well.
      if (!isOneOf(error, ['ENOTEMPTY', 'EEXIST'])) throw error;
    }
  } catch (error) {
    if (!isOneOf(error, ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTDIR'])) throw error;
    options.say?.(
      `PostgreSQL's initialised folder cannot be kept in ${parent} (${error.code}); it is made again in each run`,
    );
    return opened(made);
  }
  return opened(cached);
}

async function opened(folder: string): Promise<Template> {
  return {
    dataFolder: join(folder, 'data'),
    password: (await readFile(join(folder, 'password'), 'utf8')).trim(),
  };
}

/** A template made by other means than these is another template. */
function recipeHash(): string {
  const recipe = JSON.stringify([initdbArguments, hostBasedAccess, roles, statements('')]);
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12);
}

function statements(password: string): readonly string[] {
  return [
    `CREATE ROLE ${roles.service} LOGIN PASSWORD '${password}'`,
    // So that a service may ask how far replication is.
    `GRANT pg_monitor TO ${roles.service}`,
    // By files: written to the log it would be in every copy twice.
    `CREATE DATABASE ${roles.serviceDatabase} OWNER ${roles.service} STRATEGY file_copy`,
    'CREATE EXTENSION pg_stat_statements',
    // Half of all files, and no run makes a database.
    ...['template0', 'template1'].flatMap((name) => [
      `ALTER DATABASE ${name} IS_TEMPLATE false`,
      `DROP DATABASE ${name}`,
    ]),
  ];
}

/** Returns a temporary folder that holds `data` and `password`. */
async function makeTemplate(options: TemplateOptions): Promise<string> {
  const { supervisor, binFolder, owner, logPath } = options;
  const folder = await supervisor.temporaryFolder('postgresql-template');
  const dataFolder = join(folder, 'data');
  const password = randomBytes(16).toString('hex');
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await mkdir(dataFolder, { mode: 0o700 });
  if (owner) {
    await chown(passwordFile, owner.uid, owner.gid);
    await chown(dataFolder, owner.uid, owner.gid);
  }
  const initdb = await supervisor.spawn({
    name: 'initdb',
    command: join(binFolder, 'initdb'),
    args: [...initdbArguments, `--pwfile=${passwordFile}`, '-D', dataFolder],
    cwd: '/',
    ...owner,
    logPath,
  });
  const { code, signal } = await initdb.exited;
  if (code !== 0) {
    throw new Error(
      `initdb ended with ${code ?? signal}, expected 0; its last output was:\n${await initdb.lastOutput(20)}`,
    );
  }
  await writeFile(join(dataFolder, 'pg_hba.conf'), hostBasedAccess);

  const port = await freePort();
  const url = `postgres://${roles.harness}:${password}@127.0.0.1:${port}/${roles.harnessDatabase}`;
  const server = new PostgresServer({
    supervisor,
    name: 'PostgreSQL (being initialised)',
    binFolder,
    dataFolder,
    port,
    owner,
    logPath,
    // Nothing of it has to survive a power cut until it is copied, and nobody follows it.
    settings: { ...commonSettings, fsync: 'off', wal_keep_size: 0, min_wal_size: '2MB' },
    askUrl: url,
  });
  await server.start();
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    query_timeout: 30_000,
  });
  await client.connect();
  try {
    for (const statement of statements(password)) await client.query(statement);
  } finally {
    await client.end();
  }
  await server.shutDown();
  return folder;
}

function isOneOf(
  error: unknown,
  codes: readonly string[],
): error is NodeJS.ErrnoException & { code: string } {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
