import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTimeOf } from '../../harness/process/process-table.ts';

/** A Trace is what a command has started at one moment: processes by number and start, and the ports they listen on. */
export interface Trace {
  readonly processes: ReadonlyMap<number, string>;
  readonly ports: readonly number[];
  /** Of the processes those that a SIGSTOP holds. */
  readonly paused: readonly number[];
}

/** Everything that descends from a process or carries its mark (a variable `NAME=value`), itself left out. Linux only. */
export async function traceOf(pid: number, mark: string): Promise<Trace> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map<number, number>();
  const found = new Set<number>([pid]);
  for (const candidate of all) {
    const stat = await readFile(`/proc/${candidate}/stat`, 'utf8').catch(() => '');
    parents.set(candidate, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    const environment = await readFile(`/proc/${candidate}/environ`, 'utf8').catch(() => '');
    if (environment.split('\0').includes(mark)) found.add(candidate);
  }
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const [child, parent] of parents) if (found.has(parent)) found.add(child);
  }
  found.delete(pid);
  const processes = new Map<number, string>();
  const paused: number[] = [];
  const ports = new Set<number>();
  const listening = await listeningPorts();
  for (const one of found) {
    const startTime = await startTimeOf(one);
    if (startTime === null) continue;
    processes.set(one, startTime);
    if (/\) T /.test(await readFile(`/proc/${one}/stat`, 'utf8').catch(() => ''))) paused.push(one);
    for (const fd of await readdir(`/proc/${one}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${one}/fd/${fd}`).catch(() => '');
      const port = listening.get(target);
      if (port !== undefined) ports.add(port);
    }
  }
  return { processes, ports: [...ports], paused };
}

/** 'socket:[inode]' to port, of every listening TCP socket (proc(5), state 0A). */
async function listeningPorts(): Promise<Map<string, number>> {
  const ports = new Map<string, number>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const lines = (await readFile(table, 'utf8').catch(() => '')).trim().split('\n').slice(1);
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === '0A')
        ports.set(`socket:[${fields[9]}]`, Number.parseInt(fields[1]!.split(':')[1]!, 16));
    }
  }
  return ports;
}

/** What of a trace is still there after at most withinMs: processes by command line, ports by number. */
export async function leftOf(
  trace: Trace,
  withinMs: number,
): Promise<{ processes: string[]; ports: number[] }> {
  const look = async () => {
    const processes: string[] = [];
    for (const [pid, startTime] of trace.processes) {
      if ((await startTimeOf(pid)) !== startTime) continue;
      processes.push(
        `${pid} ${(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')}`,
      );
    }
    const listening = new Set((await listeningPorts()).values());
    return { processes, ports: trace.ports.filter((port) => listening.has(port)) };
  };
  let left = await look();
  for (
    let waitedMs = 0;
    waitedMs < withinMs && left.processes.length + left.ports.length > 0;
    waitedMs += 100
  ) {
    await sleep(100);
    left = await look();
  }
  return left;
}
