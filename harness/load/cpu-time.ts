import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * The CPU time that a process has used so far, all threads, user and system, in microseconds. Null when it is gone or
 * the machine does not say. Linux counts in steps of 10 ms, ps elsewhere in steps of 10 ms to 1 s: ask over seconds.
 */
export async function cpuMicros(pid: number): Promise<number | null> {
  try {
    if (process.platform === 'linux') return parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
    const { stdout } = await promisify(execFile)('ps', ['-o', 'cputime=', '-p', String(pid)], {
      timeout: 2_000,
    });
    return parseCputime(stdout);
  } catch {
    return null;
  }
}

/** Fields 14 and 15 of /proc/<pid>/stat, in ticks of 1/100 s (USER_HZ, the same on every Linux that Node runs on). */
export function parseStat(stat: string): number | null {
  // Field 2 is the program's name in brackets and may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * 10_000 : null;
}

/** '[[days-]hours:]minutes:seconds[.hundredths]' */
export function parseCputime(text: string): number | null {
  const match = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text.trim());
  if (!match) return null;
  const [days = 0, hours = 0, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return Math.round((((days * 24 + hours) * 60 + minutes!) * 60 + seconds!) * 1e6);
}
