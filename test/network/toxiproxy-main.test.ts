import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startToxiproxy } from '../../harness/network/toxiproxy/start.ts';
import { freePort } from '../../harness/process/free-port.ts';
import { createSupervisor, type Supervisor } from '../../harness/process/supervisor.ts';
import { builtProgram } from '../../harness/project.ts';
import { dial, echoServer, listen, tryDial } from './tcp.ts';
import { client } from './toxiproxy-under-test.ts';

let supervisor: Supervisor;
beforeEach(async () => {
  supervisor = await createSupervisor();
});
afterEach(() => supervisor[Symbol.asyncDispose]());

const main = builtProgram('harness/network/toxiproxy/main.ts');

/** The process with what it wrote, ended with the test. */
async function run(args: readonly string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  return {
    child,
    exited,
    firstLine: once(createInterface(child.stdout), 'line').then(([line]) => line as string),
    stderr: () => stderr,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

test('it tells in one line where it listens, and stops on SIGTERM', async () => {
  const port = await freePort();
  await using server = await run(['--port', String(port), '--seed', '7']);
  expect(JSON.parse(await server.firstLine)).toEqual({ listening: `http://127.0.0.1:${port}` });
  await using echo = await echoServer();
  const address = await client(`http://127.0.0.1:${port}`).proxy('p', echo.address);
  using peer = await dial(address);
  server.child.kill('SIGTERM');
  expect(await server.exited).toEqual([0, null]);
  await peer.closed();
  expect(await tryDial(address)).toBe('ECONNREFUSED');
});

test('with --exit-with-parent it ends when its stdin does', async () => {
  await using server = await run(['--port', String(await freePort()), '--exit-with-parent']);
  await server.firstLine;
  server.child.stdin.end();
  expect(await server.exited).toEqual([0, null]);
});

test.each<[string, string[], RegExp]>([
  ['a port of words', ['--port', 'http'], /^--port should be a whole number from 0 to 65535, got http\n$/],
  ['a port too high', ['--port', '70000'], /^--port should be .*, got 70000\n$/],
  ['a broken seed', ['--seed', '-1'], /^.*seed.*\n/],
  ['an unknown option', ['--sed', '1'], /--sed[\s\S]*usage: toxiproxy/],
  ['a host that is not there', ['--host', '192.0.2.1'], /^toxiproxy cannot listen at 192\.0\.2\.1:8474 \(/],
])('%s is refused with exit 64', async (_what, args, message) => {
  await using server = await run(args);
  expect(await server.exited).toEqual([64, null]);
  expect(server.stderr()).toMatch(message);
});

test('a port in use is refused with one clear line and exit 64', async () => {
  await using squatter = await listen();
  const port = squatter.address.split(':')[1]!;
  await using server = await run(['--port', port]);
  expect(await server.exited).toEqual([64, null]);
  expect(server.stderr()).toBe(
    `toxiproxy cannot listen at 127.0.0.1:${port} (EADDRINUSE); stop what holds it or choose another --port\n`,
  );
});

test('it is started under a supervisor and gone with it', async () => {
  const folder = await supervisor.temporaryFolder('toxiproxy');
  const started = await startToxiproxy({ supervisor, seed: 1, logPath: join(folder, 'toxiproxy.log') });
  expect((await client(started.url).call('GET', '/version')).json).toEqual({ version: '2.12.0+faultline' });
  await supervisor[Symbol.asyncDispose]();
  expect(started.process.exit).not.toBeNull();
  await expect(client(started.url).call('GET', '/version')).rejects.toThrow(/ECONNREFUSED/);
});
