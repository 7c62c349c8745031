import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the checkout (where package.json is), from the sources and from dist/ alike. */
export const projectRoot: string = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new Error('package.json not found above harness/project; the checkout is incomplete');
    folder = parent;
  }
  return folder;
})();

/**
 * The compiled program of a source file, for child processes: builtProgram('harness/load/main.ts') is
 * dist/harness/load/main.js. Tests run from sources, but the processes they start are always the built ones.
 */
export function builtProgram(source: string): string {
  return join(projectRoot, 'dist', source.replace(/\.ts$/, '.js'));
}
