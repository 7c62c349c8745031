import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Database, type DatabaseRole, type DatabaseServer, NotOurs } from './database.ts';

/** A DatabaseUnreachable names where it was looked for, what was expected and what came; never a password. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable';
}

const connectTimeoutMs = 5_000;

/**
 * Connects to a PostgreSQL that is already there. Everything the run writes lives in a schema of its own, which
 * the URLs for services put first; disposing drops that schema and nothing else. Throws TypeError for a URL that is
 * none, and DatabaseUnreachable when the server does not answer, does not let us in, or does not let us write.
 */
export async function connectExternalDatabase(options: {
  readonly primaryUrl: string;
  readonly replicaUrl?: string;
}): Promise<Database> {
  const primaryUrl = parsed(options.primaryUrl, 'the database URL');
  const replicaUrl =
    options.replicaUrl === undefined ? undefined : parsed(options.replicaUrl, "the replica's URL");
  const schema = `faultline_${randomBytes(6).toString('hex')}`;

  const { version, user } = await within(primaryUrl, async (client) => {
    const { rows } = await client.query<{ version: string; user: string; standby: boolean }>(
      `SELECT current_setting('server_version') AS version, current_user AS user, pg_is_in_recovery() AS standby`,
    );
    const { version, user, standby } = rows[0]!;
    if (standby) throw new Error('it is a standby, expected a primary');
    await client.query(`CREATE SCHEMA ${schema}`);
    await client.query(
      `COMMENT ON SCHEMA ${schema} IS 'made by a faultline run; may be dropped when none runs'`,
    );
    return { version: version.split(' ')[0]!, user };
  });
  const drop = () => within(primaryUrl, (client) => client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`));

  try {
    if (replicaUrl) {
      await within(replicaUrl, async (client) => {
        const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
        if (!rows[0]!.standby) throw new Error('it is a primary, expected a standby');
      });
    }
  } catch (error) {
    await drop();
    throw error;
  }
  const primary = serverOf('primary', primaryUrl, { schema, user });
  const replica = replicaUrl && serverOf('replica', replicaUrl, { schema, user });
  let disposed: Promise<unknown> | undefined;
  return {
    version,
    source: `external at ${hostOf(primaryUrl)}`,
    primary,
    replica,
    throughUrl(role, listenAddress) {
      const url = role === 'primary' ? primaryUrl : replicaUrl;
      if (!url) throw new RangeError("there is no replica: the replica's URL was not given");
      const through = new URL(url);
      through.host = listenAddress;
      return inSchema(through, schema);
    },
    async [Symbol.asyncDispose]() {
      disposed ??= drop();
      await disposed;
    },
  };
}

function serverOf(
  role: DatabaseRole,
  url: URL,
  { schema, user }: { schema: string; user: string },
): DatabaseServer {
  const refuse = async (what: string): Promise<never> => {
    throw new NotOurs(
      `the ${role} at ${hostOf(url)} cannot be ${what}: it was not started by this run; use the local database for this fault, or cut its link instead`,
    );
  };
  return {
    role,
    address: hostOf(url),
    url: inSchema(url, schema),
    counting: { url: url.href, database: databaseOf(url), user },
    kill: () => refuse('killed'),
    restart: () => refuse('restarted'),
  };
}

/** `options` is a parameter of libpq's URLs, which other languages' clients know as well. */
function inSchema(url: URL, schema: string): string {
  const own = new URL(url);
  const given = own.searchParams.get('options');
  own.searchParams.set('options', [given, `-c search_path=${schema}`].filter(Boolean).join(' '));
  // URLSearchParams writes a space as '+', which libpq takes for a plus.
  own.search = own.search.replaceAll('+', '%20');
  return own.href;
}

function parsed(text: string, what: string): URL {
  const expected = `${what} should look like postgres://user:password@host:5432/database`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError(`${expected}; what was given is no URL`);
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')
    throw new TypeError(`${expected}; what was given begins with ${url.protocol}//`);
  if (!url.hostname) throw new TypeError(`${expected}; what was given has no host`);
  return url;
}

function hostOf(url: URL): string {
  return `${url.hostname}:${url.port || 5432}`;
}

function databaseOf(url: URL): string {
  return decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username);
}

async function within<T>(url: URL, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url.href,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: connectTimeoutMs,
    application_name: 'faultline',
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw new DatabaseUnreachable(
      `the database at ${hostOf(url)} cannot be used: expected a PostgreSQL that user ${decodeURIComponent(url.username) || '(none)'} may write to in database ${databaseOf(url)}, got: ${reasonOf(error, url)}. Check --database-url and that the server listens there`,
    );
  } finally {
    void client.end().catch(() => {});
  }
}

/** Several addresses of one name fail together, with an empty message of their own. */
function reasonOf(error: unknown, url: URL): string {
  const { message, errors, code } = error as AggregateError & { code?: string };
  const text = message || errors?.map((e: Error) => e.message).join(', ') || code || 'no reason';
  return url.password ? text.replaceAll(decodeURIComponent(url.password), '…') : text;
}
