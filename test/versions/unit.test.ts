import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../../harness/project.ts';
import { builtPath, nodes } from './programs.ts';

// The pure suites on the other lines of Node, but for those that start a command for each of their lines: what a command
// does there is looked at by the smoke set.

interface VitestReport {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

for (const { path, name } of await Promise.all(
  nodes.map(async (program) => ({ name: program.name, path: await builtPath(program) })),
)) {
  if (path === null) console.warn(`NOT TESTED: the pure suites on ${name}; npm run test-programs gets it`);
  test.skipIf(path === null)(`the pure suites pass on ${name}`, { timeout: 600_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'faultline-unit-'));
    try {
      const file = join(folder, 'report.json');
      const said = await pureSuites(path!, file);
      const report: VitestReport = await readFile(file, 'utf8').then(JSON.parse, () => {
        throw new Error(`vitest should have written a report on ${name}, but said: ${said}`);
      });
      const failed = report.testResults.flatMap(({ name, status, message, assertionResults }) =>
        status === 'passed'
          ? []
          : [
              name,
              message,
              ...assertionResults.flatMap((one) => (one.status === 'failed' ? one.fullName : [])),
            ],
      );
      expect(failed, said.slice(-5_000)).toEqual([]);
      // A run that found no suites passes, too.
      expect(report.numPassedTests).toBeGreaterThan(1_000);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

function pureSuites(node: string, report: string): Promise<string> {
  const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [
    ...['run', '--config', join(projectRoot, 'test', 'vitest.config.ts'), '--project', 'pure'],
    ...[
      '--exclude',
      '**/cli/usage.test.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
  ];
  // Without what the runner that this is in has told its own workers.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')));
  return new Promise((resolve) => {
    execFile(
      node,
      [vitest, ...args],
      { env, cwd: projectRoot, timeout: 580_000, maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
  });
}
