import { readdir, readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A machine this busy is no place to measure anything. */
const limitMs = 5_000;

/**
 * Resolves when a process that was sent SIGSTOP has stopped with all its threads: the signal first has to wake one of
 * them, and on a busy machine the others go on answering until that one gets its turn. Where threads cannot be looked
 * at (no /proc) it resolves at once.
 */
export async function stopped(pid: number): Promise<void> {
  if (platform() !== 'linux') return;
  const deadline = performance.now() + limitMs;
  for (;;) {
    const states = await threadStates(pid);
    // Stopped, traced or gone.
    if (states.every((state) => 'TtZX'.includes(state))) return;
    if (performance.now() >= deadline)
      throw new Error(
        `process ${pid} should be stopped ${limitMs} ms after SIGSTOP, but its threads are ${states.join('')}`,
      );
    await sleep(2);
  }
}

async function threadStates(pid: number): Promise<string[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  return Promise.all(
    threads.map(async (thread) => {
      const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => '');
      // The name before the state may hold spaces and brackets.
      return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? 'X';
    }),
  );
}
