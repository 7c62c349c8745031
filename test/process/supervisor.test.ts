import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isAlive, markedProcesses, startTimeOf } from '../../harness/process/process-table.ts';
import { createSupervisor, ProcessFailed } from '../../harness/process/supervisor.ts';
import { builtProgram } from '../../harness/project.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'supervisor-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const idle = 'setInterval(() => {}, 1000); console.log("up")';
const stubborn = `process.on("SIGTERM", () => console.log("no")); ${idle}`;

async function gone(pid: number, withinMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += 25) {
    if ((await startTimeOf(pid)) === null) return true;
    await sleep(25);
  }
  return false;
}

describe('createSupervisor', () => {
  test('dispose stops every process, also a paused and a stubborn one, and removes the folders', async () => {
    const supervisor = await createSupervisor();
    const start = (name: string, code: string) =>
      supervisor.spawn({
        name,
        command: process.execPath,
        args: ['-e', code],
        logPath: join(folder, `${name}.log`),
        stopTimeoutMs: 500,
      });
    const [polite, paused, deaf] = await Promise.all([
      start('polite', idle),
      start('paused', idle),
      start('deaf', stubborn),
    ]);
    const temporary = await supervisor.temporaryFolder('data');
    expect(existsSync(temporary)).toBe(true);
    paused.signal('SIGSTOP');
    while (!(await deaf.lastOutput()).includes('up')) await sleep(20);

    await supervisor[Symbol.asyncDispose]();

    expect(polite.exit).toEqual({ code: null, signal: 'SIGTERM' });
    expect(paused.exit).toEqual({ code: null, signal: 'SIGTERM' });
    expect(deaf.exit).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await readFile(join(folder, 'deaf.log'), 'utf8')).toContain('no');
    expect(existsSync(temporary)).toBe(false);
    expect(await markedProcesses(supervisor.id)).toEqual([]);
    await expect(start('late', idle)).rejects.toThrow('late was not started: the run is being stopped');
  });

  test('a program that does not exist is a ProcessFailed that names it', async () => {
    await using supervisor = await createSupervisor();
    await expect(
      supervisor.spawn({ name: 'm1', command: '/nowhere/etcd', logPath: join(folder, 'm1.log') }),
    ).rejects.toThrow(ProcessFailed);
    await expect(
      supervisor.spawn({ name: 'm1', command: '/nowhere/etcd', logPath: join(folder, 'm1.log') }),
    ).rejects.toThrow('m1 could not be started (/nowhere/etcd)');
  });

  test('messages go both ways with ipc', async () => {
    await using supervisor = await createSupervisor();
    const echo = await supervisor.spawn({
      name: 'echo',
      command: process.execPath,
      args: ['-e', 'process.on("message", (m) => process.send({ echo: m }))'],
      logPath: join(folder, 'echo.log'),
      ipc: true,
    });
    const answer = new Promise((resolve) => echo.onMessage(resolve));
    echo.send({ a: 1 });
    expect(await answer).toEqual({ echo: { a: 1 } });
  });

  test('a command goes on after dispose, though nothing else keeps it alive', async () => {
    const code = `
      const { createSupervisor } = await import(${JSON.stringify(`file://${builtProgram('harness/process/supervisor.ts')}`)});
      const supervisor = await createSupervisor();
      await supervisor[Symbol.asyncDispose]();
      process.exitCode = 7;
    `;
    const command = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
    // 13: Node's own, for a wait that can never end.
    expect(await new Promise((resolve) => command.once('exit', resolve))).toBe(7);
  });

  test('a SIGKILL of the command leaves no process, not even a paused one or a grandchild, and no folder', async () => {
    const command = spawn(
      process.execPath,
      ['--input-type=module', '-e', killedCommand(builtProgram('harness/process/supervisor.ts'), folder)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    // Also when what follows fails: it would wait to be killed for ever.
    onTestFinished(() => void command.kill('SIGKILL'));
    const [line] = (await new Promise((resolve) =>
      createInterface(command.stdout!).once('line', (l) => resolve([l])),
    )) as [string];
    const { pids, temporary, id } = JSON.parse(line) as { pids: number[]; temporary: string; id: string };
    expect(pids.every(isAlive)).toBe(true);
    // The three and the grandchild, which its parent takes its time to start.
    for (let i = 0; i < 400 && (await markedProcesses(id)).length < 4; i++) await sleep(25);
    expect((await markedProcesses(id)).length).toBeGreaterThanOrEqual(4);

    command.kill('SIGKILL');

    for (const pid of pids) expect(await gone(pid, 5_000)).toBe(true);
    for (let i = 0; i < 100 && existsSync(temporary); i++) await sleep(25);
    expect(existsSync(temporary)).toBe(false);
    expect(await markedProcesses(id)).toEqual([]);
  });
});

/** Starts a plain, a deaf and a paused child and one with a child of its own, says their numbers, and waits to be killed. */
function killedCommand(supervisorModule: string, logs: string): string {
  return `
    const { createSupervisor } = await import(${JSON.stringify(`file://${supervisorModule}`)});
    const supervisor = await createSupervisor();
    const start = (name, code) => supervisor.spawn({ name, command: process.execPath, args: ['-e', code],
      logPath: ${JSON.stringify(logs)} + '/killed-' + name + '.log' });
    const children = await Promise.all([
      start('plain', ${JSON.stringify(idle)}),
      start('deaf', ${JSON.stringify(stubborn)}),
      start('parent', 'require("child_process").spawn("sleep", ["60"], { detached: true }); setInterval(() => {}, 1000)'),
    ]);
    const temporary = await supervisor.temporaryFolder('data');
    children[0].signal('SIGSTOP');
    await new Promise((r) => setTimeout(r, 400));
    console.log(JSON.stringify({ pids: children.map((c) => c.pid), temporary, id: supervisor.id }));
    setInterval(() => {}, 1000);
  `;
}
