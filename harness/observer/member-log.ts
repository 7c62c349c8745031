import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { MemberLog } from '../history/observation.ts';

/** One panic fills pages: the first few lines tell which. */
const mostSerious = 5;
const longestText = 300;

type Found = Pick<MemberLog, 'lines' | 'serious' | 'elections'>;

/** Reads a member's log from a byte on. Never throws: a log that cannot be read says why. */
export async function memberLog(member: string, path: string, fromByte: number): Promise<MemberLog> {
  const reader = new LogReader();
  try {
    const stream = createReadStream(path, { encoding: 'utf8', start: fromByte });
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }))
      reader.add(line);
    return { kind: 'log', member, ...reader.found };
  } catch (error) {
    return { kind: 'log', member, ...reader.found, reason: (error as Error).message };
  }
}

/**
 * What the lines of an etcd log tell, whichever way they are written:
 *
 *   {"level":"panic","ts":"...","msg":"..."}                             zap, etcd's own from 3.5 on
 *   2026-11-22 14:25:55.123456 C | etcdserver: ...                       capnslog, etcd 3.4 unless told otherwise
 *   panic: ...        fatal error: ...                                   the Go runtime itself
 *
 * A line that only speaks of a panic at another level is none.
 */
export class LogReader {
  #lines = 0;
  readonly #serious: MemberLog['serious'][number][] = [];
  readonly #elections: MemberLog['elections'][number][] = [];

  get found(): Found {
    return { lines: this.#lines, serious: this.#serious, elections: this.#elections };
  }

  add(line: string): void {
    this.#lines++;
    const serious = seriousness(line);
    if (serious !== undefined && this.#serious.length < mostSerious) {
      this.#serious.push({ line: this.#lines, ...serious, text: serious.text.slice(0, longestText) });
    }
    const election = /\b([0-9a-f]{1,16}) became leader at term (\d+)/.exec(line);
    if (election !== null) this.#elections.push({ id: election[1]!, term: Number(election[2]) });
  }
}

const zapLevels: readonly unknown[] = ['panic', 'fatal', 'dpanic'];

function seriousness(line: string): { level: string; text: string } | undefined {
  if (line.startsWith('{')) {
    // Hardly any line is serious, and parsing each would cost more than reading.
    if (!/"level":"(d?panic|fatal)"/.test(line)) return undefined;
    const entry = parsed(line);
    if (entry === undefined || !zapLevels.includes(entry.level)) return undefined;
    const error = typeof entry.error === 'string' ? ` (${entry.error})` : '';
    return { level: String(entry.level), text: `${entry.msg}${error}` };
  }
  const critical = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ C \| (.*)/.exec(line);
  if (critical !== null) return { level: 'fatal line', text: critical[1]! };
  const runtime = /^(panic|fatal error|runtime error|SIG[A-Z]+): (.*)/.exec(line);
  if (runtime !== null) return { level: runtime[1] === 'panic' ? 'panic' : 'crash', text: line };
  return undefined;
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
