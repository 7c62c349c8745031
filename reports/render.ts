import { access, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Result } from '../harness/result.ts';
import { cellChart, cellChartFile } from './cell-chart.ts';
import { renderCsv } from './csv.ts';
import { replaceFile } from './file.ts';
import { renderHtml } from './html/page.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdownWithCharts } from './markdown.ts';
import { renderPrometheus } from './prometheus.ts';
import { parseResult } from './validate.ts';

/** A reporter renders a result as one file of the run's folder, or with some beside it. Pure: the same result gives the same files. */
const reporters = {
  markdown: { file: 'report.md', render: renderMarkdownWithCharts, beside: charts },
  html: { file: 'report.html', render: renderHtml },
  junit: { file: 'junit.xml', render: renderJunit },
  csv: { file: 'timeline.csv', render: renderCsv },
  prometheus: { file: 'metrics.prom', render: renderPrometheus },
} as const satisfies Record<string, Reporter>;

interface Reporter {
  readonly file: string;
  render(result: Result): string;
  /** Files that it refers to. */
  beside?(result: Result): Rendered;
}

function charts({ cells }: Result): Rendered {
  return Object.fromEntries(
    cells.flatMap((cell, i) => {
      const chart = cellChart(cell);
      return chart === null ? [] : [[cellChartFile(cell, i), chart]];
    }),
  );
}

export type ReporterName = keyof typeof reporters;
export const reporterNames = Object.keys(reporters) as readonly ReporterName[];
export const usualReporters: readonly ReporterName[] = ['markdown', 'html', 'junit'];

/** Where a reporter leaves its file. */
export function reportFile(name: ReporterName): string {
  return reporters[name].file;
}

/** The files by their names in the run's folder. */
export type Rendered = Readonly<Record<string, string>>;

export function renderAll(result: Result, names: readonly ReporterName[] = usualReporters): Rendered {
  return Object.assign(
    {},
    ...names.map((name): Rendered => {
      const { file, render, beside }: Reporter = reporters[name];
      return { [file]: render(result), ...beside?.(result) };
    }),
  );
}

/** Renders again what a run has left; `path` is its result.json or its folder. Throws ResultInvalid. */
export async function renderFile(
  path: string,
  outFolder?: string,
  names?: readonly ReporterName[],
): Promise<{ result: Result; paths: string[] }> {
  const { file, result } = await readResult(path);
  return { result, paths: await writeRendered(outFolder ?? dirname(file), renderAll(result, names)) };
}

/** The runs of a folder that collects them, by when they began; of anything else the one run that it is. */
export async function readRuns(path: string): Promise<readonly Result[]> {
  const folders = (await stat(path)).isDirectory() ? await readdir(path, { withFileTypes: true }) : [];
  if (folders.length === 0 || folders.some(({ name }) => name === 'result.json'))
    return folders.length === 0 && (await stat(path)).isDirectory() ? [] : [(await readResult(path)).result];
  const results: Result[] = [];
  for (const entry of folders) {
    // Links (latest) would count a run twice.
    if (!entry.isDirectory()) continue;
    const file = join(path, entry.name, 'result.json');
    const there = await access(file).then(
      () => true,
      () => false,
    );
    if (there) results.push((await readResult(file)).result);
  }
  return results.sort((a, b) => (a.manifest.startedAt < b.manifest.startedAt ? -1 : 1));
}

/** A run's result.json, or that of a run's folder. Throws ResultInvalid, or what the file system says. */
export async function readResult(path: string): Promise<{ file: string; result: Result }> {
  const file = (await stat(path)).isDirectory() ? join(path, 'result.json') : path;
  return { file, result: parseResult(await readFile(file, 'utf8'), file) };
}

/**
 * Each file appears whole or not at all; one that says so already is left as it is, since a run renders all its cells
 * again after each. Returns their paths.
 */
export async function writeRendered(folder: string, rendered: Rendered): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, text] of Object.entries(rendered)) {
    const path = join(folder, name);
    const there = await readFile(path, 'utf8').catch(() => undefined);
    if (there !== text) await replaceFile(path, text);
    paths.push(path);
  }
  return paths;
}
