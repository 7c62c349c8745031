import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtProgram } from '../../harness/project.ts';
import type { Cell, Result } from '../../harness/result.ts';
import { builtPath, etcds, nodes, type TestProgram, toxiproxy } from './programs.ts';

// The leader cut off, on what the project does not bring itself: other minor versions of etcd, the real Toxiproxy, and
// other lines of Node.

const smoke: readonly {
  program: TestProgram;
  option: '--etcd' | '--toxiproxy' | null;
  strategies: string;
}[] = [
  ...etcds.map((program) => ({ program, option: '--etcd' as const, strategies: 'lease-session' })),
  { program: toxiproxy, option: '--toxiproxy', strategies: 'lease-session' },
  // The command and all that it starts.
  ...nodes.map((program) => ({ program, option: null, strategies: 'lease-session' })),
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-versions-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

for (const { program, option, strategies } of smoke) {
  const path = await builtPath(program);
  if (path === null) {
    console.warn(
      `NOT TESTED: a run on ${program.name}; npm run test-programs gets it, etcd and Toxiproxy where Go is (apt-get install golang-go)`,
    );
  }
  describe.skipIf(path === null)(program.name, () => {
    test('another leader is found, and no promise is broken', { timeout: 240_000 }, async () => {
      const out = join(folder, program.name);
      const said = await faultline(option === null ? path! : process.execPath, [
        'run',
        'leader-partition',
        ...['--strategy', strategies, '--seed', '7', '--out', out],
        ...(option === null ? [] : [option, path!]),
      ]);
      const written = await readFile(join(out, 'result.json'), 'utf8').catch(() => {
        throw new Error(`the run should have written a result, but said: ${said}`);
      });
      const result: Result = JSON.parse(written);
      const { versions } = result.manifest;
      const used = { '--etcd': versions.etcd, '--toxiproxy': versions.toxiproxy };
      expect(option === null ? versions.node : used[option], said).toBe(program.version);
      expect(result.cells.map(({ strategy }) => strategy)).toEqual(strategies.split(','));
      for (const cell of result.cells) {
        expect([cell.strategy, told(cell)]).toEqual([cell.strategy, { error: undefined, broken: [] }]);
        const leaders = new Set(cell.leaders.flatMap(({ leader }) => leader ?? []));
        expect(leaders.size, `leaders of ${cell.strategy}: ${[...leaders]}`).toBeGreaterThan(1);
        expect(cell.operations.length).toBeGreaterThan(0);
        // A slow machine may keep a promise from being judged; it is told, and no failure of the version.
        const unknown = cell.promises.filter(({ state }) => state === 'unknown');
        if (unknown.length > 0) {
          console.warn(
            `${program.name}: ${unknown.length} of ${cell.promises.length} promises of ${cell.strategy} could not be judged (${unknown[0]!.reason})`,
          );
        }
      }
    });
  });
}

function told(cell: Cell) {
  return {
    error: cell.verdict === 'error' ? cell.reason : undefined,
    broken: cell.promises.filter(({ state }) => state === 'broken').map(({ text }) => text),
  };
}

/** What the command wrote, whatever its exit code: a result is read from its file. */
function faultline(node: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      node,
      [builtProgram('scenarios/faultline.ts'), ...args],
      { timeout: 200_000, killSignal: 'SIGINT', maxBuffer: 16 * 1024 * 1024 },
      (_error, stdout, stderr) => resolve(stderr + stdout),
    );
  });
}
