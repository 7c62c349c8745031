import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { startTimeOf } from './process-table.ts';

/** An owner is a text that names one process for good: by its number, its start and the boot of its machine. */
export async function ownerOf(pid: number): Promise<string> {
  return `${await bootId()} ${pid} ${(await startTimeOf(pid)) ?? 'unknown'}`;
}

/** Only of this boot of this machine can be told whether a process lives: all else is taken for alive. */
export async function isGone(owner: string): Promise<boolean> {
  const [boot, pid] = owner.split(' ');
  if (boot !== (await bootId()) || !(Number(pid) > 1)) return false;
  return owner !== (await ownerOf(Number(pid)));
}

/** An engine or a cluster may serve several machines. */
async function bootId(): Promise<string> {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => hostname());
  return id.trim().replaceAll(' ', '-');
}
