import { freePort } from '../../process/free-port.ts';
import type { ManagedProcess, Supervisor } from '../../process/supervisor.ts';
import { builtProgram } from '../../project.ts';

export interface StartToxiproxyOptions {
  readonly supervisor: Supervisor;
  readonly seed: number;
  readonly logPath: string;
  /** 10,000 unless told. */
  readonly timeoutMs?: number;
}

/** Starts the embedded server in a process of its own; resolves when its API answers. */
export async function startToxiproxy(
  options: StartToxiproxyOptions,
): Promise<{ readonly url: string; readonly process: ManagedProcess }> {
  const { supervisor, seed, logPath, timeoutMs = 10_000 } = options;
  const port = await freePort();
  const started = await supervisor.spawn({
    name: 'toxiproxy',
    command: process.execPath,
    args: [
      builtProgram('harness/network/toxiproxy/main.ts'),
      '--port',
      String(port),
      '--seed',
      String(seed),
      '--exit-with-parent',
    ],
    ipc: true,
    logPath,
  });
  const listening = new Promise<string>((resolve) => {
    started.onMessage((message) => resolve((message as { listening: string }).listening));
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), timeoutMs);
  });
  try {
    const outcome = await Promise.race([listening, started.exited, late]);
    if (typeof outcome === 'string' && outcome !== 'late') return { url: outcome, process: started };
    await started.stop();
    const how =
      outcome === 'late' ? `did not answer within ${timeoutMs} ms` : `ended with ${JSON.stringify(outcome)}`;
    throw new Error(`toxiproxy ${how}; its last output was:\n${await started.lastOutput()}`);
  } finally {
    clearTimeout(timer);
  }
}
