import { readFile } from 'node:fs/promises';

/**
 * For how long, in ns since it began, the main thread of a process was ready to run while others had the cores
 * (Linux: the second figure of /proc/<pid>/schedstat). Undefined where the system does not tell it, or there is no
 * such process. A thread that waits for a socket or a disk does not wait for a core, so this tells a machine that is
 * too small or too busy from a program that is slow.
 */
export async function cpuWaitNs(pid: number): Promise<number | undefined> {
  const figures = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => '');
  const waited = Number(figures.trim().split(' ')[1]);
  return Number.isFinite(waited) ? waited : undefined;
}
