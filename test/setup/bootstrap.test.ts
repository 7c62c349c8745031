import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive } from '../../harness/process/process-table.ts';
import { projectRoot } from '../../harness/project.ts';

/**
 * The real bootstrap in a checkout of three files, with an npm and a tsc that are quick, write down what they were
 * asked, and fail or take long when told so. Nothing is fetched.
 */
let checkout: string;
let tools: string;
const running = new Set<ChildProcess>();

const lock = (version: string) =>
  JSON.stringify({
    packages: {
      '': {},
      'node_modules/typescript': { version },
      'node_modules/for-another-platform': { version: '1.0.0', optional: true },
    },
  });

const fakeNpm = `#!/usr/bin/env node
const fs = require('node:fs');
fs.appendFileSync('npm.log', process.argv.slice(2).join(' ') + ' pid ' + process.pid + '\\n');
if (process.env.NPM_FAILS) { console.error('npm error code ENETUNREACH'); process.exit(7); }
fs.rmSync('node_modules', { recursive: true, force: true });
setTimeout(() => {
  fs.mkdirSync('node_modules/typescript/bin', { recursive: true });
  fs.copyFileSync(process.env.FAKE_TSC, 'node_modules/typescript/bin/tsc');
  const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
  delete packages[''];
  delete packages['node_modules/for-another-platform'];
  fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }));
}, Number(process.env.NPM_TAKES_MS ?? 0));
`;

/** Sources of these tests are JavaScript already. */
const fakeTsc = `
const fs = require('node:fs'), path = require('node:path');
fs.appendFileSync('tsc.log', 'tsc\\n');
for (const folder of ['harness', 'scenarios'])
  for (const name of fs.readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.ts')) continue;
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    if (text.includes('wrong')) { console.log(name + '(1,1): error TS1: wrong'); process.exitCode = 2; }
    const output = path.join('dist', folder, name.replace(/\\.ts$/, '.js'));
    fs.mkdirSync(path.dirname(output), { recursive: true });
    fs.writeFileSync(output, text);
  }
`;

const program = `
console.log(JSON.stringify({ args: process.argv.slice(2), program: process.argv[1] }));
process.exitCode = 2;
`;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bootstrap-test-'));
  checkout = join(folder, 'checkout');
  tools = join(folder, 'tools');
  await mkdir(tools);
  await writeFile(join(tools, 'npm'), fakeNpm, { mode: 0o755 });
  await writeFile(join(tools, 'tsc'), fakeTsc);
  await mkdir(join(checkout, 'harness', 'setup'), { recursive: true });
  await mkdir(join(checkout, 'scenarios'));
  await cp(
    join(projectRoot, 'harness', 'setup', 'bootstrap.mjs'),
    join(checkout, 'harness', 'setup', 'bootstrap.mjs'),
  );
  await writeFile(join(checkout, 'package.json'), '{ "type": "module" }');
  await writeFile(join(checkout, 'package-lock.json'), lock('7.0.0'));
  await writeFile(
    join(checkout, 'tsconfig.json'),
    '{ "include": ["harness", "scenarios", "not-there-yet"] }',
  );
  await writeFile(join(checkout, 'scenarios', 'faultline.ts'), program);
});

afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(join(checkout, '..'), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

interface Told {
  readonly env?: Record<string, string>;
  readonly node?: readonly string[];
  readonly through?: string;
}

function start(args: readonly string[] = [], { env, node = [], through }: Told = {}): Started {
  const file = through ?? join(checkout, 'harness', 'setup', 'bootstrap.mjs');
  const child = spawn(process.execPath, [...node, file, ...args], {
    // Not the checkout: it must find itself.
    cwd: tmpdir(),
    env: {
      ...process.env,
      PATH: `${tools}${delimiter}${process.env.PATH}`,
      FAKE_TSC: join(tools, 'tsc'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const ended = new Promise<Ended>((resolve) => {
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, ended };
}

const run = (args?: readonly string[], told?: Told) => start(args, told).ended;

async function linesOf(log: string): Promise<string[]> {
  const text = await readFile(join(checkout, log), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}

async function until(check: () => Promise<boolean> | boolean): Promise<void> {
  for (let waitedMs = 0; waitedMs < 15_000; waitedMs += 20) {
    if (await check()) return;
    await sleep(20);
  }
  throw new Error('it did not come true within 15 s');
}

describe('bootstrap', () => {
  test('a fresh clone is made ready, then the command runs with its arguments and its exit code', async () => {
    const first = await run(['run', 'steady', '--json']);
    expect(first.code).toBe(2);
    expect(JSON.parse(first.stdout)).toEqual({
      args: ['run', 'steady', '--json'],
      program: expect.stringMatching(/dist\/scenarios\/faultline\.js$/),
    });
    expect(first.stderr.trim().split('\n')).toEqual([
      'faultline: installing the packages: node_modules is missing or incomplete (npm ci)',
      'faultline: building (tsc)',
    ]);
    expect(await linesOf('npm.log')).toEqual([
      expect.stringMatching(/^ci --include=dev --include=optional --ignore-scripts pid/),
    ]);

    const second = await run();
    expect(second).toMatchObject({ code: 2, stderr: '' });
    expect(JSON.parse(second.stdout).args).toEqual([]);
    expect(await linesOf('npm.log')).toHaveLength(1);
    expect(await linesOf('tsc.log')).toHaveLength(1);
  });

  test('packages are installed again when package-lock.json asks for others', async () => {
    await run();
    await writeFile(join(checkout, 'package-lock.json'), lock('7.0.1'));
    const { stderr } = await run();
    expect(stderr).toContain('node_modules/typescript is 7.0.0, package-lock.json asks for 7.0.1');
    expect(await linesOf('npm.log')).toHaveLength(2);
    expect((await run()).stderr).toBe('');
  });

  test('it is built again when a source changes, and what has no source any more goes', async () => {
    await writeFile(join(checkout, 'harness', 'old.ts'), '');
    await run();
    expect(existsSync(join(checkout, 'dist', 'harness', 'old.js'))).toBe(true);

    await rm(join(checkout, 'harness', 'old.ts'));
    expect((await run()).stderr).toBe('faultline: building (tsc)\n');
    expect(existsSync(join(checkout, 'dist', 'harness', 'old.js'))).toBe(false);

    await writeFile(join(checkout, 'scenarios', 'faultline.ts'), 'console.log("new")');
    expect(await run()).toMatchObject({ code: 0, stdout: 'new\n' });
    expect(await run()).toMatchObject({ stderr: '', stdout: 'new\n' });
  });

  test('it is built again when the outputs were removed', async () => {
    await run();
    await rm(join(checkout, 'dist'), { recursive: true });
    expect(await run()).toMatchObject({ code: 2, stderr: 'faultline: building (tsc)\n' });
  });

  test('an npm that fails is told with its last words and what to do, and tried again next time', async () => {
    const failed = await run([], { env: { NPM_FAILS: '1' } });
    expect(failed).toMatchObject({ code: 3, stdout: '' });
    expect(failed.stderr).toContain('npm ci failed (7)');
    expect(failed.stderr).toContain('Is the package registry reachable');
    expect(failed.stderr).toContain('npm error code ENETUNREACH');
    expect(failed.stderr).not.toMatch(/^\s+at /m);
    expect((await run()).code).toBe(2);
  });

  test('a machine without npm is told', async () => {
    await rm(join(tools, 'npm'));
    const nodeOnly = join(tools, 'node-only');
    await mkdir(nodeOnly);
    await symlink(process.execPath, join(nodeOnly, 'node'));
    const { code, stderr } = await run([], { env: { PATH: nodeOnly } });
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('npm is not on PATH'),
    });
  });

  test('a build that fails is told, and not taken for done', async () => {
    await writeFile(join(checkout, 'harness', 'bad.ts'), 'wrong');
    const failed = await run();
    expect(failed).toMatchObject({ code: 3, stdout: '' });
    expect(failed.stderr).toContain('bad.ts(1,1): error TS1: wrong');
    expect((await run()).code).toBe(3);
    await writeFile(join(checkout, 'harness', 'bad.ts'), '');
    expect((await run()).code).toBe(2);
  });

  test('three at once install and build once, and all three run', async () => {
    const env = { NPM_TAKES_MS: '500' };
    const all = await Promise.all([run(['1'], { env }), run(['2'], { env }), run(['3'], { env })]);
    expect(all.map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(all.map(({ stdout }) => JSON.parse(stdout).args[0])).toEqual(['1', '2', '3']);
    expect(await linesOf('npm.log')).toHaveLength(1);
    expect(await linesOf('tsc.log')).toHaveLength(1);
    expect((await readdir(join(checkout, 'dist'))).filter((name) => name.includes('lock'))).toEqual([]);
  });

  test('what a killed set-up has left does not stop the next, but its npm is waited for', async () => {
    const first = start([], { env: { NPM_TAKES_MS: '2000' } });
    await until(async () => (await linesOf('npm.log')).length === 1);
    const npm = Number((await linesOf('npm.log'))[0]!.split(' ').at(-1));
    first.child.kill('SIGKILL');
    expect(isAlive(npm)).toBe(true);

    const second = await run();
    expect(second.stderr).toContain(`waiting for another set-up of this checkout (pid ${npm})`);
    expect(second.code).toBe(2);
    // The first npm got to its end, so there was nothing left to install.
    expect(await linesOf('npm.log')).toHaveLength(1);
  });

  test('a lock of processes that are gone is taken over by several at once, and work is done once', async () => {
    const gone = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => gone.once('close', resolve));
    await mkdir(join(checkout, 'dist', '.setup-lock'), { recursive: true });
    await writeFile(join(checkout, 'dist', '.setup-lock', String(gone.pid)), '');
    const env = { NPM_TAKES_MS: '300' };
    const all = await Promise.all([run([], { env }), run([], { env }), run([], { env })]);
    expect(all.map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(await linesOf('npm.log')).toHaveLength(1);
  });

  test('SIGTERM while it installs ends npm too, and leaves no lock', async () => {
    const { child, ended } = start([], { env: { NPM_TAKES_MS: '20000' } });
    await until(async () => (await linesOf('npm.log')).length === 1);
    const npm = Number((await linesOf('npm.log'))[0]!.split(' ').at(-1));
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 143, stdout: '' });
    expect(isAlive(npm)).toBe(false);
    expect((await run()).code).toBe(2);
  });

  test('signals reach the command itself, which ends in its own way', async () => {
    await writeFile(
      join(checkout, 'scenarios', 'faultline.ts'),
      'process.on("SIGTERM", () => { console.log("healing"); process.exit(9); }); setInterval(() => {}, 100); console.log("up");',
    );
    await run(['--setup-only']);
    const { child, ended } = start();
    await new Promise((resolve) => child.stdout!.once('data', resolve));
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 9, stdout: 'up\nhealing\n' });
  });

  test('it finds its checkout through a symbolic link, as npx starts it', async () => {
    await symlink(join(checkout, 'harness', 'setup', 'bootstrap.mjs'), join(tools, 'faultline'));
    const { code, stdout } = await run(['doctor'], { through: join(tools, 'faultline') });
    expect({ code, args: JSON.parse(stdout).args }).toEqual({ code: 2, args: ['doctor'] });
  });

  test('it installs nothing through a node_modules that is a link', async () => {
    await run();
    await rename(join(checkout, 'node_modules'), join(tools, 'node_modules'));
    await symlink(join(tools, 'node_modules'), join(checkout, 'node_modules'));
    expect(await run()).toMatchObject({ code: 2, stderr: '' });

    await writeFile(join(checkout, 'package-lock.json'), lock('8.0.0'));
    const refused = await run();
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain(
      `node_modules is a link to ${join(tools, 'node_modules')}: run npm ci there`,
    );
    expect(existsSync(join(tools, 'node_modules', 'typescript'))).toBe(true);
  });

  test.each([
    ['18.20.0', 3],
    ['20.18.3', 3],
    ['20.19.0', 2],
    ['24.1.0', 2],
  ])('Node %s ends with %d', async (version, code) => {
    const older = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`;
    const ended = await run([], { node: ['--import', older] });
    expect(ended.code).toBe(code);
    if (code === 3) {
      expect(ended.stderr).toContain(`Node 20.19 or newer is needed, this is ${version}`);
      expect(await linesOf('npm.log')).toEqual([]);
    }
  });

  describe('--setup-only', () => {
    const provision = (body: string) =>
      mkdir(join(checkout, 'harness', 'cluster')).then(() =>
        writeFile(join(checkout, 'harness', 'cluster', 'provision.ts'), body),
      );

    test('runs no command', async () => {
      expect(await run(['--setup-only'])).toMatchObject({ code: 0, stdout: '' });
    });

    test('fetches etcd where there is none', async () => {
      await provision(
        `export const findEtcd = async () => ({ found: null });
         export const ensureEtcd = async ({ say }) => say('fetching etcd');`,
      );
      expect(await run(['--setup-only'])).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('faultline: fetching etcd\n'),
      });
    });

    test('says nothing of an etcd that is there', async () => {
      await provision(`export const findEtcd = async () => ({ found: { path: 'etcd' } });`);
      await run(['--setup-only']);
      expect(await run(['--setup-only'])).toMatchObject({ code: 0, stderr: '' });
    });

    test('an etcd that cannot be had ends it, with the reason alone', async () => {
      await provision(`export const findEtcd = async () => { throw new Error('etcd was not found.'); };`);
      const { code, stderr } = await run(['--setup-only']);
      expect(code).toBe(3);
      expect(stderr).toContain('faultline: etcd was not found.\n');
      expect(stderr).not.toMatch(/^\s+at /m);
    });
  });
});
