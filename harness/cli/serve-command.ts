import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import fastify, { type FastifyInstance } from 'fastify';
import { compareRuns } from '../measure/run-comparison.ts';
import { projectRoot } from '../project.ts';
import type { Result } from '../result.ts';
import { onInterrupt } from './interrupt.ts';
import type { Parts } from './parts.ts';
import { wholeNumber } from './usage-error.ts';

export function addServeCommand(program: Command, parts: Parts): void {
  program
    .command('serve')
    .description('the stored runs in a browser on this machine: list, filter, open, compare two')
    .argument('[folder]', 'where the runs are', join(projectRoot, 'reports', 'out'))
    .option('--port <n>', '0 for any that is free', '8480')
    .action(async (folder: string, options: { port: string }) => {
      const server = runServer(folder, parts);
      const interrupt = onInterrupt(() => {});
      try {
        // Loopback only: the reports hold what the system under test answered.
        const url = await server.listen({
          host: '127.0.0.1',
          port: wholeNumber('--port', options.port, 0, 65_535),
        });
        process.stdout.write(`${url} (Ctrl-C ends)\n`);
        await new Promise((resolve) => interrupt.signal.addEventListener('abort', resolve, { once: true }));
      } finally {
        interrupt.dispose();
        await server.close();
      }
    });
}

/** Serves the runs of a folder; what is asked for is looked up among them, so no other file can be had. */
export function runServer(folder: string, { reports }: Parts): FastifyInstance {
  const server = fastify({ logger: false });
  // A page from elsewhere may have its name point here; only our own names are answered.
  server.addHook('onRequest', async (request, reply) => {
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? ''))
      return reply.code(403).type('text/plain').send('only 127.0.0.1 and localhost are served');
  });
  server.get<{ Querystring: { filter?: string } }>('/', async (request, reply) =>
    reply
      .type('text/html')
      .send(reports.runList(await storedRuns(folder, reports), request.query.filter ?? '')),
  );
  server.get<{ Params: { name: string } }>('/runs/:name', async (request, reply) => {
    const found = (await storedRuns(folder, reports)).find(({ name }) => name === request.params.name);
    return found === undefined
      ? reply.code(404).type('text/plain').send('there is no such run')
      : reply.type('text/html').send(reports.page(found.result));
  });
  server.get<{ Querystring: { base?: string; new?: string } }>('/compare', async (request, reply) => {
    const runs = await storedRuns(folder, reports);
    const [base, next] = [request.query.base, request.query.new].map((wanted) =>
      runs.find(({ name }) => name === wanted),
    );
    return base === undefined || next === undefined
      ? reply.code(400).type('text/plain').send('base and new should each be a stored run')
      : reply.type('text/html').send(reports.comparison.html(compareRuns([base.result], [next.result])));
  });
  return server;
}

/** The newest first. A folder whose result cannot be read, as of a run that goes on, is left out. */
async function storedRuns(
  folder: string,
  reports: Parts['reports'],
): Promise<{ name: string; result: Result }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const runs: { name: string; result: Result }[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const [result] = await reports.read(join(folder, entry.name, 'result.json')).catch(() => []);
    if (result !== undefined) runs.push({ name: entry.name, result });
  }
  return runs.sort((a, b) => (a.result.manifest.startedAt > b.result.manifest.startedAt ? -1 : 1));
}
