/**
 * The keeper: a process of its own that outlives the command by moments. It is told of every process that the
 * command starts; when its standard input ends, which it does however the command ended, it stops what still runs
 * and removes the temporary folders, and what it made on a Toxiproxy that outlives it.
 *
 *     node keeper-main.js ID FOLDER
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeLeft, sweepAbandoned } from './abandoned.ts';
import { markedProcesses, startTimeOf } from './process-table.ts';
import type { KeeperMessage } from './supervisor.ts';

const [id, folder] = process.argv.slice(2) as [string, string];

interface Kept {
  readonly pid: number;
  readonly stopSignal: NodeJS.Signals;
  /** Told apart from a later process of the same number. */
  readonly startTime: Promise<string | null>;
}
const kept = new Map<number, Kept>();

// The keeper ends only by the end of its input: neither Ctrl-C nor a closed terminal may take it first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const input = createInterface(process.stdin);
input.on('line', (line) => {
  let message: KeeperMessage;
  try {
    message = JSON.parse(line) as KeeperMessage;
  } catch {
    return; // A line torn by the command's death; the sweep by variable finds what it named.
  }
  if (message.type === 'gone') kept.delete(message.pid);
  else kept.set(message.pid, { ...message, startTime: startTimeOf(message.pid) });
});
input.on('close', () => void end());
process.stdout.write('ready\n');
void sweepAbandoned();

async function end(): Promise<void> {
  await stopAll([...kept.values()]);
  await stopAll(
    (await markedProcesses(id)).map((pid) => ({ pid, stopSignal: 'SIGKILL', startTime: startTimeOf(pid) })),
  );
  // What does not answer now is left to the next command's keeper.
  await removeLeft(folder).catch(() => {});
  process.exit(0);
}

/** Asks each in its own way, gives them a second together, then kills. */
async function stopAll(processes: readonly Kept[]): Promise<void> {
  const still = async (p: Kept) => {
    const startTime = await p.startTime;
    return startTime !== null && (await startTimeOf(p.pid)) === startTime;
  };
  const alive: Kept[] = [];
  for (const p of processes) if (await still(p)) alive.push(p);
  for (const p of alive) {
    signal(p.pid, p.stopSignal);
    signal(p.pid, 'SIGCONT');
  }
  for (let waitedMs = 0; waitedMs < 1_000; waitedMs += 25) {
    if ((await Promise.all(alive.map(still))).every((alive) => !alive)) return;
    await sleep(25);
  }
  for (const p of alive) if (await still(p)) signal(p.pid, 'SIGKILL');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between: what was wanted.
  }
}
