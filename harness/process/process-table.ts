import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether a process of this number runs; a zombie counts until it is reaped. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * When the process started, on a scale of the system's own; null when there is none (or it is a zombie). Number and
 * start together name one process for good: the system uses numbers again.
 */
export async function startTimeOf(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    try {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      // Fields are counted after the name, which may itself contain spaces and brackets (proc(5)).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19]!;
    } catch {
      return null;
    }
  }
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
    const text = stdout.trim();
    return text === '' || text.startsWith('Z') ? null : text.replace(/^\S+\s+/, '');
  } catch {
    return null;
  }
}

/** The direct children of a process, zombies left out. */
export async function childrenOf(parent: number): Promise<number[]> {
  if (process.platform === 'linux') {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    const parents = await Promise.all(
      pids.map(async (pid) => {
        const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
        const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' ? null : Number(ppid);
      }),
    );
    return pids.filter((_, i) => parents[i] === parent);
  }
  const { stdout } = await run('ps', ['-ax', '-o', 'pid=,ppid=']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, ppid]) => ppid === parent)
    .map(([pid]) => pid!);
}

/** The processes that a supervisor of this id started, and what they started in turn, by the variable they carry. */
export async function markedProcesses(id: string): Promise<number[]> {
  const mark = `FAULTLINE_SUPERVISOR=${id}`;
  if (process.platform === 'linux') {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    const marked = await Promise.all(
      pids.map(async (pid) => {
        const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
        return environment.split('\0').includes(mark);
      }),
    );
    return pids.filter((pid, i) => marked[i] && pid !== process.pid);
  }
  try {
    const { stdout } = await run('ps', ['-Eww', '-ax', '-o', 'pid=,command=']);
    return stdout
      .split('\n')
      .filter((line) => line.includes(mark))
      .map((line) => Number.parseInt(line, 10))
      .filter((pid) => pid > 1 && pid !== process.pid);
  } catch {
    return [];
  }
}
