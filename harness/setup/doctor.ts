import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { etcdPackage } from '../cluster/etcd-package.ts';
import { type Environment, findOnPath } from '../cluster/etcd-program.ts';
import { defaultEtcdVersion } from '../cluster/etcd-release.ts';
import { EtcdNotFound, findEtcd } from '../cluster/provision.ts';
import { findPostgres } from '../database/provision.ts';
import { projectRoot } from '../project.ts';

const run = promisify(execFile);

/** A Diagnosis is what is known of one part that a run needs or may use. */
export interface Diagnosis {
  readonly part: 'node' | 'npm' | 'etcd' | 'postgres' | 'docker';
  readonly ok: boolean;
  /** Without a part that is not required everything works that does not ask for it. */
  readonly required: boolean;
  readonly version: string | null;
  /** Where it is or comes from: a path, a package, a server. */
  readonly source: string | null;
  /** What to do, or what happens by itself; null when there is nothing to say. */
  readonly advice: string | null;
}

export interface DoctorOptions {
  /** As for a run. */
  readonly etcd?: string;
  readonly etcdVersion?: string;
  readonly databaseUrl?: string;
  /** process.env unless told. */
  readonly environment?: Environment;
}

/** Looks at every part, at the same time; fetches, installs and starts nothing. Each look ends within 10 s. */
export async function diagnose(options: DoctorOptions = {}): Promise<Diagnosis[]> {
  const environment = options.environment ?? process.env;
  return Promise.all([
    node(),
    npm(environment),
    etcd(options, environment),
    options.databaseUrl === undefined ? postgres() : database(options.databaseUrl),
    docker(environment),
  ]);
}

/** One line a part; below it what to do, where there is something. */
export function diagnosisText(diagnoses: readonly Diagnosis[]): string {
  const rows = diagnoses.map((d) => [
    d.ok ? 'ok' : d.required ? 'missing' : 'absent',
    d.part,
    d.version ?? '-',
    d.source ?? (d.required ? '-' : 'optional'),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.flatMap((row, index) => {
    const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
    const advice = diagnoses[index]!.advice;
    const indent = ' '.repeat(widths[0]! + 2);
    return advice === null ? [line] : [line, ...advice.split('\n').map((text) => indent + text)];
  });
  return lines.map((line) => line.trimEnd()).join('\n');
}

async function node(): Promise<Diagnosis> {
  const { engines } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const least = engines.node.replace(/^>=\s*/, '');
  const version = process.versions.node;
  const ok = version.localeCompare(least, 'en', { numeric: true }) >= 0;
  return {
    part: 'node',
    ok,
    required: true,
    version,
    source: process.execPath,
    advice: ok ? null : `install Node ${least} or newer (https://nodejs.org)`,
  };
}

async function npm(environment: Environment): Promise<Diagnosis> {
  const base = { part: 'npm', required: true } as const;
  const source = await findOnPath('npm', environment);
  const advice = 'install npm; it comes with Node';
  if (source === null) return { ...base, ok: false, version: null, source: null, advice };
  try {
    const { stdout } = await run(source, ['--version'], { env: { ...environment }, timeout: 10_000 });
    return { ...base, ok: true, version: stdout.trim(), source, advice: null };
  } catch (error) {
    return { ...base, ok: false, version: null, source, advice: `${lastLine(error)}; ${advice}` };
  }
}

async function etcd(options: DoctorOptions, environment: Environment): Promise<Diagnosis> {
  const base = { part: 'etcd', required: true } as const;
  try {
    const { etcd, etcdVersion } = options;
    const search = await findEtcd({ etcd, etcdVersion, environment });
    if (search.found) {
      const { path, version, source } = search.found;
      return { ...base, ok: true, version, source: `${path} (${source})`, advice: null };
    }
    const offered = await etcdPackage({ environment, say: () => {}, update: false }).catch(() => null);
    const fits =
      offered !== null && (etcdVersion === undefined || etcdVersion.replace(/^v/, '') === offered.version);
    const from = fits
      ? `the distribution's package (${offered.version})`
      : `etcd's releases (${etcdVersion ?? `v${defaultEtcdVersion}`})`;
    const advice = [
      ...search.tried.map(({ where, result }) => `${where}: ${result}`),
      `the first run fetches it from ${from} into ${search.cacheFolder}; or install it, or name it with --etcd FILE`,
    ];
    return { ...base, ok: false, version: null, source: null, advice: advice.join('\n') };
  } catch (error) {
    if (!(error instanceof EtcdNotFound)) throw error;
    const advice = `${error.tried.map(({ where, result }) => `${where}: ${result}`).join('\n')}\n${error.advice}`;
    return { ...base, ok: false, version: null, source: null, advice };
  }
}

async function postgres(): Promise<Diagnosis> {
  const base = { part: 'postgres', required: true } as const;
  try {
    const { version, source } = await findPostgres();
    return { ...base, ok: true, version, source, advice: null };
  } catch (error) {
    return { ...base, ok: false, version: null, source: null, advice: (error as Error).message };
  }
}

async function database(url: string): Promise<Diagnosis> {
  const base = { part: 'postgres', required: true } as const;
  if (!/^postgres(ql)?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    const advice = '--database-url should look like postgres://user:password@127.0.0.1:5432/name';
    return { ...base, ok: false, version: null, source: null, advice };
  }
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  // A connection that dies later must not end the process.
  client.on('error', () => {});
  const { host, port } = client;
  const source = `--database-url (${host}:${port})`;
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return { ...base, ok: true, version: rows[0]?.server_version ?? null, source, advice: null };
  } catch (error) {
    const advice = `${host}:${port} could not be asked (${lastLine(error)}); start it, or leave --database-url out`;
    return { ...base, ok: false, version: null, source, advice };
  } finally {
    await client.end().catch(() => {});
  }
}

async function docker(environment: Environment): Promise<Diagnosis> {
  const base = { part: 'docker', required: false } as const;
  const source = await findOnPath('docker', environment);
  const use = 'only the docker runtime needs it';
  if (source === null)
    return { ...base, ok: false, version: null, source: null, advice: `there is no docker on PATH; ${use}` };
  try {
    const { stdout } = await run(source, ['version', '--format', '{{.Server.Version}}'], {
      env: { ...environment },
      timeout: 5_000,
    });
    return { ...base, ok: true, version: stdout.trim(), source, advice: null };
  } catch (error) {
    const advice = `its engine does not answer (${lastLine(error)}); ${use}`;
    return { ...base, ok: false, version: null, source, advice };
  }
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string };
  return (stderr?.trim() || message).split('\n').at(-1) ?? '';
}
