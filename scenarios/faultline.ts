/** The command: it puts the parts together and becomes the process's exit code. */
import { main } from '../harness/cli/main.ts';
import { reports } from '../reports/reports.ts';
import { strategies, variants } from '../strategies/list.ts';
import { cacheTraces } from './cache-traces.ts';
import { mainJob, measurements, scenarios } from './list.ts';

// A reader that went away (faultline list | head) is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv.slice(2), {
  scenarios,
  measurements,
  mainJob,
  strategies,
  variants,
  reports,
  cacheTraces,
});
