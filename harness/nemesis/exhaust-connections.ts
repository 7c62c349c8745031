import pg from 'pg';
import { databaseServer } from './database-server.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';

/** PostgreSQL's own word for it. */
const tooManyConnections = '53300';
/** More than any server of a test allows; without an end a server without a limit would take all there are. */
const most = 2_000;
const atOnce = 10;

/** Takes every connection that the primary gives to services, so that it refuses new ones; those that are open stay. */
export function exhaustConnections(): Nemesis {
  return {
    name: 'exhaust-connections',
    summary: "takes all the primary's connections, so that it refuses new ones",
    strikes: 'database',
    async inject(world) {
      const { url } = databaseServer(world, 'primary');
      const held: pg.Client[] = [];
      const heal = healOnce(async () => {
        await Promise.allSettled(held.map((client) => client.end()));
      });
      const take = async (): Promise<boolean> => {
        const client = new pg.Client({
          connectionString: url,
          connectionTimeoutMillis: 5_000,
          application_name: 'faultline-nemesis',
        });
        client.on('error', () => {});
        try {
          await client.connect();
        } catch (error) {
          void client.end().catch(() => {});
          if ((error as { code?: string }).code === tooManyConnections) return false;
          throw error;
        }
        held.push(client);
        return true;
      };
      for (let refused = false; !refused && held.length < most; ) {
        const taken = await Promise.allSettled(Array.from({ length: atOnce }, take));
        const failed = taken.find((one) => one.status === 'rejected');
        if (failed) {
          await heal();
          throw failed.reason;
        }
        refused = taken.some((one) => one.status === 'fulfilled' && !one.value);
      }
      return {
        sentence: `all ${held.length} connections that primary had left were taken`,
        targets: ['primary'],
        heal,
      };
    },
  };
}
