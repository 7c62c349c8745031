import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../../harness/project.ts';
import { actionlint, builtPath } from './programs.ts';

const path = await builtPath(actionlint);
if (path === null) {
  console.warn('NOT TESTED: the workflows by actionlint; npm run test-programs builds it, where Go is');
}

test.skipIf(path === null)('GitHub can read the workflows', async () => {
  const folder = join(projectRoot, '.github', 'workflows');
  const files = (await readdir(folder)).map((name) => join(folder, name));
  expect(files.length).toBeGreaterThan(0);
  const said = await new Promise((resolve) => {
    // Without shellcheck, which is on some machines only: a finding must not depend on that.
    execFile(path!, ['-no-color', '-shellcheck=', ...files], (error, stdout, stderr) =>
      resolve(error ? `${error.code}\n${stdout}${stderr}` : stdout),
    );
  });
  expect(said).toBe('');
});
