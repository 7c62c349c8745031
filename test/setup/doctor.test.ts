import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Environment } from '../../harness/cluster/etcd-program.ts';
import { freePort } from '../../harness/process/free-port.ts';
import { type Diagnosis, diagnose, diagnosisText } from '../../harness/setup/doctor.ts';

/** A machine on which there is a shell, and what a test puts there. */
let home: string;
let environment: Environment;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'doctor-test-'));
  await mkdir(join(home, 'bin'));
  environment = { PATH: join(home, 'bin'), HOME: home };
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function program(name: string, body: string): Promise<string> {
  const path = join(home, 'bin', name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

function part(diagnoses: readonly Diagnosis[], name: Diagnosis['part']): Diagnosis {
  return diagnoses.find((diagnosis) => diagnosis.part === name)!;
}

describe('the machine of this test', () => {
  test('has the Node and the PostgreSQL that this project asks for', async () => {
    const diagnoses = await diagnose();
    expect(diagnoses.map((d) => d.part)).toEqual(['node', 'npm', 'etcd', 'postgres', 'docker']);
    expect(part(diagnoses, 'node')).toMatchObject({ ok: true, version: process.versions.node, advice: null });
    expect(part(diagnoses, 'postgres')).toMatchObject({
      ok: true,
      source: expect.stringMatching(/npm package/),
    });
  });
});

describe('a machine without anything', () => {
  test('is told what to do for each part', async () => {
    const diagnoses = await diagnose({ environment });
    expect(part(diagnoses, 'npm')).toMatchObject({ ok: false, required: true, advice: /install npm/ });
    expect(part(diagnoses, 'etcd')).toMatchObject({
      ok: false,
      version: null,
      advice: expect.stringMatching(
        /^PATH: there is no etcd on it\ncache \(.*\): there is no etcd in it\nthe first run fetches it from etcd's releases \(v3\./,
      ),
    });
    expect(part(diagnoses, 'docker')).toMatchObject({ ok: false, required: false });
  });
});

describe('programs that answer, and that do not', () => {
  test('are told with what they said', async () => {
    const etcd = await program('etcd', 'echo "etcd Version: 3.5.9"');
    const npm = await program('npm', 'echo "npm: cannot find module" >&2; exit 1');
    await program('docker', 'echo "Cannot connect to the Docker daemon" >&2; exit 1');
    const diagnoses = await diagnose({ environment });
    expect(part(diagnoses, 'etcd')).toEqual({
      part: 'etcd',
      ok: true,
      required: true,
      version: '3.5.9',
      source: `${etcd} (PATH)`,
      advice: null,
    });
    expect(part(diagnoses, 'npm')).toMatchObject({
      ok: false,
      source: npm,
      advice: 'npm: cannot find module; install npm; it comes with Node',
    });
    expect(part(diagnoses, 'docker').advice).toMatch(
      /^its engine does not answer \(Cannot connect to the Docker daemon\); only/,
    );
  });

  test('an etcd that is named and does not fit is said with both versions', async () => {
    const etcd = await program('another-etcd', 'echo "etcd Version: 3.5.9"');
    const { ok, advice } = part(await diagnose({ environment, etcd, etcdVersion: 'v3.6.1' }), 'etcd');
    expect(ok).toBe(false);
    expect(advice).toMatch(/--etcd \(.*another-etcd\): it is 3\.5\.9, not 3\.6\.1\n/);
  });
});

describe('a database that is named', () => {
  test('and refuses is told with its address, and without its password', async () => {
    const port = await freePort();
    const diagnoses = await diagnose({
      environment,
      databaseUrl: `postgres://user:secret@127.0.0.1:${port}/test`,
    });
    expect(part(diagnoses, 'postgres')).toMatchObject({
      ok: false,
      source: `--database-url (127.0.0.1:${port})`,
    });
    expect(JSON.stringify(diagnoses)).not.toMatch(/secret/);
  });

  test('by what is no URL is told how one looks', async () => {
    const { ok, advice } = part(await diagnose({ environment, databaseUrl: 'not a url' }), 'postgres');
    expect(ok).toBe(false);
    expect(advice).toBe('--database-url should look like postgres://user:password@127.0.0.1:5432/name');
  });

  test('and never answers is given up', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      const { port } = silent.address() as { port: number };
      const startedMs = performance.now();
      const diagnoses = await diagnose({ environment, databaseUrl: `postgres://127.0.0.1:${port}/test` });
      expect(part(diagnoses, 'postgres').ok).toBe(false);
      expect(performance.now() - startedMs).toBeLessThan(15_000);
    } finally {
      silent.close();
    }
  });
});

test('the text has one line a part and the advice below it', () => {
  expect(
    diagnosisText([
      { part: 'node', ok: true, required: true, version: '20.19.0', source: '/usr/bin/node', advice: null },
      {
        part: 'etcd',
        ok: false,
        required: true,
        version: null,
        source: null,
        advice: 'PATH: none\nfetch it',
      },
      { part: 'docker', ok: false, required: false, version: null, source: null, advice: 'not needed' },
    ]),
  ).toBe(
    [
      'ok       node    20.19.0  /usr/bin/node',
      'missing  etcd    -        -',
      '         PATH: none',
      '         fetch it',
      'absent   docker  -        optional',
      '         not needed',
    ].join('\n'),
  );
});
