import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isolateLeader } from '../../harness/nemesis/isolate-leader.ts';
import { pauseInstance } from '../../harness/nemesis/pause-instance.ts';
import { pauseMember } from '../../harness/nemesis/pause-member.ts';
import { builtProgram } from '../../harness/project.ts';
import { seeded } from '../../harness/random.ts';
import type { Result } from '../../harness/result.ts';
import { at } from '../../harness/scenario.ts';
import { scheduleText } from '../../harness/schedule-file.ts';
import { leftOf, traceOf } from './left-behind.ts';

let folder: string;
let temporary: string;
let schedule: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'killed-test-'));
  temporary = await mkdtemp(join(tmpdir(), 'killed-temporary-'));
  // The database runs as another user when the tests run as root.
  await chmod(temporary, 0o755);
  schedule = join(folder, 'schedule.json');
  const steps = [
    at(3_000, pauseInstance()),
    at(3_100, pauseMember({ role: 'follower' })),
    at(3_200, isolateLeader()),
  ];
  await writeFile(
    schedule,
    scheduleText(
      steps.map((step) => step.for(5_000)),
      1,
    ),
  );
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm(temporary, { recursive: true, force: true });
});

function start(mark: string): ChildProcess {
  return spawn(
    process.execPath,
    [
      builtProgram('scenarios/faultline.ts'),
      'run',
      'leader-partition',
      '--strategy',
      'lease-session',
      '--schedule',
      schedule,
      '--seed',
      '1',
      '--out',
      join(folder, mark),
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TMPDIR: temporary, FAULTLINE_TEST: mark },
    },
  );
}

/** Resolves when the command has written the text to stderr. */
function said(command: ChildProcess, text: string): Promise<void> {
  let heard = '';
  return new Promise((resolve, reject) => {
    command.stderr!.on('data', (chunk) => {
      heard += chunk;
      if (heard.includes(text)) resolve();
    });
    command.once('exit', () => reject(new Error(`it ended before it said '${text}'; it said: ${heard}`)));
  });
}

/** From before the keeper runs: while the stack starts, under load, in the middle of the faults, and after the heal. */
const milestones = ['', '[1/1]', 'leader', 'cut off', 'healed'];

async function expectNothingLeft(trace: Awaited<ReturnType<typeof traceOf>>): Promise<void> {
  expect(await leftOf(trace, 5_000)).toEqual({ processes: [], ports: [] });
  expect(await readdir(temporary)).toEqual([]);
}

describe.runIf(process.platform === 'linux')('a command that is ended from outside', () => {
  test('SIGKILL at ten random moments leaves no process, no port, no temporary folder', {
    timeout: 180_000,
  }, async () => {
    const random = seeded(20).fork('moments');
    let started = 0;
    const paused: number[] = [];
    // Two commands at a time: each must be ended by its own keeper, and leave the other alone.
    for (const milestone of milestones) {
      const commands = [0, 1].map(() => {
        const mark = randomUUID();
        return {
          mark,
          command: start(mark),
          delayMs: random.integer(0, milestone === '[1/1]' ? 4_000 : 800),
        };
      });
      await Promise.all(
        commands.map(async ({ mark, command, delayMs }) => {
          const exited = once(command, 'exit');
          if (milestone !== '') await said(command, milestone);
          await sleep(delayMs);
          const trace = await traceOf(command.pid!, `FAULTLINE_TEST=${mark}`);
          started = Math.max(started, trace.processes.size);
          if (milestone === 'cut off') paused.push(trace.paused.length);
          command.kill('SIGKILL');
          await exited;
          expect(await leftOf(trace, 5_000)).toEqual({ processes: [], ports: [] });
          // What was started between the look and the kill: its keeper may only just have heard of the end.
          const late = await traceOf(command.pid!, `FAULTLINE_TEST=${mark}`);
          expect(await leftOf(late, 5_000)).toEqual({ processes: [], ports: [] });
        }),
      );
      expect(await readdir(temporary)).toEqual([]);
    }
    // Members, databases, proxies, driver, instances: at its height the command had them all.
    expect(started).toBeGreaterThan(10);
    // And in the middle of the faults, the leader cut off, a member and an instance did not run when they were killed.
    expect(paused).toEqual([2, 2]);
  });

  test('Ctrl-C heals, stops, writes what there is and leaves nothing; the exit code is unknown', {
    timeout: 60_000,
  }, async () => {
    const mark = randomUUID();
    const command = start(mark);
    const exited = once(command, 'exit');
    await said(command, 'cut off');
    const trace = await traceOf(command.pid!, `FAULTLINE_TEST=${mark}`);
    command.kill('SIGINT');
    const [code] = (await exited) as [number];
    await expectNothingLeft(trace);
    const result = JSON.parse(await readFile(join(folder, mark, 'result.json'), 'utf8')) as Result;
    expect(result.manifest.interrupted).toBe(true);
    expect(result.cells[0]!.verdict).not.toBe('kept');
    expect(result.cells[0]!.load.sent).toBeGreaterThan(100);
    expect(await readFile(join(folder, mark, 'report.html'), 'utf8')).toContain('</html>');
    expect(code).toBe(2);
  });

  test('a second Ctrl-C quits at once, and still leaves nothing', { timeout: 120_000 }, async () => {
    const mark = randomUUID();
    const command = start(mark);
    const exited = once(command, 'exit');
    await said(command, '[1/1]');
    await sleep(1_500);
    const trace = await traceOf(command.pid!, `FAULTLINE_TEST=${mark}`);
    command.kill('SIGINT');
    await sleep(20);
    const secondAt = performance.now();
    command.kill('SIGINT');
    const [code] = (await exited) as [number];
    // Healing, stopping and writing would have taken seconds; the exit code tells the two ends apart for certain.
    expect(performance.now() - secondAt).toBeLessThan(4_000);
    expect(code).toBe(130);
    await expectNothingLeft(trace);
  });
});
