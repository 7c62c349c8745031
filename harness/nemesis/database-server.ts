import type { DatabaseRole, DatabaseServer } from '../database/database.ts';
import type { World } from './nemesis.ts';

/** Throws RangeError when there is no server of this role. */
export function databaseServer({ database }: Pick<World, 'database'>, role: DatabaseRole): DatabaseServer {
  const server = database?.[role];
  if (server === undefined) throw new RangeError(`expected a database with a ${role} to strike, got none`);
  return server;
}
