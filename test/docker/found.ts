import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectEngine, type Engine } from '../../harness/cluster/docker/engine.ts';
import type { Images } from '../../harness/cluster/docker/images.ts';
import { builtProgram } from '../../harness/project.ts';
import { localImages } from './images.ts';

/** An engine that answers and images for it, or what is missing, which is told with what is not tested. */
export async function foundOrTold(
  untested: string,
): Promise<{ engine: Engine; images: Images } | { missing: string }> {
  try {
    return { engine: await connectEngine(), images: await localImages() };
  } catch (error) {
    const missing = (error as Error).message;
    process.stderr.write(`NOT TESTED: ${untested}: ${missing}\n`);
    return { missing };
  }
}

/** The built command. */
export function faultline(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(process.execPath, [builtProgram('scenarios/faultline.ts'), ...args], {
    stdio: 'ignore',
    ...options,
  });
}

/** What a command writes, and how it ends. */
export async function outputOf(command: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = '';
  for (const stream of [command.stdout, command.stderr])
    stream?.on('data', (chunk) => {
      said += chunk;
    });
  const code = await new Promise<number | null>((resolve) => command.once('close', resolve));
  return { code, said };
}

export async function until(done: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 120_000; !(await done()); ) {
    if (performance.now() > deadline) throw new Error('it did not come to pass within 120 s');
    await sleep(100);
  }
}
