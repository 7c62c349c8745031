import type { Reports } from '../harness/cli/parts.ts';
import { renderAnnotations } from './github.ts';
import { renderFile } from './render.ts';
import { renderTerminal, terminalFor } from './terminal.ts';
import { writeResult } from './write.ts';

/** All that the command needs of the reports. */
export const reports: Reports = {
  write: writeResult,
  summary: (result, stream, html) => renderTerminal(result, terminalFor(stream), { html }),
  renderAgain: async (path, folder) => (await renderFile(path, folder)).paths,
  annotations: renderAnnotations,
};
