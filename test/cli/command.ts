import { execFile } from 'node:child_process';
import { builtProgram } from '../../harness/project.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command and waits for its end. */
export function faultline(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [builtProgram('scenarios/faultline.ts'), ...args],
      { env: { ...process.env, NO_COLOR: '1', ...env }, timeout: 60_000, maxBuffer: 64 * 2 ** 20 },
      (error, stdout, stderr) =>
        resolve({ code: error ? ((error.code as unknown as number) ?? null) : 0, stdout, stderr }),
    );
  });
}
