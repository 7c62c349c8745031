import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * An Asset is a file that reports carry with them as it is: the schema, the page's style and script, uPlot.
 * `asset('reports/html/page.css')` is read from the checkout, because the compiler copies only what it compiles.
 */
export function asset(path: string): string {
  return readFileSync(join(checkout, path), 'utf8');
}

/** A file of a package: `packageAsset('uplot/dist/uPlot.min.css')`, wherever node_modules is. */
export function packageAsset(path: string): string {
  return readFileSync(createRequire(import.meta.url).resolve(path), 'utf8');
}

const checkout: string = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder))
      throw new Error(`package.json not found above ${import.meta.url}; the checkout is incomplete`);
    folder = dirname(folder);
  }
  return folder;
})();
