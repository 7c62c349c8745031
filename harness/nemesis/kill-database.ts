import type { DatabaseRole } from '../database/database.ts';
import { databaseServer } from './database-server.ts';
import { healOnce } from './heal-once.ts';
import type { Nemesis } from './nemesis.ts';

/** Kills the primary or the replica (SIGKILL to all its processes); healing starts it again with its data. */
export function killDatabase({ role = 'primary' }: { role?: DatabaseRole } = {}): Nemesis {
  return {
    name: 'kill-database',
    summary: 'kills the primary or the replica with SIGKILL and starts it again',
    strikes: 'database',
    options: { role },
    healsByStarting: true,
    async inject(world) {
      const server = databaseServer(world, role);
      await server.kill();
      return {
        sentence: `the database's ${role} was killed`,
        targets: [role],
        heal: healOnce(() => server.restart()),
      };
    },
  };
}
