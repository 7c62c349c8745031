import type { Reports } from '../harness/cli/parts.ts';
import { renderAnnotations } from './github.ts';
import { renderHtml } from './html/page.ts';
import { matches, runListHtml } from './html/run-list.ts';
import { renderMarkdown } from './markdown.ts';
import { type ReporterName, readRuns, renderFile, reporterNames } from './render.ts';
import { runComparisonHtml, runComparisonMarkdown, runComparisonText } from './render-run-comparison.ts';
import { renderTerminal, terminalFor } from './terminal.ts';
import { trendBenchmark, trendHtml, trendText } from './trend.ts';
import { writeResult } from './write.ts';

/** All that the command needs of the reports. */
export const reports: Reports = {
  write: (folder, result, names) => writeResult(folder, result, reportersNamed(names)),
  summary: (result, stream, html) =>
    renderTerminal(result, terminalFor(stream), html === null ? {} : { html }),
  names: reporterNames,
  renderAgain: async (path, folder, names) => (await renderFile(path, folder, reportersNamed(names))).paths,
  markdown: renderMarkdown,
  annotations: renderAnnotations,
  read: readRuns,
  page: renderHtml,
  runList: (runs, filter) =>
    runListHtml(
      runs.filter((run) => matches(run, filter)),
      filter,
    ),
  trend: { text: trendText, html: trendHtml, benchmark: trendBenchmark },
  comparison: {
    text: runComparisonText,
    markdown: runComparisonMarkdown,
    html: runComparisonHtml,
  },
};

function reportersNamed(names: readonly string[] | undefined): readonly ReporterName[] | undefined {
  return names && reporterNames.filter((name) => names.includes(name));
}
