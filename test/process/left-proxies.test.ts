import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findOriginal } from '../../harness/network/toxiproxy/original.ts';
import { isAlive, startTimeOf } from '../../harness/process/process-table.ts';
import { builtProgram } from '../../harness/project.ts';
import { embedded, type UnderTest } from '../network/toxiproxy-under-test.ts';

// A Toxiproxy that outlives the commands that use it, with proxies of somebody else that are called as ours are.
const foreign = ['m1->m3', 'm9->m1', 'faultline-probe-of-somebody-else'];

let temporary: string;
let server: UnderTest;
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'left-proxies-'));
  await chmod(temporary, 0o755);
  server = await embedded();
  for (const name of foreign) await server.proxy(name, '127.0.0.1:9');
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(temporary, { recursive: true, force: true });
});

test('its keeper removes the proxies of a command that was killed, and no others', async () => {
  const command = await startCommand(['m1->m2', 'm2->m1']);
  const another = await startCommand(['s1->m1']);
  expect(await names()).toEqual([...foreign, 'm1->m2', 'm2->m1', 's1->m1'].sort());
  await killed(command);
  await until(async () => !existsSync(command.root));
  expect(await names()).toEqual([...foreign, 's1->m1'].sort());
  await killed(another);
  await until(async () => !existsSync(another.root));
  expect(await names()).toEqual([...foreign].sort());
});

test('when the keeper was killed too, doctor --sweep does, and leaves those of a command that lives', async () => {
  const command = await startCommand(['m1->m2', 'm2->m1']);
  const another = await startCommand(['s1->m1']);
  // Made by somebody else since, in place of one of the command's.
  await server.call('DELETE', '/proxies/m2->m1');
  await server.proxy('m2->m1', '127.0.0.1:9');
  process.kill(command.keeper, 'SIGKILL');
  await killed(command);
  await until(async () => !isAlive(command.keeper));
  expect(await names()).toEqual([...foreign, 'm1->m2', 'm2->m1', 's1->m1'].sort());

  const said = await doctorSweep();
  expect(said).toMatch(/^removed from Toxiproxies: m1->m2$/m);
  expect(await names()).toEqual([...foreign, 'm2->m1', 's1->m1'].sort());
  expect(await readdir(temporary)).toEqual([another.root.split('/').at(-1)]);
  await killed(another);
  await until(async () => !existsSync(another.root));
});

test('a server that is gone is no reason to keep anything', async () => {
  const command = await startCommand(['m1->m2']);
  await server[Symbol.asyncDispose]();
  await killed(command);
  await until(async () => !existsSync(command.root));
});

test('what a command left that was killed while it tried the server is removed by the next that tries it', async () => {
  await server.proxy('faultline-probe-4194999-123-0123abcd', '127.0.0.1:9');
  const start = (await startTimeOf(process.pid))!.replaceAll(/\W/g, '');
  const living = `faultline-probe-${process.pid}-${start}-0123abcd`;
  await server.proxy(living, '127.0.0.1:9');
  await findOriginal(server.url);
  expect(await names()).toEqual([...foreign, living].sort());
});

interface Command {
  readonly root: string;
  readonly keeper: number;
  readonly process: ReturnType<typeof spawn>;
}

/** A command that has made these proxies as a run with --toxiproxy URL does, and lives. */
async function startCommand(links: readonly string[]): Promise<Command> {
  const built = (path: string) => JSON.stringify(`file://${builtProgram(path)}`);
  const code = `
    const { createSupervisor } = await import(${built('harness/process/supervisor.ts')});
    const { madeProxiesFolder } = await import(${built('harness/process/abandoned.ts')});
    const { MadeProxies } = await import(${built('harness/network/made-proxies.ts')});
    const { createNetwork } = await import(${built('harness/network/toxiproxy-network.ts')});
    const { readFile } = await import('node:fs/promises');
    const { dirname, join } = await import('node:path');
    const folder = await madeProxiesFolder(await createSupervisor());
    const network = await createNetwork({ toxiproxyUrl: '${server.url}', made: new MadeProxies(folder) });
    for (const link of ${JSON.stringify(links)}) {
      const [from, to] = link.split('->');
      await network.add({ from, to, upstream: '127.0.0.1:1' });
    }
    const owner = await readFile(join(dirname(folder), 'owner'), 'utf8');
    console.log(JSON.stringify({ root: dirname(folder), keeper: Number(owner.trim().split(' ')[1]) }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: temporary },
  });
  const [line] = await once(createInterface(child.stdout!), 'line');
  return { ...JSON.parse(line), process: child };
}

async function killed(command: Command): Promise<void> {
  const exited = once(command.process, 'exit');
  command.process.kill('SIGKILL');
  await exited;
}

async function doctorSweep(): Promise<string> {
  const child = spawn(process.execPath, [builtProgram('scenarios/faultline.ts'), 'doctor', '--sweep'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // No engine: what there is on one is looked at elsewhere.
    env: { ...process.env, TMPDIR: temporary, DOCKER_HOST: 'tcp://127.0.0.1:1' },
  });
  let said = '';
  child.stdout!.on('data', (chunk) => {
    said += chunk;
  });
  const [code] = await once(child, 'exit');
  expect(code, said).toBe(0);
  return said;
}

async function names(): Promise<string[]> {
  return Object.keys((await server.call('GET', '/proxies')).json).sort();
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 20_000; !(await done()); ) {
    if (performance.now() > deadline) throw new Error('it did not come to pass within 20 s');
    await sleep(25);
  }
}
