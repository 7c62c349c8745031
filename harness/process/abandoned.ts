import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unmountUnder } from './mounts.ts';
import { isAlive, markedProcesses } from './process-table.ts';
import { type Supervisor, temporaryPrefix } from './supervisor.ts';

/** Where a command lists what it makes on a Toxiproxy that outlives it: MadeProxies, which are removed with the folder. */
export async function madeProxiesFolder(supervisor: Supervisor): Promise<string> {
  return await supervisor.temporaryFolder(madeProxies);
}

const madeProxies = 'made-proxies';

/** Removes what a command has left in its folder and on Toxiproxies, and answers the names of the proxies. */
export async function removeLeft(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const lists = names.filter((name) => name.endsWith(`-${madeProxies}`));
  const removed: string[] = [];
  if (lists.length > 0) {
    // Only here: a keeper should not wait for a client that hardly any needs.
    const { MadeProxies } = await import('../network/made-proxies.ts');
    // Before the folder, which alone tells whose they are.
    for (const list of lists) removed.push(...(await new MadeProxies(join(folder, list)).remove()));
  }
  await unmountUnder(folder).catch(() => {});
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  return removed;
}

/**
 * Removes what commands left whose keeper was killed too (power cut, kill -9 of both), and answers the names of the proxies.
 * One whose keeper still cleans up after it is waited for, 10 s at most.
 */
export async function sweepAbandoned(): Promise<readonly string[]> {
  const removed: string[] = [];
  const deadline = performance.now() + 10_000;
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    if (!name.startsWith(temporaryPrefix)) continue;
    const folder = join(tmpdir(), name);
    const ownerOf = async () =>
      (await readFile(join(folder, 'owner'), 'utf8').catch(() => '')).trim().split(' ').map(Number);
    const [command, keeper, ...others] = await ownerOf();
    const told = [command, keeper].every((pid) => Number.isInteger(pid) && pid! > 1);
    if (!told || others.length > 0 || isAlive(command!)) continue;
    while (isAlive(keeper!) && (await ownerOf()).length === 2 && performance.now() < deadline)
      await sleep(50);
    if (isAlive(keeper!)) continue;
    for (const pid of await markedProcesses(name.slice(temporaryPrefix.length))) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended in between: what was wanted.
      }
    }
    // What does not answer now is left to the next sweep.
    removed.push(...(await removeLeft(folder).catch(() => [])));
  }
  return removed;
}
