import pg from 'pg';
import { databaseServer } from './database-server.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';

/** A deadlock, or the lock's own time limit: the services hold what we wait for, and the other way round. */
const tryAgain = new Set(['40P01', '55P03']);
const tries = 10;

/** Locks all tables of the services at the primary, reads included, as a migration in the middle of the day does. */
export function lockTables(): Nemesis {
  return {
    name: 'lock-tables',
    summary: 'locks all tables of the services at the primary: their queries wait',
    strikes: 'database',
    async inject(world) {
      const client = new pg.Client({
        connectionString: databaseServer(world, 'primary').url,
        connectionTimeoutMillis: 5_000,
        application_name: 'faultline-nemesis',
      });
      client.on('error', () => {});
      // With its connection the server forgets the transaction and its locks.
      const heal = healOnce(() => client.end());
      try {
        await client.connect();
        const tables = await lockAll(client);
        return {
          sentence: `${tables.length > 0 ? tables.join(', ') : 'no table, since there is none,'} at primary ${tables.length > 1 ? 'were' : 'was'} locked`,
          targets: ['primary'],
          heal,
        };
      } catch (error) {
        await heal();
        throw error;
      }
    },
  };
}

async function lockAll(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE tableowner = current_user ORDER BY 1`,
  );
  const tables = rows.map(({ name }) => name);
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query("BEGIN; SET LOCAL lock_timeout = '1s'");
      if (tables.length > 0) await client.query(`LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`);
      return tables;
    } catch (error) {
      if (attempt === tries || !tryAgain.has((error as { code?: string }).code ?? '')) throw error;
      await client.query('ROLLBACK');
    }
  }
}
