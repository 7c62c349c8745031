import type { Command } from 'commander';
import { startToxiproxyServer } from '../network/toxiproxy/server.ts';
import { exitCodes } from './exit-code.ts';
import { seedOf } from './run-command.ts';
import { UsageError, wholeNumber } from './usage-error.ts';

export function addToxiproxyCommand(program: Command, done: (code: number) => void): void {
  program
    .command('toxiproxy')
    .description('run the Toxiproxy-compatible server alone, until Ctrl-C')
    .option('--host <address>', 'listen here', '127.0.0.1')
    .option('--port <n>', 'the port of the HTTP API', '8474')
    .option('--seed <n>', 'the seed of toxicity, jitter and slices')
    .action(async (options: { host: string; port: string; seed?: string }) => {
      const port = wholeNumber('--port', options.port, 0, 65_535);
      const seed = seedOf(options.seed);
      const server = await startToxiproxyServer({ host: options.host, port, seed }).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EADDRINUSE' && error.code !== 'EADDRNOTAVAIL' && error.code !== 'EACCES')
            throw error;
          throw new UsageError(
            `--port ${port} on ${options.host} should be free, got ${error.code}: choose another or stop what holds it`,
          );
        },
      );
      process.stderr.write(`toxiproxy API on ${server.url}, seed ${seed}\n`);
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
      });
      await server.close();
      done(exitCodes.kept);
    });
}
