import { readFile } from 'node:fs/promises';

/** One line of history.jsonl, as written. */
export interface Line {
  readonly process: number;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly f: string;
  readonly key: string;
  readonly value?: unknown;
  readonly time: number;
  readonly due?: number;
  readonly grade?: string;
  readonly instance?: string;
  readonly final?: boolean;
  readonly swapped?: boolean;
  readonly revision?: number;
  readonly error?: string;
}

/** An invoke line with its completion; undefined while it is open. */
export interface Pair {
  readonly invoke: Line;
  readonly end?: Line;
}

/** Throws on a line that is no JSON, or that does not fit the one before of its process. */
export async function readPairs(path: string): Promise<Pair[]> {
  const text = await readFile(path, 'utf8');
  if (!text.endsWith('\n')) throw new Error(`${path} ends in the middle of a line`);
  const pairs: { invoke: Line; end?: Line }[] = [];
  const open = new Map<number, { invoke: Line; end?: Line }>();
  let lastTime = 0;
  for (const line of text.slice(0, -1).split('\n')) {
    const parsed = JSON.parse(line) as Line;
    if (parsed.time < lastTime) throw new Error(`time falls: ${line}`);
    lastTime = parsed.time;
    const pair = open.get(parsed.process);
    if (parsed.type === 'invoke') {
      if (pair) throw new Error(`process ${parsed.process} has two operations in flight: ${line}`);
      const opened = { invoke: parsed };
      pairs.push(opened);
      open.set(parsed.process, opened);
    } else {
      if (!pair) throw new Error(`completion without an invoke: ${line}`);
      pair.end = parsed;
      // After an info the number is never used again: it stays open here, so that a second use is an error.
      if (parsed.type !== 'info') open.delete(parsed.process);
    }
  }
  return pairs;
}

/**
 * Against a register that answers in the order of its revisions, answers that reached the wrong request show: a read
 * must show a value that was written to its key, and one revision stands for one (key, value).
 */
export function misattributed(pairs: readonly Pair[]): string[] {
  const problems: string[] = [];
  const writtenTo = new Map<unknown, string>();
  for (const { invoke } of pairs) {
    if (invoke.f === 'write') writtenTo.set(invoke.value, invoke.key);
    if (invoke.f === 'cas') writtenTo.set((invoke.value as unknown[])[1], invoke.key);
  }
  const byRevision = new Map<number, string>();
  for (const { invoke, end } of pairs) {
    if (end?.type !== 'ok' || end.swapped === false) continue;
    const value = invoke.f === 'cas' ? (end.value as unknown[])[1] : end.value;
    if (invoke.f === 'read' && value !== null && writtenTo.get(value) !== invoke.key) {
      problems.push(`${JSON.stringify(end)}: ${value} was written to ${writtenTo.get(value)}`);
    }
    if (end.revision === undefined) continue;
    const stands = `${invoke.key}=${value}`;
    const other = byRevision.get(end.revision);
    if (other !== undefined && other !== stands)
      problems.push(`revision ${end.revision}: ${other} and ${stands}`);
    byRevision.set(end.revision, stands);
  }
  return problems;
}

export const latencyFromDueMs = ({ invoke, end }: Pair) => (end!.time - invoke.due!) / 1e6;
export const latencyFromSendMs = ({ invoke, end }: Pair) => (end!.time - invoke.time) / 1e6;
