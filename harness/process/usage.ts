import { readFileSync } from 'node:fs';

/** What a process and its children have used and hold. */
export interface Usage {
  /** User and system, since it began; children that have ended are in it once it has noticed. Steps of 10 ms. */
  readonly cpuMicros: number;
  /** Resident: what each has for itself, and the largest share of what they have in common. */
  readonly memoryBytes: number;
}

/**
 * Null when there is no such process, and everywhere but on Linux. PostgreSQL works in children that come and go and
 * share their buffers: counted one by one these would be in memory a dozen times.
 */
export function usageOf(pid: number): Usage | null {
  const own = ofOne(pid);
  if (own === null) return null;
  const children = text(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((word) => word !== '');
  let { cpuMicros, aloneBytes, sharedBytes } = own;
  cpuMicros += own.endedChildrenMicros;
  for (const child of children) {
    const one = ofOne(Number(child));
    if (one === null) continue;
    cpuMicros += one.cpuMicros;
    aloneBytes += one.aloneBytes;
    sharedBytes = Math.max(sharedBytes, one.sharedBytes);
  }
  return { cpuMicros, memoryBytes: aloneBytes + sharedBytes };
}

interface OneUsage {
  readonly cpuMicros: number;
  readonly endedChildrenMicros: number;
  readonly aloneBytes: number;
  readonly sharedBytes: number;
}

function ofOne(pid: number): OneUsage | null {
  const times = cpuOfStat(text(`/proc/${pid}/stat`));
  const memory = memoryOfStatus(text(`/proc/${pid}/status`));
  return times && memory && { ...times, ...memory };
}

/** Fields 14 to 17 of /proc/<pid>/stat, in ticks of 1/100 s (USER_HZ, the same on every Linux that Node runs on). */
export function cpuOfStat(stat: string): Pick<OneUsage, 'cpuMicros' | 'endedChildrenMicros'> | null {
  // Field 2 is the program's name in brackets and may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, endedUser, endedSystem] = fields.slice(11, 15).map(Number);
  const cpuMicros = (user! + system!) * 10_000;
  if (!Number.isFinite(cpuMicros)) return null;
  return { cpuMicros, endedChildrenMicros: (endedUser! + endedSystem!) * 10_000 };
}

/** RssAnon is a process's own; RssFile and RssShmem others may have too. A zombie has none of them. */
export function memoryOfStatus(status: string): Pick<OneUsage, 'aloneBytes' | 'sharedBytes'> | null {
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN) * 1_024;
  const aloneBytes = bytes('RssAnon');
  const sharedBytes = bytes('RssFile') + bytes('RssShmem');
  return Number.isFinite(aloneBytes + sharedBytes) ? { aloneBytes, sharedBytes } : null;
}

/**
 * Synchronously: /proc is memory, and a turn of the thread pool for each file costs ten times what reading it does
 * (measured beside a loaded machine: half a core and seconds late for twenty processes).
 */
function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
