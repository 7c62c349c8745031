import { basename, dirname, join, resolve } from 'node:path';
import type { Result } from '../harness/result.ts';
import { replaceFile, replaceLink } from './file.ts';
import { type ReporterName, renderAll, reportFile, usualReporters, writeRendered } from './render.ts';
import { checkResult, stringifyResult } from './validate.ts';

/** Where a run's reports are. */
export interface WrittenReports {
  readonly result: string;
  /** Null when it was not asked for. */
  readonly html: string | null;
  /** The link `latest` beside the run's folder; null where none is kept or the file system has no links. */
  readonly latest: string | null;
}

/**
 * Leaves result.json and every report in the run's folder, each whole or not at all, and points `latest` at it.
 * result.json is written first and before it is checked: whatever is wrong with it, what was measured is not lost.
 * Throws ResultInvalid when it does not hold to its own schema, which is a mistake in the harness.
 */
export async function writeResult(
  folder: string,
  result: Result,
  names?: readonly ReporterName[],
): Promise<WrittenReports> {
  const text = stringifyResult(result);
  const path = await replaceFile(join(folder, 'result.json'), text);
  checkResult(JSON.parse(text), path);
  await writeRendered(folder, renderAll(result, names));
  return {
    result: path,
    html: (names ?? usualReporters).includes('html') ? join(folder, reportFile('html')) : null,
    latest: await linkLatest(folder),
  };
}

/** Only in a folder that collects runs (reports/out/): elsewhere nobody asked for a link beside theirs. */
async function linkLatest(folder: string): Promise<string | null> {
  const collection = dirname(resolve(folder));
  if (basename(collection) !== 'out' || basename(dirname(collection)) !== 'reports') return null;
  try {
    return await replaceLink(join(collection, 'latest'), resolve(folder));
  } catch {
    // A convenience: without the right to make links, or with a folder of that name, the reports are there all the same.
    return null;
  }
}
