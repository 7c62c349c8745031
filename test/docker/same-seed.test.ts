import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cell, Result } from '../../harness/result.ts';
import { faultline, foundOrTold, outputOf } from './found.ts';

const found = await foundOrTold('that a run on Docker does what a local one does, with the same seed');

describe.skipIf('missing' in found)(
  'leader-partition, one seed, on Docker and in processes of this machine',
  () => {
    const { images } = found as Extract<typeof found, { images: unknown }>;
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'faultline-same-seed-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    async function run(name: string, options: readonly string[]): Promise<Cell> {
      const out = join(folder, name);
      const args = [
        'run',
        'leader-partition',
        '--strategy',
        'lease-session',
        '--seed',
        '7',
        '--out',
        out,
        ...options,
      ];
      // Without the reaper, however this machine is set up: what a run makes it removes itself.
      const env = { ...process.env, TESTCONTAINERS_RYUK_DISABLED: 'true' };
      const { said } = await outputOf(faultline(args, { stdio: ['ignore', 'pipe', 'pipe'], env }));
      const written = await readFile(join(out, 'result.json'), 'utf8').catch(() => {
        throw new Error(`the run should have written a result, but said: ${said}`);
      });
      const { cells }: Result = JSON.parse(written);
      expect(cells).toHaveLength(1);
      return cells[0]!;
    }

    test('the same schedule, another leader in both, every promise kept; each container has its log', async () => {
      const docker = await run('docker', [
        ...['--runtime', 'docker', '--etcd-image', images.etcd, '--toxiproxy-image', images.toxiproxy],
      ]);
      const local = await run('local', []);
      expect(docker.schedule).toEqual(local.schedule);
      expect(docker.schedule?.length).toBeGreaterThan(0);
      for (const [name, cell] of Object.entries({ docker, local })) {
        expect([name, cell.verdict === 'error' ? cell.reason : 'no error']).toEqual([name, 'no error']);
        const broken = cell.promises.filter(({ state }) => state === 'broken').map(({ text }) => text);
        expect([name, broken]).toEqual([name, []]);
        const leaders = new Set(cell.leaders.flatMap(({ leader }) => leader ?? []));
        expect(leaders.size, `leaders in ${name}: ${[...leaders]}`).toBeGreaterThan(1);
        // A slow machine may keep a promise from being judged; it is told, and no failure of either.
        const unknown = cell.promises.filter(({ state }) => state === 'unknown');
        if (unknown.length > 0)
          console.warn(
            `${name}: ${unknown.length} of ${cell.promises.length} promises could not be judged (${unknown[0]!.reason})`,
          );
      }
      const logs = await logsUnder(join(folder, 'docker'));
      for (const member of ['m1', 'm2', 'm3']) expect(logs.get(`${member}.log`)).toMatch(/"msg":/);
      // Told errors alone, and there may be none.
      expect([...logs.keys()]).toContain('toxiproxy.log');
    }, 240_000);
  },
);

async function logsUnder(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(folder, { recursive: true });
  const logs = names.filter((name) => name.endsWith('.log'));
  return new Map(
    await Promise.all(
      logs.map(
        async (name) => [name.split('/').at(-1)!, await readFile(join(folder, name), 'utf8')] as const,
      ),
    ),
  );
}
