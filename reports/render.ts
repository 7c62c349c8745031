import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Result } from '../harness/result.ts';
import { replaceFile } from './file.ts';
import { renderHtml } from './html/page.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { parseResult } from './validate.ts';

/** Every file that is rendered from a result, by its name in the run's folder. */
export type Rendered = Readonly<Record<'report.md' | 'report.html' | 'junit.xml', string>>;

/** Pure: the same result gives the same files. */
export function renderAll(result: Result): Rendered {
  return {
    'report.md': renderMarkdown(result),
    'report.html': renderHtml(result),
    'junit.xml': renderJunit(result),
  };
}

/** Renders again what a run has left; `path` is its result.json or its folder. Throws ResultInvalid. */
export async function renderFile(
  path: string,
  outFolder?: string,
): Promise<{ result: Result; paths: string[] }> {
  const file = (await stat(path)).isDirectory() ? join(path, 'result.json') : path;
  const result = parseResult(await readFile(file, 'utf8'), file);
  return { result, paths: await writeRendered(outFolder ?? dirname(file), renderAll(result)) };
}

/** Each file appears whole or not at all. Returns their paths. */
export async function writeRendered(folder: string, rendered: Rendered): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, text] of Object.entries(rendered))
    paths.push(await replaceFile(join(folder, name), text));
  return paths;
}
